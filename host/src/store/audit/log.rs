//! The log as the rest of a process sees it: a queue, and whoever empties it.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::archivist::Archivist;
use super::checkpoint::Checkpoint;
use super::ledger::Ledger;
use super::queue::{Entry, Look, Order, Queue};
use super::record::Record;
use super::rotate::Rotation;
use super::spool::Spool;
pub use super::writer::Trouble;
use super::writer::{Board, Watcher, Writer, lock};
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::store::error::StoreError;

/// How much may wait in the queue: a record counts one, and one more for each KiB of its texts.
const QUEUE: u32 = 16_384;

/// When checkpoints are made and where they go besides the database.
#[derive(Clone, Debug)]
pub struct Options {
    /// A file, best in a place that whoever can write the state folder cannot change.
    pub checkpoint_to: Option<PathBuf>,
    /// After how many records of this process.
    pub checkpoint_every: u64,
    /// How long after a record that no checkpoint covers.
    pub checkpoint_after: Duration,
    /// When the oldest records go to an archive.
    pub rotation: Rotation,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checkpoint_to: None,
            checkpoint_every: 10_000,
            checkpoint_after: Duration::from_secs(1),
            rotation: Rotation::default(),
        }
    }
}

/// What a record's ticket waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The record is on disk: it outlives a power failure. For intents of effects.
    Durable,
    /// The record is committed: it outlives this process, and gets to the disk with the next
    /// durable record or checkpoint. For reads. What is not waited for is written with others of its kind,
    /// a moment later.
    Written,
}

/// The answer to one appended record, to be awaited. Dropping it takes nothing back.
#[derive(Debug)]
#[must_use = "only the ticket tells whether the record was written"]
pub struct Ticket(oneshot::Receiver<Result<u64, StoreError>>);

impl Future for Ticket {
    /// The record's sequence number.
    type Output = Result<u64, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}

/// Whether records outlive this process.
#[derive(Debug)]
#[must_use = "only this tells whether the records were written"]
pub enum Kept {
    /// They do.
    Already,
    /// The ticket tells.
    Once(Ticket),
}

impl Kept {
    /// Waits until that is known.
    ///
    /// # Errors
    /// If they don't.
    pub async fn known(self) -> Result<(), StoreError> {
        match self {
            Self::Already => Ok(()),
            Self::Once(ticket) => ticket.await.map(drop),
        }
    }
}

/// The audit log of a state folder, open for appending. Several processes may have it open.
///
/// Dropping it writes what is queued and a last checkpoint.
pub struct AuditLog {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    board: Arc<Board>,
    verifier: String,
}

impl AuditLog {
    /// Opens the log in a state folder, and makes both where they are missing.
    ///
    /// # Errors
    /// If the folder, the database, the key or the file for checkpoints can't be used.
    pub fn open(state: &Path, options: Options) -> Result<Self, StoreError> {
        let ledger = Ledger::open(state, options.checkpoint_to.as_deref())?;
        Self::start(ledger, options, state)
    }

    pub(super) fn start(
        ledger: Ledger,
        options: Options,
        state: &Path,
    ) -> Result<Self, StoreError> {
        let board = Arc::new(Board {
            room: Semaphore::new(QUEUE as usize),
            lost: AtomicU64::new(0),
            checkpoint: Mutex::new(ledger.newest_checkpoint()?),
            trouble: Mutex::new(None),
            watcher: Watcher::default(),
            operator: Watcher::default(),
        });
        let verifier = ledger.verifier().to_owned();
        let writer = Writer {
            ledger,
            options,
            board: Arc::clone(&board),
            unsealed: 0,
            seal_at: None,
            troubled: false,
            behind: false,
            archivist: Archivist::new(state, &board),
        };
        let queue = Arc::new(Queue::new(Spool::new(state)));
        let at_work = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("audit-writer".to_owned())
            .spawn(move || writer.run(&at_work))
            .map_err(|error| StoreError::file("start the writer of", state, error))?;
        Ok(Self {
            queue,
            thread: Some(thread),
            board,
            verifier,
        })
    }

    /// Puts a record into the queue and waits only while that is full. Records of one task enter
    /// the log in the order of its calls. If the log can't be written, the ticket says so, and
    /// every later one too until a write succeeds again.
    pub async fn append(&self, record: Record, durability: Durability) -> Ticket {
        let weight = weight(&record);
        if let Ok(room) = self.board.room.acquire_many(weight).await {
            room.forget();
        }
        self.enqueue(Box::new(record), durability, weight)
    }

    /// As [`AuditLog::append`] for code that may not wait.
    ///
    /// # Errors
    /// Gives the record back if the queue is full: nothing was recorded, so refuse.
    pub fn try_append(
        &self,
        record: Box<Record>,
        durability: Durability,
    ) -> Result<Ticket, Box<Record>> {
        let weight = weight(&record);
        match self.board.room.try_acquire_many(weight) {
            Ok(room) => room.forget(),
            Err(_) => return Err(record),
        }
        Ok(self.enqueue(record, durability, weight))
    }

