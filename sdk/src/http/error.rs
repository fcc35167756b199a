//! Why a request gives nothing back.

use std::fmt;

/// Why a request gives nothing back.
///
/// With `?` in a tool, [`Refused`](Self::Refused) becomes [`Failure::Refused`](crate::Failure::Refused), and
/// all else [`Failure::Failed`](crate::Failure::Failed).
///
/// ```
/// use toolkeep_sdk::{Failure, http};
///
/// let refused = Failure::from(http::Error::Refused);
/// assert_eq!(refused, Failure::refused("the request was refused by the host"));
/// let failed = Failure::from(http::Error::Status(404));
/// assert_eq!(failed, Failure::failed("the server answered with status 404"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host refused it. Why, only the operator learns.
    Refused,
    /// It cannot be made: the URL or a header is none, or the value is no JSON. The text says what is wrong.
    Invalid(String),
    /// There was no answer, or it broke off. The text says what happened.
    Failed(String),
    /// Something took too long. The text says what.
    TimedOut(&'static str),
    /// The answer is larger than the plugin wanted, in bytes, or than the host lets through.
    TooLarge,
    /// The server answered with this status, which [`Response::success`](super::Response::success) takes for
    /// a failure.
    Status(u16),
    /// The body is not what it was taken for. The text says why.
    Unreadable(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the request was refused by the host"),
            Self::Invalid(text) => write!(f, "the request cannot be made: {text}"),
            Self::Failed(text) => write!(f, "the request failed: {text}"),
            Self::TimedOut(what) => write!(f, "the request failed: {what} took too long"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::Unreadable(text) => write!(f, "the answer is not what was expected: {text}"),
        }
    }
}

impl std::error::Error for Error {}
