//! How often and how long one call makes people answer, and what an answer changes.

use std::time::{Duration, Instant};

use super::approver::Answer;
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::base::text::visible;
use crate::rules::access::Access;
use crate::rules::verdict::{Judgement, Reason, ReasonCode, Verdict};
use crate::store::approvals::{Decision, HOST, Taken};

/// How often one call may make a person answer. More would tire people into saying yes.
const MAX_ASKS: usize = 8;

/// How many effects of one call are listed to whoever is asked; the rest is counted.
const KEPT_EFFECTS: usize = 32;

/// How often and how long one call made people answer.
#[derive(Default)]
pub(super) struct Asking {
    asked: usize,
    declined: Vec<Access>,
    since: Option<Instant>,
    waited: Duration,
}

impl Asking {
    /// Whether this was declined before: it stays declined.
    pub(super) fn was_declined(&self, access: &Access) -> bool {
        self.declined.contains(access)
    }

    /// Begins to ask; false after [`MAX_ASKS`] questions, when people are left alone.
    pub(super) fn begin(&mut self) -> bool {
        if self.asked >= MAX_ASKS {
            return false;
        }
        self.asked += 1;
        self.since = Some(Instant::now());
        true
    }

    /// The answer is there.
    pub(super) fn end(&mut self, access: &Access, verdict: Verdict) {
        self.waited = self.waited();
        self.since = None;
        if verdict == Verdict::Deny {
            self.declined.push(access.clone());
        }
    }

    /// How long people were waited for so far.
    pub(super) fn waited(&self) -> Duration {
        self.waited + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// What came of asking for one access.
pub(super) struct Asked {
    /// The reason that it adds. A yes allows and a no denies; a silence stays an ask, which a person can
    /// still lift another time, and which is refused as long as nobody does.
    pub reason: Reason,
    /// The approval and who gave or refused it, as the record names them.
    pub approval: Option<String>,
    /// The question that still waits for an answer.
    pub waiting: Option<ApprovalId>,
    /// A signed answer that was used up, and when it was signed.
    pub used: Option<(ApprovalId, Timestamp)>,
}

impl Asked {
    /// The answer of a person, or of the host's own approver.
    pub(super) fn answered(taken: Taken) -> Self {
        let who = if taken.by == HOST {
            "a person".to_owned()
        } else {
            format!("`{}`", visible(&taken.by))
        };
        let (verdict, code, did) = match taken.decision {
            Decision::Approve => (Verdict::Allow, ReasonCode::Approved, "approved"),
            Decision::Deny => (Verdict::Deny, ReasonCode::Declined, "declined"),
        };
        let used = match taken.decision {
            Decision::Approve => taken.signed_at.map(|at| (taken.approval.clone(), at)),
            Decision::Deny => None,
        };
        Self {
            reason: reason(verdict, code, format!("{who} {did} it")),
            approval: Some(format!("{} by {}", taken.approval, taken.by)),
            waiting: None,
            used,
        }
    }

    /// What came back, in a word.
    pub(super) fn as_answer(&self) -> Answer {
        match self.reason.verdict {
            Verdict::Allow => Answer::Approve,
            Verdict::Ask => Answer::Nobody,
            Verdict::Deny => Answer::Decline,
        }
    }

    /// Nobody answered yet.
    pub(super) fn unanswered(waiting: Option<ApprovalId>, text: &str) -> Self {
        Self {
            reason: reason(Verdict::Ask, ReasonCode::Unanswered, text.to_owned()),
            approval: None,
            waiting,
            used: None,
        }
    }

    /// Nothing is known about answers, so there is none.
    pub(super) fn unknown() -> Self {
        let text = "the approvals could not be read or stored, so it may not happen";
        Self {
            reason: reason(Verdict::Deny, ReasonCode::StateFailed, text.to_owned()),
            approval: None,
            waiting: None,
            used: None,
        }
    }

    /// What was declined in this call before.
    pub(super) fn declined_before() -> Self {
        let text = "a person declined it in this call before".to_owned();
        Self {
            reason: reason(Verdict::Deny, ReasonCode::Declined, text),
            approval: None,
            waiting: None,
            used: None,
        }
    }
}

/// What is said where nobody answers.
pub(super) const UNANSWERED: &str = "it has to be asked and nobody answered";

/// The reason to refuse where nobody can be asked any more.
pub(super) fn unasked() -> Reason {
    reason(Verdict::Ask, ReasonCode::Unanswered, UNANSWERED.to_owned())
}

/// The reason to refuse where it is not known as a whole what would be asked about.
pub(super) fn incomplete() -> Reason {
    let text = "it has to be asked, and it began as one that does not";
    reason(Verdict::Ask, ReasonCode::Unanswered, text.to_owned())
}

fn reason(verdict: Verdict, code: ReasonCode, text: String) -> Reason {
    Reason {
        verdict,
        code,
        text,
        remedy: None,
    }
}

/// The effects that a call had so far, for whoever is asked for the next one.
#[derive(Default)]
pub(super) struct Effects {
    first: Vec<(u32, String)>,
    more: u64,
}

impl Effects {
    /// One is about to happen.
    pub(super) fn add(&mut self, step: u32, access: &Access) {
        if self.first.len() < KEPT_EFFECTS {
            let line = format!("{} {} {}", access.handle, access.verbs, access.object);
            self.first.push((step, line));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// It did not happen after all.
    pub(super) fn take_back(&mut self, step: u32) {
        self.first.retain(|(known, _)| *known != step);
    }

    /// One line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.first.iter().map(|(_, line)| line.clone()).collect();
        if self.more > 0 {
            lines.push(format!("and {} more", self.more));
        }
        lines
    }
}

/// `judgement` with its asks lifted by `approved`. Denies stay: nobody can lift one.
pub(super) fn lifted(judgement: &Judgement, approved: Reason) -> Judgement {
    let stay = judgement
        .reasons()
        .iter()
        .filter(|reason| reason.verdict != Verdict::Ask);
    Judgement::new(stay.cloned().chain([approved]).collect())
}
