//! The one exit: all that goes back to the model passes here.

use std::sync::Arc;

use super::call::Call;
use crate::base::content::{Failure, Output};
use crate::base::digest::Digest;
use crate::base::label::Label;
use crate::store::audit::record::{Outcome, Status};

/// How the guest's run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The tool gave an output.
    Done(Output),
    /// The tool gave a failure.
    Failed(Failure),
    /// The host stopped it. The fixed word is for the record, such as `time-limit`.
    Stopped(&'static str),
}

/// What may go back to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// How the run ended.
    pub ended: Ended,
    /// What the call has seen.
    pub label: Label,
}

/// Why nothing may go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// The record of the call could not be written.
    #[error("the call's record could not be written, so its answer is withheld")]
    RecordFailed,
}

/// Lets the end of a call out: caps its size, puts it on record with its digest, raises the session's
/// label, and waits until every entry of the call is written.
///
/// # Errors
/// [`Withheld`] when the record could not be written; then nothing goes back.
pub async fn leave(call: &Arc<Call>, ended: Ended, max_bytes: u64) -> Result<Leaving, Withheld> {
    let ended = capped(ended, max_bytes);
    let (status, error, body) = match &ended {
        Ended::Done(output) => (
            Status::Done,
            None,
            serde_json::to_vec(output).unwrap_or_default(),
        ),
        Ended::Failed(failure) => {
            let word = match failure {
                Failure::BadArguments(_) => "bad-arguments",
                Failure::Refused(_) => "refused",
                Failure::Failed(_) => "failed",
            };
            (
                Status::Failed,
                Some(word),
                failure.text().as_bytes().to_vec(),
            )
        }
        Ended::Stopped(word) => (Status::Stopped, Some(*word), Vec::new()),
    };
    let outcome = Outcome {
        status,
        error: error.map(str::to_owned),
        bytes_read: None,
        bytes_written: Some(body.len() as u64),
        digest: (!body.is_empty()).then(|| Digest::of(&body)),
        duration_us: 0,
    };
    if !call.end(outcome).await {
        return Err(Withheld::RecordFailed);
    }
    Ok(Leaving {
        ended,
        label: call.label(),
    })
}

/// An answer beyond the limit is not cut, which could change what it says, but stopped.
fn capped(ended: Ended, max_bytes: u64) -> Ended {
    let size = match &ended {
        Ended::Done(output) => {
            serde_json::to_vec(output).map_or(u64::MAX, |body| body.len() as u64)
        }
        Ended::Failed(failure) => failure.text().len() as u64,
        Ended::Stopped(_) => 0,
    };
    if size > max_bytes {
        Ended::Stopped("output-limit")
    } else {
        ended
    }
}
