//! The host in use. An operator's file that gives less replaces it; what the one before it asked is over
//! then, whenever it asks and whenever an answer comes.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::{oneshot, watch};

use crate::api::host::Host;
use crate::gate::approver::Answer;

/// The host in use.
pub(super) struct InUse {
    host: RwLock<Host>,
    /// Counts how often it was replaced.
    version: watch::Sender<u64>,
}

impl InUse {
    pub(super) fn new(host: Host) -> Self {
        Self {
            host: RwLock::new(host),
            version: watch::Sender::new(0),
        }
    }

    /// The host in use.
    pub(super) fn get(&self) -> Host {
        self.read().clone()
    }

    /// How often it was replaced.
    pub(super) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Tells of each time that it is replaced from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Uses another host from now on. Calls under way stay with the old one, but ask nobody any more.
    pub(super) fn replace(&self, host: Host) {
        *self.host.write().unwrap_or_else(PoisonError::into_inner) = host;
        self.version.send_modify(|version| *version += 1);
    }

    /// Keeps `host` in use for as long as what this gives is there; none where another host is.
    pub(super) fn hold(&self, host: &Host) -> Option<RwLockReadGuard<'_, Host>> {
        let in_use = self.read();
        in_use.is_same(host).then_some(in_use)
    }

    /// Passes on the answer to a question of `host`, if that is in use. Else it is no answer, and this
    /// gives back false.
    pub(super) fn pass_on(
        &self,
        host: &Host,
        answer: oneshot::Sender<Answer>,
        came: Answer,
    ) -> bool {
        let Some(_held) = self.hold(host) else {
            return false;
        };
        // A call that is over by now takes no answer, and only has its end to tell.
        let _ = answer.send(came);
        true
    }

    fn read(&self) -> RwLockReadGuard<'_, Host> {
        self.host.read().unwrap_or_else(PoisonError::into_inner)
    }
}
