//! What a refused access leaves behind: everything for the operator, almost nothing for the guest.

use serde::Serialize;

use crate::base::id::ApprovalId;
use crate::rules::verb::{Handle, Verbs};
use crate::rules::verdict::{Judgement, Reason, Verdict};

/// All that the *guest* learns of a refusal: that it was one. No path, no rule, and nothing that
/// tells whether the object exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused by the host")]
pub struct Refused;

/// All that the *operator* learns of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The kind of access.
    pub handle: Handle,
    /// All that was wanted at once.
    pub verbs: Verbs,
    /// The real object, on one line.
    pub object: String,
    /// Deny; or ask, where a person could have lifted it and nobody did.
    pub verdict: Verdict,
    /// Every reason, the milder ones too.
    pub reasons: Vec<Reason>,
    /// The question that waits in the store, where a person can still answer it. Once that is a yes, the
    /// same call may be made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
}

impl Refusal {
    /// What `judgement` refused.
    pub(super) fn new(handle: Handle, verbs: Verbs, object: String, judgement: &Judgement) -> Self {
        let verdict = judgement.verdict();
        Self {
            handle,
            verbs,
            object,
            verdict,
            reasons: judgement.reasons().to_vec(),
            approval: None,
        }
    }

    /// The reasons that decided, as one line each.
    pub fn because(&self) -> impl Iterator<Item = &Reason> {
        let strictest = self.reasons.iter().map(|reason| reason.verdict).max();
        self.reasons
            .iter()
            .filter(move |reason| Some(reason.verdict) == strictest)
    }

    /// What would lift it: one line for each remedy, without repeats.
    pub fn remedies(&self) -> Vec<&str> {
        let mut remedies: Vec<&str> = self
            .reasons
            .iter()
            .filter_map(|reason| reason.remedy.as_deref())
            .collect();
        remedies.dedup();
        remedies
    }
}
