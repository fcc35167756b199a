//! Calls that wait for a person's answer, which comes with the client's next request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{RequestStateCodec, RequestStateError, SealOptions};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::conversation::Conversation;
use crate::base::digest::{Digest, hex};
use crate::base::id::{ApprovalId, SessionId};
use crate::base::principal::Principal;
use crate::gate::approver::{Answer, Question};

/// How many calls of one server process wait for answers. Each holds a running guest.
const MOST: usize = 16;
/// How long an answer may take; the gate itself gives up earlier.
const LIFE: Duration = Duration::from_secs(600);

/// A call that waits for an answer.
pub(super) struct Suspended {
    pub(super) conversation: Conversation,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What goes to the client and comes back with the answer. It is sealed, and bound to the call.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    /// The process that asked.
    process: String,
    /// Where the call waits in it, if it still does.
    handle: String,
    /// The question.
    pub(super) approval: ApprovalId,
    /// How many effects the call had had when it asked.
    pub(super) done: usize,
}

/// All that wait.
pub(super) struct Waiting {
    codec: RequestStateCodec,
    /// Tells this process from those before it.
    process: String,
    calls: Mutex<HashMap<String, Suspended>>,
}

/// What binds an answer to its question's call: nobody else, no other tool and no other arguments.
pub(super) fn binding(
    who: &Principal,
    session: &SessionId,
    tool: &str,
    arguments: &serde_json::Value,
) -> Vec<u8> {
    let parts = serde_json::json!([who, session, tool, arguments]);
    Digest::of(parts.to_string().as_bytes()).as_bytes().to_vec()
}

impl Waiting {
    /// Seals with `key`, which all processes of one state folder share.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub(super) fn new(key: &[u8; 32]) -> Result<Self, getrandom::Error> {
        Ok(Self {
            codec: RequestStateCodec::new(key.as_slice()),
            process: random()?,
            calls: Mutex::default(),
        })
    }

    /// Keeps a call until its answer comes; gives the sealed state for the client.
    ///
    /// # Errors
    /// The call, where too many wait already: then the question counts as not answered.
    pub(super) fn keep(
        &self,
        suspended: Suspended,
        question: &Question,
        binding: &[u8],
    ) -> Result<String, Box<Suspended>> {
        let Ok(handle) = random() else {
            return Err(Box::new(suspended));
        };
        let state = State {
            process: self.process.clone(),
            handle,
            approval: question.approval.clone(),
            done: question.done.len(),
        };
        let options = SealOptions::new().associated_data(binding).ttl(LIFE);
        let Ok(sealed) = self.codec.seal_json_with(&state, &options) else {
            return Err(Box::new(suspended));
        };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody came back for these.
        calls.retain(|_, waiting| !waiting.conversation.is_over());
        if calls.len() >= MOST {
            return Err(Box::new(suspended));
        }
        calls.insert(state.handle, suspended);
        Ok(sealed)
    }

    /// Opens what a client brought back.
    ///
    /// # Errors
    /// Where it is not ours, is for another call, or is too old.
    pub(super) fn open(&self, sealed: &str, binding: &[u8]) -> Result<State, RequestStateError> {
        self.codec.open_json_with(sealed, binding)
    }

    /// The call that waits there, if this process has it. It is given out once.
    pub(super) fn take(&self, state: &State) -> Option<Suspended> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.remove(&state.handle)
    }

    /// Whether this process asked. Then an answer to what does not wait here any more comes a second time,
    /// or too late.
    pub(super) fn asked(&self, state: &State) -> bool {
        state.process == self.process
    }

    /// Ends all that wait.
    pub(super) fn clear(&self) {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

fn random() -> Result<String, getrandom::Error> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random)?;
    Ok(hex(&random))
}
