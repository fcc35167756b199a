//! One call's use of a server: connected when the first statement may be, and closed with the call.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::connect::Link;
use super::statement::{Bad, Catalog, read};
use super::{Postgres, TABLES, failure, look};
use crate::gate::pass::{Note, Pass};
use crate::handle::sql::backend::{Column, Connection, Mode, Planned, Sink, Stop, Table, is_for};
use crate::handle::sql::failure::Failure;
use crate::handle::sql::value::{Done, Value};

/// How long the host's own statements may take beyond what the server itself allows.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// One call's use of a server.
pub(super) struct Session {
    pub(super) server: Arc<Postgres>,
    mode: Mode,
    runtime: Handle,
    pub(super) stop: Stop,
    link: Option<Link>,
    /// The tables that there were when a statement was last looked at.
    catalog: Option<Catalog>,
    transaction: Option<Begun>,
    /// The server may still be at something that nobody waits for any more.
    pub(super) loose: Cell<bool>,
}

/// A transaction that is open.
#[derive(Clone, Copy)]
struct Begun {
    writes: bool,
    /// The server knows of it.
    sent: bool,
}

impl Session {
    pub(super) fn new(server: Arc<Postgres>, mode: Mode, runtime: Handle) -> Self {
        Self {
            server,
            mode,
            runtime,
            stop: Stop::default(),
            link: None,
            catalog: None,
            transaction: None,
            loose: Cell::new(false),
        }
    }

    /// Waits for `work`, but not after this was stopped, and not for too long.
    pub(super) fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let late = self.server.time.saturating_add(GRACE);
        self.runtime.block_on(async {
            let failure = tokio::select! {
                biased;
                () = self.stop.stopped() => Failure::Stopped,
                done = work => return done.map_err(|error| self.failure(&error)),
                () = tokio::time::sleep(late) => Failure::TimedOut,
            };
            self.loose.set(true);
            Err(failure)
        })
    }

    /// Waits for the host's own `work` even where this was stopped.
    fn wait_all_the_same<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        self.runtime.block_on(async {
            match tokio::time::timeout(GRACE, work).await {
                Ok(done) => done.map_err(|error| self.failure(&error)),
                Err(_) => Err(Failure::Unavailable),
            }
        })
    }

    fn failure(&self, error: &tokio_postgres::Error) -> Failure {
        match failure::of(error) {
            Failure::TimedOut if self.stop.is_stopped() => Failure::Stopped,
            Failure::Unavailable if self.link.as_ref().is_some_and(Link::is_burst) => {
                Failure::TooLarge
            }
            failure => failure,
        }
    }

    /// The connection; made where there is none.
    fn connected(&mut self) -> Result<&Link, String> {
        if self.loose.get() {
            self.give_up();
        }
        let is_open = |link: &Link| !link.client.is_closed();
        if !self.link.as_ref().is_some_and(is_open) {
            if self.transaction.is_some_and(|begun| begun.sent) {
                self.transaction = None;
                return Err("the connection was lost".to_owned());
            }
            // This thread may wait.
            let password = match &self.server.password {
                None => None,
                Some(name) => match self.server.vault.get(name) {
                    Ok(Some(secret)) => Some(secret),
                    Ok(None) => {
                        return Err(format!(
                            "the secret `{name}` is not set; set it with `toolkeep secret set {name}`"
                        ));
                    }
                    Err(error) => return Err(format!("the secret `{name}`: {error}")),
                },
            };
            let opening = Link::open(&self.server, password.as_ref(), self.mode);
            let link = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = self.stop.stopped() => Err("the call ended".to_owned()),
                    opened = opening => opened,
                }
            })?;
            self.link = Some(link);
        }
        self.link.as_ref().ok_or_else(|| "there is none".to_owned())
    }

    /// The connection, for what was judged.
    pub(super) fn link(&mut self) -> Result<&Link, Failure> {
        self.connected().map_err(|_| Failure::Unavailable)?;
        self.open()
    }

    /// The connection as it is.
    pub(super) fn open(&self) -> Result<&Link, Failure> {
        self.link.as_ref().ok_or(Failure::Unavailable)
    }

    /// Has the server stop what it runs, and closes the connection: what was not committed is undone.
    pub(super) fn give_up(&mut self) {
        if let Some(link) = self.link.take() {
            self.runtime.block_on(link.cancel(&self.server));
        }
        self.loose.set(false);
        self.transaction = None;
    }

    /// Notes who was talked to, and as whom.
    pub(super) fn note(&self, passes: &[Pass]) {
        let Some(link) = &self.link else { return };
        for pass in passes {
            pass.note(Note::Peer(link.peer.ip().to_string()));
            if let Some(name) = &self.server.password {
                pass.note(Note::Secret(name.clone()));
            }
        }
    }

    /// Runs a fixed statement of the host's own.
    pub(super) fn own(&self, sql: &str) -> Result<(), Failure> {
        let link = self.open()?;
        self.wait_all_the_same(link.client.batch_execute(sql))
    }

    /// Begins on the server what [`Connection::begin`] promised.
    pub(super) fn really_begin(&mut self) -> Result<(), Failure> {
        let Some(begun) = self.transaction else {
            return Err(Failure::RolledBack);
        };
        if begun.sent {
            return Ok(());
        }
        self.link()?;
        self.own(beginning(begun.writes))?;
        self.transaction = Some(Begun {
            sent: true,
            ..begun
        });
        Ok(())
    }

    /// Looks at what tables there are now.
    fn look(&mut self) -> Result<(), Planned> {
        let schema = self.server.place.schema.clone();
        let found = match self.connected() {
            Ok(_) => self.open().and_then(|link| {
                let client = &link.client;
                self.wait(look::catalog(client, &schema, None))
            }),
            Err(why) => return Err(Planned::Unreached(why)),
        };
        match found {
            Ok(Some(catalog)) => self.catalog = Some(catalog),
            Ok(None) => {
                let why = format!("the schema `{schema}` has too many columns");
                return Err(Planned::Unknown(why));
            }
            Err(failure) => {
                return Err(Planned::Invalid {
                    failure,
                    named: Vec::new(),
                });
            }
        }
        Ok(())
    }

    fn read(&self, sql: &str, catalog: Option<&Catalog>) -> Planned {
        match read(sql, &self.server.place.schema, catalog) {
            Ok(statement) if statement.wants.is_too_large() => {
                Planned::Unknown("it names too many columns".to_owned())
            }
            Ok(statement) => Planned::Wants(statement.wants),
            Err(bad) => of_bad(bad),
        }
    }
}

