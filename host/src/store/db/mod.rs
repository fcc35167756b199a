//! The one database of a state folder: opening it, its form, and its faults in our words.
//!
//! SQLite in WAL mode: several processes share it, readers never wait for a writer. Nothing outside
//! this folder names SQLite.

pub mod log;
pub mod select;
mod turn;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior};

use self::turn::{POLL, Turn};
use super::error::{StoreError, shown};
use super::folder;
use crate::base::digest::hex;

/// The database's name in the state folder.
const FILE: &str = "audit.db";
/// Marks the file as ours (`tkkp`), so that no other program's database is taken for a log.
const APPLICATION: i64 = 0x746b_6b70;
/// How long a process waits for another one that is writing.
const PATIENCE: Duration = Duration::from_secs(5);

/// What turns a database of each form into one of the next; the first makes an empty one into form
/// 1. An entry never changes once released.
const MIGRATIONS: [&str; 1] = [include_str!("v1.sql")];
/// The form that this program makes.
const NEWEST: i64 = MIGRATIONS.len() as i64;

/// An open database.
#[derive(Debug)]
pub struct Db {
    conn: Connection,
    path: PathBuf,
    /// Whether the connection syncs on commit at present.
    full_sync: Option<bool>,
    /// Only who writes lines up.
    turn: Option<Turn>,
}

impl Db {
    /// Opens the database of the state folder, and makes both where they are missing.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        folder::create(state)?;
        let path = state.join(FILE);
        folder::create_file(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Self::connect(path, flags, "open the log")?;
        db.turn = Some(Turn::open(state)?);
        // Turning WAL on needs the file for itself for a moment and, unlike the rest, does not wait.
        let deadline = Instant::now() + PATIENCE;
        loop {
            match db.prepare() {
                Err(StoreError::Busy { .. }) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(5));
                }
                other => break other,
            }
        }?;
        Ok(db)
    }

    /// Opens the database of the state folder for reading; an error if there is none.
    pub fn open_read_only(state: &Path) -> Result<Self, StoreError> {
        let path = state.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing { path: shown(&path) });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Self::connect(path, flags, "read the log")?;
        let found = db.form()?;
        if found == 0 {
            // Made a moment ago by a process that has not come further yet, or died before.
            return Err(StoreError::Missing {
                path: shown(&db.path),
            });
        }
        Ok(db)
    }

    fn connect(path: PathBuf, flags: OpenFlags, deed: &'static str) -> Result<Self, StoreError> {
        let conn = Connection::open_with_flags(&path, flags)
            .and_then(|mut conn| {
                conn.busy_handler(Some(look_again))?;
                conn.set_prepared_statement_cache_capacity(32);
                // Functions and tables that a tampered schema could call do nothing then.
                conn.pragma_update(None, "trusted_schema", false)?;
                Ok(conn)
            })
            .map_err(|error| fault(&path, deed, error))?;
        Ok(Self {
            conn,
            path,
            full_sync: None,
            turn: None,
        })
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        if self.form()? < NEWEST {
            self.migrate()?;
        }
        self.run("open the log", |conn| {
            // The writer copies the WAL back when nobody waits for it, see `Db::tidy`.
            conn.pragma_update(None, "wal_autocheckpoint", 0)?;
            conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
            conn.pragma_update(None, "cache_size", -16_384)
        })
    }

    /// The form of the database; an error if it is not ours or newer than this program.
    fn form(&self) -> Result<i64, StoreError> {
        let (found, application, tables): (i64, i64, i64) = self.run("open the log", |conn| {
            // In one transaction, so that another process's setting up is seen whole or not at all.
            let conn = conn.unchecked_transaction()?;
            Ok((
                conn.pragma_query_value(None, "user_version", |row| row.get(0))?,
                conn.pragma_query_value(None, "application_id", |row| row.get(0))?,
                conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
            ))
        })?;
        let path = shown(&self.path);
        if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
            let why = "another program made it".to_owned();
            return Err(StoreError::Damaged { path, why });
        }
        if found > NEWEST {
            let known = NEWEST;
            return Err(StoreError::Newer { path, found, known });
        }
        Ok(found)
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        self.run("set up the log", |conn| {
            conn.pragma_update(None, "journal_mode", "wal")
        })?;
        let mut id = [0u8; 16];
        getrandom::fill(&mut id).map_err(StoreError::random)?;
        let path = &self.path;
        let migrated = (|| {
            let tx = self
                .conn
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Read again inside the transaction: another process may have been faster.
            let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
            for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
                tx.execute_batch(step)?;
            }
            if found == 0 {
                tx.execute(
                    "INSERT INTO meta (name, value) VALUES ('origin', ?1)",
                    [format!("toolkeep/{}", hex(&id))],
                )?;
            }
            tx.pragma_update(None, "application_id", APPLICATION)?;
            tx.pragma_update(None, "user_version", NEWEST)?;
            tx.commit()
        })();
        migrated.map_err(|error| fault(path, "set up the log", error))
    }

    /// Runs `work` on the connection and puts its fault in our words.
    fn run<T>(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.conn).map_err(|error| fault(&self.path, deed, error))
    }

    /// A value of the table of odds and ends.
    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.run("read the log", |conn| meta(conn, name))
    }

    /// The ways in which tables and indexes differ from what this program makes, and any damage
    /// that SQLite itself sees (an index that hides rows, say).
    pub fn unsound(&self) -> Result<Vec<String>, StoreError> {
        let expected = self.run("check the log", |_| {
            let fresh = Connection::open_in_memory()?;
            for step in MIGRATIONS {
                fresh.execute_batch(step)?;
            }
            schema(&fresh)
        })?;
        self.run("check the log", |conn| {
            let found = schema(conn)?;
            let mut out: Vec<String> = expected
                .iter()
                .filter(|entry| !found.contains(entry))
                .map(|(name, _)| format!("`{name}` is missing or changed"))
                .collect();
            out.extend(
                found
                    .iter()
                    .filter(|(name, _)| !expected.iter().any(|(known, _)| known == name))
                    .map(|(name, _)| format!("`{name}` does not belong there")),
            );
            let mut check = conn.prepare("PRAGMA integrity_check(10)")?;
            for line in check.query_map([], |row| row.get::<_, String>(0))? {
                match line {
                    Ok(line) if line == "ok" => {}
                    Ok(line) => out.push(line),
                    // A body that is not JSON ends the check.
                    Err(error) => out.push(error.to_string()),
                }
            }
            Ok(out)
        })
    }
}

