//! Asking a person.

pub use crate::store::approvals::Question;

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A person said yes, to this one access.
    Approve,
    /// A person said no. It is final for what the question is bound to, until it expires.
    Decline,
    /// Nobody could be asked, or nobody answered. The question waits in the store.
    Nobody,
    /// There may be a signed answer in the store now: look again.
    Stored,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Nobody => "nobody",
            Self::Stored => "stored",
        })
    }
}

/// Somebody who can ask a person. Whatever goes wrong on the way must come back as
/// [`Answer::Nobody`]: silence is a denial.
///
/// One that asks by way of the connected client must not ask what is [`Question::console_only`], and
/// nothing at all unless the operator's file says `elicitation = true`.
#[async_trait::async_trait]
pub trait Approver: Send + Sync + 'static {
    /// Asks, and waits for the answer. The gate gives up when the call's time is over.
    async fn ask(&self, question: &Question) -> Answer;
}

/// Nobody is there: every ask is a refusal, unless a signed answer is in the store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

#[async_trait::async_trait]
impl Approver for Nobody {
    async fn ask(&self, _question: &Question) -> Answer {
        Answer::Nobody
    }
}
