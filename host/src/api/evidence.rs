//! What a runtime gets to see of what a host does: events as they happen, and proofs to keep.

use super::host::Host;
use crate::gate::events::Events;
use crate::store::audit::checkpoint::Checkpoint;
use crate::store::error::StoreError;

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
}
