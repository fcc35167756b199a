//! Everything that can go wrong for those who embed Toolkeep.

use crate::base::content::Failure;
use crate::base::id::CallId;
use crate::gate::refusal::Refusal;
use crate::rules::problem::Problems;
use crate::store::error::StoreError;

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The operator's file could not be read.
    #[error("cannot read `{path}`: {error}")]
    ReadConfig {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The operator's file is wrong.
    #[error("{0}")]
    Config(Problems),
    /// A plugin file cannot be used.
    #[error("plugin `{plugin}` ({path}) cannot be loaded: {why}")]
    Plugin {
        /// The plugin's name in the operator's file.
        plugin: String,
        /// Its file.
        path: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A data place cannot be used.
    #[error("{0}")]
    Place(String),
    /// The state folder or the log in it cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no place for the state.
    #[error(
        "there is no folder for Toolkeep's state: neither XDG_STATE_HOME nor HOME is set; name one with `state`"
    )]
    NoState,
    /// The engine could not be started.
    #[error("{0}")]
    Engine(String),
}

/// Why a call gave nothing back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No plugin has such a tool.
    #[error("there is no tool `{tool}`{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    UnknownTool {
        /// What was asked for, made visible.
        tool: String,
        /// The nearest tool that there is.
        nearest: Option<String>,
    },
    /// The arguments do not fit the tool's schema, or the tool says that they make no sense.
    #[error("the arguments do not fit tool `{tool}`: {why}")]
    BadArguments {
        /// The tool.
        tool: String,
        /// What does not fit.
        why: String,
    },
    /// The tool failed by itself.
    #[error("tool `{tool}` failed: {}", .failure.text())]
    Failed {
        /// The tool.
        tool: String,
        /// This run.
        call: CallId,
        /// In its own words.
        failure: Failure,
    },
    /// The host stopped the tool.
    #[error("tool `{tool}` was stopped: {why}")]
    Stopped {
        /// The tool.
        tool: String,
        /// This run.
        call: CallId,
        /// The record's fixed word, such as `time-limit`.
        word: &'static str,
        /// What happened and what to do next.
        why: String,
    },
    /// The host refused what the tool needed; nobody can lift that.
    #[error("tool `{tool}` was refused")]
    Denied {
        /// The tool.
        tool: String,
        /// This run.
        call: CallId,
        /// What was refused, and why.
        refusals: Vec<Refusal>,
        /// What the tool said of it.
        said: Option<Failure>,
    },
    /// A person has to approve what the tool needed, and nobody did.
    #[error("tool `{tool}` needs a person's approval, and nobody answered")]
    Unanswered {
        /// The tool.
        tool: String,
        /// This run.
        call: CallId,
        /// What was refused, and why.
        refusals: Vec<Refusal>,
        /// What the tool said of it.
        said: Option<Failure>,
    },
    /// The record, or what the session has seen, could not be written, so the answer is withheld.
    #[error(
        "the answer of tool `{tool}` is withheld: its record, or what its session has seen, could not be written"
    )]
    RecordFailed {
        /// The tool.
        tool: String,
        /// This run.
        call: CallId,
    },
    /// The plugin or a data place cannot be used by this call.
    #[error("tool `{tool}` cannot be run: {why}")]
    Unusable {
        /// The tool.
        tool: String,
        /// What is wrong, and what to do.
        why: String,
    },
}
