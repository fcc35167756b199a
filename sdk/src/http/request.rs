//! A request in the making.

use std::time::Duration;

use serde::Serialize;

use super::url::Url;
use super::{Error, Response, host};

/// How much of a response is read at most, where nothing else is said.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A request in the making: made by [`get`](super::get) and its like, sent by [`send`](Self::send). What is
/// wrong with it, `send` tells.
#[must_use = "a request does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Request {
    #[cfg_attr(
        not(target_family = "wasm"),
        allow(dead_code, reason = "only a host reads it")
    )]
    pub(super) method: String,
    url: Result<Url, Error>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) limit: u64,
}

impl Request {
    pub(super) fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: Url::parse(url),
            headers: Vec::new(),
            body: None,
            timeout: None,
            limit: LIMIT,
        }
    }

    /// Adds a header. One that the host sets itself (a secret, say), or that belongs to the connection, is
    /// refused when the request is sent.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let value = value.as_bytes().to_vec();
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Adds a pair to the URL's query, escaped as needed.
    ///
    /// ```no_run
    /// use toolkeep_sdk::http;
    ///
    /// let found = http::get("https://example.org/search")
    ///     .query("q", "salt & pepper")
    ///     .send()?;
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Ok(url) = &mut self.url {
            url.add_query(name, value);
        }
        self
    }

    /// Sends this body along. Say what it is with a header `content-type`.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends `value` along as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => {
                self.body = Some(body);
                self.header("content-type", "application/json")
            }
            Err(error) => {
                self.url = Err(Error::Invalid(format!("its body is no JSON: {error}")));
                self
            }
        }
    }

    /// Waits no longer than this for a connection, for the answer to begin, and between two pieces of it. The
    /// host has limits of its own, which count where they are shorter.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Reads no more than this many bytes of the answer's body; 16 MiB where nothing is said. A larger one is
    /// [`Error::TooLarge`].
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Sends it, and waits until the answer begins.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the host does not let it; else why there is no answer. A status such as 404
    /// is an answer.
    pub fn send(mut self) -> Result<Response, Error> {
        let url = self.url.clone()?;
        if let Some(body) = &self.body {
            let length = body.len().to_string().into_bytes();
            self.headers.push(("content-length".to_owned(), length));
        }
        host::send(self, url)
    }
}
