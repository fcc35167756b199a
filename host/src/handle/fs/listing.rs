//! The names in a folder, a few at a time.

use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::asked::join;
use super::beneath::INSIDE;
use super::located::{Found, Located};
use super::place::Place;
use super::protected::FileId;
use crate::gate::pass::Pass;
use crate::rules::verb::Verb;

/// The names in a folder on their way to the guest. It reads on as the guest asks for more, so that a
/// large folder costs no memory.
pub struct Listing {
    dir: Dir,
    /// The listed folder's resolved path.
    path: String,
    place: Arc<Place>,
    pass: Arc<Pass>,
}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: String,
    /// Its path below the place.
    pub path: String,
    /// What stands there.
    pub found: Found,
}

/// How a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A name.
    Listed(Listed),
    /// So far only names that were left out; ask again.
    Skipped,
    /// There are no more.
    End,
}

/// How many names are left out before others have their turn.
const MAX_SKIPPED: usize = 256;

impl Located {
    /// Begins to list the folder that stands there.
    ///
    /// # Errors
    /// What the system says; `AGAIN` if something else came to stand there.
    pub fn list(&self, pass: Arc<Pass>, place: Arc<Place>) -> Result<Listing, Errno> {
        self.allowed(&pass, Verb::List)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat2(self.parent()?, &self.leaf, flags, Mode::empty(), INSIDE)?;
        if self.id != Some(FileId::from_stat(&rustix::fs::fstat(&fd)?)) {
            return Err(Errno::AGAIN);
        }
        Ok(Listing {
            dir: Dir::new(fd)?,
            path: self.path().to_owned(),
            place,
            pass,
        })
    }
}

impl Listing {
    /// The next name that `shows` lets through. What a guest could not use anyway is
    /// left out: Toolkeep's own files, special files, and names that are not UTF-8.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&mut self, shows: impl Fn(&str, bool) -> bool) -> Result<Step, Errno> {
        for _ in 0..MAX_SKIPPED {
            let Some(entry) = self.dir.read() else {
                return Ok(Step::End);
            };
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let path = join(&self.path, name);
            let found = match entry.file_type() {
                FileType::Unknown => kind_of(&self.dir, name),
                kind => Found::of_type(kind),
            };
            if matches!(found, Found::Special | Found::Nothing)
                || !shows(&path, found == Found::Folder)
                || self
                    .place
                    .guards(self.dir.fd()?.as_fd(), name)
                    .unwrap_or(true)
            {
                continue;
            }
            self.pass.count_read(name.len() as u64);
            return Ok(Step::Listed(Listed {
                name: name.to_owned(),
                path,
                found,
            }));
        }
        Ok(Step::Skipped)
    }
}

/// Some file systems do not say in a listing what an entry is.
fn kind_of(dir: &Dir, name: &str) -> Found {
    let stat = dir
        .fd()
        .and_then(|fd| rustix::fs::statat(fd, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW));
    stat.as_ref().map_or(Found::Nothing, Found::of)
}
