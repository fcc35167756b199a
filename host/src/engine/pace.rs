//! Who may compute: guests that take long take turns, as many at a time as there are processors, so that
//! those that are short, and everything that only has to be noticed in time, get in between.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// How long a guest may compute before it has to take turns: less than the tick that stops one that does not
/// give way by itself.
const SHORT: Duration = Duration::from_millis(5);

/// The turns of all guests of an engine.
pub(super) struct Pace(Arc<Semaphore>);

impl Pace {
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(processors)))
    }

    /// Does `work`, of which each step is short: it gives way by itself.
    pub(super) fn keep<'w, F: Future>(&self, work: Pin<&'w mut F>) -> Paced<'w, F> {
        Paced {
            work,
            turns: Arc::clone(&self.0),
            ran: Duration::ZERO,
            waiting: None,
        }
    }
}

type Waiting = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// Work that takes turns once it has taken long.
pub(super) struct Paced<'w, F> {
    work: Pin<&'w mut F>,
    turns: Arc<Semaphore>,
    /// How long it has computed.
    ran: Duration,
    /// For its turn.
    waiting: Option<Waiting>,
}

impl<F: Future> Future for Paced<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if this.ran < SHORT {
            let began = Instant::now();
            let polled = this.work.as_mut().poll(cx);
            this.ran += began.elapsed();
            return polled;
        }
        let turn = if this.waiting.is_none()
            && let Ok(turn) = Arc::clone(&this.turns).try_acquire_owned()
        {
            turn
        } else {
            let waiting = this
                .waiting
                .get_or_insert_with(|| Box::pin(Arc::clone(&this.turns).acquire_owned()));
            let Poll::Ready(turn) = waiting.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            this.waiting = None;
            match turn {
                Ok(turn) => turn,
                // Nobody closes it. If somebody did, there would be no turns to take.
                Err(_) => return this.work.as_mut().poll(cx),
            }
        };
        let polled = this.work.as_mut().poll(cx);
        if this.turns.available_permits() > 0 {
            // So nobody waits for it.
            return polled;
        }
        // Not at once: the next one would run right here, before all others that wait for this thread.
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            drop(turn);
        });
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Computes for ever, and gives way now and then.
    async fn spin(over: Arc<AtomicBool>) {
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(5) {
                std::hint::spin_loop();
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn those_that_compute_let_others_in_and_all_get_on() {
        let pace = Arc::new(Pace(Arc::new(Semaphore::new(1))));
        let over = Arc::new(AtomicBool::new(false));
        let spinning: Vec<_> = (0..60)
            .map(|_| {
                let (pace, over) = (Arc::clone(&pace), Arc::clone(&over));
                tokio::spawn(async move {
                    let work = spin(over);
                    tokio::pin!(work);
                    pace.keep(work).await;
                })
            })
            .collect();
        // Until each has computed for long.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut naps = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            tokio::time::sleep(Duration::from_millis(1)).await;
            naps.push(began.elapsed());
        }
        naps.sort();
        // In one queue with all of them each nap would take 300 ms. The median: the machine is not ours.
        assert!(naps[10] < Duration::from_millis(100), "{naps:?}");
        over.store(true, Ordering::Relaxed);
        for one in spinning {
            one.await.unwrap();
        }
        // Nobody keeps a turn.
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(pace.0.available_permits(), 1);
    }

    #[tokio::test]
    async fn who_goes_away_leaves_no_turn_taken() {
        let pace = Pace(Arc::new(Semaphore::new(1)));
        for _ in 0..3 {
            let work = spin(Arc::default());
            tokio::pin!(work);
            let ended = tokio::time::timeout(Duration::from_millis(60), pace.keep(work)).await;
            assert!(ended.is_err());
        }
        let work = spin(Arc::new(AtomicBool::new(true)));
        tokio::pin!(work);
        pace.keep(work).await;
    }
}
