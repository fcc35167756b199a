//! What one row says by itself. This is most of the work of reading and verifying a log, and hangs on no
//! other row.

use super::opened;
use super::query::StoredRecord;
use super::record::Kind;
use super::tree::leaf_hash;
use crate::base::digest::Digest;
use crate::base::id::CallId;
use crate::store::db::index::{Hashing, Sums};
use crate::store::db::log::StoredRow;
use crate::store::error::StoreError;

/// What verifying needs to know of a row.
pub(super) struct Examined {
    /// Its own number.
    pub(super) seq: i64,
    /// The leaf hash that stands in it.
    pub(super) leaf: Option<Digest>,
    /// The hash of its body.
    pub(super) body: Digest,
    /// What it tells; why not, if it can't be read.
    pub(super) told: Result<Told, String>,
}

/// What a readable row tells.
pub(super) struct Told {
    pub(super) seq: u64,
    pub(super) faults: Vec<String>,
    pub(super) erased: usize,
    pub(super) kind: Kind,
    pub(super) call: CallId,
    pub(super) step: u32,
    /// What it calls for in the indexes.
    pub(super) entries: Sums,
}

impl Examined {
    pub(super) fn of(row: &StoredRow, hashing: &Hashing) -> Self {
        let told = opened::open(&row.body, &row.private).map(|opened| Told {
            seq: opened.seq,
            faults: opened.faults,
            erased: opened.erased,
            kind: opened.record.kind,
            step: opened.record.step,
            entries: hashing.entries(row.seq, &opened.record),
            call: opened.record.call,
        });
        Self {
            seq: row.seq,
            leaf: row.leaf,
            body: leaf_hash(row.body.as_bytes()),
            told,
        }
    }
}

/// The record of a row, for those who read it.
pub(super) fn stored(row: &StoredRow) -> Result<StoredRecord, StoreError> {
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
