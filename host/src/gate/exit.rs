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
    /// What the call has seen could not be stored for its session.
    #[error("what the call has seen could not be stored, so its answer is withheld")]
    StateFailed,
}

/// Lets the end of a call out: caps its size, puts it on record with its digest, makes the session's
/// label durable, and waits until every entry of the call is written.
///
/// # Errors
/// [`Withheld`] when label or record could not be written; then nothing goes back.
pub async fn leave(call: &Arc<Call>, ended: Ended, max_bytes: u64) -> Result<Leaving, Withheld> {
    let body = match &ended {
        // What cannot be written down cannot be within the limit either.
        Ended::Done(output) => serde_json::to_vec(output).ok(),
        Ended::Failed(failure) => Some(failure.text().as_bytes().to_vec()),
        Ended::Stopped(_) => Some(Vec::new()),
    };
    let kept = call.keep_label().await;
    // An answer beyond the limit is not cut, which could change what it says, but stopped.
    let (ended, body) = match body {
        _ if !kept => (Ended::Stopped("state-failed"), Vec::new()),
        Some(body) if body.len() as u64 <= max_bytes => (ended, body),
        _ => (Ended::Stopped("output-limit"), Vec::new()),
    };
    let (status, error) = match &ended {
        Ended::Done(_) => (Status::Done, None),
        Ended::Failed(Failure::BadArguments(_)) => (Status::Failed, Some("bad-arguments")),
        Ended::Failed(Failure::Refused(_)) => (Status::Failed, Some("refused")),
        Ended::Failed(Failure::Failed(_)) => (Status::Failed, Some("failed")),
        Ended::Stopped(word) => (Status::Stopped, Some(*word)),
    };
    let outcome = Outcome {
        error: error.map(str::to_owned),
        bytes_written: Some(body.len() as u64),
        digest: (!body.is_empty()).then(|| Digest::of(&body)),
        ..Outcome::new(status, 0)
    };
    if !call.end(outcome).await {
        return Err(Withheld::RecordFailed);
    }
    if !kept {
        return Err(Withheld::StateFailed);
    }
    Ok(Leaving {
        ended,
        label: call.label(),
    })
}
