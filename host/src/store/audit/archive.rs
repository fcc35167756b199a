//! The archives of a log: what was taken out of its oldest part, each in a database of its own.
//!
//! The log goes on as if nothing had happened: numbers and tree never start anew. An archive ends at a
//! checkpoint, and the log says with which tree it begins now.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// The folder in the state folder.
const FOLDER: &str = "archive";
/// What the names of archives end in, and of those that are not finished.
const ENDING: &str = "db";
const PARTIAL: &str = "partial";

/// A file with the records from `first` on, up to the one before `end`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Archive {
    pub(super) first: u64,
    pub(super) end: u64,
    pub(super) path: PathBuf,
}

impl Archive {
    /// How messages call it.
    pub(super) fn name(&self) -> String {
        format!("{FOLDER}/{:012}-{:012}.{ENDING}", self.first, self.end)
    }

    /// An archive that is still to be made in the state folder.
    pub(super) fn planned(state: &Path, first: u64, end: u64) -> Self {
        let name = format!("{first:012}-{end:012}.{PARTIAL}");
        Self {
            first,
            end,
            path: folder(state).join(name),
        }
    }

    /// The same once it is finished.
    pub(super) fn finished(&self) -> Self {
        Self {
            path: self.path.with_extension(ENDING),
            ..self.clone()
        }
    }

    /// The archive of this name; none if it is no archive's.
    pub(super) fn named(path: &Path) -> Option<Self> {
        let (first, end) = bounds(path.file_stem()?.to_str()?)?;
        let path = path.to_owned();
        Some(Self { first, end, path })
    }

    /// Removes one that is not finished, and what SQLite keeps beside it.
    pub(super) fn remove(&self) {
        for beside in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(beside);
            let _ = fs::remove_file(name);
        }
    }
}

/// The folder with the archives of a state folder.
pub(super) fn folder(state: &Path) -> PathBuf {
    state.join(FOLDER)
}

/// The archives that are there, the oldest first.
pub(super) fn finished(state: &Path) -> Result<Vec<Archive>, StoreError> {
    with_ending(state, ENDING)
}

/// Those that somebody has not finished yet.
pub(super) fn partial(state: &Path) -> Result<Vec<Archive>, StoreError> {
    with_ending(state, PARTIAL)
}

fn with_ending(state: &Path, wanted: &str) -> Result<Vec<Archive>, StoreError> {
    let folder = folder(state);
    let fail = |error| StoreError::file("read the folder", &folder, error);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut out = Vec::new();
    for entry in entries {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|ending| ending == wanted) {
            out.extend(Archive::named(&path));
        }
    }
    out.sort();
    Ok(out)
}

/// What a name says; none if it is no archive's.
fn bounds(stem: &str) -> Option<(u64, u64)> {
    let (first, end) = stem.split_once('-')?;
    let (first, end) = (first.parse().ok()?, end.parse().ok()?);
    (first < end).then_some((first, end))
}
