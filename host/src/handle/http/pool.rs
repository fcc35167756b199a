//! Connections that are open, to be used again by the same principal's tenant for the same place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use hyper::client::conn::{http1, http2};

use super::destination::{Host, Scheme};
use super::upload::Upload;
use crate::base::id::{Identity, Name};

/// How long a connection is kept that nobody uses. Shorter than servers do, so that few are found closed.
const KEEP: Duration = Duration::from_secs(20);
/// Connections that are kept for one place.
const MOST_OF_A_PLACE: usize = 16;
/// Connections that are kept at all.
const MOST: usize = 128;

/// What two requests must have in common to use the same connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) roots: Option<PathBuf>,
    /// The data place: another one may trust others, or name other networks.
    pub(super) data: Name,
    pub(super) tenant: Identity,
    /// How many headers may come on it, and how many bytes of them.
    pub(super) headers: (usize, usize),
}

/// What sends requests on one connection.
pub(super) enum Sender {
    One(http1::SendRequest<Upload>),
    Two(http2::SendRequest<Upload>),
}

impl Sender {
    fn is_open(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_ready(),
            Self::Two(sender) => !sender.is_closed(),
        }
    }
}

/// An open connection.
pub(super) struct Open {
    pub(super) sender: Sender,
    /// The address at its other end.
    pub(super) peer: IpAddr,
}

struct Kept {
    open: Open,
    since: Instant,
}

/// Connections that are open.
#[derive(Default)]
pub(super) struct Pool(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    kept: HashMap<Key, Vec<Kept>>,
    swept: bool,
}

impl Pool {
    /// An open connection to a peer that `may` be talked to now.
    pub(super) fn take(&self, key: &Key, may: impl Fn(IpAddr) -> bool) -> Option<Open> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = shelf.kept.get_mut(key)?;
        kept.retain(|kept| kept.is_good());
        let at = kept.iter().rposition(|kept| may(kept.open.peer))?;
        if let Some(shared) = kept.get_mut(at)
            && let Sender::Two(sender) = &shared.open.sender
        {
            shared.since = Instant::now();
            return Some(Open {
                sender: Sender::Two(sender.clone()),
                peer: shared.open.peer,
            });
        }
        Some(kept.remove(at).open)
    }

    /// Keeps none of the connections for `key` any longer. Those that are in use go on until they are not.
    pub(super) fn forget(&self, key: &Key) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.kept.remove(key);
    }

    /// Keeps a connection that is free, or can be shared.
    pub(super) fn put(self: &Arc<Self>, key: Key, open: Open) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = shelf.kept.values().map(Vec::len).sum();
        if all >= MOST {
            shelf.sweep();
        }
        let kept = shelf.kept.entry(key).or_default();
        if kept.len() >= MOST_OF_A_PLACE || all >= MOST {
            return;
        }
        let since = Instant::now();
        kept.push(Kept { open, since });
        if !shelf.swept {
            shelf.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }
}

impl Kept {
    fn is_good(&self) -> bool {
        self.open.sender.is_open() && self.since.elapsed() < KEEP
    }
}

impl Shelf {
    fn sweep(&mut self) {
        self.kept.retain(|_, kept| {
            kept.retain(Kept::is_good);
            !kept.is_empty()
        });
    }
}

/// Closes what nobody uses, until there is nothing left.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(KEEP / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut shelf = pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.sweep();
        if shelf.kept.is_empty() {
            shelf.swept = false;
            return;
        }
    }
}
