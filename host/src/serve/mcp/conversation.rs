//! A call under way, and the talk that it needs: what the tool says meanwhile, and what a person has
//! to be asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::api::error::CallError;
use crate::api::host::Host;
use crate::api::session::{CallOptions, CancelToken, Reply, Session};
use crate::base::id::ApprovalId;
use crate::gate::approver::{Answer, Approver, Question};
use crate::handle::report::Said;

/// How much of what a tool says waits for a slow client; what is beyond is dropped.
const SAID_AT_ONCE: usize = 256;

/// What a call is begun with.
pub(super) struct Start {
    pub(super) tool: String,
    pub(super) arguments: Value,
    /// The runtime's own name for the call.
    pub(super) runtime_call: Option<String>,
    pub(super) trace_parent: Option<String>,
    /// Whether a person can be asked through the client.
    pub(super) can_ask: bool,
    /// An answer that was given to the process that asked before this one.
    pub(super) given: Option<(ApprovalId, Answer)>,
}

/// Counts the calls under way. All clones count together.
#[derive(Clone)]
pub(super) struct UnderWay {
    calls: Arc<watch::Sender<usize>>,
    pool: Handle,
}

impl UnderWay {
    /// None yet. Those that take their time, or are not alone, are run in `pool`.
    pub(super) fn new(pool: Handle) -> Self {
        Self {
            calls: Arc::default(),
            pool,
        }
    }

    fn one_more(&self) -> OneMore {
        self.calls.send_modify(|calls| *calls += 1);
        OneMore(Arc::clone(&self.calls))
    }

    fn is_one(&self) -> bool {
        *self.calls.borrow() == 1
    }

    /// Waits until there is none.
    pub(super) async fn none(&self) {
        let mut calls = self.calls.subscribe();
        // The sender lives as long as this.
        drop(calls.wait_for(|calls| *calls == 0).await);
    }
}

/// Counts one call, until it goes away.
struct OneMore(Arc<watch::Sender<usize>>);

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls = calls.saturating_sub(1));
    }
}

/// A call under way. When it goes away, so does the call.
pub(super) struct Conversation {
    pub(super) host: Host,
    pub(super) said: mpsc::Receiver<Said>,
    pub(super) asked: mpsc::Receiver<Asked>,
    given: Option<(ApprovalId, Answer)>,
    /// Its end; an error where the call panicked. Whoever waits for it also does the call's work, until
    /// it is left to itself.
    pub(super) end: Pin<Box<dyn Future<Output = End> + Send>>,
    /// The task that it was left to.
    task: Option<AbortHandle>,
    /// Where such tasks run.
    pool: Handle,
    cancel: CancelToken,
    /// The call has ended by itself.
    over: Arc<AtomicBool>,
}

/// How a call ended; an error where it panicked.
pub(super) type End = Result<Result<Reply, CallError>, Panicked>;

/// The call panicked.
#[derive(Debug)]
pub(super) struct Panicked;

/// A question, and where its answer goes. Dropping it is no answer.
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) answer: oneshot::Sender<Answer>,
}

impl Conversation {
    /// Begins a call. A panic in it takes nothing else down.
    pub(super) fn begin(host: Host, session: Session, start: Start, under_way: &UnderWay) -> Self {
        let one_more = under_way.one_more();
        let (voice, said) = mpsc::channel(SAID_AT_ONCE);
        let (question, asked) = mpsc::channel(1);
        let cancel = CancelToken::new();
        let options = CallOptions {
            listener: Some(Box::new(move |said| drop(voice.try_send(said)))),
            runtime_call: start.runtime_call,
            trace_parent: start.trace_parent,
            cancel: Some(cancel.clone()),
            approver: start
                .can_ask
                .then(|| Arc::new(Channel(question)) as Arc<dyn Approver>),
        };
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let call = async move {
            let _one_more = one_more;
            let end = session.call_with(&start.tool, start.arguments, options);
            let end = end.await;
            ended.store(true, Ordering::Release);
            end
        };
        let mut begun = Self {
            host,
            said,
            asked,
            given: start.given,
            end: Box::pin(Caught(Box::pin(call))),
            task: None,
            cancel,
            over,
            pool: under_way.pool.clone(),
        };
        if !under_way.is_one() {
            begun.detach();
        }
        begun
    }

    /// The answer that was given to the process before this one, if it is to this question: the same one,
    /// before anything else was done. Asking again would only tire the person.
    pub(super) fn given(&self, question: &Question) -> Option<Answer> {
        let (approval, answer) = self.given.as_ref()?;
        (*approval == question.approval && question.done.is_empty()).then_some(*answer)
    }

    /// What stops the call. It ends soon after, on record.
    pub(super) fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Leaves the call to itself: it goes on, and its time runs, while nobody waits for it. Calls that are
    /// alone, are short and neither say nor ask anything are quicker without.
    pub(super) fn detach(&mut self) {
        if self.task.is_some() {
            return;
        }
        let end = std::mem::replace(&mut self.end, Box::pin(std::future::pending()));
        let task = self.pool.spawn(end);
        self.task = Some(task.abort_handle());
        self.end = Box::pin(async move { task.await.unwrap_or(Err(Panicked)) });
    }

    /// Whether the call was left to itself.
    pub(super) fn is_detached(&self) -> bool {
        self.task.is_some()
    }

    /// Whether the call is over, so that there is nothing left to answer.
    pub(super) fn is_over(&self) -> bool {
        self.task.as_ref().is_some_and(AbortHandle::is_finished)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // What a call that ended has begun, such as a request whose answer it did not wait for, goes on to its
        // outcome.
        if !self.over.load(Ordering::Acquire) {
            self.cancel.cancel();
        }
    }
}

/// Catches what panics. What it was working on is not looked at again, so it may be left as it is.
struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let work = self.0.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| work.poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(end)) => Poll::Ready(Ok(end)),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

/// Hands questions to whoever talks to the client.
struct Channel(mpsc::Sender<Asked>);

#[async_trait::async_trait]
impl Approver for Channel {
    async fn ask(&self, question: &Question) -> Answer {
        if question.console_only {
            return Answer::Nobody;
        }
        let (answer, answered) = oneshot::channel();
        let question = question.clone();
        if self.0.send(Asked { question, answer }).await.is_err() {
            return Answer::Nobody;
        }
        answered.await.unwrap_or(Answer::Nobody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_end_like_others() {
        let fine = Caught(Box::pin(async { 1 }));
        assert!(matches!(fine.await, Ok(1)));
        let bad = Caught(Box::pin(async {
            tokio::task::yield_now().await;
            assert_eq!(1, 2);
        }));
        assert!(bad.await.is_err());
    }
}
