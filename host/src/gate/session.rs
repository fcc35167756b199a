//! One agent's conversation.

use std::sync::{Mutex, PoisonError};

use crate::base::id::SessionId;
use crate::base::label::Label;
use crate::base::principal::Principal;

/// One agent's conversation: who it is for, and what it has seen so far.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    principal: Principal,
    label: Mutex<Label>,
}

impl Session {
    /// A conversation that has seen nothing yet.
    pub fn new(id: SessionId, principal: Principal) -> Self {
        Self {
            id,
            principal,
            label: Mutex::new(Label::clean()),
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

    /// The label of all that its calls have given back.
    pub fn label(&self) -> Label {
        self.label
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Joins what one call has seen. A session's label never falls.
    pub(super) fn raise(&self, seen: &Label) {
        self.label
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .join(seen);
    }
}
