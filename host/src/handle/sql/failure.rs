//! Why a statement that was not refused did not work.

/// Why a statement that was not refused did not work. Nothing of it was done. The texts are the
/// database's, on what the guest was allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The database does not take it.
    #[error("{0}")]
    Invalid(String),
    /// A constraint of a table does not hold.
    #[error("{0}")]
    Constraint(String),
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
    /// The call ended meanwhile.
    #[error("the statement was stopped")]
    Stopped,
}

impl Failure {
    /// The fixed word for it on record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Constraint(_) => "constraint",
            Self::Busy => "busy",
            Self::Changed => "changed",
            Self::TimedOut => "timed-out",
            Self::TooLarge => "too-large",
            Self::Unavailable => "unavailable",
            Self::Stopped => "stopped",
        }
    }
}
