//! Looks at how long each message of the server is before it is held: one row could else fill the memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest message, and so the largest row, in bytes.
const MAX_MESSAGE: usize = 8 * 1024 * 1024;

/// A connection whose messages are not too long: each begins with one byte for its kind and four for its
/// length, which counts itself.
pub(super) struct Guard<S> {
    stream: S,
    head: [u8; 5],
    /// How many bytes of the head are there.
    known: usize,
    /// How many bytes of the message are to come.
    left: usize,
    burst: Arc<AtomicBool>,
}

impl<S> Guard<S> {
    /// Over `stream`; `burst` tells afterwards whether a message was too long.
    pub(super) fn new(stream: S, burst: Arc<AtomicBool>) -> Self {
        Self {
            stream,
            head: [0; 5],
            known: 0,
            left: 0,
            burst,
        }
    }

    /// Counts what came. False where a message is too long.
    fn count(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.left > 0 {
                let taken = self.left.min(bytes.len());
                self.left = self.left.saturating_sub(taken);
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            let Some((first, rest)) = bytes.split_first() else {
                break;
            };
            if let Some(place) = self.head.get_mut(self.known) {
                *place = *first;
            }
            self.known = self.known.saturating_add(1);
            bytes = rest;
            if self.known == self.head.len() {
                self.known = 0;
                let [_, a, b, c, d] = self.head;
                let length =
                    usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                if length > MAX_MESSAGE {
                    self.burst.store(true, Ordering::Release);
                    return false;
                }
                self.left = length.saturating_sub(4);
            }
        }
        true
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {}
            other => return other,
        }
        let came = buf.filled().get(before..).unwrap_or_default();
        if self.count(came) {
            Poll::Ready(Ok(()))
        } else {
            let text = "a message of the server is too long";
            Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, text)))
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_however_the_bytes_come() {
        let mut bytes = vec![b'D', 0, 0, 0, 6, 1, 2, b'Z', 0, 0, 0, 4];
        bytes.extend([b'D', 0, 0x80, 0, 1]);
        for step in 1..bytes.len() {
            let burst = Arc::new(AtomicBool::new(false));
            let mut guard = Guard::new((), Arc::clone(&burst));
            let good: Vec<bool> = bytes.chunks(step).map(|part| guard.count(part)).collect();
            assert!(good.iter().rev().skip(1).all(|good| *good), "{step}");
            assert_eq!(good.last(), Some(&false), "{step}");
            assert!(burst.load(Ordering::Acquire));
        }
    }
}
