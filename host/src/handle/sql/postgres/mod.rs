//! PostgreSQL servers. A statement is read here, written anew and judged; what the server itself enforces
//! is what its login role may do, that nothing is changed where nothing may be, and how long things may
//! take. Each call has a connection of its own.

mod connect;
mod failure;
mod guard;
mod look;
mod place;
mod run;
mod session;
mod statement;
mod value;

use std::sync::Arc;
use std::time::Duration;

pub use self::place::Place;
use self::session::Session;
use super::backend::{Backend, Connection, Mode};
use super::failure::Failure;
use crate::base::id::Name;
use crate::handle::secrets::Vault;

/// What lists the tables, as the record and the rules name it.
const TABLES: &str = "information_schema.tables";

/// A database of a PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    /// Where it is, and as whom it is used.
    pub place: Place,
    /// The secret that is the role's password, if it has one.
    pub password: Option<Name>,
    /// What knows it.
    pub vault: Arc<Vault>,
    /// How long one statement may run.
    pub time: Duration,
}

/// A backend that is shared by the calls that are given it; their connections are not.
#[derive(Clone, Debug)]
pub struct PostgresServer(Arc<Postgres>);

impl PostgresServer {
    /// This one.
    pub fn new(postgres: Postgres) -> Self {
        Self(Arc::new(postgres))
    }
}

impl Backend for PostgresServer {
    fn tables_name(&self) -> &'static str {
        TABLES
    }

    fn open(&self, mode: Mode) -> Result<Box<dyn Connection>, Failure> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| Failure::Unavailable)?;
        Ok(Box::new(Session::new(Arc::clone(&self.0), mode, runtime)))
    }
}

#[cfg(test)]
mod tests;
