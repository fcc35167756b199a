//! Why a statement did not work.

use crate::gate::refusal::Refused;

/// Why a statement did not work. Nothing of it was done, if nothing else is said. The texts are the database's, on what the
/// guest was allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The host refused it, which is on record.
    #[error("refused by the host")]
    Refused,
    /// The database does not take it.
    #[error("{0}")]
    Invalid(String),
    /// A constraint of a table does not hold.
    #[error("{0}")]
    Constraint(String),
    /// The transaction that it belongs to is over.
    #[error("the transaction was rolled back")]
    RolledBack,
    /// Rows of another statement are still open, or a transaction is.
    #[error("{0} still open on this database")]
    InUse(&'static str),
    /// Somebody else holds the database.
    #[error("the database is busy; try again")]
    Busy,
    /// What tables there are changed while it was judged.
    #[error("the tables changed meanwhile; try again")]
    Changed,
    /// It took too long.
    #[error("the statement took too long")]
    TimedOut,
    /// There is more than a statement may have or give.
    #[error("there is more than a statement may have or give")]
    TooLarge,
    /// The database cannot be used.
    #[error("the database cannot be used")]
    Unavailable,
    /// The connection was lost while it was made to last: nobody knows whether it does.
    #[error("the connection was lost, and whether it was done is not known")]
    Lost,
    /// The call ended meanwhile.
    #[error("the statement was stopped")]
    Stopped,
}

impl Failure {
    /// The fixed word for it on record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Invalid(_) => "invalid",
            Self::RolledBack => "rolled-back",
            Self::InUse(_) => "in-use",
            Self::Constraint(_) => "constraint",
            Self::Busy => "busy",
            Self::Changed => "changed",
            Self::TimedOut => "timed-out",
            Self::TooLarge => "too-large",
            Self::Unavailable => "unavailable",
            Self::Lost => "lost",
            Self::Stopped => "stopped",
        }
    }
}

impl From<Refused> for Failure {
    fn from(_: Refused) -> Self {
        Self::Refused
    }
}
