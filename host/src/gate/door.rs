//! What all calls of one host share at the gate: the log, and whom to ask.

use std::sync::Arc;
use std::time::Duration;

use super::approver::Approver;
use super::event::EventKind;
use super::events::{Emitter, Events};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::store::audit::log::AuditLog;

/// What all calls of one host share at the gate.
pub struct Gate {
    pub(super) events: Emitter,
    pub(super) log: Arc<AuditLog>,
    pub(super) approver: Arc<dyn Approver>,
    pub(super) rules: Digest,
    pub(super) patience: Duration,
}

impl Gate {
    /// A gate that judges by the rules of digest `rules`, asks `approver` and gives up after
    /// `patience`, and records to `log`.
    pub fn new(
        log: Arc<AuditLog>,
        approver: Arc<dyn Approver>,
        rules: Digest,
        patience: Duration,
    ) -> Self {
        Self {
            events: Emitter::of(&log),
            log,
            approver,
            rules,
            patience,
        }
    }

    /// The same, judging by other rules.
    pub fn with_rules(&self, rules: Digest) -> Self {
        Self {
            events: self.events.clone(),
            log: Arc::clone(&self.log),
            approver: Arc::clone(&self.approver),
            rules,
            patience: self.patience,
        }
    }

    /// The same, asking another approver.
    pub fn with_approver(&self, approver: Arc<dyn Approver>) -> Self {
        Self {
            approver,
            ..self.with_rules(self.rules)
        }
    }

    /// All that happens from now on, at this gate and at those that were made from it.
    pub fn events(&self) -> Events {
        self.events.listen()
    }

    /// Tells that calls are judged by these rules now.
    pub fn tell_reloaded(&self) {
        let rules = self.rules;
        self.events.tell(Timestamp::now(), None, || {
            vec![EventKind::Reloaded { rules }]
        });
    }
}
