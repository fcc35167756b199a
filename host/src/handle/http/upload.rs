//! A request's body on its way out: each piece is judged anew before it goes.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::deed::Deed;
use super::failure::Failure;

/// A body that the guest gives, piece by piece.
pub type GuestBody = Pin<Box<dyn Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + Send>>;

/// Why a body went no further. The connection is closed, so that no server takes it for whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    #[error("refused by the host")]
    Refused,
    #[error(transparent)]
    Failed(Failure),
}

/// A request's body on its way out.
pub(super) struct Upload {
    inner: GuestBody,
    deed: Arc<Deed>,
    /// Bytes that may still go out.
    left: u64,
    /// Bytes that the request says are still to come.
    announced: Option<u64>,
    over: bool,
}

impl Upload {
    /// `announced` is what the request's `content-length` says; where that is not there, the body's own
    /// length counts, if it knows one.
    pub(super) fn new(
        inner: GuestBody,
        deed: Arc<Deed>,
        most: u64,
        announced: Option<u64>,
    ) -> Self {
        let announced = announced.or_else(|| inner.size_hint().exact());
        Self {
            over: inner.is_end_stream() && announced.is_none_or(|bytes| bytes == 0),
            inner,
            deed,
            left: most,
            announced,
        }
    }

    fn stop(&mut self, stopped: Stopped) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        self.over = true;
        if let Stopped::Failed(failure) = stopped {
            self.deed.fail(failure);
        }
        Poll::Ready(Some(Err(stopped)))
    }

    /// Counts a piece against what may go out and what was announced.
    fn count(&mut self, bytes: u64) -> Result<(), Failure> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or(Failure::RequestTooLarge)?;
        if let Some(announced) = &mut self.announced {
            // More than announced would be read as the next request.
            *announced = announced.checked_sub(bytes).ok_or(Failure::RequestBody)?;
        }
        Ok(())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        let frame = match this.inner.as_mut().poll_frame(cx) {
            Poll::Pending => {
                this.deed.waits_for_guest(true);
                return Poll::Pending;
            }
            Poll::Ready(frame) => frame,
        };
        this.deed.waits_for_guest(false);
        match frame {
            None if this.announced.is_some_and(|bytes| bytes > 0) => {
                this.stop(Stopped::Failed(Failure::RequestBody))
            }
            None => {
                this.over = true;
                Poll::Ready(None)
            }
            Some(Err(_)) => this.stop(Stopped::Failed(Failure::RequestBody)),
            Some(Ok(frame)) => {
                let Some(data) = frame.data_ref() else {
                    return this.stop(Stopped::Failed(Failure::RequestTrailers));
                };
                let bytes = data.len() as u64;
                if let Err(failure) = this.count(bytes) {
                    return this.stop(Stopped::Failed(failure));
                }
                // After the guest gave it: what it has seen by now may be in it.
                match this.deed.may_send(bytes) {
                    Ok(()) => Poll::Ready(Some(Ok(frame))),
                    Err(_) => this.stop(Stopped::Refused),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }

    fn size_hint(&self) -> SizeHint {
        match self.announced {
            Some(bytes) => SizeHint::with_exact(bytes),
            None if self.over => SizeHint::with_exact(0),
            None => SizeHint::default(),
        }
    }
}
