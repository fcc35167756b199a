//! The database for what changes: sessions and approvals. The log is not in it: that is only ever added
//! to, and checked down to its schema.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::fault;
use super::form::{self, Form};
use super::mark::{Mark, MarkFile};
use super::standing::Standing;
use crate::store::error::{StoreError, shown};
use crate::store::folder;

/// Its name in the state folder.
pub const FILE: &str = "state.db";
/// What it is: `tkks`.
const FORM: Form = Form {
    application: 0x746b_6b73,
    migrations: &[include_str!("state-v1.sql"), include_str!("state-v2.sql")],
};

/// The database, open. Several processes share it; what is in it may be kept for as long as [`StateDb::mark`]
/// stays the same.
#[derive(Debug)]
pub struct StateDb {
    conn: Mutex<Connection>,
    /// A connection of its own for reading: nobody who reads waits for a write to get to the disk.
    reader: Mutex<Connection>,
    path: PathBuf,
    standing: Standing,
    mark: MarkFile,
}

impl StateDb {
    /// Opens the database of the state folder, and makes both where they are missing.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        folder::create(state)?;
        let path = state.join(FILE);
        folder::create_file(&path)?;
        let deed = "open the state";
        let mut conn = form::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, deed)?;
        form::patiently(|| {
            if FORM.of(&conn, &path, deed)? < FORM.newest() {
                FORM.migrate(&mut conn, &path, "set up the state", |_| Ok(()))?;
            }
            // Whatever is written here has to outlive a power failure.
            conn.pragma_update(None, "synchronous", "FULL")
                .map_err(|error| fault(&path, deed, error))
        })?;
        let reader = form::connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY, deed)?;
        Ok(Self {
            conn: Mutex::new(conn),
            reader: Mutex::new(reader),
            standing: Standing::of(&path)?,
            mark: MarkFile::open(state)?,
            path,
        })
    }

    /// As [`Self::open`], but none where there is no such database yet.
    pub fn open_existing(state: &Path) -> Result<Option<Self>, StoreError> {
        if state.join(FILE).exists() {
            Self::open(state).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Something else as soon as anything was changed, by any process. To be asked for before what it is
    /// about is read.
    pub fn mark(&self) -> Result<Mark, StoreError> {
        self.mark.read()
    }

    /// Runs `work` on what is there.
    pub(super) fn read<T>(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.standing.check_first(deed)?;
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        work(&reader).map_err(|error| fault(&self.path, deed, error))
    }

    /// Runs `work` alone among all processes, whole or not at all. What it wrote is on disk when this
    /// returns.
    pub(super) fn write<T>(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.standing.check(deed)?;
        let mut conn = self.conn();
        let written = (|| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let out = work(&tx)?;
            tx.commit()?;
            Ok(out)
        })();
        let out = written.map_err(|error| fault(&self.path, deed, error))?;
        self.mark.renew()?;
        Ok(out)
    }

    /// What is wrong with a row that cannot be read.
    pub fn damaged(&self, why: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: shown(&self.path),
            why: why.into(),
        }
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database as somebody with a database browser has it.
#[cfg(test)]
pub fn raw(state: &Path) -> Connection {
    let conn = Connection::open(state.join(FILE)).unwrap();
    conn.busy_timeout(form::PATIENCE).unwrap();
    conn
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::audit::testing::Folder;

    #[test]
    fn it_is_for_the_owner_alone() {
        let folder = Folder::new();
        assert!(StateDb::open_existing(&folder.state()).unwrap().is_none());
        let db = StateDb::open(&folder.state()).unwrap();
        db.end_session("s", "p").unwrap();
        for file in std::fs::read_dir(folder.state()).unwrap() {
            let path = file.unwrap().path();
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{path:?}");
        }
        assert!(StateDb::open_existing(&folder.state()).unwrap().is_some());
    }

    #[test]
    fn neither_another_program_s_nor_a_newer_one_nor_the_log_is_taken_for_it() {
        let folder = Folder::new();
        raw(&folder).execute_batch("CREATE TABLE t (a)").unwrap();
        let error = StateDb::open(&folder).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");

        let folder = Folder::new();
        super::super::Db::open(&folder).unwrap();
        std::fs::copy(folder.join("audit.db"), folder.join(FILE)).unwrap();
        let error = StateDb::open(&folder).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");

        let folder = Folder::new();
        drop(StateDb::open(&folder).unwrap());
        raw(&folder).pragma_update(None, "user_version", 3).unwrap();
        let error = StateDb::open(&folder).unwrap_err();
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
    }
}
