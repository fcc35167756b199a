//! Requests through raw `wasi:http`: the SDK would not do any of this.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};

fn request(
    url: &str,
    method: &Method,
    headers: &[(String, String)],
) -> Result<OutgoingRequest, String> {
    let fields = Fields::new();
    for (name, value) in headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| format!("{name}: {error:?}"))?;
    }
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let request = OutgoingRequest::new(fields);
    request.set_method(method).map_err(|()| "method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
    request
        .set_authority(Some(authority))
        .map_err(|()| "authority")?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "path")?;
    Ok(request)
}

fn wait(answer: &FutureIncomingResponse) -> Result<String, String> {
    loop {
        match answer.get() {
            Some(Ok(Ok(response))) => return Ok(response.status().to_string()),
            Some(Ok(Err(code))) => return Err(format!("{code:?}")),
            Some(Err(())) => return Err("taken".to_owned()),
            None => answer.subscribe().block(),
        }
    }
}

/// Sends a GET with any headers.
pub fn send(url: &str, headers: &[(String, String)]) -> Result<String, String> {
    let request = request(url, &Method::Get, headers)?;
    let answer = handle(request, None).map_err(|code| format!("{code:?}"))?;
    wait(&answer)
}

/// Sends a POST, and does not wait for the answer.
pub fn start(url: &str, body: &str) -> Option<FutureIncomingResponse> {
    let request = request(url, &Method::Post, &[]).ok()?;
    let outgoing = request.body().ok()?;
    let answer = handle(request, None).ok()?;
    let stream = outgoing.write().ok()?;
    stream.blocking_write_and_flush(body.as_bytes()).ok()?;
    drop(stream);
    OutgoingBody::finish(outgoing, None).ok()?;
    Some(answer)
}

/// Sends a POST and throws the answer away before it came.
pub fn abandon(url: &str, body: &str) -> Result<String, String> {
    let answer = start(url, body).ok_or("not sent")?;
    // Long enough that it is under way.
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(answer);
    Ok("abandoned".to_owned())
}

/// Opens a request while it has seen nothing, then reads `from`, and sends what it read.
pub fn leak(url: &str, from: &str) -> Result<String, String> {
    let request = request(url, &Method::Post, &[])?;
    let outgoing = request.body().map_err(|()| "body")?;
    let answer = handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = outgoing.write().map_err(|()| "write")?;
    stream
        .blocking_write_and_flush(b"clean ")
        .map_err(|error| format!("{error:?}"))?;
    std::thread::sleep(std::time::Duration::from_millis(200));
    let secret = match toolkeep_sdk::http::get(from).send() {
        Ok(response) => response.text().unwrap_or_default(),
        Err(error) => return Err(format!("cannot read: {error}")),
    };
    let _ = stream.blocking_write_and_flush(secret.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);
    wait(&answer)
}
