//! The thread that empties the queue: whatever waits goes into one transaction, under one sync.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, oneshot};

use super::checkpoint::Checkpoint;
use super::ledger::Ledger;
use super::log::{Durability, Options};
use super::record::Record;
use crate::store::error::StoreError;

/// The most records in one transaction: others wait until it is over.
const BATCH: usize = 1024;

/// What the thread is told.
pub(super) enum Order {
    Append(Box<Entry>),
    Flush(oneshot::Sender<Result<(), StoreError>>),
    Seal(oneshot::Sender<Result<Option<Checkpoint>, StoreError>>),
}

pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) durability: Durability,
    pub(super) weight: u32,
    pub(super) reply: oneshot::Sender<Result<u64, StoreError>>,
}

/// What the thread tells everybody.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) room: Semaphore,
    pub(super) lost: AtomicU64,
    pub(super) checkpoint: Mutex<Option<Checkpoint>>,
    pub(super) trouble: Mutex<Option<StoreError>>,
    pub(super) watcher: Watcher,
}

/// What went wrong with the log while nobody was waiting for it to go right.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Records could not be written, and are lost.
    Lost {
        /// How many.
        records: u64,
        /// Why.
        error: StoreError,
    },
    /// A checkpoint could not be made. Told when it begins; it is tried again until it works.
    Checkpoint(StoreError),
}

/// Who is told of trouble.
#[derive(Default)]
pub(super) struct Watcher(OnceLock<Box<dyn Fn(Trouble) + Send + Sync>>);

impl Watcher {
    pub(super) fn set(&self, watcher: Box<dyn Fn(Trouble) + Send + Sync>) {
        // A second one is not heard.
        drop(self.0.set(watcher));
    }

    fn tell(&self, trouble: Trouble) {
        if let Some(watcher) = self.0.get() {
            watcher(trouble);
        }
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

/// The lock; what a panic left behind is as good as before, since each value is set at once.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that empties the queue.
pub(super) struct Writer {
    pub(super) ledger: Ledger,
    pub(super) options: Options,
    pub(super) inbox: Receiver<Order>,
    pub(super) board: Arc<Board>,
    /// How many records this process wrote since the last checkpoint.
    pub(super) unsealed: u64,
    /// When the next checkpoint is due.
    pub(super) seal_at: Option<Instant>,
    /// Whether the last attempt at a checkpoint failed.
    pub(super) troubled: bool,
}

impl Drop for Writer {
    /// However the thread ends, nobody waits for room any more.
    fn drop(&mut self) {
        self.board.room.close();
    }
}

impl Writer {
    /// Works until nobody can give orders any more.
    pub(super) fn run(mut self) {
        let mut open = true;
        while open {
            let mut first = match self.next() {
                Ok(order) => order,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.seal();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let (mut batch, mut flushes, mut seals) = (Vec::new(), Vec::new(), Vec::new());
            // Whatever came while the last batch was written goes into this one, under one sync.
            loop {
                match first {
                    Order::Append(entry) => batch.push(*entry),
                    Order::Flush(reply) => flushes.push(reply),
                    Order::Seal(reply) => seals.push(reply),
                }
                if batch.len() >= BATCH {
                    break;
                }
                first = match self.inbox.try_recv() {
                    Ok(order) => order,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        open = false;
                        break;
                    }
                };
            }
            let written = self.write(batch);
            for reply in flushes {
                let _ = reply.send(written.clone());
            }
            // After a failure only the clock brings the next attempt, not each batch.
            let due = (self.unsealed >= self.options.checkpoint_every && !self.troubled)
                || self.seal_at.is_some_and(|at| at <= Instant::now());
            if due || !seals.is_empty() {
                let sealed = self.seal();
                for reply in seals {
                    let _ = reply.send(sealed.clone());
                }
            }
            self.ledger.tidy();
        }
        if self.unsealed > 0 {
            let _ = self.seal();
        }
    }

    fn next(&self) -> Result<Order, RecvTimeoutError> {
        match self.seal_at {
            None => self.inbox.recv().map_err(RecvTimeoutError::from),
            Some(at) => {
                let left = at.saturating_duration_since(Instant::now());
                self.inbox.recv_timeout(left)
            }
        }
    }

    fn write(&mut self, batch: Vec<Entry>) -> Result<(), StoreError> {
        let durable = batch
            .iter()
            .any(|entry| entry.durability == Durability::Durable);
        // With nothing to write this still takes the write lock, and so tells a flush the truth.
        let written = self
            .ledger
            .write(batch.iter().map(|entry| &entry.record), durable);
        let count = batch.len() as u64;
        match &written {
            Ok(_) if count > 0 => {
                self.unsealed += count;
                self.seal_at = self.seal_at.or_else(|| self.later());
            }
            Ok(_) => {}
            Err(error) => {
                self.board.lost.fetch_add(count, Ordering::AcqRel);
                if count > 0 {
                    self.board.watcher.tell(Trouble::Lost {
                        records: count,
                        error: error.clone(),
                    });
                }
            }
        }
        let weight: u32 = batch.iter().map(|entry| entry.weight).sum();
        self.board.room.add_permits(weight as usize);
        for (index, entry) in (0u64..).zip(batch) {
            let _ = entry.reply.send(written.clone().map(|first| first + index));
        }
        written.map(drop)
    }

    fn seal(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let sealed = self.ledger.seal();
        match &sealed {
            Ok(checkpoint) => {
                self.unsealed = 0;
                self.seal_at = None;
                *lock(&self.board.trouble) = None;
                if checkpoint.is_some() {
                    lock(&self.board.checkpoint).clone_from(checkpoint);
                }
            }
            Err(error) => {
                // Again after the same time.
                self.seal_at = self.later();
                *lock(&self.board.trouble) = Some(error.clone());
                if !self.troubled {
                    let trouble = Trouble::Checkpoint(error.clone());
                    self.board.watcher.tell(trouble);
                }
            }
        }
        self.troubled = sealed.is_err();
        sealed
    }

    /// When a checkpoint is due for a record written now; never if that is out of all reach.
    fn later(&self) -> Option<Instant> {
        Instant::now().checked_add(self.options.checkpoint_after)
    }
}
