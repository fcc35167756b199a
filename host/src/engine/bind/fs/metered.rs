//! Streams over open files: counted, and compared with their pass.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use crate::gate::pass::Pass;

pub(super) struct MeteredInput {
    inner: DynInputStream,
    pass: Arc<Pass>,
}

impl MeteredInput {
    pub(super) fn new(inner: DynInputStream, pass: Arc<Pass>) -> Self {
        Self { inner, pass }
    }

    fn count(&self, bytes: Bytes) -> Bytes {
        self.pass.count_read(bytes.len() as u64);
        bytes
    }
}

#[async_trait::async_trait]
impl InputStream for MeteredInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.inner.read(size).map(|bytes| self.count(bytes))
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.inner
            .blocking_read(size)
            .await
            .map(|bytes| self.count(bytes))
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[async_trait::async_trait]
impl Pollable for MeteredInput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

pub(super) struct MeteredOutput {
    inner: DynOutputStream,
    pass: Arc<Pass>,
}

impl MeteredOutput {
    pub(super) fn new(inner: DynOutputStream, pass: Arc<Pass>) -> Self {
        Self { inner, pass }
    }

    /// Before every chunk: what the call has seen since the file was opened may forbid it.
    fn admit(&self, bytes: usize) -> StreamResult<()> {
        self.pass.recheck().map_err(|refused| {
            let error = io::Error::new(io::ErrorKind::PermissionDenied, refused);
            StreamError::LastOperationFailed(error.into())
        })?;
        self.pass.count_written(bytes as u64);
        Ok(())
    }
}

#[async_trait::async_trait]
impl OutputStream for MeteredOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.admit(bytes.len())?;
        self.inner.write(bytes)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.admit(bytes.len())?;
        self.inner.blocking_write_and_flush(bytes).await
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[async_trait::async_trait]
impl Pollable for MeteredOutput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}
