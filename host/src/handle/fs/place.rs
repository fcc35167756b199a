//! A data place's folder, and how a guest's path is turned into the real object.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use super::located::{Found, Located};
use crate::base::id::Name;
use crate::rules::access::Unreachable;

/// How many links one path may go through, as in Linux.
const MAX_LINKS: u32 = 40;
/// How often a path that changes while it is resolved is tried again.
const MAX_RETRIES: u32 = 8;

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
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
        }
    }
}

/// What no grant may reach: Toolkeep's own config, state, cache and plugins.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    ids: Vec<FileId>,
    paths: Vec<std::path::PathBuf>,
}

impl Protected {
    /// Protects each of `paths`, files or folders with all that is in them. One that does not exist
    /// needs no protection.
    ///
    /// # Errors
    /// One that is there and cannot be looked at.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let mut protected = Self::default();
        for path in paths {
            match path.canonicalize() {
                Ok(real) => {
                    protected.ids.push(FileId::of(&real)?);
                    protected.paths.push(real);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(protected)
    }

    pub(super) fn contains(&self, id: FileId) -> bool {
        self.ids.contains(&id)
    }

    /// The paths below `folder` of what is protected there.
    fn paths_below(&self, folder: &Path) -> Vec<String> {
        let below = self
            .paths
            .iter()
            .filter_map(|path| path.strip_prefix(folder).ok());
        below
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }

    /// Whether `folder` lies in or below something protected.
    fn above(&self, folder: &Path) -> bool {
        self.paths.iter().any(|path| folder.starts_with(path))
    }
}

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
}

/// A data place's folder, held open. Nothing outside it can be reached through it.
#[derive(Debug)]
pub struct Place {
    data: Name,
    dir: Dir,
    id: FileId,
    protected: Arc<Protected>,
    /// The paths of what is protected below. Where there are any, the way up is looked at too; and
    /// whatever stands at such a path is protected, since an editor may have replaced the file.
    own: Vec<String>,
}

impl Place {
    /// Opens the folder `path` of `data`.
    ///
    /// # Errors
    /// [`BadPlace`] where it cannot be opened or is Toolkeep's own.
    pub fn open(data: &Name, path: &Path, protected: Arc<Protected>) -> Result<Self, BadPlace> {
        let failed = |error| BadPlace::Open {
            data: data.clone(),
            path: path.display().to_string(),
            error,
        };
        let real = path.canonicalize().map_err(failed)?;
        if protected.above(&real) {
            return Err(BadPlace::Own {
                data: data.clone(),
                path: path.display().to_string(),
            });
        }
        let dir = Dir::open_ambient_dir(&real, ambient_authority()).map_err(failed)?;
        let stat = rustix::fs::fstat(&dir).map_err(|errno| failed(errno.into()))?;
        Ok(Self {
            data: data.clone(),
            id: FileId::from_stat(&stat),
            own: protected.paths_below(&real),
            dir,
            protected,
        })
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
    /// below this place), really means. With `follow`, a link at its end is followed too.
    ///
    /// # Errors
    /// [`Unresolved`] for a path that means nothing inside `base`.
    pub fn locate(
        self: &Arc<Self>,
        base: &str,
        path: &str,
        follow: bool,
    ) -> Result<Located, Unresolved> {
        let refuse = |why| Unresolved::Unreachable {
            asked: path.to_owned(),
            why,
        };
        if path.starts_with('/') {
            return Err(refuse(Unreachable::Outside));
        }
        if path.contains('\0') {
            return Err(Unresolved::Failed(Errno::INVAL));
        }
        let base_dir = if base.is_empty() {
            None
        } else {
            Some(beneath(self.dir.as_fd(), Path::new(base)).map_err(Unresolved::Failed)?)
        };
        let base_fd = base_dir.as_ref().map_or(self.dir.as_fd(), AsFd::as_fd);

        let mut asked = Asked::parse(path);
        let mut links = 0;
        for _ in 0..MAX_RETRIES + MAX_LINKS {
            let (parent, leaf) = match asked.split() {
                Split::Escapes => return Err(refuse(Unreachable::Outside)),
                Split::NeedsWalk => match walk(base_fd, &asked) {
                    Ok(real) => {
                        asked = real;
                        continue;
                    }
                    Err(Errno::PERM | Errno::XDEV) => return Err(refuse(Unreachable::Outside)),
                    Err(Errno::LOOP) => return Err(refuse(Unreachable::Loop)),
                    Err(errno) => return Ok(self.nowhere(base, &asked, errno)),
                },
                Split::Parts(parent, leaf) => (parent, leaf),
            };
            let parent_fd = match beneath(base_fd, Path::new(&parent)) {
                Ok(fd) => fd,
                // A link on the way: follow it, inside the base, and start over from where it leads.
                Err(Errno::LOOP) => match canonical(base_fd, &parent) {
                    Ok(real) => {
                        asked = asked.with_parent(real);
                        continue;
                    }
                    Err(Errno::PERM | Errno::XDEV) => return Err(refuse(Unreachable::Outside)),
                    Err(Errno::LOOP) => return Err(refuse(Unreachable::Loop)),
                    Err(errno) => return Ok(self.nowhere(base, &asked, errno)),
                },
                Err(Errno::XDEV) => return Err(refuse(Unreachable::Outside)),
                Err(errno) => return Ok(self.nowhere(base, &asked, errno)),
            };
            let stat = match look(&parent_fd, &leaf) {
                Ok(stat) => stat,
                // A name that is too long, say: said only to whom may know that the parent is there.
                Err(errno) => return Ok(self.nowhere(base, &asked, errno)),
            };
            let found = stat.as_ref().map_or(Found::Nothing, Found::of);
            if found == Found::Link && (follow || asked.must_be_folder) {
                links += 1;
                if links > MAX_LINKS {
                    return Err(refuse(Unreachable::Loop));
                }
                let target = rustix::fs::readlinkat(&parent_fd, leaf.as_str(), Vec::new())
                    .map_err(Unresolved::Failed)?;
                let target = target
                    .to_str()
                    .map_err(|_| Unresolved::Failed(Errno::ILSEQ))?;
                if target.starts_with('/') {
                    return Err(refuse(Unreachable::Outside));
                }
                asked = asked.followed(&parent, target);
                continue;
            }
            let full = join(&join(base, &parent), if leaf == "." { "" } else { &leaf });
            if found == Found::Special {
                return Err(refuse(Unreachable::SpecialFile));
            }
            let id = stat.as_ref().map(FileId::from_stat);
            let protected = self.owns(&full)
                || self
                    .is_protected(&parent_fd, id)
                    .map_err(Unresolved::Failed)?;
            if protected {
                return Err(refuse(Unreachable::Protected));
            }
            return Ok(Located::new(
                self.data.clone(),
                full,
                leaf,
                found,
                asked.must_be_folder,
                Ok(parent_fd),
            ));
        }
        Err(refuse(Unreachable::Loop))
    }

    /// A path whose parent is not there (or is no folder): it is judged by its text, so that a
    /// refusal tells nothing about what exists, and then fails with `errno`.
    fn nowhere(&self, base: &str, asked: &Asked, errno: Errno) -> Located {
        let path = join(base, &asked.lexical());
        let leaf = path.rsplit('/').next().unwrap_or_default().to_owned();
        Located::new(
            self.data.clone(),
            path,
            leaf,
            Found::Nothing,
            asked.must_be_folder,
            Err(errno),
        )
    }

    /// Whether the resolved path is one of Toolkeep's own, or below one.
    fn owns(&self, path: &str) -> bool {
        self.own.iter().any(|own| {
            path.strip_prefix(own.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether the entry `name` of `folder`, at the resolved path `path`, is Toolkeep's own.
    pub(super) fn guards(&self, folder: &OwnedFd, name: &str, path: &str) -> Result<bool, Errno> {
        if self.own.is_empty() {
            return Ok(false);
        }
        Ok(self.owns(path)
            || look(folder, name)?
                .is_some_and(|stat| self.protected.contains(FileId::from_stat(&stat))))
    }

    /// Whether the leaf, or any folder on the way up to this place's folder, is protected.
    fn is_protected(&self, parent: &OwnedFd, leaf: Option<FileId>) -> Result<bool, Errno> {
        if leaf.is_some_and(|id| self.protected.contains(id)) {
            return Ok(true);
        }
        if self.own.is_empty() {
            return Ok(false);
        }
        let mut folder = rustix::fs::openat(parent, ".", OFlags::PATH | DIRECTORY, Mode::empty())?;
        loop {
            let id = FileId::from_stat(&rustix::fs::fstat(&folder)?);
            if self.protected.contains(id) {
                return Ok(true);
            }
            if id == self.id {
                return Ok(false);
            }
            let up = rustix::fs::openat(&folder, "..", OFlags::PATH | DIRECTORY, Mode::empty())?;
            if FileId::from_stat(&rustix::fs::fstat(&up)?) == id {
                // The system's root, without having met this place: moved away meanwhile.
                return Ok(true);
            }
            folder = up;
        }
    }
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

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
    /// The system says no, for reasons that tell nothing about what exists.
    Failed(Errno),
}

/// A path as a guest wrote it: its parts without `.` and without empty ones.
#[derive(Clone, Debug)]
struct Asked {
    parts: Vec<String>,
    /// It ended in `/` or `/.`: only a folder will do.
    must_be_folder: bool,
}

enum Split {
    /// The parent's path and the leaf, neither with a `..` in it.
    Parts(String, String),
    /// `..` leads above the base, wherever the links on the way lead.
    Escapes,
    /// A `..` comes after a name, which may be a link: only a walk can tell.
    NeedsWalk,
}

impl Asked {
    fn parse(path: &str) -> Self {
        let must_be_folder = path.ends_with('/') || path.ends_with("/.") || path == ".";
        let parts = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        Self {
            parts: parts.map(str::to_owned).collect(),
            must_be_folder,
        }
    }

    fn split(&self) -> Split {
        if self.parts.iter().any(|part| part == "..") {
            let mut depth = 0i32;
            for part in &self.parts {
                depth += if part == ".." { -1 } else { 1 };
                if depth < 0 {
                    return Split::Escapes;
                }
            }
            return Split::NeedsWalk;
        }
        match self.parts.split_last() {
            None => Split::Parts(String::new(), ".".to_owned()),
            Some((leaf, parent)) => Split::Parts(parent.join("/"), leaf.clone()),
        }
    }

    /// The same leaf below the resolved folder `parent`.
    fn with_parent(&self, parent: String) -> Self {
        let leaf = self.parts.last().cloned();
        let parts = parent
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned);
        Self {
            parts: parts.chain(leaf).collect(),
            must_be_folder: self.must_be_folder,
        }
    }

    /// Where the link at its end, in the folder `parent`, leads.
    fn followed(&self, parent: &str, target: &str) -> Self {
        let mut next = Self::parse(&join(parent, target));
        next.must_be_folder |= self.must_be_folder;
        next
    }

    /// The path by its text alone.
    fn lexical(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for part in &self.parts {
            if part == ".." {
                parts.pop();
            } else {
                parts.push(part);
            }
        }
        parts.join("/")
    }
}

/// Opens the folder `path` below `base` if there is no link and no `..` on the way.
fn beneath(base: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    rustix::fs::openat2(
        base,
        path,
        OFlags::PATH | DIRECTORY,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

/// The resolved path of the folder `path` below `base`, links followed as long as they stay inside.
fn canonical(base: BorrowedFd<'_>, path: &str) -> Result<String, Errno> {
    let dir = rustix::fs::openat(base, ".", OFlags::RDONLY | DIRECTORY, Mode::empty())?;
    let dir = Dir::from_std_file(std::fs::File::from(dir));
    let real = dir
        .canonicalize(if path.is_empty() { "." } else { path })
        .map_err(errno)?;
    let real = real
        .into_os_string()
        .into_string()
        .map_err(|_| Errno::ILSEQ)?;
    Ok(if real == "." { String::new() } else { real })
}

/// Resolves a path with `..` in it. Where the end is not there, its parent has to be.
fn walk(base: BorrowedFd<'_>, asked: &Asked) -> Result<Asked, Errno> {
    if asked.parts.last().is_some_and(|leaf| leaf != "..") {
        let parent = asked.parts.split_last().map(|(_, parent)| parent.join("/"));
        return canonical(base, &parent.unwrap_or_default()).map(|real| asked.with_parent(real));
    }
    let real = Asked::parse(&canonical(base, &asked.parts.join("/"))?);
    Ok(Asked {
        must_be_folder: true,
        ..real
    })
}

fn errno(error: io::Error) -> Errno {
    match Errno::from_io_error(&error) {
        Some(errno) => errno,
        // cap-std says so, without a system error, of a path that leads out.
        None if error.kind() == io::ErrorKind::PermissionDenied => Errno::PERM,
        None => Errno::IO,
    }
}

/// What stands under the name `leaf`, not followed; none where nothing does.
fn look(parent: &OwnedFd, leaf: &str) -> Result<Option<Stat>, Errno> {
    match rustix::fs::statat(parent, leaf, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// `a/b`, or whichever of the two is not empty.
pub(super) fn join(a: &str, b: &str) -> String {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.to_owned(),
        (_, true) => a.to_owned(),
        _ => format!("{a}/{b}"),
    }
}
