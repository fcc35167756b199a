//! Values on a Redis server.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, Script};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

use super::backend::{Backend, Change, Expected, Held, KvError, Room};
use crate::base::id::Name;
use crate::gate::pass::{Note, Pass};
use crate::handle::remote::{Connection, Remote, connect};
use crate::handle::secrets::Vault;
use crate::rules::config::RedisServer;

/// How long the server may take to let us in, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Values on a Redis server. All of a namespace is under `toolkeep:{NAMESPACE}:`, so that an account for
/// `~toolkeep:*` is enough. Nothing is connected before the first act.
pub struct RedisKv {
    server: RedisServer,
    roots: Option<PathBuf>,
    password: Option<Name>,
    vault: Arc<Vault>,
    apply: Script,
    open: Mutex<Option<Open>>,
}

/// A connection that all acts share.
#[derive(Clone)]
struct Open {
    connection: MultiplexedConnection,
    peer: IpAddr,
    driver: Arc<Driver>,
}

/// What reads and writes for a connection, for as long as somebody has it.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for RedisKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisKv")
            .field("url", &self.server.url)
            .finish()
    }
}

impl RedisKv {
    /// Values on `server`. `password` is the name of a secret of `vault`; `roots` a PEM file with the
    /// only certificate authorities that are trusted, in place of the public ones.
    pub fn new(
        server: RedisServer,
        password: Option<Name>,
        roots: Option<PathBuf>,
        vault: Arc<Vault>,
    ) -> Self {
        Self {
            server,
            roots,
            password,
            vault,
            apply: Script::new(include_str!("redis.lua")),
            open: Mutex::new(None),
        }
    }

    /// The connection, for acts that `passes` allow: what it was made with goes on their records.
    async fn open(&self, passes: &[Pass]) -> Result<MultiplexedConnection, KvError> {
        let mut open = self.open.lock().await;
        let known = match open.as_ref() {
            // Nobody drives it any more where the other side has closed it.
            Some(known) if !known.driver.0.is_finished() => known.clone(),
            _ => open.insert(self.connect().await?).clone(),
        };
        drop(open);
        for pass in passes {
            pass.note(Note::Peer(known.peer.to_string()));
            if let Some(name) = &self.password {
                pass.note(Note::Secret(name.clone()));
            }
        }
        Ok(known.connection)
    }

    async fn connect(&self) -> Result<Open, KvError> {
        let server = &self.server;
        let mut login = RedisConnectionInfo::default()
            .set_db(server.database.into())
            .set_skip_set_lib_name();
        if let Some(user) = &server.user {
            login = login.set_username(user);
        }
        if let Some(name) = &self.password {
            let secret = self.secret(name).await?;
            login = login.set_password(secret.expose());
        }
        let remote = Remote {
            host: &server.host,
            port: server.port,
            tls: server.tls,
            roots: self.roots.as_deref(),
        };
        let (stream, peer) = connect(remote, PATIENCE)
            .await
            .map_err(|error| KvError::Unreached(format!("`{}`: {error}", server.url)))?;
        let entered = async {
            match stream {
                Connection::Plain(stream) => enter(&login, stream).await,
                Connection::Tls(stream) => enter(&login, stream).await,
            }
        };
        let (connection, driver) = tokio::time::timeout(PATIENCE, entered)
            .await
            .map_err(|_| KvError::Unreached(format!("`{}` does not answer", server.url)))?
            .map_err(|error| {
                KvError::Unreached(format!("`{}` cannot be logged in to: {error}", server.url))
            })?;
        let driver = Arc::new(driver);
        Ok(Open {
            connection,
            peer,
            driver,
        })
    }

    async fn secret(&self, name: &Name) -> Result<crate::handle::secrets::Secret, KvError> {
        let (vault, wanted) = (Arc::clone(&self.vault), name.clone());
        let found = tokio::task::spawn_blocking(move || vault.get(&wanted))
            .await
            .map_err(|error| KvError::Unreached(error.to_string()))?
            .map_err(|error| KvError::Unreached(error.to_string()))?;
        found.ok_or_else(|| {
            KvError::Unreached(format!(
                "there is no secret `{name}`: set it with `toolkeep secret set {name}`"
            ))
        })
    }
}

/// Logs in over `stream`.
async fn enter(
    login: &RedisConnectionInfo,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(MultiplexedConnection, Driver), RedisError> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let (connection, driver) =
        MultiplexedConnection::new_with_config(login, stream, config).await?;
    Ok((connection, Driver(tokio::spawn(driver).abort_handle())))
}

fn named(namespace: &str, what: &str) -> String {
    format!("toolkeep:{{{namespace}}}:{what}")
}

fn values(namespace: &str) -> String {
    named(namespace, "values")
}

fn versions(namespace: &str) -> String {
    named(namespace, "versions")
}

fn names(namespace: &str) -> String {
    named(namespace, "names")
}

#[async_trait]
impl Backend for RedisKv {
    async fn get(&self, pass: &Pass, namespace: &str, key: &str) -> Result<Option<Held>, KvError> {
        let mut connection = self.open(std::slice::from_ref(pass)).await?;
        let (value, version): (Option<Vec<u8>>, Option<i64>) = redis::pipe()
            .atomic()
            .hget(values(namespace), key)
            .hget(versions(namespace), key)
            .query_async(&mut connection)
            .await
            .map_err(failed)?;
        Ok(value
            .zip(version)
            .map(|(value, version)| Held { value, version }))
    }

    async fn keys(
        &self,
        pass: &Pass,
        namespace: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, KvError> {
        let mut connection = self.open(std::slice::from_ref(pass)).await?;
        let from = match after {
            Some(after) if after >= prefix => format!("({after}"),
            _ => format!("[{prefix}"),
        };
        // No text has the byte 255 in it.
        let to = [b"(", prefix.as_bytes(), &[0xff]].concat();
        redis::cmd("ZRANGEBYLEX")
            .arg(names(namespace))
            .arg(from)
            .arg(to)
            .arg("LIMIT")
            .arg(0)
            .arg(limit)
            .query_async(&mut connection)
            .await
            .map_err(failed)
    }

    async fn apply(
        &self,
        passes: &[Pass],
        namespace: &str,
        changes: Vec<Change>,
        room: Room,
    ) -> Result<(), KvError> {
        let mut connection = self.open(passes).await?;
        let mut call = self.apply.prepare_invoke();
        for what in ["values", "versions", "names", "counts"] {
            call.key(named(namespace, what));
        }
        call.arg(room.keys).arg(room.bytes);
        for change in changes {
            call.arg(change.key);
            match change.expected {
                Expected::Anything => call.arg("*"),
                Expected::Nothing => call.arg("-"),
                Expected::Version(version) => call.arg(version),
            };
            match change.to {
                Some(value) => call.arg("=").arg(value),
                None => call.arg("-").arg(""),
            };
        }
        let made: i64 = call.invoke_async(&mut connection).await.map_err(unsure)?;
        match made {
            0 => Ok(()),
            1 => Err(KvError::Changed),
            2 => Err(KvError::Full),
            other => Err(KvError::Failed(format!("the server answered {other}"))),
        }
    }
}

fn failed(error: RedisError) -> KvError {
    KvError::Failed(error.to_string())
}

/// Of a change: what was sent and not answered may have happened all the same.
fn unsure(error: RedisError) -> KvError {
    if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
        KvError::Unknown(error.to_string())
    } else {
        failed(error)
    }
}

#[cfg(test)]
mod tests;
