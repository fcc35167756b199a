//! One entry of the audit log.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::{CallId, Name, SessionId};
use crate::base::label::Label;
use crate::base::principal::Principal;
use crate::rules::verb::{Handle, Verbs};
use crate::rules::verdict::{Reason, Verdict};

/// The version of the record's form, written into each record as `v`.
pub const RECORD_VERSION: u32 = 1;

/// Which part of an access an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An allowed access is about to happen; its [`Kind::Outcome`] follows. An intent without an
    /// outcome means *unknown*: the host died in between.
    Intent,
    /// What came of the intent with the same call and [`Record::step`].
    Outcome,
    /// An access that was decided and done in one step, verdict and outcome together.
    Access,
    /// An access that was denied, or asked for and not approved. Nothing happened.
    Refusal,
}

impl Kind {
    /// The word used in the log and in docs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Access => "access",
            Self::Refusal => "refusal",
        }
    }
}

/// How an access or a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// It was done.
    Done,
    /// It was tried and failed by itself (no such file, disk full, the tool's own failure).
    Failed,
    /// It was stopped: a limit, a time-out, a trap, a cancellation.
    Stopped,
    /// It was refused on the way.
    Refused,
    /// The guest went away before the act was over.
    Abandoned,
}

/// What came of an access or a call.
///
/// The fields stand in the order of their names, which is the order that the canonical form wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Bytes that the guest got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_read: Option<u64>,
    /// Bytes that the guest gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_written: Option<u64>,
    /// The status code of a web server's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Digest of the result where there is one (a call's answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Microseconds from decision to end.
    pub duration_us: u64,
    /// A fixed word for the error where it failed, such as `no-entry` or `time-limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The address that was talked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Rows that the guest got or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Which secrets went along, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Name>,
    /// How it ended.
    pub status: Status,
}

impl Outcome {
    /// One that says nothing but how it ended.
    pub fn new(status: Status, duration_us: u64) -> Self {
        Self {
            bytes_read: None,
            bytes_written: None,
            code: None,
            digest: None,
            duration_us,
            error: None,
            peer: None,
            rows: None,
            secrets: Vec::new(),
            status,
        }
    }
}

/// One entry of the audit log, before the log gives it its sequence number.
///
/// `object`, `principal` and the reasons' texts enter the leaf as salted commitments; their texts
/// stand beside it, so that they can be erased without breaking the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// Which part of an access this tells.
    pub kind: Kind,
    /// When, by the wall clock.
    pub time: Timestamp,
    /// On whose behalf.
    pub principal: Principal,
    /// In which conversation.
    pub session: SessionId,
    /// In which run of a tool.
    pub call: CallId,
    /// The number of the access within its call: 0 is the tool call itself. An intent and its
    /// outcome have the same.
    pub step: u32,
    /// The runtime's own name for the call, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_call: Option<String>,
    /// The W3C trace parent, where the runtime gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<String>,
    /// The plugin.
    pub plugin: Name,
    /// The digest of the plugin's component file.
    pub plugin_digest: Digest,
    /// The tool; any text, since a model may ask for a tool that does not exist.
    pub tool: String,
    /// The kind of access.
    pub handle: Handle,
    /// The need that the guest acted on; none for the tool call itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Name>,
    /// All that was wanted at once.
    pub verbs: Verbs,
    /// The real thing, as [`crate::rules::access::Object`] shows itself.
    pub object: String,
    /// Digest of the call's arguments; on the tool call itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Digest>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Which approval or lease lifted an ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// Digest of the rules that decided.
    pub rules: Digest,
    /// The call's label before.
    pub label_before: Label,
    /// The call's label after; on entries that have an outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_after: Option<Label>,
    /// What came of it; on outcomes and accesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}
