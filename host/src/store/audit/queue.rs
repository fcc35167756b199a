//! What waits to be written: first in the spool, which makes it safe, then in the database, where one
//! thread puts it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::checkpoint::Checkpoint;
use super::log::Durability;
use super::record::Record;
use super::spool::Spool;
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::store::error::StoreError;

/// The most records in one transaction: others wait until it is over.
const BATCH: usize = 1024;
/// The most records that are put into the spool at once.
const FEW: usize = 256;
/// How long what nobody waits for may wait for more of its kind, to be written with it.
const LINGER: Duration = Duration::from_millis(10);
/// How long after a failure what is in the spool is tried again.
const AGAIN: Duration = Duration::from_millis(100);

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
    /// Its line in the spool, once it has one. Then it is safe, and can wait until the database takes it.
    pub(super) line: Option<u64>,
}

impl Entry {
    /// Whether it would be lost with this process, although it may be answered for by the spool.
    fn is_loose(&self) -> bool {
        self.line.is_none() && self.durability == Durability::Written
    }
}

/// What one transaction takes from the queue.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) batch: Vec<Entry>,
    /// The spool that some of the batch stand in, and the number of its first line that is none of them.
    pub(super) spooled: Option<(String, u64)>,
    pub(super) flushes: Vec<oneshot::Sender<Result<(), StoreError>>>,
    pub(super) seals: Vec<oneshot::Sender<Result<Option<Checkpoint>, StoreError>>>,
    pub(super) looks: Vec<Look>,
}

/// What waits to be written.
pub(super) struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    orders: VecDeque<Order>,
    spool: Spool,
    /// Somebody waits for what is in the queue.
    urgent: bool,
    /// When the rest is to be taken.
    take_at: Option<Instant>,
    /// The thread is writing something that is not safe before it is done. Nothing that came later may be
    /// answered for until then.
    in_flight: bool,
    /// The thread is writing.
    writing: bool,
    /// The database could not be written the last time.
    stalled: bool,
    /// When the next checkpoint is due.
    seal_at: Option<Instant>,
    /// Nobody gives orders any more.
    closed: bool,
    /// Nobody takes any.
    gone: bool,
}

impl Queue {
    pub(super) fn new(spool: Spool) -> Self {
        let state = State {
            orders: VecDeque::new(),
            spool,
            urgent: false,
            take_at: None,
            in_flight: false,
            writing: false,
            stalled: false,
            seal_at: None,
            closed: false,
            gone: false,
        };
        Self {
            state: Mutex::new(state),
            news: Condvar::new(),
        }
    }

    /// Puts an order into the queue. Where nobody takes any it goes away with its reply.
    pub(super) fn push(&self, order: Order) {
        let mut state = self.state();
        if state.gone {
            return;
        }
        let patient = matches!(&order, Order::Append(entry) if entry.is_loose());
        state.orders.push_back(order);
        let heed = if patient {
            state.linger()
        } else {
            !std::mem::replace(&mut state.urgent, true)
        };
        drop(state);
        if heed {
            self.news.notify_one();
        }
    }

    /// Puts entries into the queue and makes them safe, and with them all that came before and is not on
    /// its way to the disk; false where that could not be done, and they take the longer way.
    pub(super) fn push_safely(&self, entries: Vec<Entry>) -> bool {
        let mut state = self.state();
        if state.gone {
            return false;
        }
        let orders = entries
            .into_iter()
            .map(|entry| Order::Append(Box::new(entry)));
        state.orders.extend(orders);
        let safe = state.make_safe();
        let heed = if safe {
            state.linger()
        } else {
            !std::mem::replace(&mut state.urgent, true)
        };
        drop(state);
        if heed {
            self.news.notify_one();
        }
        safe
    }

    /// Says when the next checkpoint is due.
    pub(super) fn set_seal_at(&self, at: Option<Instant>) {
        self.state().seal_at = at;
    }

