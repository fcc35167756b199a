//! Why an act gave the guest nothing, and what the record says of it.

use super::backend::KvError;
use crate::gate::call::Call;
use crate::gate::pass::Pass;
use crate::gate::refusal::Refused;
use crate::rules::verdict::ReasonCode;
use crate::store::audit::record::Status;

/// Why an act gave the guest nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvFailure {
    /// It was refused, which is on record.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// It could not be done; the word tells the guest why.
    #[error("{0}")]
    Failed(&'static str),
}

pub(super) const CHANGED: &str = "somebody else changes it all the time";

/// Puts on record why it failed; the guest hears less.
pub(super) fn told(call: &Call, pass: &Pass, error: &KvError) -> KvFailure {
    if let KvError::Unreached(why) = error {
        // The operator has to know more than a word.
        pass.settle(Status::Refused, Some(code(error)));
        let refused = call.refuse_always(pass.access(), ReasonCode::Unreachable, why);
        return KvFailure::Refused(refused);
    }
    pass.settle(Status::Failed, Some(code(error)));
    failure(error)
}

/// The same, of what is on record already.
pub(super) fn failure(error: &KvError) -> KvFailure {
    match error {
        KvError::Unreached(_) => KvFailure::Refused(Refused),
        error => KvFailure::Failed(word(error)),
    }
}

fn code(error: &KvError) -> &'static str {
    match error {
        KvError::Changed => "changed",
        KvError::Full => "full",
        KvError::Busy => "busy",
        KvError::Unreached(_) => "unreachable",
        KvError::Unknown(_) => "unknown",
        KvError::Failed(_) => "backend-failed",
    }
}

fn word(error: &KvError) -> &'static str {
    match error {
        KvError::Changed => CHANGED,
        KvError::Full => "there is no room for it",
        KvError::Busy => "it is in use by somebody else; try again",
        KvError::Unknown(_) => "nobody said whether it was done",
        KvError::Unreached(_) | KvError::Failed(_) => "it could not be done",
    }
}
