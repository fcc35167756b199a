//! A data place's folder, and how a guest's path is turned into the real object.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::asked::{Asked, Escapes, MAX_BYTES, join};
use super::beneath::{DIRECTORY, beneath, first_link, look, read_link};
use super::located::{Found, Located};
use super::protected::{FileId, Protected};
use crate::base::id::Name;
use crate::base::text::shorten;
use crate::rules::access::Unreachable;

/// How many links one path may go through, as in Linux; and how often one may change meanwhile.
const MAX_STEPS: u32 = 40;

/// How much of a path that leads nowhere is put on record.
const MAX_SHOWN: usize = 512;

/// Why a data place's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPlace {
    /// The system says no.
    #[error(
        "cannot open the folder `{path}` of data `{data}`: {error}; create it or correct `dir`"
    )]
    Open {
        /// The data place.
        data: Name,
        /// Its folder.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// It is Toolkeep's own.
    #[error(
        "the folder `{path}` of data `{data}` lies inside Toolkeep's own config, state or cache; no grant may reach it"
    )]
    Own {
        /// The data place.
        data: Name,
        /// Its folder.
        path: String,
    },
    /// Its files are the kernel's, not data.
    #[error(
        "the folder `{path}` of data `{data}` shows the running system, not data; choose another"
    )]
    System {
        /// The data place.
        data: Name,
        /// Its folder.
        path: String,
    },
}

/// A data place's folder, held open. Nothing outside it can be reached through it, and nothing that is
/// mounted below it.
#[derive(Debug)]
pub struct Place {
    data: Name,
    dir: Dir,
    id: FileId,
    protected: Arc<Protected>,
    /// Something protected lies below.
    guarded: bool,
}

impl Place {
    /// Opens the folder `path` of `data`.
    ///
    /// # Errors
    /// [`BadPlace`] where it cannot be opened, is Toolkeep's own, or shows the running system.
    pub fn open(data: &Name, path: &Path, protected: Arc<Protected>) -> Result<Self, BadPlace> {
        let shown = || path.display().to_string();
        let failed = |error| BadPlace::Open {
            data: data.clone(),
            path: shown(),
            error,
        };
        let real = path.canonicalize().map_err(failed)?;
        let dir = Dir::open_ambient_dir(&real, ambient_authority()).map_err(failed)?;
        let stat = rustix::fs::fstat(&dir).map_err(|errno| failed(errno.into()))?;
        let id = FileId::from_stat(&stat);
        if protected.covers(&real, id) {
            return Err(BadPlace::Own {
                data: data.clone(),
                path: shown(),
            });
        }
        let kind = rustix::fs::fstatfs(&dir)
            .map_err(|errno| failed(errno.into()))?
            .f_type;
        if SYSTEM.contains(&kind) {
            return Err(BadPlace::System {
                data: data.clone(),
                path: shown(),
            });
        }
        let guarded = protected.is_below(id);
        Ok(Self {
            data: data.clone(),
            dir,
            id,
            protected,
            guarded,
        })
    }

    /// Whether `path` still leads to the folder that is held open here.
    pub fn is_at(&self, path: &Path) -> bool {
        FileId::of(path).is_ok_and(|id| id == self.id)
    }

    /// The data place's name.
    pub fn data(&self) -> &Name {
        &self.data
    }

    /// The folder itself, opened anew: what a guest holds to name paths below it. It gives no
    /// access by itself, since everything done with it comes back to [`Place::locate`].
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn handle(&self) -> io::Result<std::fs::File> {
        let fd = rustix::fs::openat(&self.dir, ".", OFlags::RDONLY | DIRECTORY, Mode::empty())?;
        Ok(std::fs::File::from(fd))
    }

