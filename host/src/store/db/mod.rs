//! The databases of a state folder: opening them, their form, and their faults in our words. This file
//! has the log's; what changes is in [`state`].
//!
//! SQLite in WAL mode: several processes share it, readers never wait for a writer. Nothing outside
//! this folder names SQLite.

mod approval;
mod archive;
mod form;
pub mod index;
pub mod log;
pub mod mark;
pub mod select;
pub mod session;
mod standing;
pub mod state;
mod turn;

pub use approval::ApprovalRow;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use self::form::{Form, PATIENCE};
use self::standing::Standing;
use self::turn::Turn;
use super::error::{StoreError, shown};
use super::folder;
use crate::base::digest::hex;

/// The log's database in the state folder.
const FILE: &str = "audit.db";
/// What it is: `tkkp`.
const FORM: Form = Form {
    application: 0x746b_6b70,
    migrations: &[
        include_str!("v1.sql"),
        include_str!("v2.sql"),
        include_str!("v3.sql"),
    ],
};

/// All tables but that of the records.
const SMALL: [&str; 6] = [
    "meta",
    "tree_head",
    "spool",
    "checkpoint",
    "log_begin",
    "approval_used",
];

/// An open database.
#[derive(Debug)]
pub struct Db {
    conn: Connection,
    path: PathBuf,
    /// Whether the connection syncs on commit at present.
    full_sync: Option<bool>,
    /// Only who writes lines up.
    turn: Option<Turn>,
    /// Only who writes has to be sure.
    standing: Option<Standing>,
}

impl Db {
    /// Opens the database of the state folder, and makes both where they are missing.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        folder::create(state)?;
        let path = state.join(FILE);
        folder::create_file(&path)?;
        let mut db = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, "open the log")?;
        db.turn = Some(Turn::open(state)?);
        form::patiently(|| db.prepare())?;
        db.standing = Some(Standing::of(&db.path)?);
        Ok(db)
    }

    /// Opens the database of the state folder for reading; an error if there is none.
    pub fn open_read_only(state: &Path) -> Result<Self, StoreError> {
        let path = state.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing { path: shown(&path) });
        }
        let db = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, "read the log")?;
        let found = FORM.of(&db.conn, &db.path, "open the log")?;
        if found == 0 {
            // Made a moment ago by a process that has not come further yet, or died before.
            return Err(StoreError::Missing {
                path: shown(&db.path),
            });
        }
        Ok(db)
    }

    fn connect(path: PathBuf, flags: OpenFlags, deed: &'static str) -> Result<Self, StoreError> {
        let conn = form::connect(&path, flags, deed)?;
        Ok(Self {
            conn,
            path,
            full_sync: None,
            turn: None,
            standing: None,
        })
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        if FORM.of(&self.conn, &self.path, "open the log")? < FORM.newest() {
            self.migrate()?;
        }
        self.run("open the log", |conn| {
            // The writer copies the WAL back when nobody waits for it, see `Db::tidy`.
            conn.pragma_update(None, "wal_autocheckpoint", 0)?;
            conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
            conn.pragma_update(None, "cache_size", -16_384)
        })
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let mut id = [0u8; 16];
        getrandom::fill(&mut id).map_err(StoreError::random)?;
        FORM.migrate(&mut self.conn, &self.path, "set up the log", |tx| {
            let origin = format!("toolkeep/{}", hex(&id));
            tx.execute(
                "INSERT INTO meta (name, value) VALUES ('origin', ?1)",
                [origin],
            )
            .map(drop)
        })
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

    /// The ways in which tables and indexes differ from what this program makes, and any damage that SQLite
    /// itself sees in the small ones. For the records see [`Db::lying_indexes`].
    pub fn unsound(&self) -> Result<Vec<String>, StoreError> {
        // One that nobody has written to since an older program did has that program's form.
        let expected = self.run("check the log", |conn| {
            let form: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let fresh = Connection::open_in_memory()?;
            for step in FORM.migrations.iter().take(form as usize) {
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
            for table in SMALL {
                // Not there at all: that was told above.
                if !found.iter().any(|(name, _)| name == table) {
                    continue;
                }
                let mut check = conn.prepare(&format!("PRAGMA integrity_check({table})"))?;
                for line in check.query_map([], |row| row.get::<_, String>(0))? {
                    match line {
                        Ok(line) if line == "ok" => {}
                        Ok(line) => out.push(line),
                        Err(error) => out.push(error.to_string()),
                    }
                }
            }
            Ok(out)
        })
    }
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
    raw_file(&state.join(FILE))
}

#[cfg(test)]
pub fn raw_file(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    conn
}

#[cfg(test)]
pub use state::raw as raw_state;

#[cfg(test)]
impl Db {
    /// Runs SQL on this very connection.
    pub fn execute(&self, sql: &str) {
        self.conn.execute_batch(sql).unwrap();
    }

    /// Sets how long to wait for other processes.
    pub fn set_patience(&self, patience: std::time::Duration) {
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
            .pragma_update(None, "user_version", FORM.newest() + 1)
            .unwrap();
        for error in [Db::open(&folder), Db::open_read_only(&folder)].map(Result::unwrap_err) {
            assert!(matches!(error, StoreError::Newer { .. }), "{error}");
        }
    }

    #[test]
    fn an_older_form_is_read_as_it_is_and_brought_up_by_who_writes() {
        let folder = Folder::new();
        let old = raw(&folder);
        old.pragma_update(None, "journal_mode", "wal").unwrap();
        old.execute_batch(FORM.migrations[0]).unwrap();
        old.pragma_update(None, "application_id", FORM.application)
            .unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let read = Db::open_read_only(&folder).unwrap();
        assert_eq!(read.unsound().unwrap(), Vec::<String>::new());
        let mut db = Db::open(&folder).unwrap();
        db.write("test", true, |tx| tx.set_spooled("a", 7)).unwrap();
        assert_eq!(db.spooled("a").unwrap(), 7);
        assert_eq!(read.unsound().unwrap(), Vec::<String>::new());
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
