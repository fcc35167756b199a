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
    /// What could not be resolved to anything inside the data place: it leads out of it, or to
    /// something that no grant may reach. Always denied.
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
    /// A request to a web server.
    Request {
        /// The declared data place.
        data: Name,
        /// The method, in capitals.
        method: String,
        /// `scheme://host:port/path?query`, without the port that the scheme means anyway.
        url: String,
    },
    /// A value by its key; what a list is about is the beginning of keys.
    Entry {
        /// The declared data place.
        data: Name,
        /// The key.
        key: String,
    },
    /// A table of a database.
    Table {
        /// The declared data place.
        data: Name,
        /// The table, by the database's own name for it.
        table: String,
        /// The columns that are read or changed, in small letters; none for what is about whole rows.
        columns: Vec<String>,
    },
}

/// Why something leads to nothing that a grant could give.
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
    /// An address that is written in a way that programs read differently.
    BadTarget,
    /// An address of this machine or of a private network, which no grant names.
    NotPublic,
    /// A statement that is not understood well enough to be judged.
    Unknown,
    /// More than can be judged.
    TooLarge,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "leads out of the folder",
            Self::Protected => "belongs to Toolkeep itself",
            Self::SpecialFile => "is neither a regular file nor a folder",
            Self::Loop => "has links without end",
            Self::BadTarget => "is not plainly one address",
            Self::NotPublic => "is not on the public net, and no grant names its address",
            Self::Unknown => "is not understood well enough to be judged",
            Self::TooLarge => "is too large to be judged",
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
            Self::Request { data, method, url } => {
                write!(f, "{data}:{} {}", text::visible(method), text::visible(url))
            }
            Self::Entry { data, key } => write!(f, "{data}:{}", text::visible(key)),
            Self::Table {
                data,
                table,
                columns,
            } => {
                write!(f, "{data}:{}", text::visible(table))?;
                if !columns.is_empty() {
                    write!(f, " ({})", text::visible(&columns.join(", ")))?;
                }
                Ok(())
            }
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

impl Access {
    /// The declared data place that it is about, if there is one.
    pub fn data(&self) -> Option<&Name> {
        match &self.object {
            Object::Path { data, .. }
            | Object::Unreachable { data, .. }
            | Object::Request { data, .. }
            | Object::Entry { data, .. }
            | Object::Table { data, .. } => Some(data),
            Object::Tool(_) | Object::Key(_) => None,
        }
    }
}
