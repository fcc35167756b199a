//! What can go wrong with the store, in words for the operator.

use std::path::Path;

/// Why the store could not do something: what happened and to what. [`StoreError::hint`] says what
/// to do next. It can be cloned, since one failed write answers every record that shared it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder could not be made, read or written.
    #[error("can't {deed} `{path}`: {why}")]
    File {
        /// What was tried, as a verb: `create the folder`.
        deed: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        why: String,
    },
    /// The database failed in a way that has no words of its own here.
    #[error("can't {deed} in `{path}`: {why}")]
    Database {
        /// What was tried, as a verb: `write records`.
        deed: &'static str,
        /// The database file.
        path: String,
        /// SQLite's words.
        why: String,
    },
    /// Another process held the database for longer than the waiting time.
    #[error("can't {deed} in `{path}`: another process keeps it locked")]
    Busy {
        /// What was tried, as a verb.
        deed: &'static str,
        /// The database file.
        path: String,
    },
    /// The disk, or the room that SQLite was given, is full.
    #[error("can't {deed} in `{path}`: the disk is full")]
    Full {
        /// What was tried, as a verb.
        deed: &'static str,
        /// The database file.
        path: String,
    },
    /// The database or its folder may not be written.
    #[error("can't {deed} in `{path}`: it is read-only")]
    ReadOnly {
        /// What was tried, as a verb.
        deed: &'static str,
        /// The database file.
        path: String,
    },
    /// The database is not in its place any more, or another one is.
    #[error(
        "can't {deed} in `{path}`: the file was moved, removed or replaced while it was in use"
    )]
    Moved {
        /// What was tried, as a verb.
        deed: &'static str,
        /// The database file.
        path: String,
    },
    /// A newer program made the database.
    #[error("`{path}` has the form {found}, this program knows forms up to {known}")]
    Newer {
        /// The database file.
        path: String,
        /// The form that was found.
        found: i64,
        /// The newest form that this program knows.
        known: i64,
    },
    /// The file is there and is not (or no longer) a sound database of this program.
    #[error("`{path}` is damaged or not a database of Toolkeep's: {why}")]
    Damaged {
        /// The database file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no audit log where one was to be read.
    #[error("there is no audit log at `{path}`")]
    Missing {
        /// The database file that is not there.
        path: String,
    },
    /// The key that signs or verifies checkpoints is missing or wrong.
    #[error("the checkpoint key `{path}` {why}")]
    Key {
        /// The key file, or `the given verifier key`.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The key with which a person answers is missing, wrong or there already.
    #[error("the approver key `{path}` {why}")]
    ApproverKey {
        /// The key file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// One record cannot be read.
    #[error("record {seq} can't be read: {why}")]
    Record {
        /// Its sequence number.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The system has no random numbers to give.
    #[error("the system gives no random numbers: {why}")]
    Random {
        /// The system's words.
        why: String,
    },
    /// The log's writer has ended, so nothing more is recorded.
    #[error("the audit log is closed")]
    Closed,
}

impl StoreError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "check that the path exists and that this user may write there",
            Self::Database { .. } => "check the disk and the permissions of the state folder",
            Self::Busy { .. } => {
                "end the process that holds the database (another `toolkeep`, or a database browser), then repeat"
            }
            Self::Full { .. } => {
                "make room on the disk; nothing is allowed until records can be written"
            }
            Self::ReadOnly { .. } => {
                "give this user write permission on the state folder and the files in it, or choose another state folder"
            }
            Self::Moved { .. } => {
                "put the file back with its `-wal` and `-shm`, or start the host again to use the one that is there now; nothing is allowed until then"
            }
            Self::Newer { .. } => "use the newer program, or another state folder",
            Self::Damaged { .. } => {
                "keep the file as evidence, run `toolkeep audit verify` on a copy of the state folder, and restore a backup or choose another state folder"
            }
            Self::Missing { .. } => {
                "name the state folder with --state, or the operator's file with --config; a log is made by the first call"
            }
            Self::Key { .. } => {
                "restore the key from a backup; a log without its key can be verified but not continued, so otherwise move the state folder away and start a new log"
            }
            Self::ApproverKey { .. } => {
                "make one with `toolkeep approvals init`, or name another file with --key or TOOLKEEP_APPROVER_KEY"
            }
            Self::Record { .. } => {
                "run `toolkeep audit verify`; if that finds nothing, a newer program wrote the record"
            }
            Self::Random { .. } => "check that the system offers getrandom or /dev/urandom",
            Self::Closed => "start the host again",
        }
    }

    /// A [`StoreError::File`] from what the system said.
    pub(crate) fn file(deed: &'static str, path: &Path, why: impl ToString) -> Self {
        Self::File {
            deed,
            path: shown(path),
            why: why.to_string(),
        }
    }

    /// A [`StoreError::Key`].
    pub(crate) fn key(path: &Path, why: impl Into<String>) -> Self {
        Self::Key {
            path: shown(path),
            why: why.into(),
        }
    }

    /// A [`StoreError::ApproverKey`].
    pub(crate) fn approver_key(path: &Path, why: impl Into<String>) -> Self {
        Self::ApproverKey {
            path: shown(path),
            why: why.into(),
        }
    }

    /// A [`StoreError::Random`].
    pub(crate) fn random(why: impl ToString) -> Self {
        Self::Random {
            why: why.to_string(),
        }
    }
}

/// A path as error messages show it.
pub(crate) fn shown(path: &Path) -> String {
    crate::base::text::visible(&path.to_string_lossy())
}
