//! Moving the oldest part of a log into an archive.
//!
//! In this order, so that a crash at any moment loses nothing and the next attempt goes on from there: the
//! records are copied into a file that is no archive yet; once it is whole, and the tree over them is
//! the one that a checkpoint signs, it is on disk and gets its name; then the records are taken out of the
//! log, a few in one transaction, each time only if the archive has them just so, and the same
//! transaction says where the log begins now.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, statvfs};

use super::archive::{self, Archive};
use super::checkpoint::Checkpoint;
use crate::base::clock::Timestamp;
use crate::store::db::Db;
use crate::store::error::{StoreError, shown};
use crate::store::folder;

/// How many records are copied at once; nobody waits for that.
const COPIED: u64 = if cfg!(test) { 40 } else { 4096 };
/// How many are taken away in one transaction, for which others wait.
const TAKEN: u64 = if cfg!(test) { 25 } else { 512 };
/// The file that whoever rotates holds the lock of.
const LOCK: &str = "lock";

/// When the oldest records of a log go to an archive. What is under no checkpoint yet stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Once the log takes more bytes than this. About half of that is left.
    pub bytes: Option<u64>,
    /// Once its oldest record is older than this. Those that are not half as old are left.
    pub age: Option<Duration>,
}

impl Rotation {
    /// Whether it is ever to be done.
    pub(super) fn is_wanted(&self) -> bool {
        self.bytes.is_some() || self.age.is_some()
    }

    /// Up to which record an archive is wanted now; none if nothing is due.
    fn due(&self, db: &Db, begin: u64) -> Result<Option<u64>, StoreError> {
        let Some(head) = db.head()?.map(|head| head.size()) else {
            return Ok(None);
        };
        let mut due = None;
        let bytes = db.bytes()?;
        if let Some(most) = self.bytes
            && bytes > most
        {
            let kept = u128::from(head.saturating_sub(begin)) * u128::from(most / 2);
            let kept = kept.checked_div(u128::from(bytes)).unwrap_or(0);
            due = Some(head.saturating_sub(u64::try_from(kept).unwrap_or(0)));
        }
        if let Some(age) = self.age
            && db.oldest()?.is_some_and(|oldest| oldest < before(age))
        {
            let end = db.first_since(before(age / 2))?.unwrap_or(head);
            due = due.max(Some(end));
        }
        Ok(due)
    }
}

/// The time so long ago.
fn before(age: Duration) -> Timestamp {
    let age = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(Timestamp::now().micros().saturating_sub(age))
}

/// Does what is due, as long as `go_on` says so after each step; goes on with what another process began.
/// Does nothing while another one is at it. Gives the archive whose records the log no longer has.
pub(super) fn rotate(
    state: &Path,
    rotation: Rotation,
    mut go_on: impl FnMut() -> bool,
) -> Result<Option<Archive>, StoreError> {
    let folder = archive::folder(state);
    folder::create(&folder)?;
    let lock = folder::append(&folder.join(LOCK))?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(None);
    }
    let mut db = Db::open(state)?;
    let begin = db.begin()?.size();
    // The one that the log is being emptied into holds its first record.
    let whole = archive::finished(state)?
        .into_iter()
        .rev()
        .find(|known| known.first <= begin && known.end > begin);
    let whole = match whole {
        Some(whole) => Some(whole),
        None => match planned(&db, state, rotation, begin)? {
            Some(planned) => fill(&db, &planned, &mut go_on)?,
            None => None,
        },
    };
    match whole {
        Some(whole) if empty(&mut db, &whole, go_on)? => Ok(Some(whole)),
        _ => Ok(None),
    }
}

