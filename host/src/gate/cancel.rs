//! Taking a call back while it runs.

use std::sync::Arc;

use tokio::sync::watch;

/// Cancels the calls that it was given to, from anywhere and at any time. All clones are one token.
///
/// What a call had done until then stays done, and on record. From then on it is refused everything, and
/// it ends: at once, or, where its tool asks whether it was cancelled, as soon as that has tidied up.
#[derive(Clone, Debug)]
pub struct CancelToken(Arc<watch::Sender<bool>>);

impl CancelToken {
    /// A token of its own, not cancelled.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Cancels every call that has this token, and those that will be given it. There is no way back.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is cancelled; for ever, if it never is.
    pub(crate) async fn cancelled(&self) {
        let mut cancelled = self.0.subscribe();
        // The sender lives as long as this token.
        drop(cancelled.wait_for(|cancelled| *cancelled).await);
    }

    /// What `work` gives; none once it is cancelled, and then `work` is dropped.
    pub(crate) async fn or_cancelled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => None,
            done = work => Some(done),
        }
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clone_cancels_what_waits_and_what_comes_later() {
        let token = CancelToken::new();
        assert_eq!(token.or_cancelled(async { 1 }).await, Some(1));
        let other = token.clone();
        let waiting = tokio::spawn(async move {
            let never = std::future::pending::<()>();
            other.or_cancelled(never).await
        });
        tokio::task::yield_now().await;
        token.cancel();
        assert_eq!(waiting.await.unwrap(), None);
        assert!(token.is_cancelled());
        assert_eq!(token.or_cancelled(async { 1 }).await, None);
        assert!(!CancelToken::new().is_cancelled());
    }
}
