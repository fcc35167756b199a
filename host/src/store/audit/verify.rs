//! Proving, offline, that a log is the one that was written.
//!
//! One walk over the records rebuilds the tree; wherever a checkpoint speaks of the size reached,
//! the root must be the one that was signed. What the database says of itself is compared, never
//! believed.

use std::collections::HashMap;
use std::path::Path;

use super::checkpoint::{Checkpoint, Verifier, read_notes};
use super::key::verifier_path;
use super::opened;
use super::record::Kind;
use super::report::{External, Finding, Report, Source};
use super::tree::{Frontier, leaf_hash};
use crate::base::digest::Digest;
use crate::base::id::CallId;
use crate::store::db::Db;
use crate::store::db::log::StoredRow;
use crate::store::error::StoreError;
use crate::store::folder;

/// The most findings, and the most unknown effects, that a report lists.
const LISTED: usize = 1000;

/// Checks the whole log of a state folder: each record against its leaf hash and its texts'
/// commitments, the sequence, the tree head, and every checkpoint, those of a file included. Reads
/// each record once and keeps none.
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
    let path = verifier_path(state);
    let (text, name) = match key {
        Some(key) => (key.to_owned(), Path::new("(given)")),
        None => {
            let text = folder::read(&path)?.ok_or_else(|| StoreError::key(&path, "is missing"))?;
            (text, path.as_path())
        }
    };
    let verifier = Verifier::new(&text)
        .map_err(|why| StoreError::key(name, format!("is not a verifier key: {why}")))?;
    let mut walk = Walk::new(&verifier);
    if let Some(path) = checkpoints {
        walk.read_external(path)?;
    }
    db.snapshot(|db| walk.run(db))?;
    Ok(walk.finish())
}

struct Walk<'v> {
    verifier: &'v Verifier,
    /// The tree over the leaf hashes that are stored.
    tree: Frontier,
    /// The tree over the bodies' own hashes, from where these first differ. Whichever of the two a
    /// checkpoint confirms is the one that was written.
    bodies: Option<Frontier>,
    /// Whether a record was missing, after which no root can be had.
    gap: bool,
    /// Up to where checkpoints agree.
    agreed: u64,
    /// Where a fork was found: all later roots from there differ too, which says nothing new.
    forked: Vec<Source>,
    /// The file's checkpoints, the smallest first, and how many are done.
    external: Option<(Vec<(u64, Digest)>, usize)>,
    open: HashMap<(CallId, u32), u64>,
    report: Report,
}

