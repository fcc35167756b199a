//! One run of one tool, as the gate sees it: decide, ask, record, act, record.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use self::budget::Spend;
use self::budget::Spent;
pub use self::identity::{Identity, Span};
use self::refusing::state_failed;
use super::approver::Answer;
use super::asking::{Asked, Asking, Effects, incomplete, lifted};
use super::cancel::CancelToken;
use super::door::Gate;
use super::event::{EventKind, short_said};
use super::journal::Journal;
use super::pass::Pass;
use super::refusal::{Refusal, Refused};
use super::session::Session;
use crate::base::id::CallId;
use crate::base::label::Label;
use crate::base::said::Said;
use crate::rules::access::Access;
use crate::rules::facts::Facts;
use crate::rules::scope::Scope;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{ReasonCode, Verdict};
use crate::store::audit::log::Durability;
use crate::store::audit::record::{Kind, Outcome, Status};

/// How many refusals of one call are kept for its result; all of them are on record.
const KEPT_REFUSALS: usize = 32;

/// One run of one tool, as the gate sees it.
pub struct Call {
    gate: Arc<Gate>,
    session: Arc<Session>,
    identity: Identity,
    scope: Scope,
    journal: Journal,
    began: Instant,
    cancel: CancelToken,
    max_accesses: u64,
    label_before: Label,
    ended: AtomicBool,
    /// Rises with the label, so that an open file can tell cheaply whether anything changed.
    epoch: AtomicU64,
    state: Mutex<State>,
}

struct State {
    label: Label,
    accesses: u64,
    next_step: u32,
    refusals: Vec<Refusal>,
    asking: Asking,
    effects: Effects,
    /// What was used up of each grant.
    spent: Spent,
}

impl Call {
    /// Judges the call of `scope`'s tool with `arguments`, and puts it on record. `cancel` takes it back
    /// while it runs.
    ///
    /// # Errors
    /// The refusal, which is on record, where the tool may not be called.
    pub async fn begin(
        gate: Arc<Gate>,
        session: Arc<Session>,
        identity: Identity,
        arguments: Arc<Value>,
        scope: Scope,
        max_accesses: u64,
        cancel: CancelToken,
    ) -> Result<Arc<Self>, Refusal> {
        // Read anew: another process may have raised it. One that cannot be read is not clean.
        let label = session.label();
        let known = label.is_ok();
        let scope = scope.of_call(Facts {
            principal: session.principal().clone(),
            arguments,
        });
        let label = label.unwrap_or_default();
        let call = Arc::new(Self {
            journal: Journal::new(Arc::clone(&gate), Arc::clone(&session), identity.clone()),
            gate,
            session,
            identity,
            scope,
            began: Instant::now(),
            cancel,
            max_accesses,
            label_before: label.clone(),
            ended: AtomicBool::new(false),
            epoch: AtomicU64::new(0),
            state: Mutex::new(State {
                label,
                accesses: 0,
                next_step: 1,
                refusals: Vec::new(),
                asking: Asking::default(),
                effects: Effects::default(),
                spent: Spent::default(),
            }),
        });
        let judgement = if known {
            call.scope.decide_call()
        } else {
            state_failed()
        };
        let verdict = judgement.verdict();
        let kind = if verdict == Verdict::Allow {
            Kind::Intent
        } else {
            Kind::Refusal
        };
        let label = call.label_before.clone();
        let record = call
            .journal
            .about_call(kind, verdict, judgement.reasons(), label);
        if verdict == Verdict::Allow {
            // No effect can happen before a durable entry of its own, which the log writes after this
            // one.
            call.journal.put_later(record);
            return Ok(call);
        }
        let kept = call.journal.keep(record).await;
        call.ended.store(true, Ordering::Release);
        drop(kept.known().await);
        let verbs = Verbs::one(Verb::Call);
        let tool = call.identity.tool.to_string();
        Err(Refusal::new(Handle::Tool, verbs, tool, &judgement))
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

    /// Takes the call back, and with it every other call that has the same token: from now on
    /// everything is refused, what is under way too.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether the call was taken back.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// What takes the call back.
    pub(crate) fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// The label of all that the call has seen so far.
    pub fn label(&self) -> Label {
        self.state().label.clone()
    }

    /// Tells those who watch the host what the call's tool says.
    pub fn tell_said(&self, said: &Said) {
        self.journal.tell(|| EventKind::Said {
            said: short_said(said),
        });
    }

    /// What was refused so far, the first ones in full.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.state().refusals.clone()
    }

