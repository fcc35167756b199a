//! Values in an SQLite file, which several processes may share.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, params,
};

use super::backend::{Backend, Change, Held, KvError, Room};
use crate::gate::pass::Pass;

/// How long somebody else's change is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the file is: `tkkv`.
const APPLICATION: i64 = 0x746b_6b76;

const TABLES: &str = "
    CREATE TABLE entry (
        namespace TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE used (
        namespace TEXT PRIMARY KEY, keys INTEGER NOT NULL, bytes INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE counter (version INTEGER NOT NULL) STRICT;
    INSERT INTO counter VALUES (0);
";

/// Values in an SQLite file.
pub struct SqliteKv {
    path: PathBuf,
    /// Looks and reads.
    reader: Mutex<Connection>,
    /// Changes. Apart, so that whoever reads does not wait for a disk.
    writer: Arc<Mutex<Connection>>,
}

impl fmt::Debug for SqliteKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteKv")
            .field("path", &self.path)
            .finish()
    }
}

impl SqliteKv {
    /// Opens the file, and makes it where there is none; only its owner may read it then.
    ///
    /// # Errors
    /// Where it cannot be opened, or is something else.
    pub fn open(path: &Path) -> Result<Self, KvError> {
        create(path)?;
        let writer = connect(path)?;
        prepare(&writer)?;
        Ok(Self {
            path: path.to_owned(),
            reader: Mutex::new(connect(path)?),
            writer: Arc::new(Mutex::new(writer)),
        })
    }

    /// Reads take microseconds and wait for nobody, so that they are done where they are asked for.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, KvError> {
        work(&lock(&self.reader)).map_err(failed)
    }
}

#[async_trait]
impl Backend for SqliteKv {
    fn is_outside(&self) -> bool {
        false
    }

    async fn version(&self, namespace: &str, key: &str) -> Result<Option<i64>, KvError> {
        self.read(|db| {
            let sql = "SELECT version FROM entry WHERE namespace = ?1 AND key = ?2";
            let mut query = db.prepare_cached(sql)?;
            query
                .query_row([namespace, key], |row| row.get(0))
                .optional()
        })
    }

    async fn get(&self, _: &Pass, namespace: &str, key: &str) -> Result<Option<Held>, KvError> {
        self.read(|db| {
            let sql = "SELECT value, version FROM entry WHERE namespace = ?1 AND key = ?2";
            let mut query = db.prepare_cached(sql)?;
            let held = |row: &rusqlite::Row<'_>| {
                Ok(Held {
                    value: row.get(0)?,
                    version: row.get(1)?,
                })
            };
            query.query_row([namespace, key], held).optional()
        })
    }

    async fn keys(
        &self,
        _: &Pass,
        namespace: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, KvError> {
        self.read(|db| {
            // A key cannot have the last of all characters.
            let sql = "SELECT key FROM entry WHERE namespace = ?1 AND key >= ?2 \
                       AND key < ?2 || char(1114111) AND key > ?3 ORDER BY key LIMIT ?4";
            let mut query = db.prepare_cached(sql)?;
            let after = after.unwrap_or_default();
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows =
                query.query_map(params![namespace, prefix, after, limit], |row| row.get(0))?;
            rows.collect()
        })
    }

    async fn apply(
        &self,
        _: &[Pass],
        namespace: &str,
        changes: Vec<Change>,
        room: Room,
    ) -> Result<(), KvError> {
        let writer = Arc::clone(&self.writer);
        let namespace = namespace.to_owned();
        let work = move || change(&mut lock(&writer), &namespace, &changes, room);
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => Err(KvError::Failed(format!("changing it failed: {error}"))),
        }
    }
}

/// Makes all changes in one transaction.
fn change(
    db: &mut Connection,
    namespace: &str,
    changes: &[Change],
    room: Room,
) -> Result<(), KvError> {
    let all = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Dropped without a commit it is rolled back.
    let made = (|| {
        let mut grown = (0i64, 0i64);
        for change in changes {
            let old: Option<(i64, i64)> = all
                .prepare_cached(
                    "SELECT version, length(value) FROM entry WHERE namespace = ?1 AND key = ?2",
                )?
                .query_row([namespace, &change.key], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            if !change.expected.is_met_by(old.map(|(version, _)| version)) {
                return Ok(Err(KvError::Changed));
            }
            let key_bytes = length(change.key.len());
            if let Some((_, bytes)) = old {
                grown.0 -= 1;
                grown.1 -= bytes + key_bytes;
            }
            match &change.to {
                Some(value) => {
                    grown.0 += 1;
                    grown.1 += length(value.len()) + key_bytes;
                    let version: i64 = all
                        .prepare_cached(
                            "UPDATE counter SET version = version + 1 RETURNING version",
                        )?
                        .query_row([], |row| row.get(0))?;
                    all.prepare_cached("INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3, ?4)")?
                        .execute(params![namespace, change.key, value, version])?;
                }
                None => {
                    all.prepare_cached("DELETE FROM entry WHERE namespace = ?1 AND key = ?2")?
                        .execute([namespace, &change.key])?;
                }
            }
        }
        let (keys, bytes): (i64, i64) = all
            .prepare_cached(
                "INSERT INTO used VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET \
                 keys = keys + excluded.keys, bytes = bytes + excluded.bytes RETURNING keys, bytes",
            )?
            .query_row(params![namespace, grown.0, grown.1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let over = |used: i64, most: u64| u64::try_from(used).is_ok_and(|used| used > most);
        let grows = grown.0 > 0 || grown.1 > 0;
        // Where there is too much already, less of it is welcome.
        if grows && (over(keys, room.keys) || over(bytes, room.bytes)) {
            return Ok(Err(KvError::Full));
        }
        Ok(Ok(()))
    })();
    made.map_err(failed)??;
    all.commit().map_err(failed)
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn create(path: &Path) -> Result<(), KvError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(KvError::Failed(
            format!("cannot make `{}`: {error}", path.display()),
        )),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, KvError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "trusted_schema", false)?;
        Ok(db)
    };
    open().map_err(|error| in_file(path, error))
}

fn prepare(db: &Connection) -> Result<(), KvError> {
    let prepare = || {
        let all = rusqlite::Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let known: i64 = all.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let tables: i64 =
            all.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if known == 0 && tables == 0 {
            all.pragma_update(None, "application_id", APPLICATION)?;
            all.execute_batch(TABLES)?;
        } else if known != APPLICATION {
            return Ok(false);
        }
        all.commit()?;
        Ok(true)
    };
    match prepare() {
        Ok(true) => Ok(()),
        Ok(false) => Err(KvError::Failed(
            "the file is a database of something else; name another file under `kv`".to_owned(),
        )),
        Err(error) => Err(failed(error)),
    }
}

fn lock(db: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    db.lock().unwrap_or_else(PoisonError::into_inner)
}

fn in_file(path: &Path, error: rusqlite::Error) -> KvError {
    match failed(error) {
        KvError::Failed(why) => KvError::Failed(format!("`{}`: {why}", path.display())),
        other => other,
    }
}

fn failed(error: rusqlite::Error) -> KvError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => KvError::Busy,
        _ => KvError::Failed(error.to_string()),
    }
}
