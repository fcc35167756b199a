//! A connection to exactly the server that the operator named.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::Postgres;
use super::guard::Guard;
use crate::handle::remote::{Remote, reach, secure};
use crate::handle::secrets::Secret;
use crate::handle::sql::backend::Mode;

/// How long it may take to get a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a cancel may take.
const CANCEL: Duration = Duration::from_secs(3);

/// How long the server has to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long another's lock is waited for.
const LOCK: Duration = Duration::from_secs(2);

/// How long a transaction may stand still.
const IDLE: Duration = Duration::from_secs(60);

/// What asks a server for TLS.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// An open connection. The server undoes what was not committed when it goes away.
pub(super) struct Link {
    pub(super) client: Client,
    /// The address that is talked to.
    pub(super) peer: SocketAddr,
    burst: Arc<AtomicBool>,
    /// When it goes away, the connection is closed.
    _open: oneshot::Sender<()>,
}

impl Link {
    /// Connects and logs in. Why not is for the operator; no value of a secret is in it.
    pub(super) async fn open(
        server: &Postgres,
        password: Option<&Secret>,
        mode: Mode,
    ) -> Result<Self, String> {
        let opening = Self::open_at_leisure(server, password, mode);
        let opened = tokio::time::timeout(PATIENCE, opening).await;
        let opened = opened.unwrap_or_else(|_| Err("does not answer".to_owned()));
        let place = &server.place;
        opened.map_err(|why| format!("`{}`, port {}: {why}", place.host, place.port))
    }

    async fn open_at_leisure(
        server: &Postgres,
        password: Option<&Secret>,
        mode: Mode,
    ) -> Result<Self, String> {
        let place = &server.place;
        let (stream, peer) = reach(remote(server)).await?;
        let stream = wire(stream, server).await?;
        let burst = Arc::new(AtomicBool::new(false));
        let stream = Guard::new(stream, Arc::clone(&burst));
        let mut config = Config::new();
        config
            .user(&place.user)
            .dbname(&place.database)
            .application_name("toolkeep")
            // It is encrypted already.
            .ssl_mode(SslMode::Disable);
        if let Some(password) = password {
            config.password(password.expose());
        }
        let connected = config.connect_raw(stream, NoTls).await;
        drop(config);
        let (client, connection) = connected.map_err(|error| of_login(&error))?;
        let (open, gone) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = &mut connection => {}
                _ = gone => {
                    // However it ends: the socket is closed after that.
                    let _ = tokio::time::timeout(GOODBYE, connection).await;
                }
            }
        });
        let link = Self {
            client,
            peer,
            burst,
            _open: open,
        };
        link.settle(server, mode).await?;
        Ok(link)
    }

    /// Sets what the server itself enforces, and looks at who it takes us for.
    async fn settle(&self, server: &Postgres, mode: Mode) -> Result<(), String> {
        let read_only = match mode {
            Mode::Read => "on",
            Mode::Write => "off",
        };
        let settings = format!(
            "SET search_path = pg_catalog, pg_temp; \
             SET standard_conforming_strings = on; \
             SET default_transaction_read_only = {read_only}; \
             SET statement_timeout = {}; \
             SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; \
             SET row_security = on; \
             SET \"TimeZone\" = 'UTC'; \
             SET \"DateStyle\" = 'ISO, YMD'",
            server.time.as_millis(),
            LOCK.as_millis(),
            IDLE.as_millis(),
        );
        let failed = |error: tokio_postgres::Error| of_login(&error);
        self.client.batch_execute(&settings).await.map_err(failed)?;
        let who = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user";
        let row = self.client.query_one(who, &[]).await.map_err(failed)?;
        match row.try_get(0) {
            Ok(false) => Ok(()),
            // Nothing that the database enforces would hold.
            _ => Err(format!(
                "its role `{}` is a superuser, for whom the database enforces nothing: make a role of \
                 its own for this grant",
                server.place.user
            )),
        }
    }

    /// Has the server stop what it runs for this connection.
    pub(super) async fn cancel(&self, server: &Postgres) {
        let token = self.client.cancel_token();
        let cancel = async {
            let stream = TcpStream::connect(self.peer)
                .await
                .map_err(|e| e.to_string())?;
            let stream = wire(stream, server).await?;
            let sent = token.cancel_query_raw(stream, NoTls).await;
            sent.map_err(|error| error.to_string())
        };
        // Where it fails, the statement's own time-out ends it.
        let _ = tokio::time::timeout(CANCEL, cancel).await;
    }

    /// Whether a message was too long, which closed the connection.
    pub(super) fn is_burst(&self) -> bool {
        self.burst.load(Ordering::Acquire)
    }
}

/// The stream itself, or TLS in it.
async fn wire(mut stream: TcpStream, server: &Postgres) -> Result<Box<dyn Wire>, String> {
    if !server.place.tls {
        return Ok(Box::new(stream));
    }
    let failed = |error: io::Error| format!("closed the connection: {error}");
    stream.write_all(&TLS_REQUEST).await.map_err(failed)?;
    // One byte and no more: what comes after it has to be encrypted.
    if stream.read_u8().await.map_err(failed)? != b'S' {
        return Err("has no TLS; where the way to it is safe, write `?sslmode=disable`".to_owned());
    }
    Ok(Box::new(secure(stream, remote(server)).await?))
}

fn remote(server: &Postgres) -> Remote<'_> {
    let place = &server.place;
    Remote {
        host: &place.host,
        port: place.port,
        tls: place.tls,
        roots: place.roots.as_deref(),
    }
}

/// Why the server lets nobody in.
fn of_login(error: &tokio_postgres::Error) -> String {
    let Some(code) = error.code() else {
        return "does not speak as PostgreSQL does, wants a password that is not there, or closed the connection"
            .to_owned();
    };
    let what = match code {
        code if *code == SqlState::INVALID_PASSWORD => "the password is wrong",
        code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "the role may not log in from here"
        }
        code if *code == SqlState::UNDEFINED_DATABASE => "there is no such database",
        code if *code == SqlState::TOO_MANY_CONNECTIONS => "it has too many connections",
        _ => "the server does not let the role in",
    };
    format!("{what} ({})", code.code())
}
