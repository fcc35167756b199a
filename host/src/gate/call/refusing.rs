//! Every way to a no: counted, so that a guest cannot fill the log with them, and on record.

use super::{Call, KEPT_REFUSALS};
use crate::base::id::ApprovalId;
use crate::gate::approver::Answer;
use crate::gate::asking::{Asked, unasked};
use crate::gate::event::{EventKind, Judged};
use crate::gate::pass::Pass;
use crate::gate::refusal::{Refusal, Refused};
use crate::rules::access::Access;
use crate::rules::verb::Handle;
use crate::rules::verdict::{Judgement, Reason, ReasonCode, Verdict};
use crate::store::audit::record::{Kind, Status};

impl Call {
    /// Judges an access anew that is under way, or one part of a larger one, without asking anybody and
    /// without an entry where it is allowed. An approval does not count again: it was given for the
    /// label that the call had then.
    ///
    /// # Errors
    /// [`Refused`], which is on record, for what is denied or would ask.
    pub fn judge_silently(&self, access: &Access) -> Result<(), Refused> {
        let mut judgement = self.decide(access);
        if self.is_cancelled() {
            judgement = judgement.and(cancelled());
        }
        let judgement = match judgement.verdict() {
            Verdict::Allow => return Ok(()),
            Verdict::Ask => judgement.and(unasked()),
            Verdict::Deny => judgement,
        };
        self.count(access)?;
        Err(self.refuse(access, &judgement))
    }

    /// Refuses, for a reason that no grant could lift, what the handle found out by itself.
    pub fn refuse_always(&self, access: &Access, code: ReasonCode, text: &str) -> Refused {
        if self.count(access).is_err() {
            return Refused;
        }
        self.refuse(access, &Judgement::new(vec![always(code, text)]))
    }

    /// Refuses all use of an optional need that was not granted: what the guest has is a stand-in.
    pub fn refuse_ungranted(&self, handle: Handle) -> Refused {
        for access in self.scope.ungranted(handle) {
            if self.count(&access).is_ok() {
                self.refuse(&access, &self.scope.decide(&access, &self.label()));
            }
        }
        Refused
    }

    /// Counts an access against the call's limit. The first one beyond it is put on record, the others
    /// are refused in silence: a guest must not be able to fill the log.
    ///
    /// # Errors
    /// [`Refused`] beyond the limit.
    pub fn count(&self, access: &Access) -> Result<(), Refused> {
        let accesses = {
            let mut state = self.state();
            state.accesses = state.accesses.saturating_add(1);
            state.accesses
        };
        if accesses <= self.max_accesses {
            return Ok(());
        }
        if accesses == self.max_accesses.saturating_add(1) {
            let reason = always(ReasonCode::Limit, "the call has used up its `accesses`");
            self.refuse(access, &Judgement::new(vec![reason]));
        }
        Err(Refused)
    }

    /// Takes an announced pass back before it was used.
    pub(super) fn take_back(&self, pass: &Pass, word: &'static str, reason: Reason) -> Refused {
        pass.settle(Status::Refused, Some(word));
        self.note(pass.access(), &Judgement::new(vec![reason]), None);
        Refused
    }

    pub(super) fn refuse(&self, access: &Access, judgement: &Judgement) -> Refused {
        self.note(access, judgement, None);
        self.record_refusal(access, judgement, None);
        Refused
    }

    /// Refuses what had to be asked and was not approved.
    pub(super) fn refuse_asked(
        &self,
        access: &Access,
        judgement: Judgement,
        asked: Asked,
    ) -> Refused {
        let judgement = judgement.and(asked.reason);
        self.note(access, &judgement, asked.waiting);
        self.record_refusal(access, &judgement, asked.approval);
        Refused
    }

    fn record_refusal(&self, access: &Access, judgement: &Judgement, approval: Option<String>) {
        let (step, label) = {
            let mut state = self.state();
            (state.step(), state.label.clone())
        };
        let mut record = self
            .journal
            .about_access(Kind::Refusal, step, access, judgement, label);
        record.approval = approval;
        self.journal.put_now(record);
    }

    pub(super) fn note(&self, access: &Access, judgement: &Judgement, waiting: Option<ApprovalId>) {
        let object = access.object.to_string();
        let mut refusal = Refusal::new(access.handle, access.verbs, object, judgement);
        refusal.approval = waiting;
        let mut state = self.state();
        if state.refusals.len() < KEPT_REFUSALS {
            state.refusals.push(refusal);
        }
    }
}

/// A question that nobody has answered yet. Where the guest is stopped meanwhile, what it asked for is on
/// record as refused.
pub(super) struct OpenAsk<'a> {
    call: &'a Call,
    access: &'a Access,
    judgement: &'a Judgement,
    closed: bool,
}

impl<'a> OpenAsk<'a> {
    pub(super) fn new(call: &'a Call, access: &'a Access, judgement: &'a Judgement) -> Self {
        call.journal
            .tell(|| EventKind::Asked(Judged::asked(access, judgement)));
        Self {
            call,
            access,
            judgement,
            closed: false,
        }
    }

    /// The guest goes on, and the access is judged by the answer.
    pub(super) fn close(mut self, answer: Answer) {
        self.closed = true;
        self.tell(answer);
    }

    fn tell(&self, answer: Answer) {
        self.call.journal.tell(|| EventKind::Answered {
            access: Judged::asked(self.access, self.judgement),
            answer,
        });
    }
}

impl Drop for OpenAsk<'_> {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        self.tell(Answer::Nobody);
        let reason = if self.call.is_cancelled() {
            cancelled()
        } else {
            unasked()
        };
        let judgement = self.judgement.clone().and(reason);
        self.call.refuse(self.access, &judgement);
    }
}

/// The record could not be written.
pub(super) fn record_failed() -> Reason {
    always(
        ReasonCode::RecordFailed,
        "its record could not be written, so it may not happen",
    )
}

/// The call was taken back.
pub(super) fn cancelled() -> Reason {
    always(ReasonCode::Cancelled, "the call was cancelled")
}

/// A reason to deny that no grant could lift.
pub(super) fn always(code: ReasonCode, text: &str) -> Reason {
    Reason {
        verdict: Verdict::Deny,
        code,
        text: text.to_owned(),
        remedy: None,
    }
}

pub(super) fn spent() -> Reason {
    always(
        ReasonCode::Spent,
        "its approval was used before, as the record tells, so it may not happen",
    )
}

pub(super) fn state_failed() -> Judgement {
    Judgement::new(vec![always(
        ReasonCode::StateFailed,
        "what the session has seen could not be read or stored, so it may not happen",
    )])
}
