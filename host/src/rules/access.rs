//! One wanted deed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::verb::{Handle, Verbs};
use crate::base::id::Name;
use crate::base::text;

/// The real thing that an access is about, after links and the like were resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Object {
    /// A tool, by name.
    Tool(String),
    /// A file or folder: its path below the data place's folder, without `.`, `..`, links or a
    /// leading `/`; empty for the folder itself.
    Path {
        /// The declared data place.
        data: Name,
        /// The resolved path, `/`-separated.
        path: String,
    },
    /// A path that could not be resolved to anything inside the data place: it leads out of it, or
    /// to something that no grant may reach. Always denied.
    Unreachable {
        /// What the guest asked for.
        asked: String,
        /// The declared data place.
        data: Name,
        /// Why it cannot be reached.
        why: Unreachable,
    },
    /// A key of the plugin's configuration.
    Key(String),
}

/// Why a path leads to nothing that a grant could give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Unreachable {
    /// It is absolute, or `..` or a link in it leads out of the folder.
    Outside,
    /// It is Toolkeep's own config, state, cache or plugin.
    Protected,
    /// It is neither a regular file nor a folder (a fifo, a device, a socket).
    SpecialFile,
    /// Its links never end, or change as fast as they are followed.
    Loop,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "leads out of the folder",
            Self::Protected => "belongs to Toolkeep itself",
            Self::SpecialFile => "is neither a regular file nor a folder",
            Self::Loop => "has links without end",
        })
    }
}

impl fmt::Display for Object {
    /// One line; control characters made visible.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool(name) => f.write_str(&text::visible(name)),
            Self::Path { data, path } if path.is_empty() => write!(f, "{data}:."),
            Self::Path { data, path } => write!(f, "{data}:{}", text::visible(path)),
            Self::Unreachable { data, asked, why } => {
                write!(f, "{data}:{} ({why})", text::visible(asked))
            }
            Self::Key(key) => f.write_str(&text::visible(key)),
        }
    }
}

/// What a call wants to do: through which handle, for which need, with which verbs, to which object.
/// Who wants it (principal, plugin, tool, labels) is the call's and does not change from access to
/// access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The kind of access.
    pub handle: Handle,
    /// The need that the guest acts on.
    pub need: Name,
    /// All that is wanted at once; never empty.
    pub verbs: Verbs,
    /// The real thing.
    pub object: Object,
    /// Whether the object is a folder (patterns let a call walk to what they match).
    pub is_folder: bool,
}
