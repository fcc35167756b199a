//! The proof that an access was allowed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::call::{Call, Spend, micros};
use super::refusal::Refused;
use crate::base::id::Name;
use crate::base::label::Label;
use crate::rules::access::{Access, Object};
use crate::rules::verb::Verb;
use crate::rules::verdict::Judgement;
use crate::store::audit::record::{Outcome, Status};

/// The proof that one access was allowed and put on record. Only the gate can make one, nothing can
/// copy one, and whatever touches the world asks for one.
///
/// When it goes away, what came of the access goes on record: what [`Pass::settle`] said, or
/// *abandoned* if nobody said anything (a time-out, a trap, a cancelled call).
#[must_use = "an access that was allowed has to be done or settled"]
pub struct Pass {
    call: Arc<Call>,
    access: Access,
    pub(super) judgement: Judgement,
    pub(super) approval: Option<String>,
    pub(super) step: u32,
    /// An intent is on record.
    announced: AtomicBool,
    pub(super) label_before: Label,
    epoch: AtomicU64,
    revoked: AtomicBool,
    began: Instant,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    settled: Mutex<Option<(Status, Option<&'static str>)>>,
    notes: Mutex<Notes>,
}

/// What else is known of an act, for the record.
#[derive(Default)]
struct Notes {
    code: Option<u16>,
    peer: Option<String>,
    rows: Option<u64>,
    secrets: Vec<Name>,
}

/// Something that is known of an act, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The status code of a web server's answer.
    Code(u16),
    /// The address that was talked to.
    Peer(String),
    /// More rows that the guest got or changed.
    Rows(u64),
    /// The name of a secret that went along.
    Secret(Name),
}

impl Pass {
    /// Made by the gate and by nobody else.
    #[allow(
        clippy::too_many_arguments,
        reason = "it has one caller, and each part is its own"
    )]
    pub(in crate::gate) fn mint(
        call: Arc<Call>,
        access: Access,
        judgement: Judgement,
        approval: Option<String>,
        step: u32,
        label_before: Label,
        epoch: u64,
    ) -> Self {
        Self {
            call,
            access,
            judgement,
            approval,
            step,
            announced: AtomicBool::new(false),
            label_before,
            epoch: AtomicU64::new(epoch),
            revoked: AtomicBool::new(false),
            began: Instant::now(),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            settled: Mutex::new(None),
            notes: Mutex::default(),
        }
    }

    /// The intent is on record: an outcome has to follow.
    pub(super) fn announce(&self) {
        self.announced.store(true, Ordering::Release);
    }

    pub(super) fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Acquire)
    }

    /// Whether a person had to say yes.
    pub fn was_approved(&self) -> bool {
        self.approval.is_some()
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

    /// Says that all went well, unless something else was said before.
    pub fn settle_done(&self) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.get_or_insert((Status::Done, None));
    }

    /// Keeps what is known of the act for its outcome.
    pub fn note(&self, note: Note) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        match note {
            Note::Code(code) => notes.code = Some(code),
            Note::Peer(peer) => notes.peer = Some(peer),
            Note::Rows(more) => notes.rows = Some(notes.rows.unwrap_or(0).saturating_add(more)),
            Note::Secret(name) => notes.secrets.push(name),
        }
    }

    /// Counts against the grant's budget what the act is about to use up. Bytes and rows of the outcome are
    /// counted apart from this.
    ///
    /// # Errors
    /// [`Refused`], which is on record, where the budget is used up.
    pub fn spend(&self, spend: Spend) -> Result<(), Refused> {
        self.call.spend(&self.access, spend)
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
    /// call was clean is judged anew once the call has seen more, or the operator gives less. Where that would ask, it refuses:
    /// a write that is under way cannot wait for a person. Once the call is cancelled, all is refused.
    ///
    /// # Errors
    /// [`Refused`], which is on record, when the access would no longer be allowed unasked.
    pub fn recheck(&self) -> Result<(), Refused> {
        if self.revoked.load(Ordering::Acquire) {
            return Err(Refused);
        }
        let now = self.call.epoch();
        if now == self.epoch.load(Ordering::Acquire) && !self.call.is_cancelled() {
            return Ok(());
        }
        if let Err(refused) = self.call.judge_silently(&self.access) {
            // Told once; asking again and again must not fill the log.
            self.revoked.store(true, Ordering::Release);
            return Err(refused);
        }
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
        let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        Outcome {
            error: error.map(str::to_owned),
            bytes_read: counted(&self.bytes_read),
            bytes_written: counted(&self.bytes_written),
            code: notes.code,
            peer: notes.peer,
            rows: notes.rows,
            secrets: notes.secrets,
            ..Outcome::new(status, micros(self.began.elapsed()))
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
