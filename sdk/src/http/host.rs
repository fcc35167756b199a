//! The way to the host: `wasi:http` in a component, nothing elsewhere.

pub(super) use here::{Stream, send};

#[cfg(target_family = "wasm")]
mod here {
    use super::super::Error;
    use super::super::request::Request;
    use super::super::response::{Body, Response};
    use super::super::url::Url;
    use crate::__private::bindings::wasi::http::outgoing_handler::handle;
    use crate::__private::bindings::wasi::http::types::{
        ErrorCode, Fields, FutureIncomingResponse, HeaderError, IncomingBody, IncomingResponse,
        Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme, http_error_code,
    };
    use crate::__private::bindings::wasi::io::streams::{InputStream, StreamError};

    /// How much is asked for at once, in bytes.
    const PIECE: u64 = 64 * 1024;

    pub(in super::super) fn send(request: Request, url: Url) -> Result<Response, Error> {
        let invalid = |what: &str| Error::Invalid(what.to_owned());
        let fields = Fields::new();
        for (name, value) in &request.headers {
            fields.append(name, value).map_err(|error| match error {
                HeaderError::Forbidden => {
                    Error::Invalid(format!("the header `{name}` is the host's to set"))
                }
                _ => Error::Invalid(format!("`{name}` is no header, or its value is none")),
            })?;
        }
        let outgoing = OutgoingRequest::new(fields);
        let scheme = if url.tls { Scheme::Https } else { Scheme::Http };
        outgoing
            .set_method(&method(&request.method))
            .map_err(|()| invalid("its method is none"))?;
        outgoing
            .set_scheme(Some(&scheme))
            .map_err(|()| invalid("its scheme is none"))?;
        outgoing
            .set_authority(Some(&url.authority))
            .map_err(|()| invalid("its host is none"))?;
        outgoing
            .set_path_with_query(Some(&url.path))
            .map_err(|()| invalid("its path is none"))?;
        let options = options(&request);
        let body = match request.body {
            Some(bytes) => {
                let body = outgoing.body().map_err(|()| invalid("its body is none"))?;
                Some((body, bytes))
            }
            None => None,
        };
        let answer = handle(outgoing, options).map_err(of_code)?;
        if let Some((body, bytes)) = body {
            // Where it cannot be written, the answer says why.
            write(body, &bytes);
        }
        let response = wait(&answer)?;
        let status = response.status();
        let headers = response.headers().entries();
        let body = response.consume().map_err(|()| broken())?;
        let stream = body.stream().map_err(|()| broken())?;
        Ok(Response {
            status,
            headers,
            body: Body {
                stream: Stream {
                    stream,
                    _response: response,
                    _body: body,
                },
                left: request.limit,
                rest: Vec::new(),
            },
        })
    }

    fn broken() -> Error {
        Error::Failed("the host gave no body".to_owned())
    }

    fn method(name: &str) -> Method {
        match name {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "PATCH" => Method::Patch,
            other => Method::Other(other.to_owned()),
        }
    }

    fn options(request: &Request) -> Option<RequestOptions> {
        let nanoseconds = u64::try_from(request.timeout?.as_nanos()).unwrap_or(u64::MAX);
        let options = RequestOptions::new();
        // Times that the host does not take leave its own.
        let _ = options.set_connect_timeout(Some(nanoseconds));
        let _ = options.set_first_byte_timeout(Some(nanoseconds));
        let _ = options.set_between_bytes_timeout(Some(nanoseconds));
        Some(options)
    }

    /// Writes the body. One that is not finished is taken back when it goes.
    fn write(body: OutgoingBody, bytes: &[u8]) {
        let Ok(stream) = body.write() else { return };
        let ready = stream.subscribe();
        let mut rest = bytes;
        while !rest.is_empty() {
            let Ok(room) = stream.check_write() else {
                return;
            };
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(rest.len());
            if room == 0 {
                ready.block();
                continue;
            }
            let (piece, after) = rest.split_at(room);
            if stream.write(piece).is_err() {
                return;
            }
            rest = after;
        }
        drop(ready);
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }

    fn wait(answer: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
        let ready = answer.subscribe();
        loop {
            match answer.get() {
                Some(Ok(got)) => return got.map_err(of_code),
                Some(Err(())) => return Err(broken()),
                None => ready.block(),
            }
        }
    }

    fn of_code(code: ErrorCode) -> Error {
        let text = match code {
            ErrorCode::HttpRequestDenied => return Error::Refused,
            ErrorCode::ConnectionTimeout => return Error::TimedOut("connecting"),
            ErrorCode::HttpResponseTimeout => return Error::TimedOut("the answer"),
            ErrorCode::ConnectionReadTimeout => return Error::TimedOut("the answer's body"),
            ErrorCode::HttpResponseBodySize(_) => return Error::TooLarge,
            ErrorCode::HttpRequestUriInvalid => {
                return Error::Invalid("its URL is none".to_owned());
            }
            ErrorCode::DnsError(_) | ErrorCode::DnsTimeout => "the host's name has no address",
            ErrorCode::ConnectionRefused => "no connection to the host",
            ErrorCode::ConnectionTerminated => "the connection ended early",
            ErrorCode::ConnectionLimitReached => "too many requests are under way",
            ErrorCode::TlsCertificateError => "the server's certificate is not valid for the host",
            ErrorCode::TlsProtocolError => "the TLS handshake failed",
            ErrorCode::HttpRequestHeaderSectionSize(_) => "its headers are too large",
            ErrorCode::HttpRequestBodySize(_) => "its body is too large, or ended early",
            ErrorCode::HttpResponseHeaderSectionSize(_) => "the answer's headers are too large",
            ErrorCode::HttpProtocolError => "the answer is not valid HTTP",
            other => return Error::Failed(format!("{other:?}")),
        };
        Error::Failed(text.to_owned())
    }

    /// A response's body. The fields go in this order: the host wants children dropped before their parents.
    pub(in super::super) struct Stream {
        stream: InputStream,
        _body: IncomingBody,
        _response: IncomingResponse,
    }

    impl Stream {
        /// The next piece; none at the end.
        pub(in super::super) fn read(&mut self) -> Result<Option<Vec<u8>>, Error> {
            loop {
                match self.stream.blocking_read(PIECE) {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Ok(Some(piece)),
                    Err(StreamError::Closed) => return Ok(None),
                    Err(StreamError::LastOperationFailed(error)) => {
                        return Err(match http_error_code(&error) {
                            Some(code) => of_code(code),
                            None => of_text(&error.to_debug_string()),
                        });
                    }
                }
            }
        }
    }

    /// Not every host gives a code for what happens in a body.
    fn of_text(text: &str) -> Error {
        if text.contains("HTTP request denied") || text.contains("HttpRequestDenied") {
            Error::Refused
        } else {
            Error::Failed("the answer broke off".to_owned())
        }
    }
}

#[cfg(not(target_family = "wasm"))]
mod here {
    use super::super::Error;
    use super::super::request::Request;
    use super::super::response::Response;
    use super::super::url::Url;

    /// There is none.
    pub(in super::super) enum Stream {}

    impl Stream {
        pub(in super::super) fn read(&mut self) -> Result<Option<Vec<u8>>, Error> {
            match *self {}
        }
    }

    pub(in super::super) fn send(_: Request, _: Url) -> Result<Response, Error> {
        Err(Error::Failed(
            "outside a component there is no host that could send it".to_owned(),
        ))
    }
}