/// Whether to look again after having looked `times` times. SQLite's own way of waiting looks ever
/// more seldom, and then never at the moment at which the database is free.
fn look_again(times: i32) -> bool {
    sleep(POLL);
    POLL.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)) < PATIENCE
}

fn meta(conn: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn schema(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    // ANALYZE makes `sqlite_stat` tables, which change no answer.
    conn.prepare(
        "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// A fault of SQLite in our words.
fn fault(path: &Path, deed: &'static str, error: rusqlite::Error) -> StoreError {
    let path = shown(path);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy { deed, path }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { deed, path },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { deed, path },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            let why = error.to_string();
            StoreError::Damaged { path, why }
        }
        _ => {
            let why = error.to_string();
            StoreError::Database { deed, path, why }
        }
    }
}

/// The database as somebody with a database browser has it.
#[cfg(test)]
pub fn raw(state: &Path) -> Connection {
    let conn = Connection::open(state.join(FILE)).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    conn
}

#[cfg(test)]
impl Db {
    /// Runs SQL on this very connection.
    pub fn execute(&self, sql: &str) {
        self.conn.execute_batch(sql).unwrap();
    }

    /// Sets how long to wait for other processes.
    pub fn set_patience(&self, patience: Duration) {
        self.conn.busy_timeout(patience).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::audit::testing::Folder;

    #[test]
    fn everything_is_for_the_owner_alone() {
        let folder = Folder::new();
        let state = folder.join("a/state");
        let mut db = Db::open(&state).unwrap();
        db.write("test", true, |tx| tx.set_meta("a", "b")).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state), 0o700);
        for file in std::fs::read_dir(&state).unwrap() {
            let path = file.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{path:?}");
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = Folder::new();
        let refused = || Db::open(&folder).map(drop).unwrap_err();

        raw(&folder).execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(refused().to_string().contains("another program made it"));

        std::fs::write(folder.join(FILE), "some text that is no database at all").unwrap();
        assert!(
            matches!(refused(), StoreError::Damaged { .. }),
            "{}",
            refused()
        );
    }

    #[test]
    fn a_newer_form_is_refused_by_readers_and_writers() {
        let folder = Folder::new();
        Db::open(&folder).unwrap();
        raw(&folder)
            .pragma_update(None, "user_version", NEWEST + 1)
            .unwrap();
        for error in [Db::open(&folder), Db::open_read_only(&folder)].map(Result::unwrap_err) {
            assert!(matches!(error, StoreError::Newer { .. }), "{error}");
        }
    }

    #[test]
    fn no_folder_and_no_log_are_said_plainly() {
        let error = Db::open(Path::new("/proc/toolkeep"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("can't create the folder `/proc/toolkeep`: "),
            "{error}"
        );
        let folder = Folder::new();
        let error = Db::open_read_only(&folder).unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        folder::create_file(&folder.join(FILE)).unwrap();
        let error = Db::open_read_only(&folder).unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    }

    #[test]
    fn a_read_only_database_says_so() {
        let folder = Folder::new();
        let mut db = Db::open(&folder).unwrap();
        db.execute("PRAGMA query_only = 1");
        let error = db
            .write("write records", true, |tx| tx.set_meta("a", "b"))
            .unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        assert!(error.to_string().contains(FILE), "{error}");
    }
}
