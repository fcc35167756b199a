//! The databases that a call is given, and one that its guest opened.

use std::sync::{Arc, Mutex, PoisonError};

use super::act::{self, Lent};
use super::backend::{Backend, Column, Connection, Mode, Table};
use super::failure::Failure;
use super::rows::Rows;
use super::transaction::Transaction;
use super::value::{Done, Value};
use crate::base::id::Name;
use crate::base::text::shorten;
use crate::gate::call::{Call, Span};
use crate::gate::pass::Pass;
use crate::rules::access::{Access, Object, Unreachable};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::Verdict;
use crate::store::audit::record::Status;

/// How the record names what is wanted of a database that is not there.
const NO_DATABASE: &str = "(no database)";

/// How much of a statement is put on record.
const MAX_SHOWN: usize = 512;

/// A database that a call is given.
#[derive(Clone, Debug)]
pub struct Given {
    /// The need that it was granted for.
    pub need: Name,
    /// The data place.
    pub data: Name,
    /// What keeps it.
    pub backend: Arc<dyn Backend>,
    /// Whether the grant has any verb that changes something.
    pub writes: bool,
}

/// The databases that a call is given.
#[derive(Clone, Debug, Default)]
pub struct Databases(Arc<[Given]>);

impl Databases {
    /// These.
    pub fn new(given: Vec<Given>) -> Self {
        Self(given.into())
    }

    /// Opens the database of the need called `need`. That by itself gives nothing: each statement is judged.
    ///
    /// # Errors
    /// [`Failure`] where the call has no such need, or the file cannot be opened.
    pub async fn open(&self, call: &Arc<Call>, need: &str) -> Result<Open, Failure> {
        let Some(given) = self.0.iter().find(|given| given.need.as_str() == need) else {
            return Err(self.refuse(call, need));
        };
        let open = Open {
            call: Arc::clone(call),
            given: Arc::new(given.clone()),
            slot: Slot::default(),
        };
        let database = open.connect().await?;
        open.slot.put(database);
        Ok(open)
    }

    /// There is no such database: what was asked for goes on record under its own name.
    fn refuse(&self, call: &Arc<Call>, need: &str) -> Failure {
        let Ok(name) = Name::new(need) else {
            return call.refuse_ungranted(Handle::Sql).into();
        };
        let access = Access {
            handle: Handle::Sql,
            need: name.clone(),
            verbs: Verbs::one(Verb::Select),
            object: Object::Table {
                data: name,
                table: NO_DATABASE.to_owned(),
                columns: Vec::new(),
            },
            is_folder: false,
        };
        // Nothing is given for it, so this always refuses.
        let _ = call.judge_silently(&access);
        Failure::Refused
    }
}

/// Where an open database is while nothing runs on it.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Inside>>);

#[derive(Default)]
enum Inside {
    Idle(Box<dyn Connection>),
    /// A statement runs, or its rows are still being read.
    Busy,
    /// It was closed, since what ran on it was stopped.
    #[default]
    Closed,
    /// A transaction has it.
    Transaction,
}

/// What a slot gives.
pub(super) enum Taken {
    Database(Box<dyn Connection>),
    /// It has to be opened again.
    Closed,
}

impl Slot {
    /// Takes the database out, to run something on it.
    pub(super) fn take(&self) -> Result<Taken, Failure> {
        let mut inside = self.inside();
        match std::mem::replace(&mut *inside, Inside::Busy) {
            Inside::Idle(database) => Ok(Taken::Database(database)),
            Inside::Closed => Ok(Taken::Closed),
            Inside::Busy => Err(Failure::InUse("rows of another statement are")),
            Inside::Transaction => {
                *inside = Inside::Transaction;
                Err(Failure::InUse("a transaction is"))
            }
        }
    }

    /// Puts it back; what was stopped is closed.
    pub(super) fn put(&self, database: Box<dyn Connection>) {
        let stopped = database.stop().is_stopped();
        *self.inside() = if stopped {
            Inside::Closed
        } else {
            Inside::Idle(database)
        };
    }

    /// Says that it is gone.
    pub(super) fn close(&self) {
        *self.inside() = Inside::Closed;
    }

