//! How long, how much, how many.

use std::time::Duration;

use crate::rules::config;

/// What one request may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To get a connection: looking up the name, connecting, and the TLS handshake.
    pub connect: Duration,
    /// Until the response begins, from the last byte of the request on.
    pub header: Duration,
    /// Between two pieces of the response's body, while the guest waits for one.
    pub idle: Duration,
    /// Headers, of a request and of a response.
    pub headers: usize,
    /// Bytes of all headers together, of a request and of a response.
    pub header_bytes: usize,
    /// Bytes of a request's body.
    pub request_bytes: u64,
    /// Bytes of a response's body, as they come over the wire.
    pub response_bytes: u64,
    /// Requests of one call that are under way at once.
    pub in_flight: usize,
}

impl Default for Limits {
    /// Those of an operator's file that says nothing of them.
    fn default() -> Self {
        Self::of(&config::Limits::default())
    }
}

impl Limits {
    /// As the operator's file says.
    pub fn of(said: &config::Limits) -> Self {
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            connect: Duration::from_millis(said.http_connect_ms),
            header: Duration::from_millis(said.http_header_ms),
            idle: Duration::from_millis(said.http_idle_ms),
            headers: number(said.http_headers),
            header_bytes: number(said.http_header_bytes),
            request_bytes: said.http_request_bytes,
            response_bytes: said.http_response_bytes,
            in_flight: number(said.http_in_flight),
        }
    }

    /// Whether `headers` are few and short enough.
    pub(super) fn fit(&self, headers: &http::HeaderMap) -> bool {
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
            .sum();
        headers.len() <= self.headers && bytes <= self.header_bytes
    }

    /// The same, with the times that a guest asks for where they are shorter.
    #[must_use]
    pub fn hurried(
        mut self,
        connect: Option<Duration>,
        header: Option<Duration>,
        idle: Option<Duration>,
    ) -> Self {
        let shorter =
            |mine: Duration, wanted: Option<Duration>| wanted.map_or(mine, |w| w.min(mine));
        self.connect = shorter(self.connect, connect);
        self.header = shorter(self.header, header);
        self.idle = shorter(self.idle, idle);
        self
    }
}
