//! How a command ends.

use std::process::ExitCode;

/// The exit codes of every command. Once released a number keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: it was done.
    Done,
    /// 1: it was tried and failed.
    Failed,
    /// 2: it was not understood: the command line, the operator's file, a plugin file, arguments.
    Usage,
    /// 3: it was denied.
    Denied,
    /// 4: a person has to approve it, and nobody answered.
    Unanswered,
    /// 5: the record is broken or cannot be written.
    Record,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Denied => 3,
            Exit::Unanswered => 4,
            Exit::Record => 5,
        })
    }
}
