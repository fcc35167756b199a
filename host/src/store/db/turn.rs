//! Whose turn it is to write. SQLite lets whoever tries at the right moment write next, so that a busy
//! process can keep others waiting for ever. Here whoever waits for the database holds the turn, and
//! the busy process has to line up behind it.

use std::fs::File;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::store::error::StoreError;
use crate::store::folder;

/// The lock file's name in the state folder. It is always empty.
const FILE: &str = "audit.turn";

/// How often somebody who waits looks again.
pub(super) const POLL: Duration = Duration::from_micros(500);

/// The right to try next, among all processes of a state folder.
#[derive(Debug)]
pub(super) struct Turn(File);

/// Holds the turn until it goes away.
pub(super) struct Held<'a>(&'a File);

impl Turn {
    pub(super) fn open(state: &Path) -> Result<Self, StoreError> {
        folder::append(&state.join(FILE)).map(Self)
    }

    /// Waits for the turn. After `patience` it goes on without: the database's own lock is what keeps
    /// writers apart, the turn only keeps them fair.
    pub(super) fn take(&self, patience: Duration) -> Option<Held<'_>> {
        let deadline = Instant::now() + patience;
        while flock(&self.0, FlockOperation::NonBlockingLockExclusive).is_err() {
            if Instant::now() >= deadline {
                return None;
            }
            sleep(POLL);
        }
        Some(Held(&self.0))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let _ = flock(self.0, FlockOperation::Unlock);
    }
}
