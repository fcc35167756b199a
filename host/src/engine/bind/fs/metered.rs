//! Streams over open files: counted, and compared with their pass.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use crate::gate::pass::Pass;
use crate::store::audit::record::Status;

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
    fn admit(&self) -> StreamResult<()> {
        self.pass.recheck().map_err(|refused| {
            let error = io::Error::new(io::ErrorKind::PermissionDenied, refused);
            StreamError::LastOperationFailed(error.into())
        })
    }

    /// A write that failed is what came of the access, however it goes on.
    fn note<T>(&self, done: StreamResult<T>) -> StreamResult<T> {
        if let Err(StreamError::LastOperationFailed(_)) = &done {
            self.pass.settle(Status::Failed, Some("write"));
        }
        done
    }
}

#[async_trait::async_trait]
impl OutputStream for MeteredOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.admit()?;
        let length = bytes.len() as u64;
        let done = self.inner.write(bytes);
        if done.is_ok() {
            self.pass.count_written(length);
        }
        self.note(done)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.admit()?;
        let length = bytes.len() as u64;
        let done = self.inner.blocking_write_and_flush(bytes).await;
        if done.is_ok() {
            self.pass.count_written(length);
        }
        self.note(done)
    }

    fn flush(&mut self) -> StreamResult<()> {
        let done = self.inner.flush();
        self.note(done)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let done = self.inner.check_write();
        self.note(done)
    }

    async fn cancel(&mut self) {
        // What is still being written belongs to the outcome.
        self.inner.ready().await;
        let done = self.inner.check_write();
        drop(self.note(done));
        self.inner.cancel().await;
    }
}

#[async_trait::async_trait]
impl Pollable for MeteredOutput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}
