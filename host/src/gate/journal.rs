//! One call's entries on their way to the log, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::call::Identity;
use super::door::Gate;
use super::event::{EventKind, Origin, told_by};
use super::session::Session;
use crate::base::clock::Timestamp;
use crate::base::label::Label;
use crate::rules::access::Access;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{Judgement, Reason, Verdict};
use crate::store::audit::log::{Durability, Kept, Ticket};
use crate::store::audit::record::{Kind, Record};
use crate::store::error::StoreError;

/// One call's entries on their way to the log, in order.
pub(super) struct Journal {
    gate: Arc<Gate>,
    session: Arc<Session>,
    identity: Identity,
    /// Made when the first listener hears of the call.
    origin: OnceLock<Arc<Origin>>,
    lost_before: u64,
    /// Entries that wait for the next one, or that the log had no room for when they were made where
    /// nothing may wait. Bounded by what a guest can have open: its next access waits until they are
    /// gone.
    backlog: Mutex<VecDeque<Box<Record>>>,
}

impl Journal {
    pub(super) fn new(gate: Arc<Gate>, session: Arc<Session>, identity: Identity) -> Self {
        let lost_before = gate.log.lost();
        Self {
            gate,
            session,
            identity,
            origin: OnceLock::new(),
            lost_before,
            backlog: Mutex::default(),
        }
    }

    /// An entry about the tool call itself.
    pub(super) fn about_call(
        &self,
        kind: Kind,
        verdict: Verdict,
        reasons: &[Reason],
        label_before: Label,
    ) -> Record {
        Record {
            kind,
            time: Timestamp::now(),
            principal: self.session.principal().clone(),
            session: self.session.id().clone(),
            call: self.identity.call.clone(),
            step: 0,
            runtime_call: self.identity.runtime_call.clone(),
            trace_parent: self.identity.trace_parent.clone(),
            plugin: self.identity.plugin.clone(),
            plugin_digest: self.identity.plugin_digest,
            tool: self.identity.tool.to_string(),
            handle: Handle::Tool,
            need: None,
            verbs: Verbs::one(Verb::Call),
            object: self.identity.tool.to_string(),
            arguments: Some(self.identity.arguments),
            verdict,
            reasons: reasons.to_vec(),
            approval: None,
            rules: self.gate.rules,
            label_before,
            label_after: None,
            outcome: None,
        }
    }

    /// An entry about one access of the call.
    pub(super) fn about_access(
        &self,
        kind: Kind,
        step: u32,
        access: &Access,
        judgement: &Judgement,
        label_before: Label,
    ) -> Record {
        Record {
            step,
            handle: access.handle,
            need: Some(access.need.clone()),
            verbs: access.verbs,
            object: access.object.to_string(),
            arguments: None,
            ..self.about_call(kind, judgement.verdict(), judgement.reasons(), label_before)
        }
    }

    /// Gives a record to the log, after those that could not be given at once.
    pub(super) async fn put(&self, record: Record, durability: Durability) -> Ticket {
        self.drain().await;
        let told = self.told_by(&record);
        let time = record.time;
        let ticket = self.gate.log.append(record, durability).await;
        self.tell_at(time, || told);
        ticket
    }

    /// Gives a record to the log that has to outlive this process and is waited for, after all that came
    /// before it.
    pub(super) async fn keep(&self, record: Record) -> Kept {
        let told = self.told_by(&record);
        let time = record.time;
        let before = self.backlog().drain(..).collect();
        let kept = match self.gate.log.try_keep(before, Box::new(record)) {
            Ok(kept) => kept,
            // There is no room. What comes last waits for it behind the others.
            Err((before, last)) => {
                for record in before.into_iter().rev() {
                    self.backlog().push_front(record);
                }
                self.drain().await;
                Kept::Once(self.gate.log.append(*last, Durability::Written).await)
            }
        };
        self.tell_at(time, || told);
        kept
    }

    /// Keeps a record until the next one, so that both are written at once. Nothing may have happened in
    /// the world by it; where the next one takes its time, [`Self::drain`] has to be called.
    pub(super) fn put_later(&self, record: Record) {
        let told = self.told_by(&record);
        let time = record.time;
        self.backlog().push_back(Box::new(record));
        self.tell_at(time, || told);
    }

    /// The entry on the call's begin, if it is still kept back and nothing came after it.
    pub(super) fn take_opening(&self) -> Option<Record> {
        let mut backlog = self.backlog();
        let alone = backlog.len() == 1
            && backlog
                .front()
                .is_some_and(|record| record.step == 0 && record.kind == Kind::Intent);
        alone
            .then(|| backlog.pop_front())
            .flatten()
            .map(|record| *record)
    }

    /// As [`Self::put`], where nothing may wait.
    pub(super) fn put_now(&self, record: Record) {
        let told = self.told_by(&record);
        let time = record.time;
        {
            let mut backlog = self.backlog();
            backlog.push_back(Box::new(record));
            self.give(&mut backlog);
        }
        self.tell_at(time, || told);
    }

    /// Tells those who watch what is not on record, or not yet.
    pub(super) fn tell(&self, kind: impl FnOnce() -> EventKind) {
        self.tell_at(Timestamp::now(), || vec![kind()]);
    }

    fn tell_at(&self, time: Timestamp, kinds: impl FnOnce() -> Vec<EventKind>) {
        if !self.gate.events.is_heard() {
            return;
        }
        let origin = self.origin.get_or_init(|| {
            Arc::new(Origin {
                principal: self.session.principal().clone(),
                session: self.session.id().clone(),
                call: self.identity.call.clone(),
                runtime_call: self.identity.runtime_call.clone(),
                plugin: self.identity.plugin.clone(),
                tool: self.identity.tool.clone(),
            })
        });
        self.gate.events.tell(time, Some(origin), kinds);
    }

    /// What a record tells, if anybody listens.
    fn told_by(&self, record: &Record) -> Vec<EventKind> {
        if self.gate.events.is_heard() {
            told_by(record)
        } else {
            Vec::new()
        }
    }

    /// Waits until the backlog is gone.
    pub(super) async fn drain(&self) {
        loop {
            let left = {
                let mut backlog = self.backlog();
                self.give(&mut backlog);
                backlog.len()
            };
            if left == 0 {
                return;
            }
            // Whatever the queue holds is tried first; then there is room.
            if let Err(StoreError::Closed) = self.gate.log.flush().await {
                return;
            }
        }
    }

    /// Whether every entry that went to the log since the call began was written.
    pub(super) fn is_whole(&self) -> bool {
        self.backlog().is_empty() && !self.lost_any()
    }

    /// Whether the log lost an entry since the call began.
    pub(super) fn lost_any(&self) -> bool {
        self.gate.log.lost() != self.lost_before
    }

    /// Gives as much of the backlog to the log as that has room for.
    fn give(&self, backlog: &mut VecDeque<Box<Record>>) {
        while let Some(record) = backlog.pop_front() {
            if let Err(record) = self.gate.log.try_append(record, Durability::Written) {
                backlog.push_front(record);
                return;
            }
        }
    }

    fn backlog(&self) -> std::sync::MutexGuard<'_, VecDeque<Box<Record>>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    /// What is still waiting when the call goes away is written by a task of its own.
    fn drop(&mut self) {
        let backlog = std::mem::take(&mut *self.backlog());
        if backlog.is_empty() {
            return;
        }
        let gate = Arc::clone(&self.gate);
        let rest = async move {
            for record in backlog {
                drop(gate.log.append(*record, Durability::Written).await);
            }
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(rest);
        }
    }
}
