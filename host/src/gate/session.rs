//! One agent's conversation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::apart;
use crate::base::id::SessionId;
use crate::base::label::Label;
use crate::base::principal::Principal;
use crate::store::error::StoreError;
use crate::store::sessions::{Mark, Sessions, Wanted};

/// One agent's conversation: who it is for, and what it has seen so far.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    principal: Principal,
    store: Sessions,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    label: Label,
    /// How much of it is known to be in the store.
    stored: Label,
    /// When that was: nothing was changed in the store as long as its mark is this one.
    as_of: Option<Mark>,
}

impl Session {
    /// The conversation `id` on behalf of `principal`, whose label is kept in `store`.
    pub fn new(id: SessionId, principal: Principal, store: Sessions) -> Self {
        Self {
            id,
            principal,
            store,
            seen: Mutex::default(),
        }
    }

    /// Its identifier.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// On whose behalf it is held.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The label of all that its calls have seen, in this process and in others, just now.
    ///
    /// # Errors
    /// If it can't be read. It must not be taken for clean then.
    pub fn label(&self) -> Result<Label, StoreError> {
        // A read waits for no writer, so it is done here and now.
        let mark = self.store.mark()?;
        {
            let seen = self.seen();
            if seen.as_of == Some(mark) {
                return Ok(seen.label.clone());
            }
        }
        let stored = self.store.label(&self.id, &self.principal)?;
        let mut seen = self.seen();
        seen.label.join(&stored);
        seen.stored = stored;
        seen.as_of = Some(mark);
        Ok(seen.label.clone())
    }

    /// Joins what one call has seen. A session's label never falls. It has to be kept before anything
    /// that depends on it may leave, see [`Self::keep`].
    pub(super) fn raise(&self, label: &Label) {
        self.seen().label.join(label);
    }

    /// Makes durable what the session has seen, unless it is.
    ///
    /// # Errors
    /// If it can't be stored.
    pub(super) async fn keep(&self) -> Result<(), StoreError> {
        let label = {
            let seen = self.seen();
            if seen.label == seen.stored {
                return Ok(());
            }
            seen.label.clone()
        };
        let (store, id, principal) = self.key();
        let stored = apart(move || store.raise(&id, &principal, &label)).await?;
        let mut seen = self.seen();
        seen.label.join(&stored);
        seen.stored = stored;
        Ok(())
    }

    /// Takes some of what the conversation may use up of `budget`: how much, or none where there is not as
    /// much left.
    ///
    /// # Errors
    /// If that can't be stored. Nothing must be used up then.
    pub(super) fn take(&self, budget: &str, wanted: Wanted) -> Result<Option<u64>, StoreError> {
        self.store.take(&self.id, &self.principal, budget, wanted)
    }

    /// Gives back what was taken of budgets and not used. Where that fails, it counts as used.
    pub(super) async fn give_back(&self, unused: Vec<(String, u64)>) {
        if unused.is_empty() {
            return;
        }
        let (store, id, principal) = self.key();
        drop(apart(move || store.give_back(&id, &principal, &unused)).await);
    }

    /// Whether all that it has seen is known to be in the store.
    pub(super) fn is_kept(&self) -> bool {
        let seen = self.seen();
        seen.label == seen.stored
    }

    fn key(&self) -> (Sessions, SessionId, Principal) {
        (self.store.clone(), self.id.clone(), self.principal.clone())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