    /// Finds what `path`, as a guest wrote it relative to the folder `base` (itself a resolved path
    /// below this place), really means. With `follow`, a link at its end is followed too. A link is
    /// followed only where `sees` says that the call may see it: a link that is hidden from a call
    /// must not tell it anything, not even that it is there.
    ///
    /// # Errors
    /// [`Unresolved`] for a path that means nothing inside `base`. What does not exist is *located*,
    /// so that it is judged before the guest learns that it does not.
    pub fn locate(
        &self,
        base: &str,
        path: &str,
        follow: bool,
        sees: &dyn Fn(&str) -> bool,
    ) -> Result<Located, Unresolved> {
        if path.is_empty() {
            return Err(Unresolved::Malformed(Errno::NOENT));
        }
        if path.len() > MAX_BYTES {
            return Err(Unresolved::Malformed(Errno::NAMETOOLONG));
        }
        if path.contains('\0') {
            return Err(Unresolved::Malformed(Errno::INVAL));
        }
        let refuse = |why| Unresolved::Unreachable {
            asked: shorten(&join(base, path), MAX_SHOWN),
            why,
        };
        let outside = |Escapes| refuse(Unreachable::Outside);
        let mut asked = Asked::parse(path).map_err(outside)?;
        let base_dir = match base {
            "" => None,
            base => match beneath(self.dir.as_fd(), Path::new(base)) {
                Ok(dir) => Some(dir),
                Err(errno) => return self.nowhere(base, &asked, errno),
            },
        };
        let base_fd = base_dir.as_ref().map_or(self.dir.as_fd(), AsFd::as_fd);

        for _ in 0..MAX_STEPS {
            let (parents, leaf) = asked.split();
            let parent = match beneath(base_fd, Path::new(&parents.join("/"))) {
                Ok(parent) => parent,
                Err(Errno::LOOP) => match first_link(base_fd, parents) {
                    Ok(None) => continue,
                    Ok(Some((index, target))) => {
                        let link = join(base, &parents.get(..=index).unwrap_or(parents).join("/"));
                        if !sees(&link) {
                            return self.nowhere(base, &asked, Errno::NOENT);
                        }
                        asked = asked.follow(index, &target).map_err(outside)?;
                        continue;
                    }
                    Err(errno) => return self.nowhere(base, &asked, errno),
                },
                Err(Errno::XDEV) => return Err(refuse(Unreachable::Outside)),
                Err(errno) => return self.nowhere(base, &asked, errno),
            };
            let full = join(base, &asked.path());
            let stat = match look(&parent, leaf) {
                Ok(stat) => stat,
                Err(errno) => return self.nowhere(base, &asked, errno),
            };
            let found = stat.as_ref().map_or(Found::Nothing, Found::of);
            if found == Found::Link && (follow || asked.must_be_folder) && sees(&full) {
                match read_link(&parent, leaf) {
                    Ok(target) => {
                        asked = asked.follow(parents.len(), &target).map_err(outside)?;
                        continue;
                    }
                    Err(errno) => return self.nowhere(base, &asked, errno),
                }
            }
            let id = stat.as_ref().map(FileId::from_stat);
            match self.is_protected(&parent, leaf, id) {
                Ok(false) => {}
                Ok(true) => return Err(refuse(Unreachable::Protected)),
                Err(errno) => return self.nowhere(base, &asked, errno),
            }
            if found == Found::Special && sees(&full) {
                return Err(refuse(Unreachable::SpecialFile));
            }
            let (leaf, folder_only) = (leaf.to_owned(), asked.must_be_folder);
            let located = Located::new(self.data.clone(), full, leaf, found, id, Ok(parent));
            return Ok(located.only_as_folder(folder_only));
        }
        Err(refuse(Unreachable::Loop))
    }

