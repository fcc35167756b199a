//! SQLite files. Every statement is looked at by SQLite's authorizer before anything of it runs, and is
//! held to what was seen then while it runs.

mod functions;
mod plan;
mod run;
mod text;
mod watch;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement};

use self::plan::NoPlan;
use self::text::{BadText, Text};
use self::watch::{Sight, Watch};
use super::backend::{self, Backend, Column, Mode, Planned, Sink, Stop, Table, is_for};
use super::failure::Failure;
use super::value::{Done, Value};
use super::want::Wants;
use crate::gate::pass::Pass;

/// The longest statement, in bytes.
const MAX_SQL: i32 = 256 * 1024;

/// The largest value and the largest row, in bytes.
const MAX_VALUE: i32 = 8 * 1024 * 1024;

/// How long another program's lock is waited for.
const BUSY: Duration = Duration::from_secs(2);

/// After how many steps of its machine SQLite asks whether to go on.
const STEPS: i32 = 1000;

/// The table that tells of the others, as the record and the rules name it.
const TABLES: &str = "sqlite_schema";

/// A file as a backend: absolute, without links in it.
#[derive(Clone, Debug)]
pub struct SqliteFile {
    /// The file.
    pub file: PathBuf,
    /// How long one statement may run, waiting for other programs' locks apart.
    pub time: Duration,
}

impl Backend for SqliteFile {
    fn tables_name(&self) -> &'static str {
        TABLES
    }

    fn open(&self, mode: Mode) -> Result<Box<dyn backend::Connection>, Failure> {
        Ok(Box::new(Database::open(&self.file, mode, self.time)?))
    }
}

/// An open file.
pub struct Database {
    connection: Connection,
    watch: Watch,
    stop: Stop,
    /// How long one statement may run.
    time: Duration,
}

/// A statement that was prepared, with all that was seen of it.
struct Prepared<'a> {
    statement: Statement<'a>,
    wants: Wants,
    sight: Sight,
}

impl Database {
    /// Opens `file`, an absolute path without links in it.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be opened or is no database.
    pub fn open(file: &Path, mode: Mode, time: Duration) -> Result<Self, Failure> {
        // Else SQLite might take it for a URI with settings of its own.
        if !file.is_absolute() {
            return Err(Failure::Unavailable);
        }
        let flags = match mode {
            Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut connection =
            Connection::open_with_flags(file, flags).map_err(|_| Failure::Unavailable)?;
        let stop = Stop::default();
        let watch = harden(&mut connection, &stop).map_err(|_| Failure::Unavailable)?;
        let database = Self {
            connection,
            watch,
            stop,
            time,
        };
        // Reads the file for the first time: it may be none of SQLite's.
        let check = "SELECT count(*) FROM main.sqlite_schema";
        database
            .own(|connection| connection.query_row(check, [], |_| Ok(())))
            .map_err(|_| Failure::Unavailable)?;
        Ok(database)
    }

    /// Stops what runs, from any thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Finds out what `sql` wants. Nothing of it runs.
    pub fn plan(&self, sql: &str) -> Planned {
        let text = match Text::of(sql) {
            Ok(text) => text,
            Err(bad) => return unknown_or_invalid(bad),
        };
        let invalid = |failure| Planned::Invalid {
            named: self.named(sql, &failure),
            failure,
        };
        if sql.len() > usize::try_from(MAX_SQL).unwrap_or(0) {
            return invalid(Failure::TooLarge);
        }
        match self.timed(|| self.prepare(sql, &text)) {
            Ok(prepared) if prepared.wants.is_too_large() => {
                Planned::Unknown("it names too many columns".to_owned())
            }
            Ok(prepared) => Planned::Wants(prepared.wants),
            Err(NoPlan::Unknown(why)) => Planned::Unknown(why),
            Err(NoPlan::Failed(error)) => invalid(self.failure(&error)),
        }
    }

    /// The tables that SQLite's word on a statement may be about.
    fn named(&self, sql: &str, failure: &Failure) -> Vec<String> {
        let names = text::names(sql);
        // Where the tables cannot be read, every word may be one.
        let tables = self.all_tables().map_or_else(
            |_| names.clone(),
            |tables| tables.into_iter().map(|table| table.name).collect(),
        );
        let is_named = |table: &String| names.iter().any(|name| name.eq_ignore_ascii_case(table));
        let mut named: Vec<String> = tables.into_iter().filter(is_named).collect();
        if let Failure::Invalid(text) = failure
            && let Some(missing) = text.strip_prefix("no such table: ")
        {
            named.push(missing.strip_prefix("main.").unwrap_or(missing).to_owned());
        }
        named
    }

    fn prepare(&self, sql: &str, text: &Text) -> Result<Prepared<'_>, NoPlan> {
        let (prepared, sight) = self.watch.look(|| self.connection.prepare(sql));
        if let Some(what) = &sight.forbidden {
            return Err(NoPlan::Unknown(what.clone()));
        }
        let statement = prepared.map_err(NoPlan::Failed)?;
        let wants = plan::resolve(&self.connection, &self.watch, text, &sight)?;
        Ok(Prepared {
            statement,
            wants,
            sight,
        })
    }