    /// How long this call has waited for people so far.
    pub fn waited(&self) -> Duration {
        self.state().asking.waited()
    }

    /// Decides on `access`; asks a person where the rules say so; puts it on record, durably if it
    /// changes the world; and only then gives out the proof that it may happen.
    ///
    /// # Errors
    /// [`Refused`], which is on record, when it was denied, when nobody approved it, or when the
    /// record of an effect could not be written.
    pub async fn judge(self: &Arc<Self>, access: Access, span: Span) -> Result<Pass, Refused> {
        self.journal.drain().await;
        self.count(&access)?;
        self.afford(&access)?;
        let judged_at = self.epoch();
        let mut judgement = self.decide(&access);
        let unasked = judgement.verdict();
        let (mut approval, mut used) = (None, None);
        if judgement.verdict() == Verdict::Ask && !access.is_complete() {
            return Err(self.refuse(&access, &judgement.and(incomplete())));
        }
        if judgement.verdict() == Verdict::Ask && !self.is_cancelled() {
            let open = OpenAsk::new(self, &access, &judgement);
            let asked = self
                .cancel
                .or_cancelled(self.ask(&access, &judgement))
                .await;
            open.close(asked.as_ref().map_or(Answer::Nobody, Asked::as_answer));
            match asked {
                Some(asked) if asked.reason.verdict == Verdict::Allow => {
                    judgement = lifted(&judgement, asked.reason);
                    (approval, used) = (asked.approval, asked.used);
                }
                Some(asked) if !self.is_cancelled() => {
                    return Err(self.refuse_asked(&access, judgement, asked));
                }
                _ => {}
            }
        }
        // After the answer, which may have taken its time.
        if judged_at != self.epoch() {
            judgement = self.again(&access, judgement, unasked);
        }
        if self.is_cancelled() {
            judgement = judgement.and(cancelled());
        }
        if judgement.verdict() != Verdict::Allow {
            return Err(self.refuse(&access, &judgement));
        }

        let (step, label_before, epoch) = self.admit(&access);
        // Before the guest sees anything: what it says while it runs is heard before the call ends.
        if self.session.keep().await.is_err() {
            return Err(self.refuse(&access, &state_failed()));
        }
        // What an approval was used for is on disk before it happens, as an effect is.
        let durable = self.scope.is_announced(&access) || approval.is_some();
        let announced = durable || span == Span::Held;
        let intent = announced.then(|| {
            let label = label_before.clone();
            let mut intent =
                self.journal
                    .about_access(Kind::Intent, step, &access, &judgement, label);
            intent.approval = approval.clone();
            intent
        });
        let call = Arc::clone(self);
        let pass = Pass::mint(call, access, judgement, approval, step, label_before, epoch);
        if let Some(intent) = intent {
            let durability = if durable {
                Durability::Durable
            } else {
                Durability::Written
            };
            let ticket = self.journal.put(intent, durability).await;
            pass.announce();
            if durable && let Err(why) = self.announced(ticket, used).await {
                let word = match why.code {
                    ReasonCode::Spent => "spent",
                    _ => "record-failed",
                };
                return Err(self.take_back(&pass, word, why));
            }
            // The disk may have taken its time too.
            if self.is_cancelled() {
                return Err(self.take_back(&pass, "cancelled", cancelled()));
            }
            if pass.access().verbs.has_effect() {
                self.state().effects.add(step, pass.access());
            }
        }
        Ok(pass)
    }

