//! Why a tool gave nothing back.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use crate::__private::WitFailure;
use crate::{config, http, kv, sql};

/// Why a call gives nothing back. The text goes to the model.
///
/// Whatever becomes a `Box<dyn Error>` becomes a failure with `?`: every error, that box itself, and text.
/// Where the host refused something, that is kept apart from what merely did not work:
///
/// | what comes | becomes |
/// |---|---|
/// | an [`io::Error`] of the kind [`PermissionDenied`](io::ErrorKind::PermissionDenied) | [`Refused`](Self::Refused) |
/// | a [`config::Error::Upstream`], a [`http::Error::Refused`], a [`kv::Error::Refused`], a [`sql::Error::Refused`] | [`Refused`](Self::Refused) |
/// | an error that has one of these among its causes | [`Refused`](Self::Refused) |
/// | anything else | [`Failed`](Self::Failed) |
///
/// That is so for what `?` makes a `Failure` of, and where a tool returns a [`Result`] with an
/// `io::Error`, an error of `config`, `http`, `kv` or `sql`, or a boxed error. An error of a type of your own that a tool returns as
/// it is can only be told by its text: return `Failure` instead.
///
/// A tool says itself what is [`BadArguments`](Self::BadArguments). The failure's text is that of the
/// error and of all its causes. `anyhow::Error` and its like hide what they were made of, so give them a
/// context, below which it is found.
///
/// That every error becomes a failure is why `Failure` is itself no [`Error`].
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
    ///
    /// ```
    /// use toolkeep_sdk::Failure;
    ///
    /// let failure = Failure::bad_arguments("no month has a day 32");
    /// assert_eq!(failure, Failure::BadArguments("no month has a day 32".to_owned()));
    /// ```
    pub fn bad_arguments(text: impl Into<String>) -> Self {
        Self::BadArguments(text.into())
    }

    /// The host refused something that the tool needed. That what the host itself refuses becomes this is
    /// seen to by `?`; a tool says so for what it finds out in another way.
    ///
    /// ```
    /// use toolkeep_sdk::Failure;
    ///
    /// let failure = Failure::refused("the archive may not be read");
    /// assert!(matches!(failure, Failure::Refused(_)));
    /// ```
    pub fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }

    /// It was tried and did not work.
    ///
    /// ```
    /// use toolkeep_sdk::Failure;
    ///
    /// let failure = Failure::failed("the file holds no text");
    /// assert_eq!(failure.to_string(), "the file holds no text");
    /// ```
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

    /// The failure that `error` means, of which nothing but its text and its type is known.
    pub(crate) fn of<E: Display + 'static>(error: E) -> Self {
        let any: &dyn Any = &error;
        if let Some(failure) = any.downcast_ref::<Self>() {
            failure.clone()
        } else if let Some(error) = any.downcast_ref::<io::Error>() {
            Self::caused_by(error)
        } else if let Some(error) = any.downcast_ref::<config::Error>() {
            Self::caused_by(error)
        } else if let Some(error) = any.downcast_ref::<http::Error>() {
            Self::caused_by(error)
        } else if let Some(error) = any.downcast_ref::<kv::Error>() {
            Self::caused_by(error)
        } else if let Some(error) = any.downcast_ref::<sql::Error>() {
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

/// Whether this very error, without its causes, is how std, [`config`], [`http`] or [`kv`] tells that the host
/// refused.
fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // What an `io::Error` was made of is not among its causes.
        let inside = error.get_ref().is_some_and(|inside| is_refusal(inside));
        return inside || error.kind() == io::ErrorKind::PermissionDenied;
    }
    matches!(error.downcast_ref(), Some(config::Error::Upstream(_)))
        || matches!(error.downcast_ref(), Some(http::Error::Refused))
        || matches!(error.downcast_ref(), Some(kv::Error::Refused))
        || matches!(error.downcast_ref(), Some(sql::Error::Refused))
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::BadArguments(text) | Self::Refused(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

impl<E: Into<Box<dyn Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::caused_by(&*error.into())
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

    /// No error itself, but something that becomes one.
    struct Report(Wrapper);

    impl From<Report> for Box<dyn Error> {
        fn from(report: Report) -> Self {
            report.0.into()
        }
    }

    #[test]
    fn knows_a_refusal_by_its_type() {
        let refused = Failure::refused("not yours");
        assert_eq!(Failure::from(denied()), refused);
        let boxed: Box<dyn Error> = denied().into();
        assert_eq!(Failure::from(boxed), refused);
        let config = config::Error::Upstream("not yours".to_owned());
        assert_eq!(Failure::from(config), refused);
        let inside = io::Error::new(io::ErrorKind::InvalidData, denied());
        assert_eq!(Failure::from(inside), refused);
    }

    #[test]
    fn knows_what_a_tool_returns_by_its_type() {
        let refused = Failure::refused("not yours");
        assert_eq!(Failure::of(denied()), refused);
        assert_eq!(Failure::of::<Box<dyn Error>>(denied().into()), refused);
        assert_eq!(
            Failure::of::<Box<dyn Error + Send + Sync>>(denied().into()),
            refused
        );
        assert_eq!(Failure::of(refused.clone()), refused);
        let config = config::Error::Upstream("not yours".to_owned());
        assert_eq!(Failure::of(config), refused);
        assert_eq!(Failure::of("text"), Failure::failed("text"));
    }

    #[test]
    fn knows_a_refusal_by_its_cause() {
        let expected = Failure::refused("cannot save: not yours");
        assert_eq!(Failure::from(Wrapper(denied())), expected);
        assert_eq!(Failure::from(Report(Wrapper(denied()))), expected);
    }

    #[test]
    fn everything_else_failed() {
        assert_eq!(Failure::from("text"), Failure::failed("text"));
        assert_eq!(Failure::from("text".to_owned()), Failure::failed("text"));
        let config = config::Error::Io("text".to_owned());
        assert_eq!(Failure::from(config), Failure::failed("text"));
        let missing = io::Error::new(io::ErrorKind::NotFound, "gone");
        assert_eq!(Failure::from(missing), Failure::failed("gone"));
        let full = Wrapper(io::Error::other("disk is full"));
        assert_eq!(
            Failure::from(full),
            Failure::failed("cannot save: disk is full")
        );
    }
}
