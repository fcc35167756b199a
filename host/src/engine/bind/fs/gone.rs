//! A stream that is over before it began.

use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// What stands in a stream's place while it is being wrapped.
pub(super) struct Gone;

#[async_trait::async_trait]
impl Pollable for Gone {
    async fn ready(&mut self) {}
}

#[async_trait::async_trait]
impl InputStream for Gone {
    fn read(&mut self, _size: usize) -> StreamResult<bytes::Bytes> {
        Err(StreamError::Closed)
    }
}

#[async_trait::async_trait]
impl OutputStream for Gone {
    fn write(&mut self, _bytes: bytes::Bytes) -> StreamResult<()> {
        Err(StreamError::Closed)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Err(StreamError::Closed)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Err(StreamError::Closed)
    }
}
