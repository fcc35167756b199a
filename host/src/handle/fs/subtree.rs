//! All that is in a folder: renaming the folder moves it all, so all of it is judged.

use std::os::fd::AsFd as _;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::asked::join;
use super::beneath::INSIDE;
use super::located::Located;
use super::place::Place;
use crate::base::id::Name;
use crate::gate::pass::Pass;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Verb, Verbs};

/// How many entries a folder may have in all for a rename to be judged.
pub const MAX_ENTRIES: usize = 10_000;

/// One entry below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path below that folder.
    pub path: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

impl Located {
    /// Every entry below this folder, at any depth, once it may be deleted itself. Links are named, not
    /// followed. For judging only: nothing of it goes to the guest.
    ///
    /// # Errors
    /// What the system says; `TOOBIG` beyond [`MAX_ENTRIES`], `ILSEQ` for a name that is not UTF-8,
    /// `PERM` where something in it is Toolkeep's own.
    pub fn entries_below(&self, pass: &Pass, place: &Place) -> Result<Vec<Entry>, Errno> {
        self.allowed(pass, Verb::Delete)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let top = rustix::fs::openat2(self.parent()?, &self.leaf, flags, Mode::empty(), INSIDE)?;
        let mut entries = Vec::new();
        // Paths, not open folders: a wide tree must not take all descriptors of the process.
        let mut waiting = vec![String::new()];
        while let Some(folder) = waiting.pop() {
            let path = if folder.is_empty() { "." } else { &folder };
            let fd = rustix::fs::openat2(&top, Path::new(path), flags, Mode::empty(), INSIDE)?;
            for entry in Dir::read_from(fd.as_fd())? {
                let entry = entry?;
                let name = entry.file_name().to_str().map_err(|_| Errno::ILSEQ)?;
                if name == "." || name == ".." {
                    continue;
                }
                if entries.len() >= MAX_ENTRIES {
                    return Err(Errno::TOOBIG);
                }
                if place.guards(fd.as_fd(), name)? {
                    return Err(Errno::PERM);
                }
                let path = join(&folder, name);
                let is_folder = match entry.file_type() {
                    FileType::Directory => true,
                    FileType::Unknown => return Err(Errno::OPNOTSUPP),
                    _ => false,
                };
                if is_folder {
                    waiting.push(path.clone());
                }
                entries.push(Entry { path, is_folder });
            }
        }
        Ok(entries)
    }

    /// The access of doing `verbs` to `entry` below this folder.
    pub fn access_below(&self, need: &Name, verbs: Verbs, entry: &Entry) -> Access {
        let mut access = self.access(need, verbs);
        if let Object::Path { path, .. } = &mut access.object {
            *path = join(path, &entry.path);
        }
        access.is_folder = entry.is_folder;
        access
    }
}