    /// Waits until there is something to do; false once there never will be again.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.state();
        loop {
            if state.urgent {
                return true;
            }
            if state.closed {
                return state.is_worth_a_try();
            }
            let now = Instant::now();
            let due = [state.seal_at, state.take_at].into_iter().flatten().min();
            state = match due {
                Some(at) if at <= now => return true,
                None => self
                    .news
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let waited = self.news.wait_timeout(state, at.duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// What waits, as far as one transaction takes it. [`Self::written`] has to be told what came of it.
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
        state.urgent = !state.orders.is_empty();
        state.take_at = None;
        state.writing = true;
        state.in_flight = taken.batch.iter().any(Entry::is_loose);
        let last = taken.batch.iter().filter_map(|entry| entry.line).max();
        taken.spooled = last.and_then(|last| {
            let name = state.spool.name()?;
            Some((name.to_owned(), last.saturating_add(1)))
        });
        taken
    }

    /// What was taken last was written, or it was not: then what is in the spool is put back, in front of
    /// what came since, and tried again.
    pub(super) fn written(&self, failed: Option<Vec<Entry>>) {
        let mut state = self.state();
        (state.in_flight, state.writing) = (false, false);
        state.stalled = failed.is_some();
        for entry in failed.into_iter().flatten().rev() {
            state.orders.push_front(Order::Append(Box::new(entry)));
        }
        if state.stalled && !state.orders.is_empty() {
            state.take_at = Some(Instant::now() + AGAIN);
        }
        if state.is_drained() {
            let closed = state.closed;
            state.spool.empty(closed);
        }
    }

    /// Leaves nothing in the spool that the database has, as far as that can be told now.
    pub(super) fn tidy(&self) {
        let mut state = self.state();
        if state.is_drained() {
            state.spool.empty(true);
        }
    }

    /// Nobody gives orders any more: the thread ends when those that wait are done.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        // Whatever went wrong before: one last time.
        state.stalled = false;
        drop(state);
        self.news.notify_one();
    }

    /// Nobody takes orders any more: whoever waits for an answer learns that.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.gone = true;
        // What is in the spool and not in the database is for the next process to take up.
        if state.is_drained() && !state.writing {
            state.spool.remove();
        }
        state.orders.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Has what waits taken before long, if that is not so yet: then the thread has to hear of it.
    fn linger(&mut self) -> bool {
        let many = self.orders.len() >= BATCH / 2 && !self.urgent;
        self.urgent |= many;
        if self.take_at.is_none() {
            self.take_at = Some(Instant::now() + LINGER);
            return true;
        }
        many
    }

    /// Puts what is not safe yet into the spool, in its order.
    fn make_safe(&mut self) -> bool {
        if self.stalled || self.in_flight || self.closed || !self.spool.has_room() {
            return false;
        }
        // Everything before an entry in the spool is safe, or on its way to the disk and not answered for.
        let is_safe = |order: &Order| matches!(order, Order::Append(entry) if entry.line.is_some());
        let behind = self.orders.iter().rposition(is_safe).map_or(0, |at| at + 1);
        let mut loose: Vec<&mut Entry> = self
            .orders
            .range_mut(behind..)
            .filter_map(|order| match order {
                Order::Append(entry) if entry.is_loose() => Some(&mut **entry),
                _ => None,
            })
            .collect();
        if loose.len() > FEW {
            return false;
        }
        match self.spool.add(loose.iter().map(|entry| &entry.record)) {
            Ok(first) => {
                for (line, entry) in (first..).zip(&mut loose) {
                    entry.line = Some(line);
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Whether the database has all that is in the spool, but for what the thread is writing now.
    fn is_drained(&self) -> bool {
        !self
            .orders
            .iter()
            .any(|order| matches!(order, Order::Append(entry) if entry.line.is_some()))
    }

    /// Whether the thread should try to write what is left before it ends. What is in the spool outlives it.
    fn is_worth_a_try(&self) -> bool {
        let mut orders = self.orders.iter();
        if self.stalled {
            orders.any(|order| !matches!(order, Order::Append(entry) if entry.line.is_some()))
        } else {
            orders.next().is_some()
        }
    }
}