    /// Whether a person would have to be asked for `access` as things stand. What is known of it may have to
    /// be completed first. It is no verdict.
    pub fn would_ask(&self, access: &Access) -> bool {
        self.decide(access).verdict() == Verdict::Ask
    }

    /// Waits until the log has all entries that were kept back, or refused where nothing may wait.
    pub async fn catch_up(&self) {
        self.journal.drain().await;
    }

    /// A number that rises whenever the call's label or the rules change.
    pub(super) fn epoch(&self) -> u64 {
        // Both only ever rise, so a change of either changes the sum.
        let label = self.epoch.load(Ordering::Acquire);
        label.saturating_add(self.gate.narrowed.times())
    }

    /// Numbers the access and raises the label by what it will see: the call's, and at once the
    /// session's, since what a call says while it runs is heard before it ends.
    fn admit(&self, access: &Access) -> (u32, Label, u64) {
        let mut state = self.state();
        let step = state.step();
        let before = state.label.clone();
        if let Some(seen) = self.scope.label_seen_by(access) {
            state.label.join(&seen);
            if state.label != before {
                self.epoch.fetch_add(1, Ordering::AcqRel);
                self.session.raise(&state.label);
            }
        }
        (step, before, self.epoch())
    }

    /// Puts on record what came of an access. Called once for each pass, when it goes away.
    pub(super) fn record_outcome(&self, pass: &Pass, outcome: Outcome) {
        let kind = if pass.is_announced() {
            Kind::Outcome
        } else {
            Kind::Access
        };
        let label = pass.label_before.clone();
        let mut record =
            self.journal
                .about_access(kind, pass.step, pass.access(), &pass.judgement, label);
        record.approval = pass.approval.clone();
        record.label_after = Some(self.label());
        if matches!(outcome.status, Status::Failed | Status::Refused) {
            self.state().effects.take_back(pass.step);
        }
        record.outcome = Some(outcome);
        self.journal.put_now(record);
    }

    /// Makes durable what the call has seen, before anything of it leaves. Returns false if that could
    /// not be done.
    pub(super) async fn keep_label(&self) -> bool {
        self.session.keep().await.is_ok()
    }

    /// Puts on record how the call itself ended, and makes sure that every entry of it is written.
    /// Returns false if the log could not be written.
    pub(super) async fn end(&self, mut outcome: Outcome) -> bool {
        outcome.duration_us = micros(self.began.elapsed());
        self.give_back().await;
        let record = self.ending(outcome);
        let kept = self.journal.keep(record).await;
        self.ended.store(true, Ordering::Release);
        let written = kept.known().await.is_ok();
        // Entries of this call may be among the lost ones: then nobody can know what it did.
        written && self.journal.is_whole()
    }

    /// The entry on the call's end. Where nothing happened in between, it is the only one of the call.
    fn ending(&self, outcome: Outcome) -> crate::store::audit::Record {
        let mut record = match self.journal.take_opening() {
            Some(opening) => crate::store::audit::Record {
                kind: Kind::Access,
                ..opening
            },
            None => {
                let label = self.label_before.clone();
                self.journal
                    .about_call(Kind::Outcome, Verdict::Allow, &[], label)
            }
        };
        record.label_after = Some(self.label());
        record.outcome = Some(outcome);
        record
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn step(&mut self) -> u32 {
        let step = self.next_step;
        self.next_step = step.saturating_add(1);
        step
    }
}

impl Drop for Call {
    /// A call that nobody ended was abandoned by the runtime, and the record says so.
    fn drop(&mut self) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        let outcome = Outcome::new(Status::Abandoned, micros(self.began.elapsed()));
        self.journal.put_now(self.ending(outcome));
    }
}

/// Whole microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

mod ask;
#[cfg(test)]
mod ask_tests;
mod budget;
mod identity;
mod narrowed;
mod refusing;
use refusing::{OpenAsk, cancelled};
#[cfg(test)]
mod tests;
