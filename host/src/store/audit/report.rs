//! What checking a log found.

use std::fmt;

use crate::base::digest::Digest;
use crate::base::id::CallId;

/// Where a checkpoint was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the database.
    Store,
    /// In the file that was given.
    File,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store => "stored",
            Self::File => "given",
        })
    }
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The row's body and leaf hash do not belong together.
    #[error("record {seq}: its body or its leaf hash was changed")]
    Changed {
        /// The record.
        seq: u64,
    },
    /// The row's texts are not those that were recorded, or the row can't be read.
    #[error("record {seq}: {what}")]
    Text {
        /// The record.
        seq: u64,
        /// What is wrong, and in which field.
        what: String,
    },
    /// The body says that it is another record.
    #[error("record {seq}: its body says that it is record {says}: moved, or renumbered")]
    Moved {
        /// The row's number.
        seq: i64,
        /// The body's number.
        says: u64,
    },
    /// Records are not there.
    #[error("records {first} to {last} are missing")]
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A row that no place in the log has.
    #[error("record {seq} does not belong in the log")]
    Extra {
        /// Its number.
        seq: i64,
    },
    /// The stored tree head is not that of the records.
    #[error("the stored tree head is not that of the {records} records there are")]
    Head {
        /// How many records there are.
        records: u64,
    },
    /// A checkpoint that can't be read, or that the key did not sign.
    #[error("the {held} checkpoint at size {size} is not valid: {why}")]
    BadCheckpoint {
        /// Where it was.
        held: Source,
        /// The size that it, or its row, states; its number in the file where it states none.
        size: i64,
        /// What is wrong.
        why: String,
    },
    /// The log has fewer records than it once had.
    #[error("the log was cut: it has {records} records, the {held} checkpoint proves {size}")]
    Cut {
        /// Where the checkpoint was.
        held: Source,
        /// How many records there are.
        records: u64,
        /// How many there were.
        size: u64,
    },
    /// The records are not those that the checkpoint was made of.
    #[error(
        "the {held} checkpoint at size {size} has another root: one of the records {after} to {before} is not the one that was written", before = size.saturating_sub(1)
    )]
    Fork {
        /// Where the checkpoint was.
        held: Source,
        /// The first record that no earlier checkpoint proves.
        after: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// A spool has records that are not in the log: they can't be read, or could not be taken up.
    #[error("records in the spool `{name}` are not in the log")]
    Lacking {
        /// The file's name, without its ending.
        name: String,
    },
    /// The log says that its oldest records were archived, and they are not here. Whoever can write the
    /// state folder can have it say so.
    #[error("records 0 to {last} are archived and not here: nothing is proved of them")]
    Archived {
        /// The last of them.
        last: u64,
    },
    /// The oldest records are not here, and no checkpoint covers those that are.
    #[error("no checkpoint proves that record {from} is where the log goes on")]
    Unanchored {
        /// The first record that is there.
        from: u64,
    },
    /// An archive does not end with a checkpoint.
    #[error("no checkpoint in the archive signs its records from {from} on")]
    Unsigned {
        /// The first of them.
        from: u64,
    },
    /// Tables or indexes are not as this program makes them.
    #[error("the database is not sound: {what}")]
    Unsound {
        /// What differs.
        what: String,
    },
}

/// What a checkpoint file proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// How many of its notes are valid and agree with the log.
    pub agreed: u64,
    /// The size of the largest of these.
    pub size: u64,
    /// How many of its notes are of other records than those that were looked at.
    pub elsewhere: u64,
}

/// What [`super::verify()`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The first record that could be verified. Those before it are in archives that are not here.
    pub from: u64,
    /// How many records there are.
    pub records: u64,
    /// The root of the tree over all records that there ever were.
    pub root: Digest,
    /// How many of the stored checkpoints are valid and agree with the log.
    pub checkpoints_checked: u64,
    /// How many records the largest of all checkpoints that agree covers. Later ones are proved by
    /// no signature yet.
    pub sealed: u64,
    /// What the given checkpoint file proved; none if none was given.
    pub external: Option<External>,
    /// How many texts were erased.
    pub erased: u64,
    /// What is wrong; the first thousand.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub more_findings: u64,
    /// Call, step and sequence number of intents without outcome, which either go on right now or
    /// ended with their process; the first thousand.
    pub unknown: Vec<(CallId, u32, u64)>,
    /// How many more of these there may be. Not all of them are looked for the outcome of where they are
    /// very many.
    pub more_unknown: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether nothing is wrong but that the oldest records are archived and not here.
    pub fn is_incomplete(&self) -> bool {
        let mut findings = self.findings.iter();
        !self.is_sound() && findings.all(|finding| matches!(finding, Finding::Archived { .. }))
    }

    /// Takes it for right that records before number `first` are archived elsewhere.
    pub fn accept_from(&mut self, first: u64) {
        self.findings
            .retain(|finding| !matches!(finding, Finding::Archived { last } if *last < first));
    }
}
