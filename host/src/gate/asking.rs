//! How often and how long one call makes people answer, and what an answer changes.

use std::time::{Duration, Instant};

use super::approver::Answer;
use crate::rules::access::Access;
use crate::rules::verdict::{Judgement, Reason, ReasonCode, Verdict};

/// How often one call may make a person answer. More would tire people into saying yes.
const MAX_ASKS: usize = 8;

/// How often and how long one call made people answer.
#[derive(Default)]
pub(super) struct Asking {
    asked: usize,
    declined: Vec<Access>,
    since: Option<Instant>,
    waited: Duration,
}

impl Asking {
    /// Begins to ask.
    ///
    /// # Errors
    /// The answer, where nobody is to be asked: what was declined once stays declined, and after
    /// [`MAX_ASKS`] questions people are left alone.
    pub(super) fn begin(&mut self, access: &Access) -> Result<(), Answer> {
        if self.declined.contains(access) {
            return Err(Answer::Decline);
        }
        if self.asked >= MAX_ASKS {
            return Err(Answer::Nobody);
        }
        self.asked += 1;
        self.since = Some(Instant::now());
        Ok(())
    }

    /// The answer is there.
    pub(super) fn end(&mut self, access: &Access, answer: Answer) {
        self.waited = self.waited();
        self.since = None;
        if answer == Answer::Decline {
            self.declined.push(access.clone());
        }
    }

    /// How long people were waited for so far.
    pub(super) fn waited(&self) -> Duration {
        self.waited + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// The reason that an answer adds. A no denies; a silence stays an ask, which a person can still lift
/// another time, and which is refused as long as nobody does.
pub(super) fn answered(answer: Answer) -> Reason {
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
pub(super) fn lifted(judgement: &Judgement, approved: Reason) -> Judgement {
    let stay = judgement
        .reasons()
        .iter()
        .filter(|reason| reason.verdict != Verdict::Ask);
    Judgement::new(stay.cloned().chain([approved]).collect())
}
