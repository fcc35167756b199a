//! The proof that an access was allowed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::call::Call;
use super::refusal::Refused;
use crate::base::label::Label;
use crate::rules::access::{Access, Object};
use crate::rules::verb::Verb;
use crate::rules::verdict::Reason;
use crate::store::audit::record::{Outcome, Status};

/// The proof that one access was allowed and put on record. Only the gate can make one, nothing can
/// copy one, and whatever touches the world asks for one.
///
/// When it goes away, what came of the access goes on record: what [`Pass::settle`] said, or
/// *abandoned* if nobody said anything (a time-out, a trap, a cancelled call).
#[must_use = "an access that was allowed has to be done or settled"]
pub struct Pass {
    call: Arc<Call>,
    pub(super) step: u32,
    access: Access,
    pub(super) reasons: Vec<Reason>,
    pub(super) approval: Option<String>,
    pub(super) label_before: Label,
    /// An intent is on record already.
    pub(super) announced: bool,
    epoch: AtomicU64,
    began: Instant,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    settled: Mutex<Option<(Status, Option<&'static str>)>>,
}

impl Pass {
    /// Made by the gate and by nobody else.
    pub(in crate::gate) fn mint(call: Arc<Call>, access: Access, step: u32, epoch: u64) -> Self {
        Self {
            call,
            step,
            access,
            reasons: Vec::new(),
            approval: None,
            label_before: Label::clean(),
            announced: false,
            epoch: AtomicU64::new(epoch),
            began: Instant::now(),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            settled: Mutex::new(None),
        }
    }

    /// Whether this is the proof for doing `verb` to `object`.
    pub fn covers(&self, verb: Verb, object: &Object) -> bool {
        self.access.verbs.contains(verb) && self.access.object == *object
    }

    /// What was allowed.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Says how it went. The last word before the pass goes away is the one on record.
    pub fn settle(&self, status: Status, error: Option<&'static str>) {
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner) = Some((status, error));
    }

    /// Counts bytes that the guest got.
    pub fn count_read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that the guest gave.
    pub fn count_written(&self, bytes: u64) {
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Asked before every later chunk that is written under this pass: what was allowed while the
    /// call was clean is judged anew once the call has seen more. Where that would ask, it refuses:
    /// a write that is under way cannot wait for a person.
    ///
    /// # Errors
    /// [`Refused`], which is on record, when the access would no longer be allowed unasked.
    pub fn recheck(&self) -> Result<(), Refused> {
        let now = self.call.label_epoch();
        if now == self.epoch.load(Ordering::Acquire) {
            return Ok(());
        }
        self.call.judge_again(&self.access)?;
        self.epoch.store(now, Ordering::Release);
        Ok(())
    }

    fn outcome(&self) -> Outcome {
        let settled = *self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, error) = settled.unwrap_or((Status::Abandoned, None));
        let counted = |counter: &AtomicU64| match counter.load(Ordering::Relaxed) {
            0 => None,
            bytes => Some(bytes),
        };
        Outcome {
            status,
            error: error.map(str::to_owned),
            bytes_read: counted(&self.bytes_read),
            bytes_written: counted(&self.bytes_written),
            digest: None,
            duration_us: u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let outcome = self.outcome();
        let call = Arc::clone(&self.call);
        call.record_outcome(self, outcome);
    }
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass")
            .field("step", &self.step)
            .field("access", &self.access)
            .finish()
    }
}
