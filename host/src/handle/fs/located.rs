//! The real object that a path means.

use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

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
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Special,
        }
    }
}

/// The real object that a path means: a leaf name in a parent folder that is held open, so that what
/// is judged is what is touched. The only way to touch it are the acts in [`super::act`], and each
/// of them takes a [`crate::gate::pass::Pass`] for this very object.
#[derive(Debug)]
pub struct Located {
    object: Object,
    path: String,
    found: Found,
    must_be_folder: bool,
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
        must_be_folder: bool,
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
            must_be_folder,
            leaf,
            parent,
        }
    }

    /// The object as the rules see it.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Its path below the data place's folder; empty for the folder itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The folder that it stands in.
    pub(super) fn folder(&self) -> Object {
        let mut folder = self.object.clone();
        if let Object::Path { path, .. } = &mut folder {
            path.truncate(path.rfind('/').unwrap_or(0));
        }
        folder
    }

    /// What stands there.
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
}
