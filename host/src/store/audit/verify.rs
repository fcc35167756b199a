//! Proving, offline, that a log is the one that was written.
//!
//! One walk over the records, those in archives first, rebuilds the tree. What the databases say of
//! themselves is compared, never believed.

use std::ops::ControlFlow;
use std::path::Path;

use super::archive::{self, Archive};
use super::checkpoint::Verifier;
use super::crew::in_order;
use super::examined::Examined;
use super::key::verifier_path;
use super::recovery::settle;
use super::report::{Finding, Report};
use super::tree::Frontier;
use super::walk::Walk;
use crate::store::db::Db;
use crate::store::db::index::{Hashing, Sums};
use crate::store::db::log::StoredRow;
use crate::store::error::StoreError;
use crate::store::folder;

/// Checks the whole log of a state folder: each record against its leaf hash and its texts'
/// commitments, the sequence, the tree head, the indexes, and every checkpoint, those of a file included.
/// Reads each record once and keeps none. Archives are read where they are; if the oldest are not there
/// any more, what is left is proved from its first record on, and the report says which that is.
///
/// Without `key` the verifier key in the state folder counts, which whoever can write there can
/// replace: to prove something against such a person, give a key and checkpoints from elsewhere.
///
/// # Errors
/// If the log, the file or the key can't be read. What is wrong *with the log* is in the report.
pub fn verify(
    state: &Path,
    checkpoints: Option<&Path>,
    key: Option<&str>,
) -> Result<Report, StoreError> {
    let db = Db::open_read_only(state)?;
    let lacking = settle(&db, state)?;
    let path = verifier_path(state);
    let verifier = match key {
        Some(key) => verifier(Path::new("(given)"), key)?,
        None => {
            let text = folder::read(&path)?.ok_or_else(|| StoreError::key(&path, "is missing"))?;
            verifier(&path, &text)?
        }
    };
    let mut walk = Walk::new(&verifier);
    for name in lacking {
        walk.find(Finding::Lacking { name });
    }
    if let Some(path) = checkpoints {
        walk.read_external(path)?;
    }
    db.snapshot(|db| all(&mut walk, state, db))?;
    Ok(walk.finish())
}

/// Checks one archive by itself, wherever it is. Of checkpoints in the file those count that are of its
/// records. Without `key` the verifier key in the archive counts; what [`verify`] says of keys holds here too.
///
/// # Errors
/// As [`verify`].
pub fn verify_archive(
    file: &Path,
    checkpoints: Option<&Path>,
    key: Option<&str>,
) -> Result<Report, StoreError> {
    let db = Db::open_archive(file)?;
    let verifier = match key {
        Some(key) => verifier(Path::new("(given)"), key)?,
        None => verifier(file, &db.meta("verifier")?.unwrap_or_default())?,
    };
    let mut walk = Walk::new(&verifier);
    walk.is_whole_log = false;
    if let Some(path) = checkpoints {
        walk.read_external(path)?;
    }
    let archive = Archive::named(file);
    let archive = archive.as_ref().map(|archive| (archive, archive.end));
    db.snapshot(|db| part(&mut walk, db, archive))?;
    Ok(walk.finish())
}

fn verifier(from: &Path, text: &str) -> Result<Verifier, StoreError> {
    Verifier::new(text)
        .map_err(|why| StoreError::key(from, format!("is not a verifier key: {why}")))
}

/// Walks the archives and then the log itself.
fn all(walk: &mut Walk<'_>, state: &Path, db: &Db) -> Result<(), StoreError> {
    // Before looking for archives: what is archived meanwhile is in the log still, as it is seen here.
    let begin = begin(walk, db);
    let archives = archive::finished(state)?;
    let firsts = archives.iter().skip(1).map(|archive| archive.first);
    let firsts = firsts.chain([begin.size()]);
    for (archive, next) in archives.iter().zip(firsts) {
        let ends = archive.end.min(next);
        let read =
            Db::open_archive(&archive.path).and_then(|db| part(walk, &db, Some((archive, ends))));
        if let Err(error) = read {
            let what = format!("the archive `{}` can't be read: {error}", archive.name());
            walk.find(Finding::Unsound { what });
        }
    }
    part(walk, db, None)
}

