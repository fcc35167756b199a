//! SQLite's authorizer: it is told of all that a statement will do while that is prepared, and once
//! more of whatever is prepared while it runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::functions;
use super::text::is_own;

/// How many different things one statement may do.
const MAX_DEEDS: usize = 8192;

/// One thing that a statement does to a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// Reads a column; an empty name for rows without any of their columns.
    Read(String),
    Insert,
    /// Changes a column.
    Update(String),
    Delete,
    /// Makes or removes the table, or an index, view or trigger of it.
    Shape,
    /// Changes what its rows are like.
    Alter,
}

/// One thing that a statement does to a table, and whether the statement says so itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub table: String,
    pub deed: Deed,
    /// The view or trigger that does it, by its name.
    pub by: Option<String>,
}

/// All that a statement does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    pub deeds: BTreeSet<Seen>,
    /// It calls functions that only `ALTER` calls.
    pub inner: bool,
    /// It selects, if only from nothing.
    pub selects: bool,
    /// The first thing in it that no grant gives.
    pub forbidden: Option<String>,
}

enum State {
    /// Nothing may be prepared.
    Closed,
    /// The host's own fixed statements.
    Own,
    /// A guest's statement is looked at.
    Looking(Sight),
    /// A guest's statement runs; it may do what was seen of it, and no more.
    Bound(Sight),
}

/// What the authorizer says, and what it was told.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<State>>);

impl Watch {
    /// Watches all that `connection` prepares from now on. Until something is opened, it denies all.
    pub(super) fn over(connection: &mut Connection) -> rusqlite::Result<Self> {
        let watch = Self(Arc::new(Mutex::new(State::Closed)));
        let own = watch.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| own.judge(&context)))?;
        Ok(watch)
    }

    /// Lets the host's own statements through while `work` runs.
    pub(super) fn own<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = std::mem::replace(&mut *self.state(), State::Own);
        let done = work();
        *self.state() = before;
        done
    }

    /// What the statement does that `prepare` prepares.
    pub(super) fn look<T>(&self, prepare: impl FnOnce() -> T) -> (T, Sight) {
        *self.state() = State::Looking(Sight::default());
        let prepared = prepare();
        let seen = match std::mem::replace(&mut *self.state(), State::Closed) {
            State::Looking(sight) => sight,
            _ => Sight {
                forbidden: Some("what could not be watched".to_owned()),
                ..Sight::default()
            },
        };
        (prepared, seen)
    }

    /// Holds what runs in `work` to what was seen of it.
    pub(super) fn bind<T>(&self, sight: Sight, work: impl FnOnce() -> T) -> T {
        *self.state() = State::Bound(sight);
        let done = work();
        *self.state() = State::Closed;
        done
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, context: &AuthContext<'_>) -> Authorization {
        let good = match &mut *self.state() {
            State::Closed => false,
            State::Own => true,
            State::Looking(sight) => match sight.add(context) {
                Ok(()) => true,
                Err(what) => {
                    sight.forbidden.get_or_insert(what);
                    false
                }
            },
            State::Bound(sight) => {
                let mut now = Sight::default();
                now.add(context).is_ok() && now.is_within(sight)
            }
        };
        if good {
            Authorization::Allow
        } else {
            Authorization::Deny
        }
    }
}

impl Sight {
    fn is_within(&self, other: &Self) -> bool {
        self.deeds.is_subset(&other.deeds)
            && (other.inner || !self.inner)
            && (other.selects || !self.selects)
    }

    /// Takes note of one thing; the error says what it is, where no grant gives it. What is not named here
    /// is not given.
    fn add(&mut self, context: &AuthContext<'_>) -> Result<(), String> {
        use AuthAction as A;
        let is_main = matches!(context.database_name, None | Some("main"));
        let (table, deed) = match context.action {
            A::Select | A::Recursive => {
                self.selects = true;
                return Ok(());
            }
            A::Function { function_name } if functions::is_inner(function_name) => {
                self.inner = true;
                return Ok(());
            }
            A::Function { function_name } if functions::is_known(function_name) => return Ok(()),
            A::Function { function_name } => return Err(format!("function `{function_name}`")),
            A::Read { table_name, .. }
            | A::Insert { table_name }
            | A::Update { table_name, .. }
            | A::Delete { table_name }
            | A::CreateTable { table_name }
            | A::DropTable { table_name }
                if !(is_main || context.database_name == Some("temp") && is_own(table_name)) =>
            {
                return Err(format!("table `{table_name}` outside the database"));
            }
            A::Read {
                table_name,
                column_name,
            } => (table_name, Deed::Read(column_name.to_owned())),
            A::Insert { table_name } => (table_name, Deed::Insert),
            A::Update {
                table_name,
                column_name,
            } => (table_name, Deed::Update(column_name.to_owned())),
            A::Delete { table_name } => (table_name, Deed::Delete),
            A::CreateTable { table_name } | A::DropTable { table_name } => {
                (table_name, Deed::Shape)
            }
            A::CreateIndex { table_name, .. }
            | A::DropIndex { table_name, .. }
            | A::DropTrigger { table_name, .. }
                if is_main =>
            {
                (table_name, Deed::Shape)
            }
            A::CreateView { view_name } | A::DropView { view_name } if is_main => {
                (view_name, Deed::Shape)
            }
            // Here the context has a column, and the first name is the database's.
            A::AlterTable {
                database_name: "main",
                table_name,
            } => (table_name, Deed::Alter),
            // A new index is filled by it; the statement of this name is not taken.
            A::Reindex { .. } if is_main => return Ok(()),
            action => return Err(named(&action)),
        };
        if self.deeds.len() >= MAX_DEEDS {
            return Err("too much at once".to_owned());
        }
        self.deeds.insert(Seen {
            table: table.to_owned(),
            deed,
            by: context.accessor.map(str::to_owned),
        });
        Ok(())
    }
}

/// What is forbidden, for the operator.
fn named(action: &AuthAction<'_>) -> String {
    match action {
        AuthAction::Attach { .. } => "`ATTACH`".to_owned(),
        AuthAction::Detach { .. } => "`DETACH`".to_owned(),
        AuthAction::Pragma { pragma_name, .. } => format!("`PRAGMA {pragma_name}`"),
        AuthAction::CreateTrigger { .. } => "a new trigger".to_owned(),
        AuthAction::CreateVtable { .. } | AuthAction::DropVtable { .. } => {
            "a virtual table".to_owned()
        }
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => "a transaction".to_owned(),
        _ => "something that no grant gives".to_owned(),
    }
}
