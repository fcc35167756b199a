//! Bodies of a guest that was stopped: the engine ends them as if they were whole, and no server may take them
//! for that.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::upload::GuestBody;

/// Breaks off the bodies that it watches when it goes away, unless it was disarmed before. It has to go before
/// what gives the bodies.
#[derive(Debug, Default)]
pub struct Cut {
    broken: Arc<AtomicBool>,
    disarmed: bool,
}

impl Cut {
    /// The guest came to its own end: what it gave is what it meant.
    pub fn disarm(&mut self) {
        self.disarmed = true;
    }

    /// What watches a body from now on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.broken))
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if !self.disarmed {
            self.broken.store(true, Ordering::Release);
        }
    }
}

/// Watches bodies of one guest.
#[derive(Debug)]
pub struct Watch(Arc<AtomicBool>);

impl Watch {
    /// `body`, which fails where it ends only because its guest did.
    #[must_use]
    pub fn over(self, body: GuestBody) -> GuestBody {
        Box::pin(Watched { body, watch: self })
    }
}

struct Watched {
    body: GuestBody,
    watch: Watch,
}

type Piece = Result<Frame<Bytes>, Box<dyn Error + Send + Sync>>;

impl Body for Watched {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        let this = self.get_mut();
        let frame = this.body.as_mut().poll_frame(cx);
        match frame {
            Poll::Ready(None) if this.watch.0.load(Ordering::Acquire) => {
                Poll::Ready(Some(Err("its guest was stopped".into())))
            }
            frame => frame,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
