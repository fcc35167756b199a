//! What happened, for those who watch a host. Events of calls say what goes on record, no more and no
//! less, so that nobody has to read the record to follow along; the record alone proves anything.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::approver::Answer;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::{CallId, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::base::said::Said;
use crate::base::text::shorten;
use crate::rules::access::Access;
use crate::rules::verb::{Handle, Verbs};
use crate::rules::verdict::{Judgement, Reason, Verdict};
use crate::store::audit::record::{Kind, Outcome, Record, Status};

/// The most characters of any text in an event: what waits for a listener must stay small.
pub(super) const MAX_TEXT: usize = 1024;

/// One thing that happened. It is for the operator: objects and reasons name places and paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When, by the wall clock; where it is on record too, the time that stands there.
    pub time: Timestamp,
    /// The call that it happened in; none where it is about the host as a whole.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Arc<Origin>>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The call that an event happened in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Origin {
    /// On whose behalf.
    pub principal: Principal,
    /// In which conversation.
    pub session: SessionId,
    /// In which run of a tool.
    pub call: CallId,
    /// The runtime's own name for the call, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_call: Option<String>,
    /// The plugin.
    pub plugin: Name,
    /// The tool.
    pub tool: ToolName,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A call began: the tool may be called. One that may not be called is [`Self::Refused`] at once,
    /// and neither begins nor ends.
    CallBegun,
    /// A call ended. [`Outcome::error`] is the fixed word for how, if it did not work.
    CallEnded(Outcome),
    /// An access was allowed. It is about to happen, or over already: then [`Self::Ended`] follows at
    /// once.
    Allowed(Judged),
    /// An access, or the call itself, was refused. Nothing happened.
    Refused(Judged),
    /// An access that was allowed is over.
    Ended {
        /// What was allowed.
        #[serde(flatten)]
        access: Judged,
        /// What came of it.
        outcome: Outcome,
    },
    /// A person is being asked; [`Self::Answered`] follows.
    Asked(Judged),
    /// A question is over.
    Answered {
        /// What was asked for.
        #[serde(flatten)]
        access: Judged,
        /// What came back.
        answer: Answer,
    },
    /// A tool says something.
    Said {
        /// What it says.
        said: Said,
    },
    /// The operator's file gives less than before, and the host that
    /// [`Host::reload`](crate::api::host::Host::reload) gave goes by it.
    Reloaded {
        /// The digest of the new rules, as the record names them.
        rules: Digest,
    },
    /// Entries of the record could not be written. Until they can be again, effects are refused and
    /// answers withheld.
    RecordsLost {
        /// How many at once.
        records: u64,
        /// What is wrong.
        why: String,
    },
    /// Entries are safe in a file, and could not be put into the record's database yet. It is tried again
    /// and again; this is told once. Until it works, effects are refused and answers withheld.
    RecordBehind {
        /// How many, at first.
        records: u64,
        /// What is wrong.
        why: String,
    },
    /// A checkpoint could not be made, or not be put where it should go. It is tried again and again;
    /// this is told once.
    CheckpointFailed {
        /// What is wrong.
        why: String,
    },
    /// The oldest entries were moved into an archive.
    Archived {
        /// The number of the first of them.
        first: u64,
        /// And of the last.
        last: u64,
        /// The archive, seen from the state folder.
        file: String,
    },
    /// The oldest entries could not be moved into an archive, and are where they were. It is tried again
    /// and again; this is told once.
    ArchiveFailed {
        /// What is wrong.
        why: String,
    },
    /// The listener was too slow: events were dropped between the last one and the next.
    Missed {
        /// How many.
        events: u64,
    },
}

/// An access, and what was decided on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Judged {
    /// Its number in the call, the same when it begins and when it ends; 0 is the call itself. None
    /// while it is only asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The kind of access.
    pub handle: Handle,
    /// The need that the guest acted on; none for the call itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub need: Option<Name>,
    /// All that was wanted at once.
    pub verbs: Verbs,
    /// The real object, on one line.
    pub object: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Which approval lifted an ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
}

impl Judged {
    /// What a person is asked.
    pub(super) fn asked(access: &Access, judgement: &Judgement) -> Self {
        Self {
            step: None,
            handle: access.handle,
            need: Some(access.need.clone()),
            verbs: access.verbs,
            object: shorten(&access.object.to_string(), MAX_TEXT),
            verdict: judgement.verdict(),
            reasons: judgement.reasons().iter().map(short).collect(),
            approval: None,
        }
    }

