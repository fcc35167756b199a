//! One run of one tool, as the gate sees it: decide, ask, record, act, record.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::approver::{Answer, Question};
use super::door::Gate;
use super::pass::Pass;
use super::refusal::{Refusal, Refused};
use super::session::Session;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::{CallId, Name, ToolName};
use crate::base::label::Label;
use crate::rules::access::Access;
use crate::rules::scope::Scope;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{Judgement, Reason, ReasonCode, Verdict};
use crate::store::audit::log::{Durability, Ticket};
use crate::store::audit::record::{Kind, Outcome, Record, Status};

/// What identifies a call, fixed before it starts.
#[derive(Clone, Debug)]
pub struct Identity {
    /// This run.
    pub call: CallId,
    /// The plugin.
    pub plugin: Name,
    /// The digest of its component file.
    pub plugin_digest: Digest,
    /// The tool.
    pub tool: ToolName,
    /// The digest of the call's arguments.
    pub arguments: Digest,
    /// The runtime's own name for the call, where it gave one.
    pub runtime_call: Option<String>,
    /// The W3C trace parent, where the runtime gave one.
    pub trace_parent: Option<String>,
}

/// How long an access takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// It is over as soon as it is done. Unless it changes the world, one entry tells it all.
    Moment,
    /// It stays open, as a file does: one entry when it begins, one when it ends.
    Held,
}

/// One run of one tool, as the gate sees it.
pub struct Call {
    gate: Arc<Gate>,
    session: Arc<Session>,
    identity: Identity,
    scope: Scope,
    began: Instant,
    lost_before: u64,
    max_accesses: u64,
    label_before: Label,
    ended: AtomicBool,
    state: Mutex<State>,
    /// Rises with the label, so that an open file can tell cheaply whether anything changed.
    epoch: AtomicU64,
}

struct State {
    label: Label,
    next_step: u32,
    refusals: Vec<Refusal>,
    refused: u64,
    asking_since: Option<Instant>,
    waited: Duration,
    /// Entries that the log had no room for when they were made.
    backlog: VecDeque<Box<Record>>,
}

/// How many refusals of one call are kept for its result; all of them are on record.
const KEPT_REFUSALS: usize = 32;

impl Call {
    /// Judges the tool call itself and puts it on record.
    ///
    /// # Errors
    /// The refusal, which is on record, where the tool may not be called.
    pub async fn begin(
        gate: Arc<Gate>,
        session: Arc<Session>,
        identity: Identity,
        scope: Scope,
        max_accesses: u64,
    ) -> Result<Arc<Self>, Refusal> {
        let label = session.label();
        let lost_before = gate.log.lost();
        let call = Arc::new(Self {
            gate,
            lost_before,
            max_accesses,
            label_before: label.clone(),
            ended: AtomicBool::new(false),
            session,
            identity,
            scope,
            began: Instant::now(),
            state: Mutex::new(State {
                label,
                next_step: 1,
                refusals: Vec::new(),
                refused: 0,
                asking_since: None,
                waited: Duration::ZERO,
                backlog: VecDeque::new(),
            }),
            epoch: AtomicU64::new(0),
        });
        let judgement = call.scope.decide_call();
        let label = call.label();
        match judgement.verdict() {
            Verdict::Allow => {
                let record = Record {
                    arguments: Some(call.identity.arguments),
                    ..call.record(Kind::Intent, 0, Verdict::Allow, judgement.reasons(), label)
                };
                // Its ticket is not waited for: no effect can happen before a durable entry of its
                // own, which the log writes after this one.
                drop(call.put(record, Durability::Written).await);
                Ok(call)
            }
            verdict => {
                let refusal = Refusal::new(
                    Handle::Tool,
                    Verbs::one(Verb::Call),
                    call.identity.tool.to_string(),
                    &judgement,
                );
                let record = Record {
                    arguments: Some(call.identity.arguments),
                    ..call.record(Kind::Refusal, 0, verdict, judgement.reasons(), label)
                };
                call.ended.store(true, Ordering::Release);
                drop(call.put(record, Durability::Written).await);
                Err(refusal)
            }
        }
    }