impl<'v> Walk<'v> {
    fn new(verifier: &'v Verifier) -> Self {
        Self {
            verifier,
            tree: Frontier::default(),
            bodies: None,
            gap: false,
            agreed: 0,
            forked: Vec::new(),
            external: None,
            open: HashMap::new(),
            report: Report {
                records: 0,
                root: Frontier::default().root(),
                checkpoints_checked: 0,
                sealed: 0,
                external: None,
                erased: 0,
                findings: Vec::new(),
                more_findings: 0,
                unknown: Vec::new(),
            },
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < LISTED {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    /// Reads the file and keeps size and root of each valid note in it.
    fn read_external(&mut self, path: &Path) -> Result<(), StoreError> {
        let mut heads = Vec::new();
        let mut number = 0;
        read_notes(path, |note| {
            number += 1;
            match self.verifier.check(note) {
                Ok(checkpoint) => heads.push((checkpoint.size, checkpoint.root)),
                Err(why) => self.find(Finding::BadCheckpoint {
                    held: Source::File,
                    size: Checkpoint::parse(note)
                        .ok()
                        .and_then(|checkpoint| i64::try_from(checkpoint.size).ok())
                        .unwrap_or(number),
                    why,
                }),
            }
        })?;
        heads.sort_unstable();
        heads.dedup();
        self.external = Some((heads, 0));
        self.report.external = Some(External::default());
        Ok(())
    }

    fn run(&mut self, db: &Db) -> Result<(), StoreError> {
        for what in db.unsound()? {
            self.find(Finding::Unsound { what });
        }
        if db.meta("origin")?.as_ref() != Some(&self.verifier.origin) {
            let what = "the log's name is not the one in the verifier key".to_owned();
            self.find(Finding::Unsound { what });
        }
        let head = db.head()?;
        let (mut records, mut checkpoints) = (db.records()?, db.checkpoints()?);
        let mut rows = db.walk(&mut records)?;
        let mut stored = db.walk(&mut checkpoints)?;
        let mut next_checkpoint = db.next_checkpoint(&mut stored)?;
        loop {
            // All checkpoints at the size reached, before the next record changes it.
            while let Some((size, note)) = next_checkpoint.take() {
                if u64::try_from(size).is_ok_and(|size| size > self.tree.size()) {
                    next_checkpoint = Some((size, note));
                    break;
                }
                self.stored_checkpoint(size, &note);
                next_checkpoint = db.next_checkpoint(&mut stored)?;
            }
            self.external_checkpoints(false);
            match db.next_record(&mut rows)? {
                Some(row) => self.record(row, head.as_ref().map_or(u64::MAX, Frontier::size)),
                None => break,
            }
        }
        while let Some((size, note)) = next_checkpoint {
            self.stored_checkpoint(size, &note);
            next_checkpoint = db.next_checkpoint(&mut stored)?;
        }
        self.external_checkpoints(true);
        self.head(head);
        Ok(())
    }

    fn record(&mut self, row: StoredRow, size: u64) {
        self.report.records += 1;
        let expected = self.tree.size();
        let seq = match u64::try_from(row.seq) {
            Ok(seq) if seq >= expected && seq < size => seq,
            _ => {
                self.find(Finding::Extra { seq: row.seq });
                // The stored head may have been cut as well: a checkpoint will tell then.
                match u64::try_from(row.seq) {
                    Ok(seq) if seq == expected => seq,
                    _ => return,
                }
            }
        };
        if seq > expected {
            self.missing(expected, seq - 1);
        }
        let body = leaf_hash(row.body.as_bytes());
        let leaf = row.leaf.unwrap_or(body);
        if row.leaf != Some(body) {
            self.find(Finding::Changed { seq });
            self.bodies.get_or_insert_with(|| self.tree.clone());
        }
        if let Some(bodies) = &mut self.bodies {
            bodies.append(body);
        }
        self.tree.append(leaf);
        match opened::open(&row.body, &row.private) {
            Err(what) => self.find(Finding::Text { seq, what }),
            Ok(opened) => {
                if opened.seq != seq {
                    let (seq, says) = (row.seq, opened.seq);
                    self.find(Finding::Moved { seq, says });
                }
                for what in opened.faults {
                    self.find(Finding::Text { seq, what });
                }
                if opened.erased > 0 {
                    // The proof holds without a text, but no command takes one away yet.
                    let what = "a text of it was taken away, and nothing on record says why";
                    self.find(Finding::Text {
                        seq,
                        what: what.to_owned(),
                    });
                }
                self.report.erased += opened.erased as u64;
                let key = (opened.record.call, opened.record.step);
                match opened.record.kind {
                    Kind::Intent => {
                        self.open.insert(key, seq);
                    }
                    Kind::Outcome => {
                        self.open.remove(&key);
                    }
                    Kind::Access | Kind::Refusal => {}
                }
            }
        }
    }

    /// Notes that records are not there, and goes on as if they had been.
    fn missing(&mut self, first: u64, last: u64) {
        self.find(Finding::Missing { first, last });
        self.gap = true;
        self.tree = Frontier::beyond(last + 1);
        self.bodies = None;
    }

    fn stored_checkpoint(&mut self, size: i64, note: &str) {
        let checkpoint = self.verifier.check(note).and_then(|checkpoint| {
            if i64::try_from(checkpoint.size) == Ok(size) {
                Ok(checkpoint)
            } else {
                Err(format!("it says size {}", checkpoint.size))
            }
        });
        match checkpoint {
            Err(why) => self.find(Finding::BadCheckpoint {
                held: Source::Store,
                size,
                why,
            }),
            Ok(checkpoint) => {
                if self.agrees(Source::Store, checkpoint.size, checkpoint.root) {
                    self.report.checkpoints_checked += 1;
                }
            }
        }
    }

    /// Compares the file's checkpoints at the size reached; at the end, all that are left.
    fn external_checkpoints(&mut self, end: bool) {
        while let Some((heads, done)) = &mut self.external
            && let Some(&(size, root)) = heads.get(*done)
            && (end || size <= self.tree.size())
        {
            *done += 1;
            if self.agrees(Source::File, size, root)
                && let Some(external) = &mut self.report.external
            {
                external.agreed += 1;
                external.size = size;
            }
        }
    }

    fn agrees(&mut self, held: Source, size: u64, root: Digest) -> bool {
        let records = self.tree.size();
        if size > records {
            self.find(Finding::Cut {
                held,
                records,
                size,
            });
            return false;
        }
        if self.gap || size < records {
            // The gap is a finding already and explains why there is no root to compare.
            return false;
        }
        if self.tree.root() == root {
            self.bodies = None;
        } else if let Some(bodies) = self.bodies.take_if(|bodies| bodies.root() == root) {
            self.tree = bodies;
        } else {
            if !self.forked.contains(&held) {
                self.forked.push(held);
                let after = self.agreed;
                self.find(Finding::Fork { held, after, size });
            }
            return false;
        }
        self.agreed = size;
        self.report.sealed = size;
        true
    }

    /// Compares the stored tree head with the records.
    fn head(&mut self, head: Option<Frontier>) {
        let Some(head) = head else {
            let records = self.report.records;
            return self.find(Finding::Head { records });
        };
        let there = self.tree.size();
        if head.size() > there {
            self.missing(there, head.size() - 1);
        } else if !self.gap && head != self.tree && Some(&head) != self.bodies.as_ref() {
            let records = self.report.records;
            self.find(Finding::Head { records });
        }
    }

    fn finish(mut self) -> Report {
        self.report.root = self.tree.root();
        let mut open: Vec<_> = self.open.into_iter().collect();
        open.sort_unstable_by_key(|(_, seq)| *seq);
        self.report.unknown = open
            .into_iter()
            .take(LISTED)
            .map(|((call, step), seq)| (call, step, seq))
            .collect();
        self.report
    }
}
