//! Writing the log, one batch at a time.

use std::path::Path;

use super::checkpoint::{Checkpoint, Copy};
use super::key::{self, CheckpointKey};
use super::leaf::{self, Salts};
use super::record::Record;
use super::recovery::take_up;
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::store::db::Db;
use crate::store::db::log::Write;
use crate::store::error::{StoreError, shown};

/// After how many bytes of records the write-ahead log is copied back. The more, the more often a page
/// that was written twice is copied once; but a process that starts after a crash reads all of it.
const TIDY_AFTER: usize = 16 << 20;

/// How far the clocks behind a signature and behind a record may be apart, in microseconds: a day.
const CLOCKS_DIFFER_US: u64 = 24 * 3600 * 1_000_000;

/// The log as one process writes it. Nothing about the tree is kept between two batches: another
/// process may have written meanwhile.
#[derive(Debug)]
pub struct Ledger {
    pub(super) db: Db,
    state: String,
    origin: String,
    key: CheckpointKey,
    copy: Option<Copy>,
    /// The size of the newest checkpoint that this process has put into `copy`.
    copied: u64,
    salts: Salts,
    untidy: usize,
}

impl Ledger {
    /// Opens the log in a state folder, and makes both where they are missing.
    pub fn open(state: &Path, checkpoint_to: Option<&Path>) -> Result<Self, StoreError> {
        let mut db = Db::open(state)?;
        take_up(&mut db, state)?;
        let origin = db.meta("origin")?.ok_or_else(|| StoreError::Damaged {
            path: shown(state),
            why: "it does not say which log it is".to_owned(),
        })?;
        Ok(Self {
            key: key::open(state, &mut db, &origin)?,
            copy: checkpoint_to.map(Copy::open).transpose()?,
            db,
            state: shown(state),
            origin,
            copied: 0,
            salts: Salts::default(),
            untidy: 0,
        })
    }

    /// The key that others can check this log's checkpoints with.
    pub fn verifier(&self) -> &str {
        &self.key.verifier
    }

    /// Writes records in this order, all or none, and gives the sequence number of the first. `spooled` is
    /// the spool that some of them stand in, and the number of its first line that is none of them.
    pub fn write<'r>(
        &mut self,
        records: impl IntoIterator<Item = &'r Record>,
        spooled: Option<(&str, u64)>,
        durable: bool,
    ) -> Result<u64, StoreError> {
        let (salts, untidy) = (&mut self.salts, &mut self.untidy);
        self.db.write("write records", durable, |tx| {
            if let Some((name, next)) = spooled {
                tx.set_spooled(name, next)?;
            }
            insert(tx, records, salts, untidy)
        })
    }

    /// Whether an intent before the one with the number `before` says that this approval, signed then,
    /// lifted its ask. Asked of the log that is written to, which nobody can put another in place of.
    pub fn approval_used(
        &self,
        approval: &ApprovalId,
        signed_at: Timestamp,
        before: u64,
    ) -> Result<bool, StoreError> {
        let since = signed_at.micros().saturating_sub(CLOCKS_DIFFER_US);
        let since = Timestamp::from_micros(since);
        self.db.approval_used(approval.as_str(), since, before)
    }

    /// Signs the log as it stands, durably, unless that was done already. None for an empty log.
    pub fn seal(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let (origin, key, state) = (&self.origin, &self.key, &self.state);
        let damaged = |why: &str| StoreError::Damaged {
            path: state.clone(),
            why: why.to_owned(),
        };
        let checkpoint = self.db.write("write a checkpoint", true, |tx| {
            let head = tx.head()?;
            let newest = tx.newest_checkpoint()?;
            let newest = newest.and_then(|note| Checkpoint::parse(&note).ok());
            match newest {
                _ if head.size() == 0 => Ok(None),
                Some(newest) if newest.size > head.size() => {
                    Err(damaged("the log is shorter than its newest checkpoint"))
                }
                Some(newest) if newest.size == head.size() && newest.root != head.root() => {
                    Err(damaged("the log differs from its newest checkpoint"))
                }
                Some(newest) if newest.size == head.size() => Ok(Some(newest)),
                _ => {
                    let checkpoint = Checkpoint::sign(origin, &head, key)?;
                    tx.insert_checkpoint(checkpoint.size, &checkpoint.note)?;
                    Ok(Some(checkpoint))
                }
            }
        })?;
        // Only what is on disk here may be claimed elsewhere.
        if let (Some(copy), Some(checkpoint)) = (&self.copy, &checkpoint)
            && checkpoint.size > self.copied
        {
            copy.add(checkpoint)?;
            self.copied = checkpoint.size;
        }
        Ok(checkpoint)
    }

    /// The newest stored checkpoint.
    pub fn newest_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let note = self.db.newest_checkpoint()?;
        Ok(note.and_then(|note| Checkpoint::parse(&note).ok()))
    }

    /// Does the housekeeping that no caller should wait for.
    pub fn tidy(&mut self) {
        if self.untidy >= TIDY_AFTER {
            // Where a reader or another writer stands in the way, the next batch tries again.
            if self.db.tidy().is_ok() {
                self.untidy = 0;
            }
        }
    }
}

/// Puts records behind those that are there, and gives the sequence number of the first.
pub(super) fn insert<'r>(
    tx: &Write<'_>,
    records: impl IntoIterator<Item = &'r Record>,
    salts: &mut Salts,
    untidy: &mut usize,
) -> Result<u64, StoreError> {
    let mut head = tx.head()?;
    let first = head.size();
    for record in records {
        let leaf = leaf::write(head.size(), record, salts)?;
        tx.insert(head.size(), &leaf)?;
        head.append(leaf.hash);
        *untidy += leaf.body.len() + leaf.private.len();
    }
    tx.set_head(&head)?;
    Ok(first)
}
