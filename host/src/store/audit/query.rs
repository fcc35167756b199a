//! Reading the log: which records, and what they say.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::archive;
use super::crew::in_order;
use super::examined::stored;
use super::record::{Kind, Record};
use super::recovery::settle;
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
    /// Those with a smaller one.
    pub before: Option<u64>,
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

/// An archive, and what to take of it.
struct Part {
    path: PathBuf,
    filter: Filter,
}

/// A log open for reading. Writers are not disturbed.
#[derive(Debug)]
pub struct AuditReader {
    db: Db,
    state: PathBuf,
    lacking: Vec<String>,
}

impl AuditReader {
    /// Opens the log in a state folder. What processes that died left in their spools is taken up first,
    /// and what the living have spooled so far is waited for, 2 seconds at most.
    ///
    /// # Errors
    /// If there is none, or it can't be read.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let db = Db::open_read_only(state)?;
        let lacking = settle(&db, state)?;
        let state = state.to_owned();
        Ok(Self { db, state, lacking })
    }

    /// The names of the spools with records that are not in the log, since they can't be read, or taken up
    /// by this process, or got there too slowly.
    pub fn lacking(&self) -> &[String] {
        &self.lacking
    }

    /// Gives each record that the filter lets through to `each`, in the order of the log, until
    /// that has enough. A record that can't be read comes as an error in its place.
    ///
    /// # Errors
    /// If the log itself can't be read.
    pub fn each(
        &self,
        filter: &Filter,
        each: impl FnMut(Result<StoredRecord, StoreError>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        // What is archived while this goes on is in the log still, as it sees it.
        self.db.snapshot(|db| {
            let archives = self.archives(db, filter)?;
            let mut read = Ok(());
            in_order(
                |row: StoredRow| stored(&row),
                each,
                |push| {
                    read = archives.iter().try_for_each(|part| {
                        Db::open_archive(&part.path)?.select(&part.filter, &mut *push)
                    });
                    if read.is_ok() {
                        read = db.select(filter, push);
                    }
                },
            );
            read
        })
    }

    /// The numbers, first and last, of records that are neither in the log nor in an archive that is here.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn absent(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let begin = self.db.begin()?.size();
        let mut absent = Vec::new();
        let mut next = 0;
        let archives = archive::finished(&self.state)?;
        let parts = archives.iter().map(|archive| (archive.first, archive.end));
        for (first, end) in parts.chain([(begin, begin)]) {
            if first > next {
                absent.push((next, first - 1));
            }
            next = next.max(end);
        }
        Ok(absent)
    }

    /// The archives that may have some of what is wanted, and what to take of each, the oldest first.
    fn archives(&self, db: &Db, filter: &Filter) -> Result<Vec<Part>, StoreError> {
        // No record twice: from where the log or a newer archive begins, an older one does not count.
        let mut end = db.begin()?.size();
        let mut left = match filter.last {
            Some(last) => Some(last.saturating_sub(db.count(filter)?)),
            None => None,
        };
        let mut parts = Vec::new();
        for archive in archive::finished(&self.state)?.into_iter().rev() {
            let filter = Filter {
                before: Some(filter.before.map_or(end, |before| before.min(end))),
                last: left,
                ..filter.clone()
            };
            end = end.min(archive.first);
            // All of it is older than what is wanted.
            if left == Some(0) || filter.after.is_some_and(|after| after >= archive.end - 1) {
                break;
            }
            if let Some(left) = &mut left {
                let found = Db::open_archive(&archive.path)?.count(&filter)?;
                *left -= found.min(*left);
            }
            let path = archive.path;
            parts.push(Part { path, filter });
        }
        parts.reverse();
        Ok(parts)
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
