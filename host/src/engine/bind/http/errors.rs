//! Errors in the guest's words. A refusal is always the same one, whatever the reason.

use wasmtime_wasi_http::Error;

use crate::handle::http::{Failure, SendError};

pub(super) fn of_send(error: SendError) -> Error {
    match error {
        SendError::Refused(_) => Error::HttpRequestDenied,
        SendError::Failed(failure) => of_failure(failure),
    }
}

/// In a response's body.
pub(super) fn of_download(error: SendError) -> Error {
    of_send(error)
}

/// In a request's body: nobody but the handle sees it.
pub(super) fn of_upload(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    format!("{error:?}").into()
}

fn of_failure(failure: Failure) -> Error {
    match failure {
        Failure::NoAddress => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        Failure::NoConnection | Failure::Proxy => Error::ConnectionRefused,
        Failure::ConnectTimeout => Error::ConnectionTimeout,
        Failure::Tls => Error::TlsProtocolError,
        Failure::Certificate => Error::TlsCertificateError,
        Failure::Roots => Error::ConfigurationError,
        Failure::RequestHeaders => Error::HttpRequestHeaderSectionSize(None),
        Failure::RequestTooLarge | Failure::RequestBody => Error::HttpRequestBodySize(None),
        Failure::RequestTrailers => Error::HttpRequestTrailerSectionSize(None),
        Failure::HeaderTimeout => Error::HttpResponseTimeout,
        Failure::ResponseHeaders => Error::HttpResponseHeaderSectionSize(None),
        Failure::BodyTimeout => Error::ConnectionReadTimeout,
        Failure::ResponseTooLarge => Error::HttpResponseBodySize(None),
        Failure::Closed => Error::ConnectionTerminated,
        Failure::Protocol => Error::HttpProtocolError,
        Failure::Unsearchable => Error::HttpResponseContentCoding(None),
        Failure::Busy => Error::ConnectionLimitReached,
        _ => Error::InternalError(None),
    }
}
