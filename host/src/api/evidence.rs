//! What a runtime gets to see of what a host does: events as they happen, and proofs to keep.

#[cfg(feature = "serve")]
use std::sync::{Mutex, PoisonError};
#[cfg(feature = "serve")]
use std::time::{Duration, Instant};

use super::host::Host;
use crate::gate::events::Events;
use crate::store::audit::checkpoint::Checkpoint;
#[cfg(feature = "serve")]
use crate::store::audit::log::Trouble;
use crate::store::error::StoreError;

/// How long after it was told the operator is told of the same again.
#[cfg(feature = "serve")]
const TOLD_AGAIN: Duration = Duration::from_secs(60);

impl Host {
    /// The newest checkpoint of the record: keep it elsewhere, and nobody can change what it covers
    /// without being found out. It may be some records behind; see [`Self::checkpoint`].
    pub fn latest_checkpoint(&self) -> Option<Checkpoint> {
        self.inner.log.latest_checkpoint()
    }

    /// Makes a checkpoint that covers every record so far; none where there is no record at all.
    ///
    /// # Errors
    /// If it cannot be stored, or not in its second place.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.inner.log.seal().await
    }

    /// The key that checkpoints of this record are checked with. Keep it elsewhere too, at the start.
    pub fn checkpoint_key(&self) -> &str {
        self.inner.log.verifier_key()
    }

    /// All that happens on this host from now on, and on those that [`Self::reload`] gives. Calls never
    /// wait for whoever listens: events that are not taken in time are dropped, and counted.
    pub fn events(&self) -> Events {
        self.inner.gate.events()
    }

    /// Has `operator` told when the record cannot be written: what is wrong, and what to do. Once, and
    /// again each minute that it goes on. Unlike [`Self::events`] this costs calls nothing. There is one
    /// operator, the first.
    #[cfg(feature = "serve")]
    pub(crate) fn tell_operator(&self, operator: impl Fn(&str, &str) + Send + Sync + 'static) {
        let told: Mutex<Option<(StoreError, Instant)>> = Mutex::new(None);
        self.inner.log.on_trouble_for_operator(move |trouble| {
            let error = match trouble {
                Trouble::Lost { error, .. }
                | Trouble::Behind { error, .. }
                | Trouble::Checkpoint(error)
                | Trouble::Archive(error) => error,
                Trouble::Archived { .. } => return,
            };
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            let is_known = |(before, at): &(StoreError, Instant)| {
                *before == error && at.elapsed() < TOLD_AGAIN
            };
            if !told.as_ref().is_some_and(is_known) {
                operator(&error.to_string(), error.hint());
                *told = Some((error, Instant::now()));
            }
        });
    }
}
