//! Why a request that was allowed did not work.

use super::resolve::Unresolved;
use crate::gate::refusal::Refused;

/// Why there is no response, or no more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The host refused; why is on record.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It was allowed and did not work.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Why a request that was allowed did not work. None of it tells the guest more than any client of the
/// same place would see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The name has no address.
    #[error("the host's name has no address")]
    NoAddress,
    /// Nobody listens there, or nothing leads there.
    #[error("no connection to the host")]
    NoConnection,
    /// It took too long to get a connection.
    #[error("connecting took too long")]
    ConnectTimeout,
    /// The egress proxy does not answer, or will not connect.
    #[error("no connection through the proxy")]
    Proxy,
    /// The handshake failed.
    #[error("the TLS handshake failed")]
    Tls,
    /// The server could not prove who it is.
    #[error("the server's certificate is not valid for the host")]
    Certificate,
    /// The roots that the grant names cannot be read.
    #[error("the root certificates cannot be read")]
    Roots,
    /// The request's own headers are too many or too long.
    #[error("the request's headers are too large")]
    RequestHeaders,
    /// The request's body is larger than it may be.
    #[error("the request's body is too large")]
    RequestTooLarge,
    /// The guest took its body back, or gave another length than it had said.
    #[error("the request's body ended early")]
    RequestBody,
    /// The guest gave trailers.
    #[error("trailers of a request are not sent")]
    RequestTrailers,
    /// The header did not come in time.
    #[error("the response took too long to begin")]
    HeaderTimeout,
    /// The response's header is too large.
    #[error("the response's headers are too large")]
    ResponseHeaders,
    /// Nothing of the body came for too long.
    #[error("the response's body stood still for too long")]
    BodyTimeout,
    /// The response's body is larger than it may be.
    #[error("the response's body is too large")]
    ResponseTooLarge,
    /// The connection ended before the response did.
    #[error("the connection ended early")]
    Closed,
    /// What came back is no HTTP.
    #[error("the response is not valid HTTP")]
    Protocol,
    /// A secret went out, and the response is compressed, or a part, so that no echo would be found.
    #[error("the response is compressed or a part, in spite of what was asked for")]
    Unsearchable,
    /// The call has as many requests under way as it may have.
    #[error("too many requests are under way")]
    Busy,
    /// The call was taken back meanwhile.
    #[error("the call was cancelled")]
    Cancelled,
}

impl Failure {
    /// The fixed word for it in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoAddress => "no-address",
            Self::NoConnection => "no-connection",
            Self::ConnectTimeout => "connect-timeout",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Roots => "roots",
            Self::RequestHeaders => "request-headers",
            Self::RequestTooLarge => "request-too-large",
            Self::RequestBody => "request-body",
            Self::RequestTrailers => "request-trailers",
            Self::HeaderTimeout => "header-timeout",
            Self::ResponseHeaders => "response-headers",
            Self::BodyTimeout => "body-timeout",
            Self::ResponseTooLarge => "response-too-large",
            Self::Closed => "closed-early",
            Self::Protocol => "protocol",
            Self::Unsearchable => "unsearchable",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
        }
    }

    /// What `error` of the HTTP library means.
    pub(super) fn of(error: &hyper::Error) -> Self {
        if error.is_parse_too_large() {
            Self::ResponseHeaders
        } else if error.is_user() || error.is_body_write_aborted() {
            Self::RequestBody
        } else if error.is_parse() {
            Self::Protocol
        } else {
            // A peer that goes away shows in many ways.
            Self::Closed
        }
    }
}

impl From<Unresolved> for Failure {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::NoAddress => Self::NoAddress,
            Unresolved::TimedOut => Self::ConnectTimeout,
        }
    }
}