    /// Says that a transaction has it now.
    pub(super) fn lend(&self) {
        *self.inside() = Inside::Transaction;
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A database that a guest opened.
pub struct Open {
    pub(super) call: Arc<Call>,
    pub(super) given: Arc<Given>,
    pub(super) slot: Slot,
}

impl Open {
    /// Runs a statement whose rows are read one batch after the other.
    ///
    /// # Errors
    /// [`Failure`] where it is refused or does not work.
    pub async fn query(&self, sql: String, params: Vec<Value>) -> Result<Rows, Failure> {
        let database = self.take().await?;
        act::query(self, database, sql, params).await
    }

    /// Runs a statement whose rows, if it has any, nobody wants.
    ///
    /// # Errors
    /// [`Failure`] where it is refused or does not work. Then nothing was done.
    pub async fn execute(&self, sql: String, params: Vec<Value>) -> Result<Done, Failure> {
        let database = self.take().await?;
        act::execute(self, database, sql, params).await
    }

    /// Begins a transaction. It has the database until it is over.
    ///
    /// # Errors
    /// [`Failure`] where another program holds the database.
    pub async fn begin(&self) -> Result<Transaction, Failure> {
        let mut database = self.take().await?;
        let writes = self.given.writes;
        let slot = self.slot.clone();
        let begun = apart(move || match database.begin(writes) {
            Ok(()) => Ok(database),
            Err(failure) => {
                slot.put(database);
                Err(failure)
            }
        });
        let database = begun.await.unwrap_or(Err(Failure::Unavailable))?;
        self.slot.lend();
        Ok(Transaction::new(
            Self {
                call: Arc::clone(&self.call),
                given: Arc::clone(&self.given),
                slot: Slot::default(),
            },
            self.slot.clone(),
            database,
        ))
    }

    /// The tables and views that the call may select from unasked. The rules know this as
    /// selecting from the table that the backend names.
    ///
    /// # Errors
    /// [`Failure`] where it is refused or does not work.
    pub async fn tables(&self) -> Result<Vec<Table>, Failure> {
        let tables = self.given.backend.tables_name();
        let access = self.selecting(tables, vec!["name".to_owned()]);
        let find = |database: &mut dyn Connection, pass: &Pass| database.tables(pass);
        let found = self.look(access, find).await?;
        let (scope, label) = (self.call.scope(), self.call.label());
        let may = |table: &Table| {
            let access = self.selecting(&table.name, Vec::new());
            scope.decide(&access, &label).verdict() == Verdict::Allow
        };
        Ok(found.into_iter().filter(may).collect())
    }

    /// The columns of a table or view, those left out that the grant does not name; none where there is no
    /// such table.
    ///
    /// # Errors
    /// [`Failure`] where it is refused or does not work.
    pub async fn columns(&self, table: String) -> Result<Vec<Column>, Failure> {
        if table.len() > MAX_SHOWN {
            return Err(Failure::TooLarge);
        }
        let access = self.selecting(&table, Vec::new());
        let known = self.known_columns(&table);
        let find = move |database: &mut dyn Connection, pass: &Pass| database.columns(pass, &table);
        let mut columns = self.look(access, find).await?;
        if let Some(known) = known {
            columns.retain(|column| known.contains(&column.name.to_lowercase()));
        }
        Ok(columns)
    }

    /// Looks at the database for one access.
    async fn look<T: Send + 'static>(
        &self,
        access: Access,
        find: impl FnOnce(&mut dyn Connection, &Pass) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let pass = self.call.judge(access, Span::Moment).await?;
        let mut lent = Lent::new(self.take().await?, self.slot.clone());
        let found = apart(move || {
            let found = lent.get().and_then(|database| find(database, &pass));
            act::settle(std::slice::from_ref(&pass), &found);
            drop(lent);
            found
        });
        found.await.unwrap_or(Err(Failure::Unavailable))
    }

    /// The only columns of a table that are granted; none where all are.
    fn known_columns(&self, table: &str) -> Option<Vec<String>> {
        let mut needs = self.call.scope().sql();
        let need = needs.find(|need| *need.need == self.given.need)?;
        let (_, columns) = need.grant?.table(table);
        columns.map(<[String]>::to_vec)
    }

    /// Whether the tables' columns are all granted, or nothing is said of them.
    pub(super) fn has_all_columns(&self, table: &str) -> bool {
        self.known_columns(table).is_none()
    }

    /// Selecting `columns` of `table`.
    pub(super) fn selecting(&self, table: &str, columns: Vec<String>) -> Access {
        Access {
            handle: Handle::Sql,
            need: self.given.need.clone(),
            verbs: Verbs::one(Verb::Select),
            object: Object::Table {
                data: self.given.data.clone(),
                table: table.to_owned(),
                columns,
            },
            is_folder: false,
        }
    }

    /// A statement that cannot be judged.
    pub(super) fn unknown(&self, sql: &str) -> Access {
        Access {
            object: Object::Unreachable {
                asked: shorten(sql, MAX_SHOWN),
                data: self.given.data.clone(),
                why: Unreachable::Unknown,
            },
            ..self.selecting("", Vec::new())
        }
    }

    async fn take(&self) -> Result<Box<dyn Connection>, Failure> {
        match self.slot.take()? {
            Taken::Database(database) => Ok(database),
            Taken::Closed => self.connect().await.inspect_err(|_| self.slot.close()),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Connection>, Failure> {
        let backend = Arc::clone(&self.given.backend);
        let mode = if self.given.writes {
            Mode::Write
        } else {
            Mode::Read
        };
        let opened = apart(move || backend.open(mode));
        opened.await.unwrap_or(Err(Failure::Unavailable))
    }
}

/// Runs `work` on a thread that may wait. It goes on where nobody waits for it any more; none where it
/// panicked.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The record's status for what came of it.
pub(super) fn status(failure: &Failure) -> Status {
    match failure {
        Failure::Refused => Status::Refused,
        Failure::Lost => Status::Abandoned,
        Failure::TimedOut | Failure::TooLarge | Failure::Stopped => Status::Stopped,
        _ => Status::Failed,
    }
}
