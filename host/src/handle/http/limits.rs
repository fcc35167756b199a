//! How long, how much, how many.

use std::time::Duration;

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
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            header: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            headers: 256,
            header_bytes: 64 * 1024,
            request_bytes: 256 * 1024 * 1024,
            response_bytes: 256 * 1024 * 1024,
            in_flight: 16,
        }
    }
}

impl Limits {
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