    /// The names of all tables and views, SQLite's own left out.
    ///
    /// # Errors
    /// [`Failure`] where they cannot be read.
    pub fn tables(&self, pass: &Pass) -> Result<Vec<Table>, Failure> {
        is_for(pass, TABLES)?;
        self.all_tables()
    }

    fn all_tables(&self) -> Result<Vec<Table>, Failure> {
        let names = self.own(|connection| {
            let mut names = connection.prepare(
                "SELECT name, type = 'view' FROM main.sqlite_schema \
                 WHERE type IN ('table', 'view') \
                 ORDER BY rowid",
            )?;
            let names = names.query_map([], |row| {
                Ok(Table {
                    name: row.get(0)?,
                    is_view: row.get(1)?,
                })
            })?;
            names.collect::<Result<Vec<_>, _>>()
        });
        let mut names = names.map_err(|error| self.failure(&error))?;
        names.retain(|table| !text::is_own(&table.name));
        Ok(names)
    }

    /// The columns of a table or view, in their order; none where there is no such table.
    ///
    /// # Errors
    /// [`Failure`] where they cannot be read.
    pub fn columns(&self, pass: &Pass, table: &str) -> Result<Vec<Column>, Failure> {
        is_for(pass, table)?;
        if text::is_own(table) {
            return Ok(Vec::new());
        }
        let columns = self.own(|connection| {
            let mut columns = connection.prepare(
                "SELECT name, type, \"notnull\", dflt_value, pk \
                 FROM pragma_table_info(?1, 'main')",
            )?;
            let columns = columns.query_map([table], |row| {
                Ok(Column {
                    name: row.get(0)?,
                    kind: row.get(1)?,
                    not_null: row.get(2)?,
                    default: row.get(3)?,
                    key: row.get(4)?,
                })
            })?;
            columns.collect::<Result<Vec<_>, _>>()
        });
        columns.map_err(|error| self.failure(&error))
    }

    /// Begins a part of a transaction that can be undone by itself.
    fn begin_part(&self) -> Result<(), Failure> {
        let begun = self.own(|connection| connection.execute_batch("SAVEPOINT part"));
        begun.map_err(|error| self.failure(&error))
    }

    /// Ends such a part.
    fn end_part(&self, keep: bool) -> Result<(), Failure> {
        let sql = if keep {
            "RELEASE part"
        } else {
            "ROLLBACK TO part; RELEASE part"
        };
        let ended = self.own(|connection| connection.execute_batch(sql));
        ended.map_err(|error| self.failure(&error))
    }

    /// Begins a transaction; one that `writes` waits for other writers now.
    ///
    /// # Errors
    /// [`Failure`] where another program holds the file, or one is open already.
    pub fn begin(&self, writes: bool) -> Result<(), Failure> {
        let sql = if writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let begun = self.own(|connection| connection.execute_batch(sql));
        begun.map_err(|error| self.failure(&error))
    }

    /// Makes what was done since [`Self::begin`] last.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be; then it is undone.
    pub fn commit(&self) -> Result<(), Failure> {
        let done = self.own(|connection| connection.execute_batch("COMMIT"));
        done.map_err(|error| {
            let failure = self.failure(&error);
            self.roll_back();
            failure
        })
    }

