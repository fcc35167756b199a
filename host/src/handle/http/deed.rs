//! One request that was allowed: what is known of it, from its pass to its outcome.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::failure::Failure;
use crate::gate::call::Spend;
use crate::gate::pass::{Note, Pass};
use crate::gate::refusal::Refused;
use crate::store::audit::record::Status;

/// One request that was allowed. The sending task, the body on its way out and the body on its way in
/// share it; when the last of them is done, its outcome goes on record.
pub(super) struct Deed {
    pass: Pass,
    ended: Mutex<Option<Status>>,
    began: Instant,
    /// When something last went out, in milliseconds since the beginning.
    moved: AtomicU64,
    /// The next piece of the body is the guest's to give.
    waits_for_guest: AtomicBool,
    /// One of the requests that the call may have under way.
    _turn: OwnedSemaphorePermit,
}

impl Deed {
    pub(super) fn new(pass: Pass, turn: OwnedSemaphorePermit) -> Self {
        Self {
            pass,
            ended: Mutex::new(None),
            began: Instant::now(),
            moved: AtomicU64::new(0),
            waits_for_guest: AtomicBool::new(false),
            _turn: turn,
        }
    }

    pub(super) fn pass(&self) -> &Pass {
        &self.pass
    }

    pub(super) fn note(&self, note: Note) {
        self.pass.note(note);
    }

    /// Says how it ended. The first word counts, but a refusal on the way outdoes success.
    pub(super) fn end(&self, status: Status, word: Option<&'static str>) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let outdone = match *ended {
            None => true,
            Some(Status::Done) => status == Status::Stopped,
            Some(_) => false,
        };
        if outdone {
            *ended = Some(status);
            self.pass.settle(status, word);
        }
    }

    /// It did not work.
    pub(super) fn fail(&self, failure: Failure) {
        let status = match failure {
            Failure::Cancelled => Status::Stopped,
            _ => Status::Failed,
        };
        self.end(status, Some(failure.word()));
    }

    /// Asked for each piece that is about to go out: whether it still may, by the rules and by the
    /// budget.
    pub(super) fn may_send(&self, bytes: u64) -> Result<(), Refused> {
        self.pass
            .recheck()
            .and_then(|()| self.pass.spend(Spend::BytesOut(bytes)))
            .inspect_err(|_| self.end(Status::Stopped, Some("refused")))?;
        self.pass.count_written(bytes);
        self.moved();
        Ok(())
    }

    /// Counts a piece that came in.
    pub(super) fn got(&self, bytes: u64) -> Result<(), Refused> {
        self.pass
            .spend(Spend::BytesIn(bytes))
            .inspect_err(|_| self.end(Status::Stopped, Some("refused")))?;
        self.pass.count_read(bytes);
        Ok(())
    }

    /// Something went out just now.
    pub(super) fn moved(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(since, Ordering::Relaxed);
    }

    pub(super) fn waits_for_guest(&self, waits: bool) {
        self.waits_for_guest.store(waits, Ordering::Relaxed);
        if !waits {
            self.moved();
        }
    }

    /// Waits until nothing has gone out for `patience`, the guest's own pauses apart.
    pub(super) async fn stands_still(&self, patience: Duration) {
        loop {
            let moved = self.began + Duration::from_millis(self.moved.load(Ordering::Relaxed));
            let due = moved + patience;
            let waits = self.waits_for_guest.load(Ordering::Relaxed);
            let now = Instant::now();
            if now >= due && !waits {
                return;
            }
            let due = if waits { now + patience } else { due };
            tokio::time::sleep_until(due.into()).await;
        }
    }
}
