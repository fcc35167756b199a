//! What waits to be written. One thread empties it; whoever waits for an answer may do so too, where
//! nothing else waits and nothing has to get to the disk.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use super::checkpoint::Checkpoint;
use super::log::Durability;
use super::record::Record;
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::store::error::StoreError;

/// The most records in one transaction: others wait until it is over.
const BATCH: usize = 1024;
/// The most records that are written where they are waited for.
const FEW: usize = 16;

/// What is to be done.
pub(super) enum Order {
    Append(Box<Entry>),
    Flush(oneshot::Sender<Result<(), StoreError>>),
    Seal(oneshot::Sender<Result<Option<Checkpoint>, StoreError>>),
    Look(Look),
}

/// A question to the log itself: whether an approval was used in an intent before the one with a number.
pub(super) struct Look {
    pub(super) approval: ApprovalId,
    pub(super) signed_at: Timestamp,
    pub(super) before: u64,
    pub(super) reply: oneshot::Sender<Result<bool, StoreError>>,
}

pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) durability: Durability,
    pub(super) weight: u32,
    pub(super) reply: oneshot::Sender<Result<u64, StoreError>>,
}

/// What one transaction takes from the queue.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) batch: Vec<Entry>,
    pub(super) flushes: Vec<oneshot::Sender<Result<(), StoreError>>>,
    pub(super) seals: Vec<oneshot::Sender<Result<Option<Checkpoint>, StoreError>>>,
    pub(super) looks: Vec<Look>,
}

/// What waits to be written.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    orders: VecDeque<Order>,
    /// Something besides the orders waits for the thread.
    chores: bool,
    /// When the next checkpoint is due.
    seal_at: Option<Instant>,
    /// Nobody gives orders any more.
    closed: bool,
    /// Nobody takes any.
    gone: bool,
}

impl Queue {
    /// Puts an order into the queue. Where nobody takes any it goes away with its reply.
    pub(super) fn push(&self, order: Order) {
        let mut state = self.state();
        if !state.gone {
            state.orders.push_back(order);
        }
    }

    /// Has the thread look.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    /// As [`Self::wake`], also where no orders wait.
    pub(super) fn wake_for_chores(&self) {
        self.state().chores = true;
        self.wake();
    }

    /// Says when the next checkpoint is due.
    pub(super) fn set_seal_at(&self, at: Option<Instant>) {
        self.state().seal_at = at;
    }

    /// Waits until there is something to do; false once there never will be again.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            if !state.orders.is_empty() || state.chores || state.seal_at.is_some_and(|at| at <= now)
            {
                state.chores = false;
                return true;
            }
            if state.closed {
                return false;
            }
            state = match state.seal_at {
                None => self
                    .news
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(now);
                    let waited = self.news.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// What waits, as far as one transaction takes it. The writer has to be held: what is taken first is
    /// to be written first.
    pub(super) fn take(&self) -> Taken {
        let mut taken = Taken::default();
        let mut state = self.state();
        while taken.batch.len() < BATCH {
            match state.orders.pop_front() {
                Some(Order::Append(entry)) => taken.batch.push(*entry),
                Some(Order::Flush(reply)) => taken.flushes.push(reply),
                Some(Order::Seal(reply)) => taken.seals.push(reply),
                Some(Order::Look(look)) => taken.looks.push(look),
                None => break,
            }
        }
        taken
    }

    /// All that waits, where that is few records that need not get to the disk. The writer has to be held.
    pub(super) fn take_few(&self) -> Option<Vec<Entry>> {
        let mut state = self.state();
        let few = state.orders.len() <= FEW
            && state.orders.iter().all(
                |order| matches!(order, Order::Append(entry) if entry.durability == Durability::Written),
            );
        few.then(|| {
            let appended = state.orders.drain(..).filter_map(|order| match order {
                Order::Append(entry) => Some(*entry),
                Order::Flush(_) | Order::Seal(_) | Order::Look(_) => None,
            });
            appended.collect()
        })
    }

    /// Puts back what was taken last, in front of what came since.
    pub(super) fn put_back(&self, batch: Vec<Entry>) {
        let mut state = self.state();
        for entry in batch.into_iter().rev() {
            state.orders.push_front(Order::Append(Box::new(entry)));
        }
    }

    /// Nobody gives orders any more: the thread ends when those that wait are done.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.wake();
    }

    /// Nobody takes orders any more: whoever waits for an answer learns that.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.gone = true;
        state.orders.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