    /// Undoes what was done since [`Self::begin`].
    pub fn roll_back(&self) {
        if self.in_transaction() {
            // SQLite does it by itself where this fails: when the file is closed, or opened the next time.
            let _ = self.own(|connection| connection.execute_batch("ROLLBACK"));
        }
    }

    /// Whether a transaction is open. Some errors end it.
    pub fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// The host's own work, which goes on even where the guest's was stopped, for a while.
    fn own<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        self.watch.own(|| work(&self.connection))
    }

    /// A guest's work, which is stopped after a while.
    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        self.stop.until(Instant::now().checked_add(self.time));
        let done = work();
        self.stop.until(None);
        done
    }

    /// What a guest may know of an error.
    fn failure(&self, error: &rusqlite::Error) -> Failure {
        let code = error.sqlite_error_code();
        match code {
            Some(ErrorCode::OperationInterrupted) if self.stop.is_stopped() => Failure::Stopped,
            Some(ErrorCode::OperationInterrupted) => Failure::TimedOut,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Busy,
            Some(ErrorCode::TooBig | ErrorCode::OutOfMemory) => Failure::TooLarge,
            Some(ErrorCode::ConstraintViolation) => Failure::Constraint(message(error)),
            Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::SchemaChanged) => {
                Failure::Changed
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase,
            ) => Failure::Unavailable,
            _ => Failure::Invalid(message(error)),
        }
    }
}

impl backend::Connection for Database {
    fn stop(&self) -> Stop {
        Self::stop(self)
    }

    fn sketch(&mut self, _: &str) -> Option<Planned> {
        None
    }

    fn plan(&mut self, sql: &str) -> Planned {
        Self::plan(self, sql)
    }

    fn run(
        &mut self,
        passes: &[Pass],
        within: bool,
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        Self::run(self, passes, within, sql, params, sink)
    }

    fn begin(&mut self, writes: bool) -> Result<(), Failure> {
        Self::begin(self, writes)
    }

    fn commit(&mut self) -> Result<(), Failure> {
        Self::commit(self)
    }

    fn roll_back(&mut self) {
        Self::roll_back(self);
    }

    fn in_transaction(&self) -> bool {
        Self::in_transaction(self)
    }

    fn tables(&mut self, pass: &Pass) -> Result<Vec<Table>, Failure> {
        Self::tables(self, pass)
    }

    fn columns(&mut self, pass: &Pass, table: &str) -> Result<Vec<Column>, Failure> {
        Self::columns(self, pass, table)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.roll_back();
    }
}

fn unknown_or_invalid(bad: BadText) -> Planned {
    let plainly = |text: &str| Planned::Invalid {
        failure: Failure::Invalid(text.to_owned()),
        named: Vec::new(),
    };
    match bad {
        BadText::Empty => plainly("there is no statement"),
        BadText::Several => plainly("there is more than one statement: give them one by one"),
        BadText::Kind => Planned::Unknown("a statement of a kind that no grant gives".to_owned()),
        BadText::Unclear => Planned::Unknown("it cannot be taken apart".to_owned()),
    }
}

fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    }
}

/// Turns off all by which a statement or a file could reach beyond the tables, and sets what watches.
fn harden(connection: &mut Connection, stop: &Stop) -> rusqlite::Result<Watch> {
    use DbConfig as C;
    for (config, on) in [
        (C::SQLITE_DBCONFIG_DEFENSIVE, true),
        (C::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (C::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (C::SQLITE_DBCONFIG_DQS_DML, false),
        (C::SQLITE_DBCONFIG_DQS_DDL, false),
        (C::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (C::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (C::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        (C::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (C::SQLITE_DBCONFIG_ENABLE_TRIGGER, true),
        (C::SQLITE_DBCONFIG_ENABLE_VIEW, true),
    ] {
        connection.set_db_config(config, on)?;
    }
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 200),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1024),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1024),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 32),
    ] {
        connection.set_limit(limit, most)?;
    }
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(16);
    let stop = stop.clone();
    let late = move || stop.is_stopped() || stop.is_late();
    connection.progress_handler(STEPS, Some(late))?;
    Watch::over(connection)
}

#[cfg(test)]
pub(super) mod tests;
