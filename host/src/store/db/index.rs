//! Whether the indexes say of the records what these say themselves. One that does not hides records from
//! whoever searches the log.
//!
//! `PRAGMA integrity_check` tells that too, but computes every column of every row anew to do so. Here an
//! index is read as it stands: it has to be in order, and the sum of its entries' hashes has to be that of
//! the entries that the records call for. The hash has a key of this process, so that nobody can choose
//! entries whose hashes add up.

use std::hash::{BuildHasher, Hash, RandomState};

use rusqlite::types::ValueRef;

use super::Db;
use crate::store::audit::record::Record;
use crate::store::error::StoreError;

/// How many indexes there are.
const COUNT: usize = 3;

/// Each index of the records: its name, a walk through it, and the columns that it is ordered by, a number
/// that no other row has among them.
const INDEXES: [(&str, &str, &[usize]); COUNT] = [
    (
        "record_call",
        "SELECT call, seq FROM record INDEXED BY record_call",
        &[0, 1],
    ),
    (
        "record_session",
        "SELECT session, seq FROM record INDEXED BY record_session",
        &[0, 1],
    ),
    (
        "record_facets",
        "SELECT seq, time, session, plugin, tool, handle, verbs, verdict, kind \
         FROM record INDEXED BY record_facets",
        &[0],
    ),
];

/// A part of an entry.
#[derive(Hash)]
enum Part<'a> {
    Number(i64),
    Text(&'a [u8]),
    /// Nothing that a record has there.
    Odd,
}

impl<'a> From<ValueRef<'a>> for Part<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Integer(number) => Self::Number(number),
            ValueRef::Text(bytes) => Self::Text(bytes),
            _ => Self::Odd,
        }
    }
}

impl<'a> From<&'a str> for Part<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

/// How entries are hashed.
#[derive(Debug, Default)]
pub struct Hashing(RandomState);

/// For each index the sum of its entries' hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums([u64; COUNT]);

impl Sums {
    /// Adds what one record calls for.
    pub fn add(&mut self, entries: Self) {
        for (sum, more) in self.0.iter_mut().zip(entries.0) {
            *sum = sum.wrapping_add(more);
        }
    }
}

impl Hashing {
    /// The entries that the row `seq` calls for, if it has this record in it.
    pub fn entries(&self, seq: i64, record: &Record) -> Sums {
        let number = Part::Number;
        let time = i64::try_from(record.time.micros()).unwrap_or(i64::MAX);
        let verbs = serde_json::to_string(&record.verbs).unwrap_or_default();
        let verdict = record.verdict.to_string();
        let session = record.session.as_str();
        Sums([
            self.0.hash_one([record.call.as_str().into(), number(seq)]),
            self.0.hash_one([session.into(), number(seq)]),
            self.0.hash_one([
                number(seq),
                number(time),
                session.into(),
                record.plugin.as_str().into(),
                record.tool.as_str().into(),
                record.handle.as_str().into(),
                verbs.as_str().into(),
                verdict.as_str().into(),
                record.kind.as_str().into(),
            ]),
        ])
    }
}

impl Db {
    /// The names of the indexes that are there and not those of records that call for `wanted`.
    pub fn lying_indexes(
        &self,
        hashing: &Hashing,
        wanted: Sums,
    ) -> Result<Vec<&'static str>, StoreError> {
        let mut out = Vec::new();
        for ((name, sql, order), wanted) in INDEXES.into_iter().zip(wanted.0) {
            let there = self.run("check the log", |conn| {
                conn.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1")?
                    .exists([name])
            })?;
            if there && self.index_sum(hashing, sql, order)? != Some(wanted) {
                out.push(name);
            }
        }
        Ok(out)
    }

    /// The sum of the hashes of an index's entries; none if they are not in order.
    fn index_sum(
        &self,
        hashing: &Hashing,
        sql: &str,
        order: &[usize],
    ) -> Result<Option<u64>, StoreError> {
        self.run("check the log", |conn| {
            let mut statement = conn.prepare(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            let mut sum = 0u64;
            let (mut before, mut key) = (Vec::new(), Vec::new());
            while let Some(row) = rows.next()? {
                let part = |column| row.get_ref(column).map(Part::from);
                let parts: Vec<Part<'_>> = (0..columns).map(part).collect::<Result<_, _>>()?;
                sum = sum.wrapping_add(hashing.0.hash_one(&parts));
                key.clear();
                for column in order {
                    match part(*column)? {
                        // As bytes that are in the order of the numbers.
                        Part::Number(number) => {
                            let above_zero = number.cast_unsigned() ^ (1 << 63);
                            key.extend(above_zero.to_be_bytes());
                        }
                        Part::Text(text) => {
                            key.extend(text);
                            key.push(0);
                        }
                        Part::Odd => return Ok(None),
                    }
                }
                if key <= before {
                    return Ok(None);
                }
                std::mem::swap(&mut key, &mut before);
            }
            Ok(Some(sum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::audit::testing::Folder;

    #[test]
    fn each_walk_goes_through_its_index_and_does_not_sort() {
        let folder = Folder::new();
        let db = Db::open(&folder).unwrap();
        for (name, sql, _) in INDEXES {
            let plan: Vec<String> = db
                .conn
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap()
                .query_map([], |row| row.get(3))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert_eq!(plan, [format!("SCAN record USING INDEX {name}")]);
        }
    }
}