/// The tree with which a part of the log says that it begins.
fn begin(walk: &mut Walk<'_>, db: &Db) -> Frontier {
    db.begin().unwrap_or_else(|error| {
        let what = error.to_string();
        walk.find(Finding::Unsound { what });
        Frontier::default()
    })
}

/// Walks one part: an archive, up to the record where the next part begins, or the log itself.
fn part(walk: &mut Walk<'_>, db: &Db, archive: Option<(&Archive, u64)>) -> Result<(), StoreError> {
    let name = archive.map(|(archive, _)| archive.name());
    for what in db.unsound()? {
        walk.find(Finding::Unsound { what });
    }
    if db.meta("origin")?.as_ref() != Some(&walk.verifier.origin) {
        let what = "the log's name is not the one in the verifier key".to_owned();
        walk.find(Finding::Unsound { what });
    }
    let head = db.head()?;
    let begin = begin(walk, db);
    if let (Some((archive, _)), Some(name)) = (archive, &name)
        && (begin.size() != archive.first
            || head.as_ref().is_none_or(|head| head.size() != archive.end))
    {
        let what = format!("the archive `{name}` is not of the records in its name");
        walk.find(Finding::Unsound { what });
    }
    walk.begin(begin, name.as_deref().unwrap_or("the log"));
    let size = head.as_ref().map_or(u64::MAX, Frontier::size);
    // While records are being taken out of the log they are in both, and read there.
    let ends = archive.map_or(u64::MAX, |(_, ends)| ends);
    let is_beyond = |seq: i64| u64::try_from(seq).is_ok_and(|seq| seq >= ends && seq < size);
    let mut entries = Some(Sums::default());
    let mut checkpoints = db.checkpoints()?;
    let mut stored = db.walk(&mut checkpoints)?;
    let mut next_checkpoint = db.next_checkpoint(&mut stored)?;
    let hashing = Hashing::default();
    let (mut walked, mut failed) = (Ok(()), Ok(()));
    in_order(
        |(seq, row): (i64, Option<StoredRow>)| (seq, row.map(|row| Examined::of(&row, &hashing))),
        |(seq, row)| {
            // All checkpoints at the size reached, before the next record changes it.
            while let Some((size, note)) = next_checkpoint.take() {
                if u64::try_from(size).is_ok_and(|size| size > walk.tree.size()) {
                    next_checkpoint = Some((size, note));
                    break;
                }
                walk.stored_checkpoint(size, &note);
                match db.next_checkpoint(&mut stored) {
                    Ok(next) => next_checkpoint = next,
                    Err(error) => {
                        failed = Err(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            walk.external_checkpoints(false);
            match (&mut entries, row.as_ref().map(|row| &row.told)) {
                (Some(entries), Some(Ok(told))) => entries.add(told.entries),
                _ => entries = None,
            }
            match row {
                Some(_) if is_beyond(seq) => {}
                Some(row) => walk.record(row, size),
                None => {
                    let what = format!("record {seq} is there and cannot be found");
                    walk.find(Finding::Unsound { what });
                }
            }
            ControlFlow::Continue(())
        },
        |push| walked = db.each_record(|seq, row| push((seq, row))),
    );
    walked.and(failed)?;
    while let Some((size, note)) = next_checkpoint {
        // In an archive that is read in part, the rest is in the log too.
        if !is_beyond(size - 1) || walk.tree.size() >= u64::try_from(size).unwrap_or(0) {
            walk.stored_checkpoint(size, &note);
        }
        next_checkpoint = db.next_checkpoint(&mut stored)?;
    }
    if archive.is_none() || !walk.is_whole_log {
        walk.external_checkpoints(true);
    }
    if archive.is_none_or(|(archive, ends)| ends == archive.end) {
        walk.head(head);
    }
    // Of a record that can't be read nobody knows what it calls for, and it is a finding itself.
    if let Some(wanted) = entries {
        for name in db.lying_indexes(&hashing, wanted)? {
            let what = format!("the index `{name}` is not that of the records there are");
            walk.find(Finding::Unsound { what });
        }
    }
    Ok(())
}