    fn recorded(record: &Record) -> Self {
        Self {
            step: Some(record.step),
            handle: record.handle,
            need: record.need.clone(),
            verbs: record.verbs,
            object: shorten(&record.object, MAX_TEXT),
            verdict: record.verdict,
            reasons: record.reasons.iter().map(short).collect(),
            approval: record.approval.clone(),
        }
    }

    /// The reasons that decided.
    pub fn because(&self) -> impl Iterator<Item = &Reason> {
        let strictest = self.reasons.iter().map(|reason| reason.verdict).max();
        self.reasons
            .iter()
            .filter(move |reason| Some(reason.verdict) == strictest)
    }
}

fn short(reason: &Reason) -> Reason {
    Reason {
        verdict: reason.verdict,
        code: reason.code,
        text: shorten(&reason.text, MAX_TEXT),
        remedy: reason.remedy.as_ref().map(|text| shorten(text, MAX_TEXT)),
    }
}

/// What a tool says, at most so long that it may wait.
pub(super) fn short_said(said: &Said) -> Said {
    match said {
        Said::Log { level, message } => Said::Log {
            level: *level,
            message: shorten(message, MAX_TEXT),
        },
        Said::Progress {
            done,
            total,
            message,
        } => Said::Progress {
            done: *done,
            total: *total,
            message: message.as_ref().map(|text| shorten(text, MAX_TEXT)),
        },
    }
}

/// What one entry of the record says happened.
pub(super) fn told_by(record: &Record) -> Vec<EventKind> {
    let is_call = record.step == 0;
    let judged = || Judged::recorded(record);
    match (record.kind, &record.outcome) {
        (Kind::Intent, _) if is_call => vec![EventKind::CallBegun],
        (Kind::Intent, _) => vec![EventKind::Allowed(judged())],
        (Kind::Refusal, _) => vec![EventKind::Refused(judged())],
        (Kind::Outcome | Kind::Access, Some(outcome)) if is_call => {
            vec![EventKind::CallEnded(outcome.clone())]
        }
        (Kind::Outcome, Some(outcome)) => vec![ended(judged(), outcome)],
        (Kind::Access, Some(outcome)) => {
            vec![EventKind::Allowed(judged()), ended(judged(), outcome)]
        }
        (Kind::Outcome | Kind::Access, None) => Vec::new(),
    }
}

fn ended(access: Judged, outcome: &Outcome) -> EventKind {
    EventKind::Ended {
        access,
        outcome: outcome.clone(),
    }
}

impl fmt::Display for Event {
    /// One line, without the time: `plugin/tool` where there is one, and what happened.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{}/{} ", origin.plugin, origin.tool)?;
        }
        write!(f, "{}", self.kind)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallBegun => f.write_str("begins"),
            Self::CallEnded(outcome) => write!(f, "ends: {}", word(outcome)),
            Self::Allowed(access) => write!(f, "allow {access}"),
            Self::Refused(access) => {
                write!(f, "refuse {access}")?;
                let mut because = access.because();
                because
                    .next()
                    .map_or(Ok(()), |why| write!(f, ": {}", why.text))
            }
            Self::Ended { access, outcome } => write!(f, "{} {access}", word(outcome)),
            Self::Asked(access) => write!(f, "ask {access}"),
            Self::Answered { access, answer } => write!(f, "answer {answer} {access}"),
            Self::Said { said } => write!(f, "says: {said}"),
            Self::Reloaded { rules } => write!(f, "the operator's file gives less: {rules}"),
            Self::RecordsLost { records, why } => write!(f, "lost {records} records: {why}"),
            Self::RecordBehind { records, why } => {
                write!(f, "{records} records are not in the database yet: {why}")
            }
            Self::CheckpointFailed { why } => write!(f, "no checkpoint: {why}"),
            Self::Archived { first, last, file } => {
                write!(f, "records {first} to {last} are in `{file}` now")
            }
            Self::ArchiveFailed { why } => write!(f, "nothing was archived: {why}"),
            Self::Missed { events } => write!(f, "missed {events} events"),
        }
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.handle, self.verbs, self.object)
    }
}

/// The fixed word for how something ended.
fn word(outcome: &Outcome) -> &str {
    match (&outcome.error, outcome.status) {
        (Some(word), _) => word,
        (None, Status::Done) => "done",
        (None, Status::Failed) => "failed",
        (None, Status::Stopped) => "stopped",
        (None, Status::Refused) => "refused",
        (None, Status::Abandoned) => "abandoned",
    }
}
