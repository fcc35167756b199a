//! Asking a person: first the store, which may hold a signed answer; then the host's approver; and where
//! nobody answers, a question that waits.

use super::Call;
use super::refusing::{record_failed, spent};
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::gate::apart;
use crate::gate::approver::{Answer, Question};
use crate::gate::asking::{Asked, UNANSWERED};
use crate::rules::access::Access;
use crate::rules::verdict::{Judgement, Reason, Verdict};
use crate::store::approvals::{Approvals, Decision, HOST, Taken};
use crate::store::audit::Ticket;
use crate::store::error::StoreError;

impl Call {
    /// Asks whether `access` may happen. The call's own clock stands still while a person is waited for.
    pub(super) async fn ask(&self, access: &Access, judgement: &Judgement) -> Asked {
        if self.state().asking.was_declined(access) {
            return Asked::declined_before();
        }
        let Ok(question) = self.question(access, judgement) else {
            return Asked::unknown();
        };
        let asked = match self.stored(&question).await {
            Ok(Some(taken)) => Asked::answered(taken),
            Ok(None) => self.ask_anew(question.clone()).await,
            Err(_) => Asked::unknown(),
        };
        // What was answered was asked about a call that had seen less.
        if asked.reason.verdict == Verdict::Allow && self.label() != question.label {
            return Asked::unanswered(
                None,
                "it has to be asked anew, since the call has seen more",
            );
        }
        asked
    }

    /// Asks what the store has no answer to.
    async fn ask_anew(&self, question: Question) -> Asked {
        if !self.state().asking.begin() {
            let text = "it has to be asked, and the call has asked as often as it may";
            return Asked::unanswered(None, text);
        }
        let access = question.access.clone();
        let asked = self
            .ask_person(question)
            .await
            .unwrap_or_else(|_| Asked::unknown());
        self.state().asking.end(&access, asked.reason.verdict);
        asked
    }

    async fn ask_person(&self, mut question: Question) -> Result<Asked, StoreError> {
        // It waits in the store from the first moment, so that it outlives this process, and so that a
        // person can answer it there whatever becomes of the approver.
        let (approvals, placing) = (self.gate.approvals.clone(), question.clone());
        let placed = apart(move || approvals.place(&placing, Timestamp::now())).await?;
        let waiting = placed.map(|(approval, expires)| {
            question.approval = approval.clone();
            question.expires = expires;
            approval
        });
        let asking = self.gate.approver.ask(&question);
        let answer = tokio::time::timeout(self.gate.patience, asking).await;
        let decision = match answer.unwrap_or(Answer::Nobody) {
            Answer::Approve => Some(Decision::Approve),
            Answer::Decline => Some(Decision::Deny),
            Answer::Stored => None,
            Answer::Nobody => return Ok(unanswered(waiting)),
        };
        if let Some(decision) = decision
            && self.answered_by_host(&question, decision).await?
        {
            let approval = question.approval;
            let (by, signed_at) = (HOST.to_owned(), None);
            return Ok(Asked::answered(Taken {
                approval,
                decision,
                by,
                signed_at,
            }));
        }
        // A signed answer is there, or somebody was faster than the approver.
        Ok(match self.stored(&question).await? {
            Some(taken) => Asked::answered(taken),
            None if decision == Some(Decision::Deny) => Asked::declined_before(),
            None => unanswered(waiting),
        })
    }

    /// A signed answer to the question, taken from the store.
    async fn stored(&self, question: &Question) -> Result<Option<Taken>, StoreError> {
        let (approvals, keys) = (self.gate.approvals.clone(), self.gate.keys.clone());
        let digest = question.digest;
        apart(move || approvals.take(&digest, &keys, Timestamp::now())).await
    }

    async fn answered_by_host(
        &self,
        question: &Question,
        decision: Decision,
    ) -> Result<bool, StoreError> {
        let (approvals, question) = (self.gate.approvals.clone(), question.clone());
        apart(move || approvals.answered_by_host(&question, decision, Timestamp::now())).await
    }

    fn question(&self, access: &Access, judgement: &Judgement) -> Result<Question, StoreError> {
        let (label, done) = {
            let state = self.state();
            (state.label.clone(), state.effects.lines())
        };
        let mut question = Question {
            approval: Approvals::new_id()?,
            digest: self.gate.rules,
            principal: self.session.principal().clone(),
            session: self.session.id().clone(),
            call: self.identity.call.clone(),
            plugin: self.identity.plugin.clone(),
            plugin_digest: self.identity.plugin_digest,
            tool: self.identity.tool.clone(),
            arguments: self.identity.arguments,
            access: access.clone(),
            reasons: judgement.deciding().cloned().collect(),
            label,
            rules: self.gate.rules,
            console_only: !access.verbs.intersection(self.gate.console_only).is_empty(),
            done,
            expires: Timestamp::now().after(self.gate.keys.valid()),
        };
        question.digest = question.bound()?;
        Ok(question)
    }

    /// Waits until an intent is on disk, and makes sure that it is the first to use its approval.
    pub(super) async fn announced(
        &self,
        ticket: Ticket,
        used: Option<(ApprovalId, Timestamp)>,
    ) -> Result<(), Reason> {
        let seq = ticket.await.map_err(|_| record_failed())?;
        // Where an earlier entry of this call was lost, nobody could tell what led to this one.
        if self.journal.lost_any() {
            return Err(record_failed());
        }
        match used {
            None => Ok(()),
            Some(used) => match self.was_used_before(used, seq).await {
                Ok(false) => Ok(()),
                Ok(true) => Err(spent()),
                Err(_) => Err(record_failed()),
            },
        }
    }

    /// Whether the record tells of a use of this approval before the intent with the number `seq`. The
    /// store forgets that an answer was used where somebody resets its row; the record does not.
    async fn was_used_before(
        &self,
        (approval, signed_at): (ApprovalId, Timestamp),
        seq: u64,
    ) -> Result<bool, StoreError> {
        self.gate.log.approval_used(approval, signed_at, seq).await
    }
}

fn unanswered(waiting: Option<ApprovalId>) -> Asked {
    match waiting {
        Some(_) => Asked::unanswered(waiting, UNANSWERED),
        None => {
            let text = "it has to be asked, nobody answered, and too many questions wait already";
            Asked::unanswered(None, text)
        }
    }
}
