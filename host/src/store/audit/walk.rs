//! One walk over all records of a log, in order: it rebuilds the tree; wherever a checkpoint speaks of the
//! size reached, the root must be the one that was signed.

use std::collections::HashMap;
use std::path::Path;

use super::checkpoint::{Checkpoint, Verifier, read_notes};
use super::examined::{Examined, Told};
use super::record::Kind;
use super::report::{External, Finding, Report, Source};
use super::tree::Frontier;
use crate::base::digest::Digest;
use crate::base::id::CallId;
use crate::store::error::StoreError;

/// The most findings, and the most unknown effects, that a report lists.
const LISTED: usize = 1000;
/// The most intents of which the outcome is looked for at the same time. A log has as many open as calls
/// were under way at once, or were cut off: more than this only one that somebody made.
const OPEN: usize = 1 << 17;

pub(super) struct Walk<'v> {
    pub(super) verifier: &'v Verifier,
    /// The tree over the leaf hashes that are stored.
    pub(super) tree: Frontier,
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
    /// Whether the first part of the log was found.
    begun: bool,
    /// Whether a checkpoint agreed.
    anchored: bool,
    /// Whether all records there ever were are looked for, and not those of one archive.
    pub(super) is_whole_log: bool,
    report: Report,
}

impl<'v> Walk<'v> {
    pub(super) fn new(verifier: &'v Verifier) -> Self {
        Self {
            verifier,
            tree: Frontier::default(),
            bodies: None,
            gap: false,
            agreed: 0,
            forked: Vec::new(),
            external: None,
            open: HashMap::new(),
            begun: false,
            anchored: false,
            is_whole_log: true,
            report: Report {
                from: 0,
                records: 0,
                root: Frontier::default().root(),
                checkpoints_checked: 0,
                sealed: 0,
                external: None,
                erased: 0,
                findings: Vec::new(),
                more_findings: 0,
                unknown: Vec::new(),
                more_unknown: 0,
            },
        }
    }

    pub(super) fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < LISTED {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    /// Reads the file and keeps size and root of each valid note in it.
    pub(super) fn read_external(&mut self, path: &Path) -> Result<(), StoreError> {
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

    /// Goes on with a part of the log that begins with the tree `begin`; `what` is the part, for messages.
    pub(super) fn begin(&mut self, begin: Frontier, what: &str) {
        let there = self.tree.size();
        if !self.begun {
            self.begun = true;
            self.report.from = begin.size();
            self.agreed = begin.size();
            self.tree = begin;
        } else if begin.size() > there {
            self.missing(there, begin.size() - 1);
        } else if !self.gap
            && begin.size() == there
            && begin != self.tree
            && Some(&begin) != self.bodies.as_ref()
        {
            let what = format!("{what} does not go on where the part before it ends");
            self.find(Finding::Unsound { what });
        }
    }

    /// One row of a part of which the last record has a number below `size`.
    pub(super) fn record(&mut self, row: Examined, size: u64) {
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
        let leaf = row.leaf.unwrap_or(row.body);
        if row.leaf != Some(row.body) {
            self.find(Finding::Changed { seq });
            self.bodies.get_or_insert_with(|| self.tree.clone());
        }
        if let Some(bodies) = &mut self.bodies {
            bodies.append(row.body);
        }
        self.tree.append(leaf);
        match row.told {
            Err(what) => self.find(Finding::Text { seq, what }),
            Ok(told) => self.told(seq, told),
        }
    }

    /// What a record says of itself, and of others.
    fn told(&mut self, seq: u64, told: Told) {
        if told.seq != seq {
            let (seq, says) = (i64::try_from(seq).unwrap_or(i64::MAX), told.seq);
            self.find(Finding::Moved { seq, says });
        }
        for what in told.faults {
            self.find(Finding::Text { seq, what });
        }
        if told.erased > 0 {
            // The proof holds without a text, but no command takes one away yet.
            let what = "a text of it was taken away, and nothing on record says why";
            self.find(Finding::Text {
                seq,
                what: what.to_owned(),
            });
        }
        self.report.erased += told.erased as u64;
        let key = (told.call, told.step);
        match told.kind {
            Kind::Intent if self.open.len() >= OPEN => self.report.more_unknown += 1,
            Kind::Intent => {
                self.open.insert(key, seq);
            }
            Kind::Outcome => {
                self.open.remove(&key);
            }
            Kind::Access | Kind::Refusal => {}
        }
    }

    /// Notes that records are not there, and goes on as if they had been.
    fn missing(&mut self, first: u64, last: u64) {
        self.find(Finding::Missing { first, last });
        self.gap = true;
        self.tree = Frontier::beyond(last + 1);
        self.bodies = None;
    }

    pub(super) fn stored_checkpoint(&mut self, size: i64, note: &str) {
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
                // The one at the end of an archive is in the log too.
                let again = self.anchored && checkpoint.size == self.agreed;
                if self.agrees(Source::Store, checkpoint.size, checkpoint.root) && !again {
                    self.report.checkpoints_checked += 1;
                }
            }
        }
    }

    /// Compares the file's checkpoints at the size reached; at the end, all that are left.
    pub(super) fn external_checkpoints(&mut self, end: bool) {
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
        if size < self.report.from || (size > records && !self.is_whole_log) {
            // It is of records that are not here.
            if let (Source::File, Some(external)) = (held, &mut self.report.external) {
                external.elsewhere += 1;
            }
            return false;
        }
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
        self.anchored = true;
        self.report.sealed = size;
        true
    }

    /// Compares the stored tree head with the records.
    pub(super) fn head(&mut self, head: Option<Frontier>) {
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

    pub(super) fn finish(mut self) -> Report {
        self.report.root = self.tree.root();
        let from = self.report.from;
        if from > 0 && self.is_whole_log {
            self.find(Finding::Archived { last: from - 1 });
        }
        if from > 0 && !self.anchored {
            self.find(Finding::Unanchored { from });
        } else if !self.is_whole_log && !self.gap && self.agreed < self.tree.size() {
            let from = self.agreed;
            self.find(Finding::Unsigned { from });
        }
        let mut open: Vec<_> = self.open.into_iter().collect();
        open.sort_unstable_by_key(|(_, seq)| *seq);
        self.report.more_unknown += open.len().saturating_sub(LISTED) as u64;
        self.report.unknown = open
            .into_iter()
            .take(LISTED)
            .map(|((call, step), seq)| (call, step, seq))
            .collect();
        self.report
    }
}
