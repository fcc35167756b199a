//! What no grant may reach: Toolkeep's own config, state, keys, cache and plugins.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::Stat;

/// The identity of a file or folder: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The identity of what `path` leads to.
    ///
    /// # Errors
    /// Whatever the system says where it cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from_stat(&rustix::fs::stat(path)?))
    }

    pub(super) fn from_stat(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
        }
    }
}

/// How many links one path may go through, as in Linux.
const MAX_LINKS: u32 = 40;

/// What no grant may reach. A path is known by what stands there now and by its name in its folder, so
/// that a file which replaces it later (as editors and packagers do) is protected too, and so is every
/// link on the way to it: whoever can exchange a link decides where the path leads.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    ids: Vec<FileId>,
    names: Vec<(FileId, OsString)>,
    /// Every folder on the way to something protected.
    above: Vec<FileId>,
}

impl Protected {
    /// Protects each of `paths`, files or folders with all that is in them, there or not yet there.
    ///
    /// # Errors
    /// A path of which cannot be told what it is.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let mut protected = Self::default();
        for path in paths {
            protected.add(path)?;
        }
        Ok(protected)
    }

    /// Goes the whole way to `path`, part by part.
    fn add(&mut self, path: &Path) -> io::Result<()> {
        let path = std::path::absolute(path)?;
        let mut rest: VecDeque<OsString> = parts(&path).collect();
        let mut folder = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            let id = FileId::of(&folder)?;
            self.above.push(id);
            if part == ".." {
                folder.pop();
                continue;
            }
            let full = folder.join(&part);
            match std::fs::symlink_metadata(&full) {
                // What comes to stand there later is protected by its name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.names.push((id, part));
                    return Ok(());
                }
                Err(error) => return Err(error),
                Ok(meta) if meta.is_symlink() => {
                    self.names.push((id, part));
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::other("its links never end"));
                    }
                    let target = std::fs::read_link(&full)?;
                    if target.is_absolute() {
                        folder = PathBuf::from("/");
                    }
                    for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                        rest.push_front(part);
                    }
                }
                Ok(_) => {
                    if rest.is_empty() {
                        self.names.push((id, part));
                        self.ids.push(FileId::of(&full)?);
                    }
                    folder = full;
                }
            }
        }
        Ok(())
    }

    /// Whether this very file or folder is protected.
    pub(super) fn has(&self, id: FileId) -> bool {
        self.ids.contains(&id)
    }

    /// Whether the name `name` in `folder` is protected, whatever stands there.
    pub(super) fn has_name(&self, folder: FileId, name: &str) -> bool {
        self.names
            .iter()
            .any(|(known, leaf)| *known == folder && leaf.as_os_str() == name)
    }

    /// Whether something protected lies in or below the folder `id`, by whatever path that is reached.
    pub(super) fn is_below(&self, id: FileId) -> bool {
        self.above.contains(&id)
    }

    /// Whether `folder` is, or lies below, something protected.
    pub(super) fn covers(&self, folder: &Path, id: FileId) -> bool {
        self.has(id)
            || folder
                .ancestors()
                .any(|above| FileId::of(above).is_ok_and(|id| self.has(id)))
    }
}

/// The names in a path, `..` among them.
fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}
