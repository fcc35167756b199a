//! Databases that the operator granted.
//!
//! This is `toolkeep:data/sql@0.1.0`. A plugin that calls it imports the interface, and needs a
//! database in its manifest:
//!
//! ```toml
//! [needs.sql.shop]
//! verbs = ["select", "insert"]
//! why = "looks up and takes orders"
//! ```
//!
//! Each statement is judged by the host, table by table, before anything of it runs. Values belong into
//! parameters, never into the text.
//!
//! ```no_run
//! use serde::Deserialize;
//! use toolkeep_sdk::{params, sql};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     id: i64,
//!     what: String,
//!     price: Option<f64>,
//! }
//!
//! let shop = sql::open("shop")?;
//! let open: Vec<Order> = shop
//!     .query("SELECT id, what, price FROM orders WHERE customer = ?1", params!["ada"])?
//!     .all()?;
//!
//! let together = shop.begin()?;
//! together.execute("INSERT INTO orders(what) VALUES (?1)", params!["tea"])?;
//! together.execute("INSERT INTO orders(what) VALUES (?1)", params!["milk"])?;
//! together.commit()?;
//! # Ok::<(), sql::Error>(())
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

mod de;
mod host;
mod value;

pub use value::Value;

/// The values of a statement's parameters, in their order: whatever [`Value`] can be made of.
///
/// ```
/// use toolkeep_sdk::{params, sql::Value};
///
/// let values = params!["ada", 36, None::<String>];
/// assert_eq!(values, &[Value::Text("ada".to_owned()), Value::Integer(36), Value::Null]);
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::sql::Value::from($value)),*][..] as &[$crate::sql::Value]
    };
}

/// Why a statement did not work. Nothing of it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host refused it.
    Refused,
    /// The database does not take it; the text is the database's.
    Invalid(String),
    /// A constraint of a table does not hold; the text is the database's.
    Constraint(String),
    /// Somebody else holds the database: try again.
    Busy,
    /// What tables there are changed meanwhile: try again.
    Changed,
    /// The transaction that it belongs to is over, and nothing of that was done.
    RolledBack,
    /// Rows of another statement are still being read, or a transaction is open.
    InUse,
    /// It took too long.
    TimedOut,
    /// There is more than a statement may have or give.
    TooLarge,
    /// The database cannot be used. It never can outside a component.
    Unavailable,
    /// A row is not what it was to become.
    Row(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused by the host",
            Self::Invalid(text) | Self::Constraint(text) | Self::Row(text) => text,
            Self::Busy => "the database is busy; try again",
            Self::Changed => "the tables changed meanwhile; try again",
            Self::RolledBack => "the transaction was rolled back",
            Self::InUse => "rows or a transaction are still open on this database",
            Self::TimedOut => "the statement took too long",
            Self::TooLarge => "there is more than a statement may have or give",
            Self::Unavailable => "the database cannot be used",
        })
    }
}

impl std::error::Error for Error {}

/// What a statement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// How many rows it added, changed or deleted.
    pub changed: u64,
    /// The number of the row that was added last, by this statement or before.
    pub last_row: i64,
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

/// Opens the database of the need called `need`. That by itself gives nothing yet.
///
/// # Errors
///
/// Where the host refuses it, or the database cannot be used.
pub fn open(need: &str) -> Result<Database, Error> {
    host::Database::open(need).map(Database)
}

/// A database.
#[derive(Debug)]
pub struct Database(host::Database);

impl Database {
    /// Runs one statement and gives its rows, as they come. Until they are read to the end or dropped, the
    /// database is busy with them.
    ///
    /// # Errors
    ///
    /// Where the host refuses it or the database does not take it.
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, Error> {
        self.0.query(sql, params).map(Rows::new)
    }

    /// Runs one statement; its rows, if it has any, are dropped.
    ///
    /// # Errors
    ///
    /// Where the host refuses it or it does not work. Then nothing was done.
    pub fn execute(&self, sql: &str, params: &[Value]) -> Result<Done, Error> {
        self.0.execute(sql, params)
    }

    /// Begins a transaction. It borrows the database, so that all statements go through it until it is over.
    ///
    /// # Errors
    ///
    /// Where somebody else holds the database.
    pub fn begin(&self) -> Result<Transaction<'_>, Error> {
        self.0.begin().map(|inner| Transaction {
            inner,
            database: std::marker::PhantomData,
        })
    }

    /// The tables and views that may be selected from.
    ///
    /// # Errors
    ///
    /// Where the host refuses it.
    pub fn tables(&self) -> Result<Vec<Table>, Error> {
        self.0.tables()
    }

    /// The columns of a table or view, as far as they may be selected; none where there is no such table.
    ///
    /// # Errors
    ///
    /// Where the host refuses it.
    pub fn columns(&self, table: &str) -> Result<Vec<Column>, Error> {
        self.0.columns(table)
    }
}

