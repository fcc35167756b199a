//! Work on many records at once. Its results come in the order of the records, and no more of them wait
//! than a few batches.

use std::collections::VecDeque;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};

/// How many records go to a thread together.
const BATCH: usize = 128;
/// How many batches wait for each thread, or for their results to be taken.
const AHEAD: usize = 4;

/// Does `work` on all that `feed` pushes, on several threads once that is much, and gives the results to
/// `take` in the order of pushing, on this thread, until that has enough. Pushing tells when it has.
pub(super) fn in_order<T: Send, U: Send>(
    work: impl Fn(T) -> U + Sync,
    take: impl FnMut(U) -> ControlFlow<()>,
    feed: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>),
) {
    let work = &work;
    thread::scope(|scope| {
        let mut crew = Crew {
            batch: Vec::new(),
            threads: Vec::new(),
            under_way: VecDeque::new(),
            turn: 0,
            take,
        };
        let mut ended = ControlFlow::Continue(());
        feed(&mut |item| {
            if ended.is_continue() {
                ended = crew.push(item, scope, work);
            }
            ended
        });
        if ended.is_continue() {
            let _ = crew.finish(work);
        }
    });
}

/// Where batches go to a thread, and where their results come from.
type Hand<T, U> = (Sender<Vec<T>>, Receiver<Vec<U>>);

struct Crew<T, U, F> {
    batch: Vec<T>,
    threads: Vec<Hand<T, U>>,
    /// Which thread has the oldest batch, which the next one, and so on.
    under_way: VecDeque<usize>,
    turn: usize,
    take: F,
}

impl<T: Send, U: Send, F: FnMut(U) -> ControlFlow<()>> Crew<T, U, F> {
    fn push<'scope>(
        &mut self,
        item: T,
        scope: &'scope Scope<'scope, '_>,
        work: &'scope (impl Fn(T) -> U + Sync),
    ) -> ControlFlow<()>
    where
        T: 'scope,
        U: 'scope,
    {
        self.batch.push(item);
        if self.batch.len() < BATCH {
            return ControlFlow::Continue(());
        }
        let most = thread::available_parallelism().map_or(1, NonZero::get);
        // In turn, so that the oldest batch is always that of the thread whose turn it was first.
        let next = self.turn % most;
        self.turn += 1;
        if next == self.threads.len() {
            self.threads.push(start(scope, work));
        }
        self.take_oldest_if(most * AHEAD)?;
        let batch = std::mem::take(&mut self.batch);
        match self.threads.get(next).map(|(into, _)| into.send(batch)) {
            Some(Ok(())) => self.under_way.push_back(next),
            // It panicked, as the scope will.
            _ => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    /// Takes the results of the oldest batch, if so many are under way.
    fn take_oldest_if(&mut self, many: usize) -> ControlFlow<()> {
        if self.under_way.len() < many {
            return ControlFlow::Continue(());
        }
        let oldest = self.under_way.pop_front();
        let from = oldest.and_then(|oldest| self.threads.get(oldest));
        match from.map(|(_, from)| from.recv()) {
            Some(Ok(results)) => results.into_iter().try_for_each(&mut self.take),
            _ => ControlFlow::Break(()),
        }
    }

    fn finish(mut self, work: impl Fn(T) -> U) -> ControlFlow<()> {
        while !self.under_way.is_empty() {
            self.take_oldest_if(1)?;
        }
        self.batch.into_iter().map(work).try_for_each(self.take)
    }
}

/// A thread that works on what it is sent, until nobody sends more or takes results.
fn start<'scope, T: Send + 'scope, U: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: &'scope (impl Fn(T) -> U + Sync),
) -> Hand<T, U> {
    let (into, batches) = channel::<Vec<T>>();
    let (results, from) = channel();
    scope.spawn(move || {
        for batch in batches {
            let done = batch.into_iter().map(work).collect();
            if results.send(done).is_err() {
                break;
            }
        }
    });
    (into, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(count: u64, enough: usize) -> Vec<u64> {
        let mut out = Vec::new();
        in_order(
            |number: u64| {
                if number.is_multiple_of(1000) {
                    thread::sleep(std::time::Duration::from_millis(2));
                }
                number * number
            },
            |square| {
                out.push(square);
                if out.len() < enough {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
            |push| {
                let _ = (0..count).try_for_each(push);
            },
        );
        out
    }

    #[test]
    fn results_come_in_order_whatever_their_number_and_stop_in_time() {
        for count in [0, 1, 127, 128, 129, 1000, 20_000] {
            let wanted: Vec<u64> = (0..count).map(|number| number * number).collect();
            assert_eq!(squares(count, usize::MAX), wanted, "{count}");
        }
        for enough in [1, 128, 5000] {
            assert_eq!(squares(20_000, enough).len(), enough);
        }
    }
}