/// The archive to be made next, or to be gone on with: it ends where a checkpoint does.
fn planned(
    db: &Db,
    state: &Path,
    rotation: Rotation,
    begin: u64,
) -> Result<Option<Archive>, StoreError> {
    let (begun, stale): (Vec<_>, Vec<_>) = archive::partial(state)?
        .into_iter()
        .partition(|known| known.first == begin);
    for stale in stale {
        stale.remove();
    }
    if let Some(begun) = begun.into_iter().next() {
        return Ok(Some(begun));
    }
    let Some(due) = rotation.due(db, begin)? else {
        return Ok(None);
    };
    let Some(end) = db.checkpoint_before(begin, due)? else {
        return Ok(None);
    };
    let planned = Archive::planned(state, begin, end);
    has_room(db, &planned)?;
    Ok(Some(planned))
}

/// Makes sure that the disk is not filled by archiving: as much as the archive takes has to be left.
fn has_room(db: &Db, planned: &Archive) -> Result<(), StoreError> {
    let head = db.head()?.map_or(0, |head| head.size());
    let records = u128::from(head.saturating_sub(planned.first)).max(1);
    let taken = u128::from(planned.end - planned.first) * u128::from(db.bytes()?) / records;
    let folder = planned.path.parent().unwrap_or(&planned.path);
    let disk =
        statvfs(folder).map_err(|error| StoreError::file("look at the disk of", folder, error))?;
    if u128::from(disk.f_bavail) * u128::from(disk.f_frsize) < 2 * taken {
        return Err(StoreError::Full {
            deed: "archive records",
            path: shown(folder),
        });
    }
    Ok(())
}

/// Copies the records; gives the archive once it is one.
fn fill(
    db: &Db,
    planned: &Archive,
    mut go_on: impl FnMut() -> bool,
) -> Result<Option<Archive>, StoreError> {
    let copied = db.attach_new(&planned.path).and_then(|()| {
        let copied = copy(db, planned, &mut go_on);
        let ended = db.detach();
        copied.and_then(|copied| ended.map(|()| copied))
    });
    match copied {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => {
            // Begun anew the next time: everything is in the log still.
            planned.remove();
            return Err(error);
        }
    }
    let whole = planned.finished();
    File::open(&planned.path)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&planned.path, &whole.path))
        .map_err(|error| StoreError::file("finish the archive", &planned.path, error))?;
    folder::sync_parent(&whole.path)?;
    Ok(go_on().then_some(whole))
}

/// Tells whether everything was copied.
fn copy(db: &Db, planned: &Archive, mut go_on: impl FnMut() -> bool) -> Result<bool, StoreError> {
    while !db.copy_some(planned.end, COPIED)? {
        if !go_on() {
            return Ok(false);
        }
    }
    let signed = db.checkpoint_at(planned.end)?;
    let signed = signed.and_then(|note| Checkpoint::parse(&note).ok());
    let Some(signed) = signed.filter(|signed| signed.size == planned.end) else {
        return Err(StoreError::Damaged {
            path: shown(&planned.path),
            why: "its last checkpoint is not in the log".to_owned(),
        });
    };
    db.finish_archive(planned.end, signed.root)?;
    Ok(go_on())
}

/// Takes the records of an archive out of the log; tells whether all are.
fn empty(
    db: &mut Db,
    whole: &Archive,
    mut go_on: impl FnMut() -> bool,
) -> Result<bool, StoreError> {
    let file = identity(&whole.path)?;
    db.attach(&whole.path)?;
    let mut work = || {
        loop {
            // One that was moved away meanwhile is no reason to take anything.
            if identity(&whole.path)? != file {
                return Ok(false);
            }
            let begin = db.write("archive records", true, |tx| tx.take_away(whole.end, TAKEN))?;
            // What was written for this does not pile up in the write-ahead log.
            let _ = db.tidy();
            let go_on = go_on();
            if begin >= whole.end || !go_on {
                return Ok(begin >= whole.end);
            }
        }
    };
    let out = work();
    let ended = db.detach();
    out.and_then(|out| ended.map(|()| out))
}

/// Which file it is, whatever its name.
fn identity(path: &Path) -> Result<(u64, u64), StoreError> {
    fs::metadata(path)
        .map(|meta| (meta.dev(), meta.ino()))
        .map_err(|error| StoreError::file("look at", path, error))
}
