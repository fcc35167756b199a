//! Asking a person.

use crate::base::id::{CallId, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::rules::access::Access;
use crate::rules::verdict::Reason;

/// What a person is asked: the resolved access, who wants it and why it needs asking.
#[derive(Clone, Debug)]
pub struct Question {
    /// On whose behalf.
    pub principal: Principal,
    /// In which conversation.
    pub session: SessionId,
    /// In which run of a tool.
    pub call: CallId,
    /// The plugin.
    pub plugin: Name,
    /// The tool.
    pub tool: ToolName,
    /// What it wants to do, to which real object.
    pub access: Access,
    /// Why it may not do so unasked.
    pub reasons: Vec<Reason>,
    /// The approval that an answer makes.
    pub approval: crate::base::id::ApprovalId,
    /// Whether it must not be asked by way of the connected client.
    pub console_only: bool,
    /// The effects that the call has had already, one line each, the oldest first.
    pub done: Vec<String>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A person said yes, to this one access.
    Approve,
    /// A person said no.
    Decline,
    /// Nobody could be asked, or nobody answered.
    Nobody,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Nobody => "nobody",
        })
    }
}

/// Somebody who can ask a person. Whatever goes wrong on the way must come back as
/// [`Answer::Nobody`]: silence is a denial.
#[async_trait::async_trait]
pub trait Approver: Send + Sync + 'static {
    /// Asks, and waits for the answer. The gate gives up when the call's time is over.
    async fn ask(&self, question: &Question) -> Answer;
}

/// Nobody is there: every ask is a refusal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

#[async_trait::async_trait]
impl Approver for Nobody {
    async fn ask(&self, _question: &Question) -> Answer {
        Answer::Nobody
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.access.verbs, self.access.object)
    }
}
