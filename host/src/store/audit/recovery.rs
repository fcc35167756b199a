//! Taking up what processes that died left in their spools.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::leaf::Salts;
use super::ledger::insert;
use super::record::Record;
use super::spool::{self, Line};
use crate::store::db::Db;
use crate::store::error::StoreError;

/// How long who reads the log waits for what others have spooled.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most records in one transaction.
const BATCH: usize = 1024;
/// No line is longer.
const LONGEST: u64 = 64 << 20;
/// How many files that are gone the database may remember.
const FORGOTTEN: u64 = 64;

/// Takes into the log what processes that died left in their spools, so that nothing that was answered
/// for is lost. A file with a line that can't be read is kept under another name, after what stands
/// before that line was taken up.
pub(super) fn take_up(db: &mut Db, state: &Path) -> Result<(), StoreError> {
    let folder = spool::folder(state);
    for (name, path) in spool::files(&folder)? {
        // One that can't be opened went away meanwhile, or the next attempt may find it better.
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(&path)
            && spool::lock(&file)
        {
            take_up_one(db, &name, &path, &file)?;
        }
    }
    if db.spools()? > FORGOTTEN {
        db.write("forget old spools", false, |tx| {
            // Listed inside the transaction: whoever made a file later can't have a row yet.
            let there = spool::files(&folder)?;
            tx.keep_spools(there.iter().map(|(name, _)| name.as_str()))
        })?;
    }
    Ok(())
}

fn take_up_one(db: &mut Db, name: &str, path: &Path, file: &File) -> Result<(), StoreError> {
    let mut next = db.spooled(name)?;
    let mut lines = Lines(BufReader::new(file));
    let mut salts = Salts::default();
    let mut batch: Vec<Record> = Vec::new();
    loop {
        let line = lines.next();
        let ended = !matches!(line, Ok(Some(_)));
        let damaged = line.is_err();
        if let Ok(Some(Line { line, record })) = line
            && line >= next
        {
            next = line.saturating_add(1);
            batch.push(record);
        }
        if batch.len() >= BATCH || (ended && !batch.is_empty()) {
            db.write("take up records", true, |tx| {
                tx.set_spooled(name, next)?;
                insert(tx, &batch, &mut salts, &mut 0)
            })?;
            batch.clear();
        }
        if damaged {
            return fs::rename(path, path.with_extension(spool::DAMAGED))
                .map_err(|error| StoreError::file("rename", path, error));
        }
        if ended {
            return fs::remove_file(path).map_err(|error| StoreError::file("remove", path, error));
        }
    }
}

/// The lines of a spool. One without an end was cut off while it was written, so nobody was answered for it.
struct Lines<'f>(BufReader<&'f File>);

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Line<Record>>, String> {
        let mut text = Vec::new();
        self.0
            .by_ref()
            .take(LONGEST)
            .read_until(b'\n', &mut text)
            .map_err(|error| error.to_string())?;
        match text.pop() {
            Some(b'\n') => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| error.to_string()),
            Some(_) if text.len() as u64 + 1 == LONGEST => Err("a line has no end".to_owned()),
            _ => Ok(None),
        }
    }
}

/// Makes the log of a state folder complete for a reader: takes up what the dead left, and waits a moment
/// until the log has what the living have spooled before now. Gives the files of which it still lacks
/// something.
pub(super) fn settle(db: &Db, state: &Path) -> Result<Vec<String>, StoreError> {
    let folder = spool::folder(state);
    let mut waiting = Vec::new();
    let mut dead = false;
    for (name, path) in spool::files(&folder)? {
        let Ok(file) = File::open(&path) else {
            continue;
        };
        dead |= spool::lock(&file);
        if let Some(last) = last_line(&file) {
            waiting.push((name, last));
        }
    }
    // Who may not write has to do without.
    if dead && let Ok(mut db) = Db::open(state) {
        take_up(&mut db, state)?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut left = Vec::new();
        for (name, last) in waiting {
            if db.spooled(&name)? <= last {
                left.push((name, last));
            }
        }
        waiting = left;
        if waiting.is_empty() || Instant::now() > deadline {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    let mut lacking: Vec<String> = waiting.into_iter().map(|(name, _)| name).collect();
    lacking.extend(spool::damaged(&folder)?);
    Ok(lacking)
}

/// The number of the last whole line.
fn last_line(file: &File) -> Option<u64> {
    let mut lines = Lines(BufReader::new(file));
    let mut last = None;
    while let Ok(Some(Line { line, .. })) = lines.next() {
        last = Some(line);
    }
    last
}
