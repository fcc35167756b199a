//! What an error of the server means.

use tokio_postgres::Error;

use crate::base::text::shorten;
use crate::handle::sql::failure::Failure;

/// How much of a text of the server a guest gets.
const MAX_TEXT: usize = 500;

/// What a guest may know of an error. Only its message counts: what the server adds as details and hints can
/// tell of rows and columns that the guest may not see.
pub(super) fn of(error: &Error) -> Failure {
    let Some(said) = error.as_db_error() else {
        // A parameter that does not fit its type says so by itself.
        return match std::error::Error::source(error) {
            Some(source) if source.is::<super::value::BadParam>() => {
                Failure::Invalid(source.to_string())
            }
            _ => Failure::Unavailable,
        };
    };
    let text = || shorten(said.message(), MAX_TEXT);
    let code = said.code().code();
    match (code.get(..2).unwrap_or_default(), code) {
        (_, "57014") => Failure::TimedOut,
        (_, "55P03" | "40001" | "40P01" | "55006") => Failure::Busy,
        (_, "25P02" | "25P03") => Failure::RolledBack,
        (_, "25006" | "42501") => {
            Failure::Invalid("the database itself does not permit it".to_owned())
        }
        ("23", _) => Failure::Constraint(text()),
        ("53" | "54", _) => Failure::TooLarge,
        ("0A" | "21" | "22" | "2B" | "42" | "44", _) => Failure::Invalid(text()),
        _ => Failure::Unavailable,
    }
}
