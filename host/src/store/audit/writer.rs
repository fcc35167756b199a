//! Who empties the queue: whatever waits goes into one transaction, under one sync.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::archivist::Archivist;
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
    /// A second one.
    pub(super) operator: Watcher,
}

impl Board {
    pub(super) fn tell(&self, trouble: Trouble) {
        self.operator.tell(trouble.clone());
        self.watcher.tell(trouble);
    }
}

/// What became of the log while nobody was waiting for it: almost always trouble.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Records could not be written, and are lost.
    Lost {
        /// How many.
        records: u64,
        /// Why.
        error: StoreError,
    },
    /// The database could not take up records that are in the spool, so that none is lost. Told when it
    /// begins; it is tried again until it works, and until then nothing is answered for that is not in the
    /// database.
    Behind {
        /// How many.
        records: u64,
        /// Why.
        error: StoreError,
    },
    /// A checkpoint could not be made. Told when it begins; it is tried again until it works.
    Checkpoint(StoreError),
    /// The oldest records could not be moved into an archive. They are where they were; it is tried again
    /// after the next checkpoint. Told when it begins.
    Archive(StoreError),
    /// No trouble: the oldest records were moved into an archive.
    Archived {
        /// The number of the first of them.
        first: u64,
        /// And of the last.
        last: u64,
        /// The archive in the state folder.
        file: String,
    },
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

/// However the thread ends, nobody waits for an answer or for room any more.
struct End<'q> {
    queue: &'q Queue,
    board: Arc<Board>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.queue.end();
        self.board.room.close();
    }
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
    /// Whether the database could not be brought up to the spool at the last attempt.
    pub(super) behind: bool,
    pub(super) archivist: Archivist,
}

impl Writer {
    /// Works until nobody gives orders any more. After a panic nothing is written any more, and whoever
    /// waits for an answer learns that.
    pub(super) fn run(mut self, queue: &Queue) {
        let _end = End {
            queue,
            board: Arc::clone(&self.board),
        };
        while queue.wait() {
            self.work(queue);
        }
        if self.unsealed > 0 {
            let _ = self.seal();
        }
    }

    /// Writes what waits, and does what else is due.
    fn work(&mut self, queue: &Queue) {
        let Taken {
            batch,
            spooled,
            flushes,
            seals,
            looks,
        } = queue.take();
        if !batch.is_empty() || !flushes.is_empty() {
            let written = self.write(queue, batch, spooled);
            for reply in flushes {
                let _ = reply.send(written.clone());
            }
        } else {
            queue.written(None);
        }
        if self.is_due() || !seals.is_empty() {
            let sealed = self.seal();
            for reply in seals {
                let _ = reply.send(sealed.clone());
            }
            queue.tidy();
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

    /// Whether a checkpoint is due. After a failure only the clock brings the next attempt, not each batch.
    fn is_due(&self) -> bool {
        (self.unsealed >= self.options.checkpoint_every && !self.troubled)
            || self.seal_at.is_some_and(|at| at <= Instant::now())
    }

    fn write(
        &mut self,
        queue: &Queue,
        batch: Vec<Entry>,
        spooled: Option<(String, u64)>,
    ) -> Result<(), StoreError> {
        let durable = batch
            .iter()
            .any(|entry| entry.durability == Durability::Durable);
        let spooled = spooled.as_ref().map(|(name, next)| (name.as_str(), *next));
        // With nothing to write this still takes the write lock, and so tells a flush the truth.
        let records = batch.iter().map(|entry| &entry.record);
        let written = self.ledger.write(records, spooled, durable);
        let (done, kept) = match &written {
            Ok(_) => (batch, None),
            Err(_) => {
                let (kept, lost) = batch.into_iter().partition(|entry| entry.line.is_some());
                (lost, Some(kept))
            }
        };
        self.count(done.len() as u64, &written);
        self.warn(kept.as_ref().map_or(0, Vec::len) as u64, &written);
        queue.written(kept);
        let weight: u32 = done.iter().map(|entry| entry.weight).sum();
        self.board.room.add_permits(weight as usize);
        for (index, entry) in (0u64..).zip(done) {
            let _ = entry.reply.send(written.clone().map(|first| first + index));
        }
        written.map(drop)
    }

    /// Counts what was written, or is lost.
    fn count(&mut self, records: u64, written: &Result<u64, StoreError>) {
        if records == 0 {
            return;
        }
        match written {
            Ok(_) => {
                self.unsealed += records;
                self.seal_at = self.seal_at.or_else(|| self.later());
            }
            Err(error) => {
                self.board.lost.fetch_add(records, Ordering::AcqRel);
                let error = error.clone();
                self.board.tell(Trouble::Lost { records, error });
            }
        }
    }

    /// Tells once that the database lags behind the spool.
    fn warn(&mut self, records: u64, written: &Result<u64, StoreError>) {
        let behind = written.is_err() && records > 0;
        if let Err(error) = written
            && behind
            && !self.behind
        {
            let error = error.clone();
            self.board.tell(Trouble::Behind { records, error });
        }
        self.behind = behind;
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
                    self.board.tell(trouble);
                }
            }
        }
        self.troubled = sealed.is_err();
        // Only what is under a checkpoint is archived, so this is the moment to look.
        if sealed.is_ok() {
            self.archivist.see_to(self.options.rotation);
        }
        sealed
    }

    /// When a checkpoint is due for a record written now; never if that is out of all reach.
    fn later(&self) -> Option<Instant> {
        Instant::now().checked_add(self.options.checkpoint_after)
    }
}
