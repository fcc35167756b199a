//! What requests are sent with: one [`Web`] for a host, one [`Client`] for each call.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::connect::{Connector, Line, Proxy, Tcp};
use super::exchange::Lines;
use super::limits::Limits;
use super::pool::Pool;
use super::resolve::{Resolver, System};
use super::tls::Trust;
use crate::handle::secrets::Vault;

/// What a host's requests are sent with.
#[derive(Clone)]
pub struct Settings {
    /// Where the relative names of files with root certificates begin: the operator's file's folder.
    pub folder: PathBuf,
    /// The egress proxy. Never taken from the environment.
    pub proxy: Option<Proxy>,
    /// Where secrets are.
    pub vault: Arc<Vault>,
    /// What tells addresses.
    pub resolver: Arc<dyn Resolver>,
    /// What opens connections.
    pub connector: Arc<dyn Connector>,
}

impl Settings {
    /// As the machine itself connects, without a proxy, and with the secrets of `vault`.
    pub fn new(folder: impl Into<PathBuf>, vault: Arc<Vault>) -> Self {
        Self {
            folder: folder.into(),
            proxy: None,
            vault,
            resolver: Arc::new(System),
            connector: Arc::new(Tcp),
        }
    }
}

/// The TLS library has none of its own ciphers.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be used: {0}")]
pub struct NoTls(String);

/// All that requests of one host have in common: open connections, whom we trust, secrets.
pub struct Web {
    pub(super) lines: Lines,
    pub(super) vault: Arc<Vault>,
    pub(super) folder: PathBuf,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").finish_non_exhaustive()
    }
}

impl Web {
    /// With nothing open yet.
    ///
    /// # Errors
    /// [`NoTls`], which a library that was built rightly never says.
    pub fn new(settings: Settings) -> Result<Arc<Self>, NoTls> {
        let line = Line {
            resolver: settings.resolver,
            connector: settings.connector,
            proxy: settings.proxy,
            trust: Trust::new().map_err(|error| NoTls(error.to_string()))?,
        };
        let pool = Arc::new(Pool::default());
        Ok(Arc::new(Self {
            lines: Lines { line, pool },
            vault: settings.vault,
            folder: settings.folder,
        }))
    }
}

/// What one call's requests are sent with.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) web: Arc<Web>,
    /// One for each request that the call may have under way.
    pub(super) turns: Arc<Semaphore>,
    limits: Limits,
}

impl Client {
    /// For one call, whose requests may use up so much each. Its clones count together.
    pub fn new(web: &Arc<Web>, limits: Limits) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(limits.in_flight)),
            web: Arc::clone(web),
            limits,
        }
    }

    /// What each request may use up.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}
