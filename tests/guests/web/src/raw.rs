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

/// Sends a GET to the host of `url`, with any path.
pub fn path(url: &str, path: &str) -> Result<String, String> {
    let request = request(url, &Method::Get, &[])?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "path")?;
    let answer = handle(request, None).map_err(|code| format!("{code:?}"))?;
    wait(&answer)
}

/// Sends `count` requests, each before the others are answered; tells which came of them.
pub fn at_once(url: &str, count: &str) -> Result<String, String> {
    let count: usize = count.parse().map_err(|_| "no number")?;
    let all: Vec<_> = (0..count).filter_map(|_| start(url, "x")).collect();
    let refused = |answer: &FutureIncomingResponse| {
        let told = wait(answer);
        told.is_err_and(|why| why.contains("HttpRequestDenied"))
    };
    let refused = all.iter().filter(|answer| refused(answer)).count();
    Ok(format!("{refused} of {}", all.len()))
}

/// Traps in the middle of a request's body.
pub fn trap(url: &str) -> Result<String, String> {
    let request = request(url, &Method::Post, &[])?;
    let outgoing = request.body().map_err(|()| "body")?;
    let _answer = handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = outgoing.write().map_err(|()| "write")?;
    stream
        .blocking_write_and_flush(b"half of it")
        .map_err(|error| format!("{error:?}"))?;
    std::thread::sleep(std::time::Duration::from_millis(200));
    panic!("in the middle");
}

/// Says in trailers what nothing counts.
pub fn trailers(url: &str) -> Result<String, String> {
    let request = request(url, &Method::Post, &[])?;
    let outgoing = request.body().map_err(|()| "body")?;
    let answer = handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = outgoing.write().map_err(|()| "write")?;
    let _ = stream.blocking_write_and_flush(b"x");
    drop(stream);
    let fields = Fields::new();
    fields
        .append("x-late", b"hidden")
        .map_err(|error| format!("{error:?}"))?;
    let _ = OutgoingBody::finish(outgoing, Some(fields));
    wait(&answer)
}

/// Reads `file`, and says what is in it in a query, a header, a path and a body.
pub fn carry(url: &str, file: &str) -> Result<String, String> {
    let secret = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let header = [("x".to_owned(), secret.clone())];
    let told = [
        send(&format!("{url}?{secret}"), &[]),
        send(&format!("{url}/{secret}"), &[]),
        send(url, &header),
        start(url, &secret).map_or(Err("not sent".to_owned()), |answer| wait(&answer)),
    ];
    let told = told.map(|told| match told {
        Ok(status) => status,
        Err(why) if why.contains("HttpRequestDenied") => "refused".to_owned(),
        Err(why) => why,
    });
    Ok(told.join(" "))
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
    let read = || match toolkeep_sdk::http::get(from).send() {
        Ok(response) => Ok(response.text().unwrap_or_default()),
        Err(error) => Err(format!("cannot read: {error}")),
    };
    send_late(url, read)
}

/// The same of a file.
pub fn leak_file(url: &str, file: &str) -> Result<String, String> {
    send_late(url, || {
        std::fs::read_to_string(file).map_err(|error| error.to_string())
    })
}

fn send_late(url: &str, read: impl Fn() -> Result<String, String>) -> Result<String, String> {
    let request = request(url, &Method::Post, &[])?;
    let outgoing = request.body().map_err(|()| "body")?;
    let answer = handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = outgoing.write().map_err(|()| "write")?;
    stream
        .blocking_write_and_flush(b"clean ")
        .map_err(|error| format!("{error:?}"))?;
    std::thread::sleep(std::time::Duration::from_millis(200));
    let secret = read()?;
    let _ = stream.blocking_write_and_flush(secret.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);
    wait(&answer)
}
