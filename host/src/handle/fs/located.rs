//! The real object that a path means.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Stat};
use rustix::io::Errno;

use super::protected::FileId;
use crate::base::id::Name;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verbs};

/// What stands at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, not followed.
    Link,
    /// A fifo, device or socket.
    Special,
}

impl Found {
    pub(super) fn of(stat: &Stat) -> Self {
        Self::of_type(FileType::from_raw_mode(stat.st_mode))
    }

    pub(super) fn of_type(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Special,
        }
    }
}

/// The real object that a path means: a leaf name in a parent folder that is held open, and what stood
/// there, so that what is judged is what is touched. The only way to touch it are the acts in
/// [`super::act`], and each of them takes a [`crate::gate::pass::Pass`] for this very object.
#[derive(Debug)]
pub struct Located {
    object: Object,
    path: String,
    found: Found,
    must_be_folder: bool,
    pub(super) id: Option<FileId>,
    pub(super) leaf: String,
    /// The open parent; or why there is none.
    pub(super) parent: Result<OwnedFd, Errno>,
}

impl Located {
    pub(super) fn new(
        data: Name,
        path: String,
        leaf: String,
        found: Found,
        id: Option<FileId>,
        parent: Result<OwnedFd, Errno>,
    ) -> Self {
        let object = Object::Path {
            data,
            path: path.clone(),
        };
        Self {
            object,
            path,
            found,
            must_be_folder: false,
            id,
            leaf,
            parent,
        }
    }

    pub(super) fn only_as_folder(mut self, must_be_folder: bool) -> Self {
        self.must_be_folder = must_be_folder;
        self
    }

    /// The object as the rules see it.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Its path below the data place's folder; empty for the folder itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stood there when it was located.
    pub fn found(&self) -> Found {
        self.found
    }

    /// Whether the guest wrote it so that only a folder will do.
    pub fn must_be_folder(&self) -> bool {
        self.must_be_folder
    }

    /// What the system would say of opening what is not there.
    pub fn missing(&self) -> Errno {
        self.parent.as_ref().err().copied().unwrap_or(Errno::NOENT)
    }

    /// The access of doing `verbs` to it, for `need`.
    pub fn access(&self, need: &Name, verbs: Verbs) -> Access {
        Access {
            handle: Handle::Fs,
            need: need.clone(),
            verbs,
            object: self.object.clone(),
            is_folder: self.found == Found::Folder,
        }
    }

    pub(super) fn parent(&self) -> Result<&OwnedFd, Errno> {
        self.parent.as_ref().map_err(|errno| *errno)
    }

    /// Looks once more whether the very thing that was judged still stands there.
    ///
    /// # Errors
    /// `AGAIN` if something else does: locate and judge it anew. Else what the system says.
    pub(super) fn unchanged(&self) -> Result<(), Errno> {
        let stat = match rustix::fs::statat(self.parent()?, &self.leaf, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(errno),
        };
        match (stat.map(|stat| FileId::from_stat(&stat)), self.id) {
            (None, Some(_)) => Err(Errno::NOENT),
            (now, judged) if now == judged => Ok(()),
            _ => Err(Errno::AGAIN),
        }
    }
}
