//! What identifies a call, and how long an access of it takes.

use crate::base::digest::Digest;
use crate::base::id::{CallId, Name, ToolName};

/// What identifies a call, fixed before it starts.
#[derive(Clone, Debug)]
pub struct Identity {
    /// This run.
    pub call: CallId,
    /// The plugin.
    pub plugin: Name,
    /// The digest of its component file.
    pub plugin_digest: Digest,
    /// The tool.
    pub tool: ToolName,
    /// The digest of the call's arguments.
    pub arguments: Digest,
    /// The runtime's own name for the call, where it gave one.
    pub runtime_call: Option<String>,
    /// The W3C trace parent, where the runtime gave one.
    pub trace_parent: Option<String>,
}

/// How long an access takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// It is over as soon as it is done. Unless it changes the world, one entry tells it all.
    Moment,
    /// It stays open, as a file does: one entry when it begins, one when it ends.
    Held,
}
