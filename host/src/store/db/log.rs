//! The audit log's rows.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension as _, Row, Rows, Statement, Transaction, TransactionBehavior};

use super::{Db, PATIENCE, fault};
use crate::base::digest::Digest;
use crate::store::audit::leaf::Leaf;
use crate::store::audit::tree::Frontier;
use crate::store::error::{StoreError, shown};

/// A write that happens whole or not at all, alone among all processes.
#[derive(Debug)]
pub struct Write<'db>(pub(super) Transaction<'db>);

/// A record as it stands in the database, whatever somebody may have made of it.
#[derive(Debug)]
pub struct StoredRow {
    /// The row's own sequence number.
    pub seq: i64,
    /// The leaf's body.
    pub body: String,
    /// The texts and salts beside it.
    pub private: String,
    /// The leaf's hash; none if the column does not hold 32 bytes.
    pub leaf: Option<Digest>,
}

impl Db {
    /// Waits for its turn, runs `work` and commits. With `durable` the commit is on disk when this
    /// returns, and all earlier ones with it.
    pub fn write<T>(
        &mut self,
        deed: &'static str,
        durable: bool,
        work: impl FnOnce(&Write) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.sync_on_commit(deed, durable)?;
        let path = &self.path;
        let turn = self.turn.as_ref().and_then(|turn| turn.take(PATIENCE));
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| fault(path, deed, error))?;
        // Others may line up while this one writes.
        drop(turn);
        if let Some(standing) = &self.standing {
            standing.check(deed)?;
        }
        commit(tx, path, deed, work)
    }

    /// Sets whether a commit is on disk when it returns.
    fn sync_on_commit(&mut self, deed: &'static str, durable: bool) -> Result<(), StoreError> {
        if self.full_sync != Some(durable) {
            let level = if durable { "FULL" } else { "NORMAL" };
            self.full_sync = None;
            self.run(deed, |conn| conn.pragma_update(None, "synchronous", level))?;
            self.full_sync = Some(durable);
        }
        Ok(())
    }

    /// Copies the write-ahead log back into the database as far as no reader needs it.
    pub fn tidy(&self) -> Result<(), StoreError> {
        self.run("tidy up", |conn| {
            conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        })
    }

    /// Lets `work` see one state of the log, whatever is written meanwhile.
    pub fn snapshot<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.run("read the log", |conn| conn.execute_batch("BEGIN"))?;
        let out = work(self);
        let ended = self.run("read the log", |conn| conn.execute_batch("ROLLBACK"));
        out.and_then(|out| ended.map(|()| out))
    }

    /// The stored size and frontier of the tree; none if they are not those of any tree.
    pub fn head(&self) -> Result<Option<Frontier>, StoreError> {
        self.run("read the log", |conn| {
            conn.query_row("SELECT size, frontier FROM tree_head", [], frontier)
                .optional()
        })
        .map(Option::flatten)
    }

    /// The newest stored checkpoint.
    pub fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.run("read the log", newest_checkpoint)
    }

    /// The number of the first line of a spool that the log does not have.
    pub fn spooled(&self, name: &str) -> Result<u64, StoreError> {
        self.run("read the log", |conn| {
            conn.prepare_cached("SELECT taken FROM spool WHERE name = ?1")?
                .query_row([name], |row| row.get::<_, i64>(0))
                .optional()
        })
        .map(|taken| {
            taken
                .and_then(|taken| u64::try_from(taken).ok())
                .unwrap_or(0)
        })
    }

    /// How many spools the log knows.
    pub fn spools(&self) -> Result<u64, StoreError> {
        self.run("read the log", |conn| {
            conn.query_row("SELECT count(*) FROM spool", [], |row| row.get::<_, i64>(0))
        })
        .map(|count| u64::try_from(count).unwrap_or(0))
    }

    /// Gives each record to `each`, in the order of the log, until that has enough: the number of a row
    /// that is there, and the row, as whoever searches for it finds it.
    pub fn each_record(
        &self,
        mut each: impl FnMut(i64, Option<StoredRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.run("read the log", |conn| {
            // Not by an index, which may lie.
            let mut all = conn.prepare("SELECT seq FROM record NOT INDEXED ORDER BY seq")?;
            let mut one =
                conn.prepare("SELECT seq, body, private, leaf FROM record WHERE seq = ?1")?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let seq: i64 = row.get(0)?;
                let mut found = one.query([seq])?;
                let found = found.next()?.map(stored_row).transpose()?;
                if each(seq, found).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Prepares to walk over all checkpoints in order.
    pub fn checkpoints(&self) -> Result<Statement<'_>, StoreError> {
        self.statement("SELECT size, note FROM checkpoint ORDER BY size")
    }

    fn statement(&self, sql: &str) -> Result<Statement<'_>, StoreError> {
        self.conn
            .prepare(sql)
            .map_err(|error| fault(&self.path, "read the log", error))
    }

    /// Starts a walk without parameters.
    pub fn walk<'s>(&self, statement: &'s mut Statement<'_>) -> Result<Rows<'s>, StoreError> {
        self.run("read the log", |_| statement.query([]))
    }

    /// The next checkpoint of a walk: its size column and its note.
    pub fn next_checkpoint(
        &self,
        rows: &mut Rows<'_>,
    ) -> Result<Option<(i64, String)>, StoreError> {
        self.run("read the log", |_| {
            rows.next()?
                .map(|row| Ok((row.get(0)?, text(row.get_ref(1)?))))
                .transpose()
        })
    }
}

impl Write<'_> {
    /// The tree as the last write of any process left it.
    pub fn head(&self) -> Result<Frontier, StoreError> {
        self.0
            .prepare_cached("SELECT size, frontier FROM tree_head")
            .and_then(|mut statement| statement.query_row([], frontier))
            .map_err(unnamed)?
            .ok_or_else(|| StoreError::Damaged {
                path: String::new(),
                why: "the tree head is not one".to_owned(),
            })
    }

    /// Stores the tree.
    pub fn set_head(&self, head: &Frontier) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE tree_head SET size = ?1, frontier = ?2")
            .and_then(|mut statement| statement.execute((integer(head.size()), head.to_bytes())))
            .map(drop)
            .map_err(unnamed)
    }

    /// Stores a record.
    pub fn insert(&self, seq: u64, leaf: &Leaf) -> Result<(), StoreError> {
        self.0
            .prepare_cached("INSERT INTO record (seq, body, private, leaf) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| {
                statement.execute((
                    integer(seq),
                    &leaf.body,
                    &leaf.private,
                    leaf.hash.as_bytes(),
                ))
            })
            .map(drop)
            .map_err(unnamed)
    }

    /// Says which is the first line of a spool that the log does not have.
    pub fn set_spooled(&self, name: &str, next: u64) -> Result<(), StoreError> {
        self.0
            .prepare_cached("INSERT OR REPLACE INTO spool (name, taken) VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute((name, integer(next))))
            .map(drop)
            .map_err(unnamed)
    }

    /// Forgets all spools but these.
    pub fn keep_spools<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), StoreError> {
        let names: Vec<&str> = names.collect();
        serde_json::to_string(&names)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
            .and_then(|names| {
                self.0.execute(
                    "DELETE FROM spool WHERE name NOT IN (SELECT value FROM json_each(?1))",
                    [names],
                )
            })
            .map(drop)
            .map_err(unnamed)
    }

    /// The newest stored checkpoint.
    pub fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        newest_checkpoint(&self.0).map_err(unnamed)
    }

    /// Stores a checkpoint.
    pub fn insert_checkpoint(&self, size: u64, note: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("INSERT INTO checkpoint (size, note) VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute((integer(size), note)))
            .map(drop)
            .map_err(unnamed)
    }

    /// Sets a value of the table of odds and ends.
    pub fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.0
            .execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
                (name, value),
            )
            .map(drop)
            .map_err(unnamed)
    }
}