impl Connection for Session {
    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn sketch(&mut self, sql: &str) -> Option<Planned> {
        Some(self.read(sql, None))
    }

    fn plan(&mut self, sql: &str) -> Planned {
        // Read anew for each statement: tables come and go.
        match self.look() {
            Ok(()) => self.read(sql, self.catalog.as_ref()),
            Err(planned) => planned,
        }
    }

    fn run(
        &mut self,
        passes: &[Pass],
        within: bool,
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        self.run_judged(passes, within, sql, params, sink)
    }

    fn begin(&mut self, writes: bool) -> Result<(), Failure> {
        if self.transaction.is_some() {
            return Err(Failure::InUse("a transaction is"));
        }
        // The server hears of it with the first statement.
        self.transaction = Some(Begun {
            writes,
            sent: false,
        });
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let Some(begun) = self.transaction.take() else {
            return Err(Failure::RolledBack);
        };
        if !begun.sent {
            return Ok(());
        }
        self.own("COMMIT").map_err(|failure| match failure {
            // It may have got there.
            Failure::Unavailable => {
                self.link = None;
                Failure::Lost
            }
            failure => failure,
        })
    }

    fn roll_back(&mut self) {
        let begun = self.transaction.take();
        if begun.is_some_and(|begun| begun.sent) && self.own("ROLLBACK").is_err() {
            // Closing it undoes it too.
            self.link = None;
        }
    }

    fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    fn tables(&mut self, pass: &Pass) -> Result<Vec<Table>, Failure> {
        is_for(pass, TABLES)?;
        self.link()?;
        self.note(std::slice::from_ref(pass));
        let client = &self.open()?.client;
        let found = self.wait(look::catalog(client, &self.server.place.schema, None))?;
        let found = found.ok_or(Failure::TooLarge)?;
        let table = |(name, table): (&String, &super::statement::Relation)| Table {
            name: name.clone(),
            is_view: table.is_view,
        };
        Ok(found.tables().map(table).collect())
    }

    fn columns(&mut self, pass: &Pass, table: &str) -> Result<Vec<Column>, Failure> {
        is_for(pass, table)?;
        self.link()?;
        self.note(std::slice::from_ref(pass));
        let client = &self.open()?.client;
        self.wait(look::columns(client, &self.server.place.schema, table))
    }
}

/// What begins a transaction.
pub(super) fn beginning(writes: bool) -> &'static str {
    if writes {
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
    } else {
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
    }
}

fn of_bad(bad: Bad) -> Planned {
    match bad {
        Bad::Unknown(why) => Planned::Unknown(why),
        Bad::Invalid(text, named) => Planned::Invalid {
            failure: Failure::Invalid(text),
            named,
        },
        Bad::TooLarge => Planned::Invalid {
            failure: Failure::TooLarge,
            named: Vec::new(),
        },
    }
}
