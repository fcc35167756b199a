//! Why a tool gave nothing back.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use crate::__private::WitFailure;

/// Why a call gives nothing back. The text goes to the model.
///
/// Any error becomes one with `?`. If it is, or was caused by, an [`io::Error`] of the kind
/// [`PermissionDenied`](io::ErrorKind::PermissionDenied), the host refused something: that is
/// [`Refused`](Self::Refused). Everything else is [`Failed`](Self::Failed), and a tool says itself
/// what is [`BadArguments`](Self::BadArguments).
///
/// As with `anyhow::Error`, this conversion is why `Failure` is itself no [`Error`].
///
/// ```
/// use toolkeep_sdk::{Failure, tool};
///
/// /// Counts the lines of the log of one day.
/// #[tool(read_only)]
/// fn count(
///     /// The day of the month.
///     day: u8,
/// ) -> Result<String, Failure> {
///     if !(1..=31).contains(&day) {
///         return Err(Failure::bad_arguments(format!("no month has a day {day}")));
///     }
///     let log = std::fs::read_to_string(format!("/logs/{day}.log"))?;
///     Ok(log.lines().count().to_string())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The arguments make no sense. The text says which and why.
    BadArguments(String),
    /// The host refused something that the tool needed.
    Refused(String),
    /// It was tried and did not work.
    Failed(String),
}

impl Failure {
    /// The arguments make no sense: `text` says which and why.
    pub fn bad_arguments(text: impl Into<String>) -> Self {
        Self::BadArguments(text.into())
    }

    /// The host refused something that the tool needed.
    pub fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }

    /// It was tried and did not work.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// The same failure, with what was being done before its text.
    ///
    /// ```
    /// use toolkeep_sdk::Failure;
    ///
    /// let failure = Failure::failed("disk is full").context("could not save the note");
    /// assert_eq!(failure.to_string(), "could not save the note: disk is full");
    /// ```
    #[must_use]
    pub fn context(mut self, doing: impl Display) -> Self {
        let (Self::BadArguments(text) | Self::Refused(text) | Self::Failed(text)) = &mut self;
        *text = format!("{doing}: {text}");
        self
    }

    /// The failure that `error` means, where nothing but its text and its type is known.
    pub(crate) fn of<E: Display + 'static>(error: E) -> Self {
        let any: &dyn Any = &error;
        if let Some(failure) = any.downcast_ref::<Self>() {
            failure.clone()
        } else if let Some(error) = any.downcast_ref::<io::Error>() {
            Self::caused_by(error)
        } else if let Some(error) = any.downcast_ref::<Box<dyn Error>>() {
            Self::caused_by(&**error)
        } else if let Some(error) = any.downcast_ref::<Box<dyn Error + Send + Sync>>() {
            Self::caused_by(&**error)
        } else {
            // `#` makes `anyhow::Error` tell the causes as well.
            Self::Failed(format!("{error:#}"))
        }
    }

    /// The failure that `error` and its causes mean.
    fn caused_by(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut refused = is_refusal(error);
        let mut cause = error.source();
        while let Some(error) = cause {
            refused |= is_refusal(error);
            let more = error.to_string();
            // Many errors tell their cause themselves.
            if !text.ends_with(&more) {
                text = format!("{text}: {more}");
            }
            cause = error.source();
        }
        if refused {
            Self::Refused(text)
        } else {
            Self::Failed(text)
        }
    }

    /// As the host takes it.
    pub(crate) fn into_wit(self) -> WitFailure {
        match self {
            Self::BadArguments(text) => WitFailure::BadArguments(text),
            Self::Refused(text) => WitFailure::Refused(text),
            Self::Failed(text) => WitFailure::Failed(text),
        }
    }
}

/// Whether this very error, without its causes, is how std tells that the host refused.
fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::BadArguments(text) | Self::Refused(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::caused_by(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wrapper(io::Error);

    impl Display for Wrapper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot save")
        }
    }

    impl Error for Wrapper {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    fn denied() -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, "not yours")
    }

    #[test]
    fn knows_a_refusal_by_its_type() {
        let refused = Failure::refused("not yours");
        assert_eq!(Failure::from(denied()), refused);
        assert_eq!(Failure::of(denied()), refused);
        assert_eq!(Failure::of::<Box<dyn Error>>(denied().into()), refused);
        assert_eq!(
            Failure::of::<Box<dyn Error + Send + Sync>>(denied().into()),
            refused
        );
        assert_eq!(Failure::of(refused.clone()), refused);
    }

    #[test]
    fn knows_a_refusal_by_its_cause() {
        let expected = Failure::refused("cannot save: not yours");
        assert_eq!(Failure::from(Wrapper(denied())), expected);
    }

    #[test]
    fn everything_else_failed() {
        assert_eq!(Failure::of("text"), Failure::failed("text"));
        let missing = io::Error::new(io::ErrorKind::NotFound, "gone");
        assert_eq!(Failure::from(missing), Failure::failed("gone"));
        let full = Wrapper(io::Error::other("disk is full"));
        assert_eq!(
            Failure::from(full),
            Failure::failed("cannot save: disk is full")
        );
    }
}
