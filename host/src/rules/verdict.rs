//! What the rules say of an access, with all reasons.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The three answers, from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may happen.
    Allow,
    /// It may happen if a person says so.
    Ask,
    /// It may not happen, whoever says so.
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        })
    }
}

/// One reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reason {
    /// What this reason by itself would say.
    pub verdict: Verdict,
    /// A fixed word for programs, such as `no-grant` or `asks`.
    pub code: ReasonCode,
    /// A sentence for the operator: lower case, no full stop, may name places and paths.
    pub text: String,
    /// For the operator: the line in the file that would change this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// The fixed words for reasons. Once released a word keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasonCode {
    /// A grant allows it.
    Granted,
    /// The plugin's manifest does not declare this need or this verb.
    NotDeclared,
    /// No grant was given for the need.
    NoGrant,
    /// The grant does not have this verb.
    NotGranted,
    /// The grant, or its narrowing for the tool, says ask.
    Asks,
    /// The tool is narrowed below what the grant gives.
    Narrowed,
    /// The path is outside the grant's `only` patterns or inside its `except` patterns.
    Pattern,
    /// The tool's own hint (`read_only`, `non_destructive`) forbids it.
    Hint,
    /// The object cannot be reached by any grant.
    Unreachable,
    /// A person was asked and said no.
    Declined,
    /// A person had to be asked and nobody could be, or nobody answered.
    Unanswered,
    /// A person was asked and said yes.
    Approved,
    /// The record could not be written, so nothing may happen.
    RecordFailed,
    /// What the session has seen could not be read or stored, so nothing may happen.
    StateFailed,
    /// The approval was used before, as the record tells.
    Spent,
    /// It would move data to where its label does not belong.
    Flow,
    /// A limit of the call was reached.
    Limit,
    /// A secret that belongs into a request cannot be put there.
    Secret,
    /// The runtime cancelled the call.
    Cancelled,
}

/// The verdict on one access: the strictest of its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    reasons: Vec<Reason>,
}

impl Judgement {
    /// The judgement made of `reasons`.
    pub fn new(reasons: Vec<Reason>) -> Self {
        Self { reasons }
    }

    /// The strictest of all reasons; deny where there are none.
    pub fn verdict(&self) -> Verdict {
        self.reasons
            .iter()
            .map(|reason| reason.verdict)
            .max()
            .unwrap_or(Verdict::Deny)
    }

    /// All reasons.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The reasons that are as strict as the verdict.
    pub fn deciding(&self) -> impl Iterator<Item = &Reason> {
        let verdict = self.verdict();
        self.reasons
            .iter()
            .filter(move |reason| reason.verdict == verdict)
    }

    /// Adds what happened to an ask: a reason that came after the rules spoke.
    #[must_use]
    pub fn and(mut self, reason: Reason) -> Self {
        self.reasons.push(reason);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(verdict: Verdict) -> Reason {
        Reason {
            verdict,
            code: ReasonCode::Granted,
            text: String::new(),
            remedy: None,
        }
    }

    #[test]
    fn the_strictest_reason_decides_and_none_denies() {
        assert_eq!(Judgement::new(vec![]).verdict(), Verdict::Deny);
        let mixed = Judgement::new(vec![reason(Verdict::Allow), reason(Verdict::Ask)]);
        assert_eq!(mixed.verdict(), Verdict::Ask);
        assert_eq!(mixed.deciding().count(), 1);
        assert_eq!(mixed.and(reason(Verdict::Deny)).verdict(), Verdict::Deny);
    }
}
