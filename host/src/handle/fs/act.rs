//! What can be done to a located object. Each act takes the pass for it, follows no link, and makes
//! sure that what it touches is what was judged.

use std::fs::{File, FileTimes};
use std::time::SystemTime;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use super::asked::Asked;
use super::beneath::INSIDE;
use super::located::{Found, Located};
use super::protected::FileId;
use crate::gate::pass::Pass;
use crate::rules::access::Object;
use crate::rules::verb::Verb;

/// How a file or folder is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// To read it.
    pub read: bool,
    /// To write it.
    pub write: bool,
    /// To empty it first.
    pub truncate: bool,
}

impl Located {
    /// Opens the file or folder that stands there.
    ///
    /// # Errors
    /// `AGAIN` if something else came to stand there: locate it again. Else what the system says.
    pub fn open(&self, pass: &Pass, how: Open) -> Result<File, Errno> {
        let write = how.write || how.truncate;
        if how.read || !write {
            let seen = if self.found() == Found::Folder {
                Verb::List
            } else {
                Verb::Read
            };
            self.allowed(pass, seen)?;
        }
        if write {
            self.allowed(pass, Verb::Modify)?;
        }
        let mut flags = match (how.read, write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        };
        flags.set(OFlags::DIRECTORY, self.found() == Found::Folder);
        let file = self.open_with(flags)?;
        self.is_judged(&file)?;
        if how.truncate {
            // Not when it is opened: what is emptied has to be what was judged.
            rustix::fs::ftruncate(&file, 0)?;
        }
        Ok(file)
    }

    /// Makes a new file, which must not be there yet, and opens it.
    ///
    /// # Errors
    /// What the system says. `EXIST` means that something stands there by now; locate it again.
    pub fn create(&self, pass: &Pass, read: bool) -> Result<File, Errno> {
        self.allowed(pass, Verb::Create)?;
        let access = if read { OFlags::RDWR } else { OFlags::WRONLY };
        self.open_with(access | OFlags::CREATE | OFlags::EXCL)
    }

    fn open_with(&self, flags: OFlags) -> Result<File, Errno> {
        // Not blocking: a fifo that took the file's place meanwhile must not hold the thread.
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        // A mode may be given only where something can be made.
        let mode = if flags.contains(OFlags::CREATE) {
            0o666
        } else {
            0
        };
        let mode = Mode::from_raw_mode(mode);
        let fd = rustix::fs::openat2(self.parent()?, &self.leaf, flags, mode, INSIDE)?;
        match Found::of(&rustix::fs::fstat(&fd)?) {
            Found::File | Found::Folder => Ok(File::from(fd)),
            _ => Err(Errno::AGAIN),
        }
    }

    /// Whether `file` is what was judged.
    fn is_judged(&self, file: &File) -> Result<(), Errno> {
        let id = FileId::from_stat(&rustix::fs::fstat(file)?);
        if self.id == Some(id) {
            Ok(())
        } else {
            Err(Errno::AGAIN)
        }
    }

    /// Size, kind and times of what stands there; a link's own, if it was not followed.
    ///
    /// # Errors
    /// What the system says.
    pub fn stat(&self, pass: &Pass) -> Result<Stat, Errno> {
        self.allowed(pass, Verb::Stat)?;
        self.look()
    }

    /// What tells this entry of a folder from others, under the pass with which the folder is being
    /// listed: its name is the guest's to know already.
    ///
    /// # Errors
    /// What the system says; `PERM` where `listing` is not for the folder that this is an entry of.
    pub fn identify(&self, listing: &Pass) -> Result<Stat, Errno> {
        if !listing.covers(Verb::List, &self.folder()) {
            return Err(Errno::PERM);
        }
        self.look()
    }

    fn look(&self) -> Result<Stat, Errno> {
        rustix::fs::statat(self.parent()?, &self.leaf, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The folder that it stands in.
    fn folder(&self) -> Object {
        let mut folder = self.object().clone();
        if let Object::Path { path, .. } = &mut folder {
            path.truncate(path.rfind('/').unwrap_or(0));
        }
        folder
    }

    /// Where the link that stands there points.
    ///
    /// # Errors
    /// What the system says; `INVAL` where it is no link; `PERM` where it points out of the data
    /// place, since where is not the guest's to know.
    pub fn read_link(&self, pass: &Pass) -> Result<String, Errno> {
        self.allowed(pass, Verb::Read)?;
        let target = rustix::fs::readlinkat(self.parent()?, &self.leaf, Vec::new())?;
        let target = target.into_string().map_err(|_| Errno::ILSEQ)?;
        let here = Asked::parse(self.path()).map_err(|_| Errno::PERM)?;
        let index = here.parts.len().saturating_sub(1);
        here.follow(index, &target).map_err(|_| Errno::PERM)?;
        Ok(target)
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn create_folder(&self, pass: &Pass) -> Result<(), Errno> {
        self.allowed(pass, Verb::Create)?;
        rustix::fs::mkdirat(self.parent()?, &self.leaf, Mode::from_raw_mode(0o777))
    }

    /// Deletes an empty folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn delete_folder(&self, pass: &Pass) -> Result<(), Errno> {
        self.allowed(pass, Verb::Delete)?;
        self.unchanged()?;
        rustix::fs::unlinkat(self.parent()?, &self.leaf, AtFlags::REMOVEDIR)
    }

    /// Deletes a file or a link.
    ///
    /// # Errors
    /// What the system says.
    pub fn delete_file(&self, pass: &Pass) -> Result<(), Errno> {
        self.allowed(pass, Verb::Delete)?;
        self.unchanged()?;
        rustix::fs::unlinkat(self.parent()?, &self.leaf, AtFlags::empty())
    }

    /// Renames it to `target`: a delete here, and a create or modify there.
    ///
    /// # Errors
    /// What the system says. `EXIST` means that something took the target's place by now.
    pub fn rename_to(&self, pass: &Pass, target: &Self, target_pass: &Pass) -> Result<(), Errno> {
        self.allowed(pass, Verb::Delete)?;
        let (verb, flags) = match target.found() {
            Found::Nothing => (Verb::Create, RenameFlags::NOREPLACE),
            _ => (Verb::Modify, RenameFlags::empty()),
        };
        target.allowed(target_pass, verb)?;
        self.unchanged()?;
        target.unchanged()?;
        let (from, to) = (self.parent()?, target.parent()?);
        rustix::fs::renameat_with(from, &self.leaf, to, &target.leaf, flags)
    }

    /// Sets the times of a file or folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_times(
        &self,
        pass: &Pass,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), Errno> {
        self.allowed(pass, Verb::Modify)?;
        self.unchanged()?;
        let mut times = FileTimes::new();
        if let Some(accessed) = accessed {
            times = times.set_accessed(accessed);
        }
        if let Some(modified) = modified {
            times = times.set_modified(modified);
        }
        let file = self.open_with(OFlags::RDONLY)?;
        self.is_judged(&file)?;
        file.set_times(times)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }

    /// A pass for another object, or for something else to this one, is no pass.
    pub(super) fn allowed(&self, pass: &Pass, verb: Verb) -> Result<(), Errno> {
        if pass.covers(verb, self.object()) {
            Ok(())
        } else {
            Err(Errno::PERM)
        }
    }
}

#[cfg(test)]
mod tests;
