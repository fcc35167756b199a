//! Reading the log: which records, and what they say.

use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::opened;
use super::record::{Kind, Record};
use super::tree::leaf_hash;
use crate::base::clock::Timestamp;
use crate::base::id::{CallId, Name, SessionId};
use crate::rules::verb::{Handle, Verb};
use crate::rules::verdict::Verdict;
use crate::store::db::Db;
use crate::store::db::log::StoredRow;
use crate::store::error::StoreError;

/// Which records; all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those of one conversation.
    pub session: Option<SessionId>,
    /// Those of one run of a tool.
    pub call: Option<CallId>,
    /// Those of one plugin.
    pub plugin: Option<Name>,
    /// Those of one tool.
    pub tool: Option<String>,
    /// Those of one kind of access.
    pub handle: Option<Handle>,
    /// Those that wanted this, perhaps among other verbs.
    pub verb: Option<Verb>,
    /// Those with one verdict.
    pub verdict: Option<Verdict>,
    /// Those that tell one part of an access.
    pub kind: Option<Kind>,
    /// Those of this time or later.
    pub since: Option<Timestamp>,
    /// Those before this time.
    pub until: Option<Timestamp>,
    /// Only the newest so many of the rest.
    pub last: Option<u64>,
    /// Those with a greater sequence number.
    pub after: Option<u64>,
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// Its place in the log, counted from 0.
    pub seq: u64,
    /// Whether body and texts are those that were written, as far as the row itself can tell;
    /// [`super::verify()`] proves it for the whole log.
    pub intact: bool,
    /// The record, with its texts. One that was erased reads `(erased)`.
    #[serde(flatten)]
    pub record: Record,
}

/// A log open for reading. Writers are not disturbed.
#[derive(Debug)]
pub struct AuditReader {
    db: Db,
}

impl AuditReader {
    /// Opens the log in a state folder.
    ///
    /// # Errors
    /// If there is none, or it can't be read.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            db: Db::open_read_only(state)?,
        })
    }

    /// Gives each record that the filter lets through to `each`, in the order of the log, until
    /// that has enough. A record that can't be read comes as an error in its place.
    ///
    /// # Errors
    /// If the log itself can't be read.
    pub fn each(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Result<StoredRecord, StoreError>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.db.select(filter, |row| each(stored(row)))
    }

    /// The records that the filter lets through, all at once.
    ///
    /// # Errors
    /// If the log or one of these records can't be read.
    pub fn collect(&self, filter: &Filter) -> Result<Vec<StoredRecord>, StoreError> {
        let mut out = Ok(Vec::new());
        self.each(filter, |record| match (record, &mut out) {
            (Ok(record), Ok(records)) => {
                records.push(record);
                ControlFlow::Continue(())
            }
            (Err(error), _) => {
                out = Err(error);
                ControlFlow::Break(())
            }
            (_, Err(_)) => ControlFlow::Break(()),
        })?;
        out
    }
}

fn stored(row: StoredRow) -> Result<StoredRecord, StoreError> {
    let seq = u64::try_from(row.seq).unwrap_or_default();
    let opened =
        opened::open(&row.body, &row.private).map_err(|why| StoreError::Record { seq, why })?;
    Ok(StoredRecord {
        seq,
        intact: opened.faults.is_empty()
            && opened.seq == seq
            && row.leaf == Some(leaf_hash(row.body.as_bytes())),
        record: opened.record,
    })
}
