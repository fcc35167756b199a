//! What all calls of one host share at the gate: the stores, the rules' settings, and whom to ask.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::approver::Approver;
use super::event::EventKind;
use super::events::{Emitter, Events};
use super::narrowed::Narrowed;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::rules::config::Config;
use crate::rules::verb::Verbs;
use crate::store::approvals::{Approvals, ApproverKeys};
use crate::store::audit::log::AuditLog;

/// What all calls of one host share at the gate.
pub struct Gate {
    pub(super) events: Emitter,
    pub(super) log: Arc<AuditLog>,
    pub(super) state: PathBuf,
    pub(super) approvals: Approvals,
    pub(super) keys: Arc<ApproverKeys>,
    pub(super) approver: Arc<dyn Approver>,
    pub(super) rules: Digest,
    pub(super) console_only: Verbs,
    pub(super) patience: Duration,
    pub(super) narrowed: Arc<Narrowed>,
}

impl Gate {
    /// A gate that judges by the rules of `config` and records to `log`; where they ask, it looks for
    /// signed answers in `approvals`, asks `approver` and gives up after `patience`. Log and approvals
    /// are those of the state folder `state`.
    pub fn new(
        state: PathBuf,
        log: Arc<AuditLog>,
        approvals: Approvals,
        approver: Arc<dyn Approver>,
        config: &Config,
        patience: Duration,
    ) -> Self {
        let settings = &config.approvals;
        Self {
            keys: Arc::new(ApproverKeys::new(settings, log.verifier_key())),
            events: Emitter::of(&log),
            log,
            state,
            approvals,
            approver,
            rules: config.digest(),
            console_only: settings.console_only,
            patience,
            narrowed: Arc::default(),
        }
    }

    /// The same, judging by other rules, which give nothing that these do not. Calls that run at this gate
    /// are held to them too.
    pub fn with_rules(&self, config: &Arc<Config>) -> Self {
        self.narrowed.to(config);
        let events = self.events.clone();
        Self {
            events,
            narrowed: Arc::clone(&self.narrowed),
            ..Self::new(
                self.state.clone(),
                Arc::clone(&self.log),
                self.approvals.clone(),
                Arc::clone(&self.approver),
                config,
                self.patience,
            )
        }
    }

    /// The same, asking another approver.
    pub fn with_approver(&self, approver: Arc<dyn Approver>) -> Self {
        Self {
            events: self.events.clone(),
            log: Arc::clone(&self.log),
            state: self.state.clone(),
            approvals: self.approvals.clone(),
            keys: Arc::clone(&self.keys),
            approver,
            rules: self.rules,
            console_only: self.console_only,
            patience: self.patience,
            narrowed: Arc::clone(&self.narrowed),
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