    /// Puts records into the queue that have to outlive this process, but not a power failure, and answers
    /// for them and all that came before them: at once where that can be done without the database.
    ///
    /// # Errors
    /// Gives the records back if the queue is full: nothing was recorded.
    pub fn try_keep(
        &self,
        before: Vec<Box<Record>>,
        last: Box<Record>,
    ) -> Result<Kept, (Vec<Box<Record>>, Box<Record>)> {
        let weights = before.iter().map(|record| weight(record));
        let all = weights.fold(weight(&last), u32::saturating_add);
        match self.board.room.try_acquire_many(all) {
            Ok(room) => room.forget(),
            Err(_) => return Err((before, last)),
        }
        let mut entries = Vec::with_capacity(before.len() + 1);
        for record in before {
            let weight = weight(&record);
            entries.push(entry(*record, Durability::Written, weight).0);
        }
        let weight = weight(&last);
        let (last, ticket) = entry(*last, Durability::Written, weight);
        entries.push(last);
        Ok(if self.queue.push_safely(entries) {
            Kept::Already
        } else {
            Kept::Once(ticket)
        })
    }

    fn enqueue(&self, record: Box<Record>, durability: Durability, weight: u32) -> Ticket {
        let (entry, ticket) = entry(*record, durability, weight);
        self.queue.push(Order::Append(Box::new(entry)));
        ticket
    }

    /// Waits until everything that was put into the queue so far was tried. Whether one record was
    /// written is for its ticket to say.
    ///
    /// # Errors
    /// If the log can't be written at present.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Order::Flush(reply));
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Makes a checkpoint of everything that was put into the queue so far; none if the log is
    /// empty.
    ///
    /// # Errors
    /// If it can't be stored, or not in its second place.
    pub async fn seal(&self) -> Result<Option<Checkpoint>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Order::Seal(reply));
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Whether an intent before the one with the number `before` says that this approval, signed then,
    /// lifted its ask.
    ///
    /// # Errors
    /// If the log can't be read.
    pub async fn approval_used(
        &self,
        approval: ApprovalId,
        signed_at: Timestamp,
        before: u64,
    ) -> Result<bool, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Order::Look(Look {
            approval,
            signed_at,
            before,
            reply,
        }));
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The newest checkpoint that this process knows of.
    pub fn latest_checkpoint(&self) -> Option<Checkpoint> {
        lock(&self.board.checkpoint).clone()
    }

    /// Why the last attempt to make a checkpoint failed; none if it succeeded.
    pub fn checkpoint_trouble(&self) -> Option<StoreError> {
        lock(&self.board.trouble).clone()
    }

    /// Has `watcher` told of every [`Trouble`] from now on, on the thread that writes the log: it must not
    /// wait for anything. There is one watcher, the first.
    pub fn on_trouble(&self, watcher: impl Fn(Trouble) + Send + Sync + 'static) {
        self.board.watcher.set(Box::new(watcher));
    }

    /// The same for a second watcher, which is there for people.
    #[cfg(feature = "serve")]
    pub(crate) fn on_trouble_for_operator(
        &self,
        watcher: impl Fn(Trouble) + Send + Sync + 'static,
    ) {
        self.board.operator.set(Box::new(watcher));
    }

    /// How many records could not be written since the log was opened.
    pub fn lost(&self) -> u64 {
        self.board.lost.load(Ordering::Acquire)
    }

    /// The key that others can check this log's checkpoints with.
    pub fn verifier_key(&self) -> &str {
        &self.verifier
    }

    /// Writes what is queued and a last checkpoint, and waits for both.
    ///
    /// # Errors
    /// If the last checkpoint failed.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.end();
        lock(&self.board.trouble).take().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.end();
    }
}

fn entry(record: Record, durability: Durability, weight: u32) -> (Entry, Ticket) {
    let (reply, ticket) = oneshot::channel();
    let entry = Entry {
        record,
        durability,
        weight,
        reply,
        line: None,
    };
    (entry, Ticket(ticket))
}

/// How much of the queue a record takes.
fn weight(record: &Record) -> u32 {
    let reasons = record.reasons.iter();
    let reasons = reasons.map(|why| why.text.len() + why.remedy.as_ref().map_or(0, String::len));
    let options = [&record.runtime_call, &record.trace_parent, &record.approval];
    let options = options.into_iter().flatten().map(String::len);
    let texts = record.tool.len() + record.object.len();
    let texts = texts + reasons.sum::<usize>() + options.sum::<usize>();
    u32::try_from(1 + texts / 1024).map_or(QUEUE, |weight| weight.min(QUEUE))
}