/// Statements that last together or not at all. What was done is undone when this is dropped without
/// [`commit`](Self::commit).
#[derive(Debug)]
#[must_use = "what is done in it is undone when it is dropped"]
pub struct Transaction<'a> {
    inner: host::Transaction,
    database: std::marker::PhantomData<&'a Database>,
}

impl Transaction<'_> {
    /// Runs one statement; its rows are all there when it is done.
    ///
    /// # Errors
    ///
    /// As [`Database::query`]. What was done before stays.
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, Error> {
        self.inner.query(sql, params).map(Rows::new)
    }

    /// Runs one statement; its rows, if it has any, are dropped.
    ///
    /// # Errors
    ///
    /// As [`Database::execute`]. What was done before stays.
    pub fn execute(&self, sql: &str, params: &[Value]) -> Result<Done, Error> {
        self.inner.execute(sql, params)
    }

    /// Makes all of it last. The host judges it once more: what was seen since may forbid it.
    ///
    /// # Errors
    ///
    /// Where it does not last; then nothing was done.
    pub fn commit(self) -> Result<(), Error> {
        self.inner.commit()
    }

    /// Undoes all of it. Dropping does the same.
    pub fn roll_back(self) {}
}

/// The rows of a statement, one after the other.
#[derive(Debug)]
pub struct Rows {
    inner: host::Rows,
    columns: Arc<[String]>,
    values: VecDeque<Value>,
    over: bool,
}

impl Rows {
    fn new(inner: host::Rows) -> Self {
        Self {
            columns: inner.columns().into(),
            inner,
            values: VecDeque::new(),
            over: false,
        }
    }

    /// The names of the columns. Two may be the same.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// All rows that are left, each as a `T`: a struct with a field for each column, a tuple of them, or
    /// for a single column its value.
    ///
    /// # Errors
    ///
    /// Where the statement did not come to its end, or a row is no `T`.
    pub fn all<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        self.map(|row| row?.into()).collect()
    }

    /// The first row that is left, as a `T`; none where there is none.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first<T: DeserializeOwned>(mut self) -> Result<Option<T>, Error> {
        self.next().map(|row| row?.into()).transpose()
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.values.is_empty() && !self.over {
            match self.inner.next() {
                Ok(values) => self.values = values.into(),
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        let width = self.columns.len();
        if width == 0 || self.values.len() < width {
            self.over = true;
            return None;
        }
        Some(Ok(Row {
            columns: Arc::clone(&self.columns),
            values: self.values.drain(..width).collect(),
        }))
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// The names of the columns. Two may be the same.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The row as a `T`: a struct with a field for each column, a tuple of them, or for a single column
    /// its value.
    ///
    /// # Errors
    ///
    /// Where it is no `T`.
    pub fn into<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(de::RowReader(self)).map_err(|de::Misfit(text)| Error::Row(text))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Cat,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pet {
        id: u32,
        name: Option<String>,
        weight: f64,
        alive: bool,
        kind: Kind,
    }

    fn row(columns: &[&str], values: &[Value]) -> Row {
        Row {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn rows_become_what_is_wanted() {
        let columns = ["id", "name", "weight", "alive", "kind"];
        let full = row(&columns, params![7, None::<String>, 4, true, "cat"]);
        let pet = Pet {
            id: 7,
            name: None,
            weight: 4.0,
            alive: true,
            kind: Kind::Cat,
        };
        assert_eq!(full.clone().into::<Pet>(), Ok(pet));
        let tuple = full
            .clone()
            .into::<(i64, Option<String>, f64, bool, String)>();
        assert_eq!(tuple, Ok((7, None, 4.0, true, "cat".to_owned())));
        assert!(matches!(full.into::<i64>(), Err(Error::Row(_))));
        assert_eq!(row(&["n"], params![3]).into::<u8>(), Ok(3));
        assert_eq!(
            row(&["n"], params![None::<i64>]).into::<Option<u8>>(),
            Ok(None)
        );
        assert!(matches!(
            row(&["n"], params![-1]).into::<u8>(),
            Err(Error::Row(_))
        ));
        let map = row(&["a", "b"], params![1, 2]).into::<BTreeMap<String, i64>>();
        assert_eq!(map.map(|map| map.len()), Ok(2));
    }

    #[test]
    fn there_is_no_database_outside_a_component() {
        assert_eq!(open("shop").err(), Some(Error::Unavailable));
    }
}