    /// A path that leads to nothing, or to where the system lets nobody look: it is judged by its
    /// text, so that a refusal tells nothing about what exists, and then fails with `errno`.
    fn nowhere(&self, base: &str, asked: &Asked, errno: Errno) -> Result<Located, Unresolved> {
        let path = join(base, &asked.path());
        if self.leads_into_own(&path) {
            let why = Unreachable::Protected;
            return Err(Unresolved::Unreachable {
                asked: shorten(&path, MAX_SHOWN),
                why,
            });
        }
        let (_, leaf) = asked.split();
        let leaf = leaf.to_owned();
        let located = Located::new(
            self.data.clone(),
            path,
            leaf,
            Found::Nothing,
            None,
            Err(errno),
        );
        Ok(located.only_as_folder(asked.must_be_folder))
    }

    /// Whether a path, as far as it exists, goes through what is Toolkeep's own.
    fn leads_into_own(&self, path: &str) -> bool {
        let Ok(mut folder) = beneath(self.dir.as_fd(), Path::new(".")) else {
            return true;
        };
        for part in path.split('/') {
            let Ok(stat) = rustix::fs::fstat(&folder) else {
                return true;
            };
            if self.protected.has_name(FileId::from_stat(&stat), part) {
                return true;
            }
            match look(&folder, part) {
                Ok(Some(stat)) if self.protected.has(FileId::from_stat(&stat)) => return true,
                _ => {}
            }
            match beneath(&folder, Path::new(part)) {
                Ok(below) => folder = below,
                Err(_) => return false,
            }
        }
        false
    }

    /// Whether the folder in which `located` was found still stands where it stood.
    pub fn still_has(&self, located: &Located) -> bool {
        let parent = located
            .path()
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        let id = |folder: &OwnedFd| rustix::fs::fstat(folder).map(|stat| FileId::from_stat(&stat));
        match (
            beneath(self.dir.as_fd(), Path::new(parent)),
            located.parent(),
        ) {
            (Ok(now), Ok(then)) => id(&now) == id(then),
            (Err(_), Err(_)) => true,
            _ => false,
        }
    }

    /// Whether something protected lies below.
    pub fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// Whether the entry `name` of `folder` is Toolkeep's own.
    pub(super) fn guards(&self, folder: BorrowedFd<'_>, name: &str) -> Result<bool, Errno> {
        let folder_id = FileId::from_stat(&rustix::fs::fstat(folder)?);
        if self.protected.has_name(folder_id, name) {
            return Ok(true);
        }
        let stat = look(&folder, name)?;
        Ok(stat.is_some_and(|stat| self.protected.has(FileId::from_stat(&stat))))
    }

    /// Whether the leaf, or any folder on the way up to this place's folder, is protected.
    fn is_protected(
        &self,
        parent: &OwnedFd,
        leaf: &str,
        leaf_id: Option<FileId>,
    ) -> Result<bool, Errno> {
        let mut id = FileId::from_stat(&rustix::fs::fstat(parent)?);
        if leaf_id.is_some_and(|id| self.protected.has(id)) || self.protected.has_name(id, leaf) {
            return Ok(true);
        }
        let mut above: Option<OwnedFd> = None;
        loop {
            if self.protected.has(id) {
                return Ok(true);
            }
            if id == self.id {
                return Ok(false);
            }
            let folder = above.as_ref().unwrap_or(parent);
            let up = rustix::fs::openat(folder, "..", OFlags::PATH | DIRECTORY, Mode::empty())?;
            let up_id = FileId::from_stat(&rustix::fs::fstat(&up)?);
            if up_id == id {
                // The system's root, without having met this place: moved away meanwhile.
                return Ok(true);
            }
            (id, above) = (up_id, Some(up));
        }
    }
}

/// procfs and sysfs, whose files are the kernel's.
const SYSTEM: [i64; 2] = [0x9fa0, 0x6265_6572];

/// A path that means nothing inside its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// It leads out, or to something that no grant may reach. The gate puts that on record.
    Unreachable {
        /// What the guest asked for.
        asked: String,
        /// Why it cannot be reached.
        why: Unreachable,
    },
    /// It is no path at all; nothing was looked at.
    Malformed(Errno),
}

#[cfg(test)]
mod tests;
