//! What no grant may reach: Toolkeep's own config, state, keys, cache and plugins.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
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
    ids: HashSet<FileId>,
    /// Names, by the folder that they are in.
    names: HashMap<FileId, HashSet<OsString>>,
    /// Every folder on the way to something protected.
    above: HashSet<FileId>,
}

/// The folders that were gone through so far: a host of many plugins has most in one place.
type Passed = HashMap<PathBuf, FileId>;

impl Protected {
    /// Protects each of `paths`, files or folders with all that is in them, there or not yet there.
    ///
    /// # Errors
    /// A path of which cannot be told what it is.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let mut protected = Self::default();
        let mut passed = Passed::from([("/".into(), FileId::of(Path::new("/"))?)]);
        for path in paths {
            protected.add(path, &mut passed)?;
        }
        Ok(protected)
    }

    /// Goes the whole way to `path`, part by part.
    fn add(&mut self, path: &Path, passed: &mut Passed) -> io::Result<()> {
        let path = std::path::absolute(path)?;
        let mut rest: VecDeque<OsString> = parts(&path).collect();
        let mut folder = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            let id = match passed.get(&folder) {
                Some(id) => *id,
                None => FileId::of(&folder)?,
            };
            self.above.insert(id);
            if part == ".." {
                folder.pop();
                continue;
            }
            let full = folder.join(&part);
            if !rest.is_empty() && passed.contains_key(&full) {
                folder = full;
                continue;
            }
            match std::fs::symlink_metadata(&full) {
                // What comes to stand there later is protected by its name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.name(id, part);
                    return Ok(());
                }
                Err(error) => return Err(error),
                Ok(meta) if meta.is_symlink() => {
                    self.name(id, part);
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
                    let found = FileId::of(&full)?;
                    if rest.is_empty() {
                        self.name(id, part);
                        self.ids.insert(found);
                    } else {
                        passed.insert(full.clone(), found);
                    }
                    folder = full;
                }
            }
        }
        Ok(())
    }

    fn name(&mut self, folder: FileId, name: OsString) {
        self.names.entry(folder).or_default().insert(name);
    }

    /// Whether `file`, an absolute path without links, or a file that a database keeps beside it, is, or
    /// lies below, something protected.
    ///
    /// # Errors
    /// Whatever the system says where that cannot be told.
    pub fn has_database(&self, file: &Path) -> io::Result<bool> {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Ok(true);
        };
        let id = FileId::of(folder)?;
        if self.covers(folder, id) {
            return Ok(true);
        }
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut name = name.to_owned();
            name.push(suffix);
            let named = self
                .names
                .get(&id)
                .is_some_and(|names| names.contains(&name));
            let there = FileId::of(&folder.join(&name));
            if named || there.is_ok_and(|id| self.has(id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this very file or folder is protected.
    pub(super) fn has(&self, id: FileId) -> bool {
        self.ids.contains(&id)
    }

    /// Whether the name `name` in `folder` is protected, whatever stands there.
    pub(super) fn has_name(&self, folder: FileId, name: &str) -> bool {
        let names = self.names.get(&folder);
        names.is_some_and(|names| names.contains(OsStr::new(name)))
    }

    /// Whether something protected lies in or below the folder `id`, by whatever path that is reached.
    pub(super) fn is_below(&self, id: FileId) -> bool {
        self.above.contains(&id)
    }

    /// Whether `file`, there or not yet there, is protected, or lies below what is.
    ///
    /// # Errors
    /// Where its folder cannot be looked at.
    pub fn keeps(&self, file: &Path) -> io::Result<bool> {
        let file = match file.canonicalize() {
            Ok(real) => real,
            Err(_) => file.to_owned(),
        };
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder.canonicalize()?,
            _ => Path::new(".").canonicalize()?,
        };
        let id = FileId::of(&folder)?;
        let named = file.file_name().and_then(OsStr::to_str);
        Ok(self.covers(&folder, id)
            || named.is_none_or(|name| self.has_name(id, name))
            || FileId::of(&file).is_ok_and(|id| self.has(id)))
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
