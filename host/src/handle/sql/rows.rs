//! What a statement gives, batch after batch.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

use super::act::Waiting;
use super::failure::Failure;
use super::value::{Batch, Value};

/// What a statement gives. One that still runs is stopped when this goes away.
pub struct Rows {
    columns: Vec<String>,
    source: Source,
}

enum Source {
    Held(VecDeque<Batch>),
    Streamed {
        batches: Receiver<Result<Batch, Failure>>,
        waiting: Option<Waiting>,
        wanted: Wanted,
        task: JoinHandle<()>,
    },
}

/// Whether somebody waits for more rows. Where that is so when they go away, it was not by their own will.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, wanted: bool) {
        self.0.store(wanted, Ordering::Release);
    }
}

impl Rows {
    /// Those of a statement that is done.
    pub(super) fn held(batches: Vec<Batch>) -> Self {
        let mut batches = VecDeque::from(batches);
        let columns = batches.pop_front().unwrap_or_default().columns;
        Self {
            columns,
            source: Source::Held(batches),
        }
    }

    /// Those of a statement that runs; comes back once it has begun to.
    pub(super) async fn streamed(
        mut batches: Receiver<Result<Batch, Failure>>,
        waiting: Waiting,
        wanted: Wanted,
        task: JoinHandle<()>,
    ) -> Result<Self, Failure> {
        wanted.set(true);
        let first = batches.recv().await;
        wanted.set(false);
        let first = first.unwrap_or(Err(Failure::Unavailable));
        match first {
            Ok(first) => Ok(Self {
                columns: first.columns,
                source: Source::Streamed {
                    batches,
                    waiting: Some(waiting),
                    wanted,
                    task,
                },
            }),
            Err(failure) => {
                waiting.over();
                Err(failure)
            }
        }
    }

    /// The names of the columns. Two may be the same.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// More rows, value after value; none when there are no more.
    ///
    /// # Errors
    /// [`Failure`] where the statement did not come to its end.
    pub async fn next(&mut self) -> Result<Vec<Value>, Failure> {
        match &mut self.source {
            Source::Held(batches) => Ok(batches.pop_front().unwrap_or_default().values),
            Source::Streamed {
                batches,
                waiting,
                wanted,
                ..
            } => match wanted_from(batches, wanted).await {
                Some(Ok(batch)) => Ok(batch.values),
                over => {
                    // What ran has put its database back.
                    if let Some(waiting) = waiting.take() {
                        waiting.over();
                    }
                    over.map_or(Ok(Vec::new()), |failed| failed.map(|batch| batch.values))
                }
            },
        }
    }

    /// Has no more of them, and waits until the database is free again.
    pub async fn close(self) {
        if let Source::Streamed {
            batches,
            waiting,
            task,
            ..
        } = self.source
        {
            drop(batches);
            drop(waiting);
            // However it ended, it has ended.
            drop(task.await);
        }
    }
}

/// What comes next.
async fn wanted_from(
    batches: &mut Receiver<Result<Batch, Failure>>,
    wanted: &Wanted,
) -> Option<Result<Batch, Failure>> {
    wanted.set(true);
    let next = batches.recv().await;
    wanted.set(false);
    next
}
