//! A guest's stdout and stderr: lines of log, up to a limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::handle::report::{Level, Reporter};

/// The longest line; a longer one is cut into several.
const MAX_LINE: usize = 4096;

/// Turns what a guest prints into lines of log. What is beyond the limit is thrown away, so that a
/// guest that prints too much does not fail because of it. Nobody hears them before [`Lines::begin`].
#[derive(Clone)]
pub(in crate::engine) struct Lines(Arc<Mutex<State>>);

struct State {
    level: Level,
    reporter: Option<Arc<Reporter>>,
    bytes_left: u64,
    line: Vec<u8>,
}

impl Lines {
    pub(in crate::engine) fn new(level: Level, max_bytes: u64) -> Self {
        let state = State {
            level,
            reporter: None,
            bytes_left: max_bytes,
            line: Vec::new(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// From now on `reporter` says them.
    pub(in crate::engine) fn begin(&self, reporter: Arc<Reporter>) {
        self.state().reporter = Some(reporter);
    }

    /// Has the last line said, although it may not be at its end, and nothing more.
    pub(in crate::engine) fn end(&self) {
        let mut state = self.state();
        state.say();
        state.reporter = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        let fits = usize::try_from(self.bytes_left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        self.bytes_left -= fits as u64;
        for byte in bytes.iter().take(fits) {
            if *byte == b'\n' || self.line.len() >= MAX_LINE {
                self.say();
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
    }

    fn say(&mut self) {
        let line = std::mem::take(&mut self.line);
        if let Some(reporter) = &self.reporter
            && !line.is_empty()
        {
            reporter.log(self.level, &String::from_utf8_lossy(&line));
        }
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.3 takes this way, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.state().take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}
