//! Who moves the oldest part of a log into an archive: a thread of its own, so that no caller waits for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::rotate::{Rotation, rotate};
use super::writer::{Board, Trouble};
use crate::store::error::StoreError;

/// How many steps are taken however soon the process ends: where each lives for one call only, they come to
/// the end together.
const STEPS: u32 = 5;

pub(super) struct Archivist {
    state: PathBuf,
    board: Arc<Board>,
    at_work: Option<JoinHandle<()>>,
    /// Nobody writes the log any more: end soon. Another process goes on from there.
    ended: Arc<AtomicBool>,
    /// Whether the last time failed: that is told once.
    failed: Arc<AtomicBool>,
}

impl Archivist {
    pub(super) fn new(state: &Path, board: &Arc<Board>) -> Self {
        Self {
            state: state.to_owned(),
            board: Arc::clone(board),
            at_work: None,
            ended: Arc::new(AtomicBool::new(false)),
            failed: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Sees to it that what is due is being done. Waits for nothing.
    pub(super) fn see_to(&mut self, rotation: Rotation) {
        let is_busy = |work: &JoinHandle<()>| !work.is_finished();
        if !rotation.is_wanted() || self.at_work.as_ref().is_some_and(is_busy) {
            return;
        }
        let (state, board) = (self.state.clone(), Arc::clone(&self.board));
        let (ended, failed) = (Arc::clone(&self.ended), Arc::clone(&self.failed));
        let work = move || {
            let mut steps = 0;
            let done = rotate(&state, rotation, || {
                steps += 1;
                steps < STEPS || !ended.load(Ordering::Relaxed)
            });
            let told = match done {
                Ok(done) => {
                    failed.store(false, Ordering::Relaxed);
                    done.map(|archive| Trouble::Archived {
                        first: archive.first,
                        last: archive.end - 1,
                        file: archive.name(),
                    })
                }
                Err(error) => {
                    let again = failed.swap(true, Ordering::Relaxed);
                    (!again).then_some(Trouble::Archive(error))
                }
            };
            if let Some(told) = told {
                board.tell(told);
            }
        };
        let begun = thread::Builder::new().name("audit-archive".to_owned());
        match begun.spawn(work) {
            Ok(begun) => self.at_work = Some(begun),
            Err(error) => {
                let error = StoreError::file("start archiving", &self.state, error);
                self.board.tell(Trouble::Archive(error));
            }
        }
    }
}

impl Drop for Archivist {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(work) = self.at_work.take() {
            let _ = work.join();
        }
    }
}
