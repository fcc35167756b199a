//! What a running tool says to those who watch.

use std::fmt;

use serde::Serialize;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the tool's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something did not work.
    Error,
}

/// One thing that a running tool says. Texts are made visible: no control characters are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Said {
    /// A line of log.
    Log {
        /// How much it matters.
        level: Level,
        /// What it says, on one line.
        message: String,
    },
    /// How far the call is.
    Progress {
        /// Units done.
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
        /// What it is doing, on one line.
        message: Option<String>,
    },
}

impl fmt::Display for Said {
    /// One line: the message; `2 of 10: reading` for progress.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log { message, .. } => f.write_str(message),
            Self::Progress {
                done,
                total,
                message,
            } => {
                write!(f, "{done}")?;
                if let Some(total) = total {
                    write!(f, " of {total}")?;
                }
                match message {
                    Some(message) => write!(f, ": {message}"),
                    None => Ok(()),
                }
            }
        }
    }
}
