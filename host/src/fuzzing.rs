//! What the fuzzers in `tests/fuzz` need of the inside of the house. Only there with the feature
//! `fuzzing`; nobody else may use it, and it changes without notice.

use serde_json::Value;

use crate::api::schema::{Schema, TooLong};
pub use crate::store::audit::leaf::{Leaf, Salts, write as write_record};
pub use crate::store::audit::opened::{Opened, open as open_record};

/// What a tool's schema says of a call's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The schema itself is refused, and why.
    BadSchema(String),
    /// They fit.
    Fits,
    /// They don't, and why.
    Misfit(String),
    /// That could not be found out in time.
    TooLong,
}

/// Holds `value`, which has `bytes` bytes as text, against `schema`.
pub async fn fit(schema: &Value, value: &Value, bytes: usize) -> Fit {
    let schema = match Schema::new(schema) {
        Ok(schema) => schema,
        Err(why) => return Fit::BadSchema(why),
    };
    match schema.misfit(value, bytes).await {
        Ok(None) => Fit::Fits,
        Ok(Some(why)) => Fit::Misfit(why),
        Err(TooLong) => Fit::TooLong,
    }
}

/// The fuzzers' own checks, as plain tests of fewer inputs. They say `toolkeep` where this crate would say
/// `crate`, as they have to in the fuzzers; `lib.rs` lets them.
#[cfg(test)]
#[path = "../../tests/fuzz/src/lib.rs"]
mod checks;
