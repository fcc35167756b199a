//! Records that are safe before they are in the database: appended to a file, one line each, which the
//! log's thread takes into the database a moment later, many at once.
//!
//! Each log that is open has its own file and holds its lock. What a process that died left there is
//! taken up by the next one that opens the log, see [`super::recovery`].

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::base::digest::hex;
use crate::store::error::StoreError;
use crate::store::folder;

/// The folder in the state folder.
const FOLDER: &str = "spool";
/// What the names of the files end in.
const ENDING: &str = "jsonl";
/// What the name of a file ends in that could not be taken up.
pub(super) const DAMAGED: &str = "damaged";

/// How long a file may get. Then records take the longer way, until the database has all of it.
const MOST: u64 = 8 << 20;
/// How long a file is before it is emptied while others may be about to add to it.
const LONG: u64 = 1 << 20;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line<R> {
    /// Its number among all lines that the file ever had.
    pub(super) line: u64,
    pub(super) record: R,
}

/// The file of one open log. It is made when the first record comes.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    open: Option<Open>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    name: String,
    path: PathBuf,
    file: File,
    /// The number of the next line.
    next: u64,
    length: u64,
    /// What is behind `length` could not be taken away again: nothing can be added any more.
    broken: bool,
}

impl Spool {
    pub(super) fn new(state: &Path) -> Self {
        Self {
            folder: folder(state),
            open: None,
            buffer: Vec::new(),
        }
    }

    /// The name that the database knows the file by; none before the first record.
    pub(super) fn name(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.name.as_str())
    }

    /// Whether there is room for more.
    pub(super) fn has_room(&self) -> bool {
        (self.open.as_ref()).is_none_or(|open| open.length < MOST && !open.broken)
    }

    /// Adds records, all or none, and gives the number of the first one's line. They outlive this process
    /// once this returns.
    pub(super) fn add<'r>(
        &mut self,
        records: impl Iterator<Item = &'r Record>,
    ) -> Result<u64, StoreError> {
        if self.open.is_none() {
            self.open = Some(create(&self.folder)?);
        }
        let Some(open) = self.open.as_mut().filter(|open| !open.broken) else {
            return Err(StoreError::Closed);
        };
        self.buffer.clear();
        let first = open.next;
        for (line, record) in (first..).zip(records) {
            serde_json::to_writer(&mut self.buffer, &Line { line, record })
                .map_err(|error| StoreError::file("write", &open.path, error))?;
            self.buffer.push(b'\n');
            open.next = line + 1;
        }
        if let Err(error) = open.file.write_all(&self.buffer) {
            open.next = first;
            open.broken = open.file.set_len(open.length).is_err();
            return Err(StoreError::file("write", &open.path, error));
        }
        open.length += self.buffer.len() as u64;
        Ok(first)
    }

    /// Empties the file, if that is worth it or `all` is wanted: the database has every line.
    pub(super) fn empty(&mut self, all: bool) {
        if let Some(open) = &mut self.open
            && open.length > if all { 0 } else { LONG }
            // Lines that stay are known by their numbers.
            && open.file.set_len(0).is_ok()
        {
            open.length = 0;
            open.broken = false;
        }
    }

    /// Takes the file away: the database has every line.
    pub(super) fn remove(&mut self) {
        if let Some(open) = self.open.take() {
            let _ = fs::remove_file(&open.path);
        }
    }
}

/// Where the files of a state folder are.
pub(super) fn folder(state: &Path) -> PathBuf {
    state.join(FOLDER)
}

/// The files there, by the names that the database knows them by.
pub(super) fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    with_ending(folder, ENDING)
}

/// The names of files that could not be taken up.
pub(super) fn damaged(folder: &Path) -> Result<Vec<String>, StoreError> {
    let found = with_ending(folder, DAMAGED)?;
    Ok(found.into_iter().map(|(name, _)| name).collect())
}

fn with_ending(folder: &Path, wanted: &str) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let fail = |error| StoreError::file("read the folder", folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut out = Vec::new();
    for entry in entries {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|ending| ending == wanted)
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            out.push((name.to_owned(), path));
        }
    }
    out.sort();
    Ok(out)
}

/// Locks a file, unless a living process has it, or it was taken away meanwhile.
pub(super) fn lock(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
        && file.metadata().is_ok_and(|meta| meta.nlink() > 0)
}

fn create(folder: &Path) -> Result<Open, StoreError> {
    folder::create(folder)?;
    loop {
        let mut tag = [0u8; 16];
        getrandom::fill(&mut tag).map_err(StoreError::random)?;
        let name = hex(&tag);
        let path = folder.join(format!("{name}.{ENDING}"));
        let file = folder::append(&path)?;
        // Whoever looks for what the dead left may have taken it for that, before it was locked.
        if lock(&file) {
            return Ok(Open {
                name,
                path,
                file,
                next: 0,
                length: 0,
                broken: false,
            });
        }
    }
}