    /// What this call may do.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The conversation that the call belongs to.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// This run.
    pub fn id(&self) -> &CallId {
        &self.identity.call
    }

    /// The label of all that the call has seen so far.
    pub fn label(&self) -> Label {
        self.state().label.clone()
    }

    /// What was refused so far, the first ones in full.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.state().refusals.clone()
    }

    /// Decides on `access`; asks a person where the rules say so; puts it on record, durably if it
    /// changes the world; and only then gives out the proof that it may happen.
    ///
    /// # Errors
    /// [`Refused`], which is on record, when it was denied, when nobody approved it, or when the
    /// record of an effect could not be written.
    pub async fn judge(self: &Arc<Self>, access: Access, span: Span) -> Result<Pass, Refused> {
        self.drain().await;
        if self.over_limit(&access) {
            return Err(Refused);
        }
        let mut judgement = self.scope.decide(&access);
        let mut approval = None;
        if judgement.verdict() == Verdict::Ask {
            let answer = self.ask(&self.question(&access, &judgement)).await;
            let reason = answered(answer);
            if answer == Answer::Approve {
                approval = Some("approver".to_owned());
                judgement = lifted(judgement, reason);
            } else {
                judgement = judgement.and(reason);
            }
        }
        if judgement.verdict() != Verdict::Allow {
            self.refuse(&access, &judgement);
            return Err(Refused);
        }

        let (step, label_before, epoch) = self.admit(&access);
        let mut pass = Pass::mint(Arc::clone(self), access, step, epoch);
        pass.approval = approval;
        pass.label_before = label_before;
        pass.reasons = judgement.reasons().to_vec();
        let effect = pass.access().verbs.has_effect();
        if effect || span == Span::Held {
            let record = Record {
                approval: pass.approval.clone(),
                ..self.access_record(Kind::Intent, &pass)
            };
            let durability = if effect {
                Durability::Durable
            } else {
                Durability::Written
            };
            let ticket = self.put(record, durability).await;
            pass.announced = true;
            if effect && ticket.await.is_err() {
                pass.settle(Status::Refused, Some("record-failed"));
                self.note_refusal(pass.access(), &Judgement::new(vec![record_failed()]));
                return Err(Refused);
            }
        }
        Ok(pass)
    }

    /// Asks, and keeps count of the time it takes: the call's own clock stands still meanwhile.
    async fn ask(&self, question: &Question) -> Answer {
        let asked = Instant::now();
        self.state().asking_since = Some(asked);
        let patience = self.gate.patience;
        let answer = tokio::time::timeout(patience, self.gate.approver.ask(question)).await;
        let mut state = self.state();
        state.asking_since = None;
        state.waited += asked.elapsed();
        answer.unwrap_or(Answer::Nobody)
    }

    /// How long this call has waited for people so far.
    pub fn waited(&self) -> Duration {
        let state = self.state();
        state.waited
            + state
                .asking_since
                .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Judges an access anew that is under way, without asking anybody.
    /// An approval does not count again: it was given for the label that the call had then.
    pub(super) fn judge_again(&self, access: &Access) -> Result<(), Refused> {
        let judgement = self.scope.decide(access);
        match judgement.verdict() {
            Verdict::Allow => Ok(()),
            Verdict::Ask => {
                self.refuse(access, &judgement.and(answered(Answer::Nobody)));
                Err(Refused)
            }
            Verdict::Deny => {
                self.refuse(access, &judgement);
                Err(Refused)
            }
        }
    }

    /// Judges one part of a larger access, without asking anybody and without an entry of its own
    /// where it is allowed.
    ///
    /// # Errors
    /// [`Refused`], which is on record, for what is denied or would ask.
    pub fn judge_silently(&self, access: &Access) -> Result<(), Refused> {
        self.judge_again(access)
    }

    /// Refuses an access that no grant could allow, and puts that on record.
    fn refuse_always(&self, access: &Access, code: ReasonCode, text: &str) -> Refused {
        let reason = Reason {
            verdict: Verdict::Deny,
            code,
            text: text.to_owned(),
            remedy: None,
        };
        self.refuse(access, &Judgement::new(vec![reason]));
        Refused
    }

    /// Refuses to move a folder because something in it belongs to Toolkeep itself.
    pub fn refuse_subtree(&self, access: &Access) -> Refused {
        let text = "something in this folder belongs to Toolkeep itself";
        self.refuse_always(access, ReasonCode::Unreachable, text)
    }

    /// Refuses to make a link: a second way to a file is a second path to be judged by.
    pub fn refuse_link(&self, access: &Access) -> Refused {
        let text = "links cannot be made through a grant";
        self.refuse_always(access, ReasonCode::NotGranted, text)
    }

    /// Refuses all use of an optional need that was not granted: what the guest has is a stand-in.
    pub fn refuse_ungranted(&self, handle: Handle) -> Refused {
        for access in self.scope.ungranted(handle) {
            self.refuse(&access, &self.scope.decide(&access));
        }
        Refused
    }

    /// A number that rises whenever the call's label does.
    pub(super) fn label_epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Numbers the access and raises the label by what it will see.
    fn admit(&self, access: &Access) -> (u32, Label, u64) {
        let mut state = self.state();
        let step = state.next_step;
        state.next_step = step.saturating_add(1);
        let before = state.label.clone();
        if let Some(seen) = self.scope.label_seen_by(access) {
            state.label.join(&seen);
            if state.label != before {
                self.epoch.fetch_add(1, Ordering::AcqRel);
            }
        }
        (step, before, self.epoch.load(Ordering::Acquire))
    }

    fn refuse(&self, access: &Access, judgement: &Judgement) {
        let step = {
            let mut state = self.state();
            let step = state.next_step;
            state.next_step = step.saturating_add(1);
            step
        };
        self.note_refusal(access, judgement);
        let record = Record {
            handle: access.handle,
            need: Some(access.need.clone()),
            verbs: access.verbs,
            object: access.object.to_string(),
            ..self.record(
                Kind::Refusal,
                step,
                judgement.verdict(),
                judgement.reasons(),
                self.label(),
            )
        };
        self.put_now(record);
    }

    fn note_refusal(&self, access: &Access, judgement: &Judgement) {
        let refusal = Refusal::new(
            access.handle,
            access.verbs,
            access.object.to_string(),
            judgement,
        );
        let mut state = self.state();
        state.refused += 1;
        if state.refusals.len() < KEPT_REFUSALS {
            state.refusals.push(refusal);
        }
    }

    fn question(&self, access: &Access, judgement: &Judgement) -> Question {
        Question {
            principal: self.session.principal().clone(),
            session: self.session.id().clone(),
            call: self.identity.call.clone(),
            plugin: self.identity.plugin.clone(),
            tool: self.identity.tool.clone(),
            access: access.clone(),
            reasons: judgement.deciding().cloned().collect(),
        }
    }

    /// Puts on record what came of an access. Called once for each pass, when it goes away.
    pub(super) fn record_outcome(&self, pass: &Pass, outcome: Outcome) {
        let kind = if pass.announced {
            Kind::Outcome
        } else {
            Kind::Access
        };
        let record = Record {
            approval: pass.approval.clone(),
            label_after: Some(self.label()),
            outcome: Some(outcome),
            ..self.access_record(kind, pass)
        };
        self.put_now(record);
    }

    /// Puts on record how the call itself ended, and makes sure that every entry of it is written.
    /// Returns false if the log could not be written.
    pub(super) async fn end(&self, mut outcome: Outcome) -> bool {
        self.ended.store(true, Ordering::Release);
        outcome.duration_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.session.raise(&self.label());
        let record = self.ending(outcome);
        let written = self.put(record, Durability::Written).await.await.is_ok();
        // Entries of this call may be among the lost ones: then nobody can know what it did.
        written && self.gate.log.lost() == self.lost_before
    }

    fn ending(&self, outcome: Outcome) -> Record {
        Record {
            arguments: Some(self.identity.arguments),
            label_after: Some(self.label()),
            outcome: Some(outcome),
            ..self.record(
                Kind::Outcome,
                0,
                Verdict::Allow,
                &[],
                self.label_before.clone(),
            )
        }
    }

    /// Gives a record to the log, after those that could not be given at once.
    async fn put(&self, record: Record, durability: Durability) -> Ticket {
        self.drain().await;
        self.gate.log.append(record, durability).await
    }

    async fn drain(&self) {
        loop {
            let Some(waiting) = self.state().backlog.pop_front() else {
                break;
            };
            drop(self.gate.log.append(*waiting, Durability::Written).await);
        }
    }

    /// Whether the call has used up its accesses. The first one beyond is put on record, the others
    /// are refused in silence: a guest must not be able to fill the log.
    fn over_limit(&self, access: &Access) -> bool {
        let used = u64::from(self.state().next_step);
        if used == self.max_accesses.saturating_add(1) {
            let text = "the call has used up its `host_calls`";
            self.refuse_always(access, ReasonCode::Limit, text);
        }
        used > self.max_accesses
    }

    /// As [`Self::put`], where nothing may wait. The backlog is bounded by what a guest can have
    /// open, since its next access waits until the backlog is gone.
    fn put_now(&self, record: Record) {
        let mut state = self.state();
        let record = Box::new(record);
        if !state.backlog.is_empty() {
            state.backlog.push_back(record);
        } else if let Err(record) = self.gate.log.try_append(record, Durability::Written) {
            state.backlog.push_back(record);
        }
    }

    fn access_record(&self, kind: Kind, pass: &Pass) -> Record {
        let access = pass.access();
        Record {
            handle: access.handle,
            need: Some(access.need.clone()),
            verbs: access.verbs,
            object: access.object.to_string(),
            ..self.record(
                kind,
                pass.step,
                Verdict::Allow,
                &pass.reasons,
                pass.label_before.clone(),
            )
        }
    }

    /// An entry about the tool call itself, to be completed for others.
    fn record(
        &self,
        kind: Kind,
        step: u32,
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
            step,
            runtime_call: self.identity.runtime_call.clone(),
            trace_parent: self.identity.trace_parent.clone(),
            plugin: self.identity.plugin.clone(),
            plugin_digest: self.identity.plugin_digest,
            tool: self.identity.tool.to_string(),
            handle: Handle::Tool,
            need: None,
            verbs: Verbs::one(Verb::Call),
            object: self.identity.tool.to_string(),
            arguments: None,
            verdict,
            reasons: reasons.to_vec(),
            approval: None,
            rules: self.gate.rules,
            label_before,
            label_after: None,
            outcome: None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call {
    /// A call that nobody ended was abandoned by the runtime, and the record says so.
    fn drop(&mut self) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        let outcome = Outcome {
            status: Status::Abandoned,
            error: None,
            bytes_read: None,
            bytes_written: None,
            digest: None,
            duration_us: u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let record = self.ending(outcome);
        self.put_now(record);
    }
}

/// The reason that an answer adds. A no denies; a silence stays an ask, which a person can still lift
/// another time, and which is refused as long as nobody does.
fn answered(answer: Answer) -> Reason {
    let (verdict, code, text) = match answer {
        Answer::Approve => (Verdict::Allow, ReasonCode::Approved, "a person approved it"),
        Answer::Decline => (Verdict::Deny, ReasonCode::Declined, "a person declined it"),
        Answer::Nobody => (
            Verdict::Ask,
            ReasonCode::Unanswered,
            "it has to be asked and nobody answered",
        ),
    };
    Reason {
        verdict,
        code,
        text: text.to_owned(),
        remedy: None,
    }
}

/// `judgement` with its asks lifted by `approved`. Denies stay: nobody can lift one.
fn lifted(judgement: Judgement, approved: Reason) -> Judgement {
    let reasons = judgement
        .reasons()
        .iter()
        .filter(|reason| reason.verdict != Verdict::Ask);
    Judgement::new(reasons.cloned().chain([approved]).collect())
}

fn record_failed() -> Reason {
    Reason {
        verdict: Verdict::Deny,
        code: ReasonCode::RecordFailed,
        text: "its record could not be written, so it may not happen".to_owned(),
        remedy: None,
    }
}

#[cfg(test)]
mod tests;
