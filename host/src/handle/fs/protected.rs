//! What no grant may reach: Toolkeep's own config, state, keys, cache and plugins.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

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
/// link on the way to it.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    ids: Vec<FileId>,
    names: Vec<(FileId, OsString)>,
    paths: Vec<PathBuf>,
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

    fn add(&mut self, path: &Path) -> io::Result<()> {
        let mut path = std::path::absolute(path)?;
        for _ in 0..MAX_LINKS {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                break;
            };
            match parent.canonicalize() {
                Ok(folder) => {
                    self.names.push((FileId::of(&folder)?, name.to_owned()));
                    self.paths.push(folder.join(name));
                    match std::fs::read_link(folder.join(name)) {
                        Ok(target) => path = folder.join(target),
                        Err(_) => break,
                    }
                }
                // Nothing there to be reached.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        match path.canonicalize() {
            Ok(real) => {
                self.ids.push(FileId::of(&real)?);
                self.paths.push(real);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
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

    /// Whether something protected lies in or below `folder`.
    pub(super) fn is_below(&self, folder: &Path) -> bool {
        self.paths.iter().any(|path| path.starts_with(folder))
    }

    /// Whether `folder` is, or lies below, something protected.
    pub(super) fn covers(&self, folder: &Path, id: FileId) -> bool {
        self.has(id)
            || folder
                .ancestors()
                .any(|above| FileId::of(above).is_ok_and(|id| self.has(id)))
    }
}