/// Runs `work` in a transaction and commits it. Dropping the transaction on an error takes everything back.
fn commit<T>(
    tx: Transaction<'_>,
    path: &Path,
    deed: &'static str,
    work: impl FnOnce(&Write) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let write = Write(tx);
    let out = work(&write).map_err(|error| named(error, path, deed))?;
    write.0.commit().map_err(|error| fault(path, deed, error))?;
    Ok(out)
}

/// Reads a row of `seq, body, private, leaf`. Types are not trusted: a column that holds something
/// else reads as a text that no check accepts.
pub(super) fn stored_row(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    Ok(StoredRow {
        seq: row.get(0)?,
        body: text(row.get_ref(1)?),
        private: text(row.get_ref(2)?),
        leaf: match row.get_ref(3)? {
            ValueRef::Blob(bytes) => bytes.try_into().ok().map(Digest::from_bytes),
            _ => None,
        },
    })
}

/// A count as SQLite holds it. No log gets to where this would saturate.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A text; nothing where there is none. What is no UTF-8 must not be made such: it would read like a text
/// that was written with the character that stands for what cannot be read.
fn text(value: ValueRef<'_>) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn frontier(row: &Row<'_>) -> rusqlite::Result<Option<Frontier>> {
    let size: i64 = row.get(0)?;
    let bytes = match row.get_ref(1)? {
        ValueRef::Blob(bytes) => bytes,
        _ => &[],
    };
    Ok(u64::try_from(size)
        .ok()
        .and_then(|size| Frontier::from_bytes(size, bytes)))
}

fn newest_checkpoint(conn: &rusqlite::Connection) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// A fault inside a write, which does not know the file's name.
pub(super) fn unnamed(error: rusqlite::Error) -> StoreError {
    fault(std::path::Path::new(""), "", error)
}

/// Puts the names into a fault of [`unnamed`].
fn named(error: StoreError, path: &std::path::Path, deed: &'static str) -> StoreError {
    let path = shown(path);
    match error {
        StoreError::Database { deed: "", why, .. } => StoreError::Database { deed, path, why },
        StoreError::Busy { deed: "", .. } => StoreError::Busy { deed, path },
        StoreError::Full { deed: "", .. } => StoreError::Full { deed, path },
        StoreError::ReadOnly { deed: "", .. } => StoreError::ReadOnly { deed, path },
        StoreError::Damaged { path: file, why } if file.is_empty() => {
            StoreError::Damaged { path, why }
        }
        other => other,
    }
}
