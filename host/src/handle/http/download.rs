//! A response's body on its way in: counted, capped, and without the secrets that went out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::deed::Deed;
use super::failure::{Failure, SendError};
use super::limits::Limits;
use crate::gate::refusal::Refused;
use crate::handle::secrets::mask::{Mask, Masked};
use crate::store::audit::record::Status;

/// More frames in a row with nothing in them are an attack.
const MOST_EMPTY: u32 = 1_000;

/// A response's body on its way in. Dropping it ends the response; that it was dropped is on record.
pub struct Download {
    inner: hyper::body::Incoming,
    deed: Arc<Deed>,
    /// Bytes that may still come.
    left: u64,
    limits: Limits,
    /// Runs while the guest waits.
    clock: Option<Pin<Box<Sleep>>>,
    /// Frames in a row that had nothing in them.
    empty: u32,
    mask: Option<Masked>,
    /// What came after the last piece of a masked body.
    trailers: Option<Frame<Bytes>>,
    over: bool,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}

impl Download {
    pub(super) fn new(
        inner: hyper::body::Incoming,
        deed: Arc<Deed>,
        limits: Limits,
        mask: Option<Arc<Mask>>,
    ) -> Self {
        let mut this = Self {
            inner,
            deed,
            left: limits.response_bytes,
            limits,
            clock: None,
            empty: 0,
            mask: mask.map(Masked::new),
            trailers: None,
            over: false,
        };
        if this.inner.is_end_stream() {
            this.finish();
        }
        this
    }

    fn finish(&mut self) {
        self.over = true;
        self.deed.end(Status::Done, None);
    }

    fn fail(&mut self, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, SendError>>> {
        self.over = true;
        self.deed.fail(failure);
        Poll::Ready(Some(Err(failure.into())))
    }

    /// A piece for the guest; none where all of it is kept back for now.
    fn piece(&mut self, data: Bytes) -> Option<Bytes> {
        let data = match &mut self.mask {
            Some(mask) => mask.push(&data),
            None => data,
        };
        (!data.is_empty()).then_some(data)
    }

    fn poll_inner(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        // A frame with nothing in it is no sign of life.
        let empty = |frame: &Frame<Bytes>| frame.data_ref().is_some_and(Bytes::is_empty);
        match &frame {
            Poll::Ready(Some(Ok(frame))) if empty(frame) => {
                self.empty = self.empty.saturating_add(1);
            }
            Poll::Ready(_) => (self.clock, self.empty) = (None, 0),
            Poll::Pending => {}
        }
        frame
    }

    /// Whether nothing came for too long. Starts to count when the guest begins to wait.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let idle = self.limits.idle;
        let clock = self
            .clock
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + idle)));
        clock.as_mut().poll(cx)
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = SendError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SendError>>> {
        let this = self.get_mut();
        loop {
            if this.over {
                return Poll::Ready(this.trailers.take().map(Ok));
            }
            let frame = match this.poll_inner(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(this.poll_clock(cx));
                    return this.fail(Failure::BodyTimeout);
                }
            };
            if this.empty > MOST_EMPTY {
                return this.fail(Failure::Protocol);
            }
            match frame {
                None => {
                    this.finish();
                    let rest = this.mask.as_mut().map(Masked::finish);
                    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
                        return Poll::Ready(Some(Ok(Frame::data(rest))));
                    }
                }
                Some(Err(error)) => return this.fail(Failure::of(&error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        let bytes = data.len() as u64;
                        let Some(left) = this.left.checked_sub(bytes) else {
                            return this.fail(Failure::ResponseTooLarge);
                        };
                        this.left = left;
                        if this.deed.got(bytes).is_err() {
                            this.over = true;
                            return Poll::Ready(Some(Err(Refused.into())));
                        }
                        if let Some(data) = this.piece(data) {
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                    }
                    Err(frame) => {
                        let Ok(mut trailers) = frame.into_trailers() else {
                            continue;
                        };
                        if !this.limits.fit(&trailers) {
                            return this.fail(Failure::ResponseHeaders);
                        }
                        if let Some(mask) = &this.mask {
                            mask.of().headers(&mut trailers);
                        }
                        this.trailers = Some(Frame::trailers(trailers));
                        this.finish();
                        let rest = this.mask.as_mut().map(Masked::finish);
                        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
                            return Poll::Ready(Some(Ok(Frame::data(rest))));
                        }
                    }
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.mask {
            // As long as the real one, but some of it may come later.
            Some(_) => SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        // The request was done and answered; the guest did not want the rest.
        if !self.over {
            self.deed.end(Status::Done, Some("not-read-whole"));
        }
    }
}
