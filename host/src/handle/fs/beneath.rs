//! Looking at what is below a folder without ever leaving it, following a link or crossing a mount.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

/// What is opened has to be a folder.
pub(super) const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// How every path below a place is opened: no way out, no link, and no other file system, behind which
/// could be the kernel's own files or another way to the same data.
pub(super) const INSIDE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// Opens the folder `path` below `base` if there is no link and no mount on the way.
pub(super) fn beneath(base: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    rustix::fs::openat2(base, path, OFlags::PATH | DIRECTORY, Mode::empty(), INSIDE)
}

/// The first of the folders `parts` below `base` that is a link, with its target; none where there is
/// none any more.
pub(super) fn first_link(
    base: BorrowedFd<'_>,
    parts: &[String],
) -> Result<Option<(usize, String)>, Errno> {
    let mut folder = beneath(base, Path::new("."))?;
    for (index, part) in parts.iter().enumerate() {
        match beneath(&folder, Path::new(part)) {
            Ok(below) => folder = below,
            Err(Errno::LOOP) => {
                return read_link(&folder, part).map(|target| Some((index, target)));
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(None)
}

pub(super) fn read_link(folder: &OwnedFd, name: &str) -> Result<String, Errno> {
    let target = rustix::fs::readlinkat(folder, name, Vec::new())?;
    target.into_string().map_err(|_| Errno::ILSEQ)
}

/// What stands under the name `leaf`, not followed; none where nothing does.
pub(super) fn look(parent: &impl AsFd, leaf: &str) -> Result<Option<Stat>, Errno> {
    match rustix::fs::statat(parent, leaf, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
