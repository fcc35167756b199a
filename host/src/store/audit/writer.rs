//! Who empties the queue: whatever waits goes into one transaction, under one sync.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::checkpoint::Checkpoint;
use super::ledger::Ledger;
use super::log::{Durability, Options};
use super::queue::{Entry, Queue, Taken};
use crate::store::error::StoreError;

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

/// What the thread that empties the queue shares with those who write few records themselves.
pub(super) struct Desk {
    pub(super) queue: Queue,
    pub(super) writer: Mutex<Writer>,
}

impl Desk {
    /// Works until nobody gives orders any more. After a panic nothing is written any more, and whoever
    /// waits for an answer learns that.
    pub(super) fn run(&self) {
        let _end = End(self);
        while self.queue.wait() {
            let Ok(mut writer) = self.writer.lock() else {
                return;
            };
            writer.work(&self.queue);
        }
        if let Ok(mut writer) = self.writer.lock()
            && writer.unsealed > 0
        {
            let _ = writer.seal();
        }
    }

    /// Writes what waits here and now, where nobody else is about to and it is few; else has the thread
    /// do it.
    pub(super) fn write_here(&self) {
        let Ok(mut writer) = self.writer.try_lock() else {
            return self.queue.wake();
        };
        match writer.work_here(&self.queue) {
            Work::Done => {}
            Work::Orders => self.queue.wake(),
            Work::Chores => self.queue.wake_for_chores(),
        }
    }
}

/// However the thread ends, nobody waits for an answer or for room any more.
struct End<'a>(&'a Desk);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.queue.end();
        lock(&self.0.writer).board.room.close();
    }
}

/// What is left for the thread.
enum Work {
    Done,
    Orders,
    Chores,
}

/// Who writes.
pub(super) struct Writer {
    pub(super) ledger: Ledger,
    pub(super) options: Options,
    pub(super) board: Arc<Board>,
    /// How many records this process wrote since the last checkpoint.
    pub(super) unsealed: u64,
    /// When the next checkpoint is due.
    pub(super) seal_at: Option<Instant>,
    /// Whether the last attempt at a checkpoint failed.
    pub(super) troubled: bool,
}

impl Writer {
    /// Writes what waits, and does what else is due.
    fn work(&mut self, queue: &Queue) {
        let Taken {
            batch,
            flushes,
            seals,
            looks,
        } = queue.take();
        if !batch.is_empty() || !flushes.is_empty() {
            let written = self.write(batch);
            for reply in flushes {
                let _ = reply.send(written.clone());
            }
        }
        if self.is_due() || !seals.is_empty() {
            let sealed = self.seal();
            for reply in seals {
                let _ = reply.send(sealed.clone());
            }
        }
        for look in looks {
            let used = self
                .ledger
                .approval_used(&look.approval, look.signed_at, look.before);
            let _ = look.reply.send(used);
        }
        queue.set_seal_at(self.seal_at);
        self.ledger.tidy();
    }

    /// Writes what waits, if it is few and the database is free. Never waits for another process or for
    /// the disk.
    fn work_here(&mut self, queue: &Queue) -> Work {
        let Some(batch) = queue.take_few() else {
            return Work::Orders;
        };
        let records = batch.iter().map(|entry| &entry.record);
        let written = match self.ledger.write_if_free(records) {
            Ok(None) => {
                queue.put_back(batch);
                return Work::Orders;
            }
            Ok(Some(first)) => Ok(first),
            Err(error) => Err(error),
        };
        let seal_at = self.seal_at;
        let _ = self.answer(batch, written);
        queue.set_seal_at(self.seal_at);
        if seal_at != self.seal_at || self.is_due() || self.ledger.is_untidy() {
            Work::Chores
        } else {
            Work::Done
        }
    }

    /// Whether a checkpoint is due. After a failure only the clock brings the next attempt, not each batch.
    fn is_due(&self) -> bool {
        (self.unsealed >= self.options.checkpoint_every && !self.troubled)
            || self.seal_at.is_some_and(|at| at <= Instant::now())
    }

    fn write(&mut self, batch: Vec<Entry>) -> Result<(), StoreError> {
        let durable = batch
            .iter()
            .any(|entry| entry.durability == Durability::Durable);
        // With nothing to write this still takes the write lock, and so tells a flush the truth.
        let written = self
            .ledger
            .write(batch.iter().map(|entry| &entry.record), durable);
        self.answer(batch, written)
    }

    /// Counts what was written, or was not, and tells those who wait.
    fn answer(
        &mut self,
        batch: Vec<Entry>,
        written: Result<u64, StoreError>,
    ) -> Result<(), StoreError> {
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
