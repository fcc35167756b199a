//! What keeps tables. An embedder can bring one of its own.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::failure::Failure;
use super::value::{Batch, Done, Value};
use super::want::Wants;
use crate::gate::pass::Pass;
use crate::rules::access::Object;
use crate::rules::verb::{Handle, Verb};

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing in it can be changed.
    Read,
    /// Rows and tables can be changed.
    Write,
}

/// A database, and how it is opened. Each call opens it for itself: what was opened for one principal or
/// grant never serves another.
pub trait Backend: Send + Sync + fmt::Debug {
    /// What the record and the rules call the table that tells of the others.
    fn tables_name(&self) -> &'static str;

    /// Opens the database. It may wait. Where the database is on another machine, nothing goes there yet:
    /// that waits for the first verdict, as [`Connection::sketch`] says.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be opened or is no database.
    fn open(&self, mode: Mode) -> Result<Box<dyn Connection>, Failure>;
}

/// An open database. One thread at a time uses it, and each function may wait. What it promises: nothing of
/// a guest's statement runs without the passes for all that it does, one statement runs at a time, and
/// when it goes away an open transaction is undone.
pub trait Connection: Send {
    /// Stops what runs, from any thread.
    fn stop(&self) -> Stop;

    /// What `sql` surely wants, as far as that can be told without reaching for the database. It is asked for
    /// before anything else, and where the rules deny that the database is not reached for at all. None where
    /// the database is on this machine, so that there is nothing to protect.
    fn sketch(&mut self, sql: &str) -> Option<Planned>;

    /// Finds out all that `sql` wants. Nothing of it runs, and nothing of it leaves this machine.
    fn plan(&mut self, sql: &str) -> Planned;

    /// Runs `sql`, which may do what `passes` are for: in the transaction that is open where it is
    /// `within` one, else in one of its own.
    ///
    /// # Errors
    /// [`Failure`] where it did not work, or `sink` says so, or it wants more than `passes` are for by
    /// now. Then nothing was done; where it is `within` a transaction that may be over with it.
    fn run(
        &mut self,
        passes: &[Pass],
        within: bool,
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure>;

    /// Begins a transaction, in which something may be changed where it `writes`.
    ///
    /// # Errors
    /// [`Failure`] where somebody else holds the database, or one is open already.
    fn begin(&mut self, writes: bool) -> Result<(), Failure>;

    /// Makes what was done since [`Self::begin`] last.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be; then it is undone.
    fn commit(&mut self) -> Result<(), Failure>;

    /// Undoes what was done since [`Self::begin`].
    fn roll_back(&mut self);

    /// Whether a transaction is open. Some errors end it.
    fn in_transaction(&self) -> bool;

    /// The tables and views, those of the database itself left out. The pass is for selecting from
    /// [`Backend::tables_name`].
    ///
    /// # Errors
    /// [`Failure`] where they cannot be read.
    fn tables(&mut self, pass: &Pass) -> Result<Vec<Table>, Failure>;

    /// The columns of a table or view, in their order; none where there is no such table. The pass is for
    /// selecting from it.
    ///
    /// # Errors
    /// [`Failure`] where they cannot be read.
    fn columns(&mut self, pass: &Pass, table: &str) -> Result<Vec<Column>, Failure>;
}

/// What was found out about a statement.
#[derive(Debug)]
pub enum Planned {
    /// What it wants.
    Wants(Wants),
    /// It cannot be judged; the text says why, to the operator.
    Unknown(String),
    /// The database cannot be reached; the text says why, to the operator.
    Unreached(String),
    /// The database does not take it.
    Invalid {
        /// Why. What it says may tell of the tables in `named`.
        failure: Failure,
        /// The tables that the statement names, if only perhaps; those too that are not there.
        named: Vec<String>,
    },
}

/// What takes in what a statement gives.
pub trait Sink {
    /// Takes some rows. The first batch has none, and says what columns there are.
    ///
    /// # Errors
    /// [`Failure`] to have no more.
    fn take(&mut self, batch: Batch) -> Result<(), Failure>;

    /// Asked when all is done, and before it lasts.
    ///
    /// # Errors
    /// [`Failure`] to have it undone.
    fn finish(&mut self, done: &Done) -> Result<(), Failure>;
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// It is a view, whose rows are those of others.
    pub is_view: bool,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as it was declared; empty for none.
    pub kind: String,
    /// Whether it must have a value.
    pub not_null: bool,
    /// The SQL of its default.
    pub default: Option<String>,
    /// Its place in the primary key, from 1; 0 where it is not in it.
    pub key: u32,
}

/// Stops what runs, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Stopping>);

#[derive(Debug, Default)]
struct Stopping {
    stopped: AtomicBool,
    deadline: Mutex<Option<Instant>>,
    told: Notify,
}

impl Stop {
    /// Stops what runs and all that would.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        self.0.told.notify_waiters();
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Comes back when it was stopped.
    pub async fn stopped(&self) {
        let told = self.0.told.notified();
        tokio::pin!(told);
        // First in line, then look: else what is told in between would be missed.
        told.as_mut().enable();
        if !self.is_stopped() {
            told.await;
        }
    }

    /// Until when one statement may run.
    pub fn until(&self, deadline: Option<Instant>) {
        *self.deadline() = deadline;
    }

    /// Whether that is past.
    pub fn is_late(&self) -> bool {
        self.deadline().is_some_and(|end| Instant::now() >= end)
    }

    fn deadline(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let deadline = self.0.deadline.lock();
        deadline.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes sure that the pass is for selecting from `table`.
///
/// # Errors
/// [`Failure::Refused`] where it is not.
pub fn is_for(pass: &Pass, table: &str) -> Result<(), Failure> {
    let access = pass.access();
    let same = matches!(&access.object, Object::Table { table: known, .. } if known == table);
    if same && access.handle == Handle::Sql && access.verbs.contains(Verb::Select) {
        Ok(())
    } else {
        Err(Failure::Refused)
    }
}
