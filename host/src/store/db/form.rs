//! What the databases of a state folder have in common: how one is opened, and how it comes to have the
//! form that this program knows.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::fault;
use super::turn::POLL;
use crate::store::error::{StoreError, shown};

/// How long a process waits for another one that is writing.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One kind of database.
#[derive(Debug)]
pub(super) struct Form {
    /// Marks the file as this kind of ours, so that no other database is taken for it.
    pub application: i64,
    /// What turns a database of each form into one of the next; the first makes an empty one into form
    /// 1. An entry never changes once released.
    pub migrations: &'static [&'static str],
}

impl Form {
    /// The form that this program makes.
    pub fn newest(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }

    /// The form of the database; an error if it is not ours or newer than this program.
    pub fn of(
        &self,
        conn: &Connection,
        path: &Path,
        deed: &'static str,
    ) -> Result<i64, StoreError> {
        let read = || {
            // In one transaction, so that another process's setting up is seen whole or not at all.
            let conn = conn.unchecked_transaction()?;
            Ok((
                conn.pragma_query_value(None, "user_version", |row| row.get(0))?,
                conn.pragma_query_value(None, "application_id", |row| row.get(0))?,
                conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
            ))
        };
        let (found, application, tables): (i64, i64, i64) =
            read().map_err(|error| fault(path, deed, error))?;
        let path = shown(path);
        if application != self.application && (application != 0 || found != 0 || tables != 0) {
            let why = "another program made it".to_owned();
            return Err(StoreError::Damaged { path, why });
        }
        let known = self.newest();
        if found > known {
            return Err(StoreError::Newer { path, found, known });
        }
        Ok(found)
    }

    /// Brings the database to the newest form. `first` adds to one that was empty.
    pub fn migrate(
        &self,
        conn: &mut Connection,
        path: &Path,
        deed: &'static str,
        first: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let migrated = (|| {
            conn.pragma_update(None, "journal_mode", "wal")?;
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Read again inside the transaction: another process may have been faster.
            let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
            for step in self
                .migrations
                .iter()
                .skip(usize::try_from(found).unwrap_or(0))
            {
                tx.execute_batch(step)?;
            }
            if found == 0 {
                first(&tx)?;
            }
            tx.pragma_update(None, "application_id", self.application)?;
            tx.pragma_update(None, "user_version", self.newest())?;
            tx.commit()
        })();
        migrated.map_err(|error| fault(path, deed, error))
    }
}

/// Opens a connection that waits for others.
pub(super) fn connect(
    path: &Path,
    flags: OpenFlags,
    deed: &'static str,
) -> Result<Connection, StoreError> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|mut conn| {
            conn.busy_handler(Some(look_again))?;
            conn.set_prepared_statement_cache_capacity(32);
            // What a tampered schema holds does nothing then. We make no triggers and no views.
            conn.pragma_update(None, "trusted_schema", false)?;
            for way in [
                DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
                DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
            ] {
                conn.set_db_config(way, false)?;
            }
            Ok(conn)
        })
        .map_err(|error| fault(path, deed, error))
}

/// Turning WAL on needs the file for itself for a moment and, unlike the rest, does not wait: `work` is
/// tried until it finds the database free.
pub(super) fn patiently(
    mut work: impl FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match work() {
            Err(StoreError::Busy { .. }) if Instant::now() < deadline => {
                sleep(Duration::from_millis(5));
            }
            other => break other,
        }
    }
}

/// Whether to look again after having looked `times` times. SQLite's own way of waiting looks ever
/// more seldom, and then never at the moment at which the database is free.
pub(super) fn look_again(times: i32) -> bool {
    sleep(POLL);
    POLL.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)) < PATIENCE
}
