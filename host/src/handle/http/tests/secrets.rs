//! Secrets in play.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::keep::Keep;
use super::servers::{Raw, answer_all, head};
use super::*;
use crate::gate::refusal::Refused;
use crate::store::audit::record::Status;

const HEADER: &str =
    "[plugins.p.http.api.secrets.token]\nheader = \"authorization\"\nbefore = \"Bearer \"\n";
const VALUE: &str = "s3cr3t-value-0123456789";

/// Answers with the request's own head, in the body and in a header, a few bytes at a time.
async fn echo(mut stream: TcpStream) {
    // The first head was read already: wait for nothing, and tell what it must have been.
    let text = format!("you sent authorization: Bearer {VALUE} and more");
    let start = format!(
        "HTTP/1.1 200 OK\r\nX-Echo: Bearer {VALUE}\r\nAuthorization: Bearer {VALUE}\r\n\
         Content-Length: {}\r\n\r\n",
        text.len()
    );
    stream.write_all(start.as_bytes()).await.unwrap();
    for piece in text.as_bytes().chunks(3) {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    drop(head(&mut stream).await);
}

#[tokio::test]
async fn a_secret_goes_out_and_does_not_come_back() {
    let keep = Keep::new("secret-echo");
    keep.secret("token", VALUE);
    let server = Raw::start(|stream, _| Box::pin(echo(stream))).await;
    let (call, client) = keep.to(&server.origin(), HEADER).await;
    let response = send(&call, &client, get(&server.url("/")), keep.limits)
        .await
        .unwrap();
    let stars = "*".repeat(VALUE.len());
    assert_eq!(response.headers()["x-echo"], format!("Bearer {stars}"));
    assert!(!response.headers().contains_key("authorization"));
    let got = text(response).await.unwrap();
    assert_eq!(
        got,
        format!("you sent authorization: Bearer {stars} and more")
    );
    assert!(server.heads()[0].contains(&format!("authorization: Bearer {VALUE}\r\n")));
    assert!(server.heads()[0].contains("accept-encoding: identity\r\n"));
    let outcome = keep.outcome().await;
    assert_eq!(outcome.secrets.len(), 1);
    assert_eq!(outcome.secrets[0].as_str(), "token");
    let told = format!("{:?}", keep.record().await);
    assert!(!told.contains(VALUE) && !told.contains("s3cr3t"));
}

#[tokio::test]
async fn a_secret_goes_nowhere_else() {
    const AWAY: &str = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:PORT/\r\n\
        Content-Length: 0\r\n\r\n";
    let keep = Keep::new("secret-elsewhere");
    keep.secret("token", VALUE);
    let server = Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, AWAY))).await;
    let other = Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, AWAY))).await;
    keep.resolver.say("site.test", &[&["127.0.0.1"]]);
    let data = format!(
        "[data.one]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\n\
         [data.two]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\n\
         [data.named]\nurl = \"http://site.test:{}\"\naddresses = [\"127.0.0.1\"]\n",
        server.origin(),
        other.origin(),
        server.port
    );
    let grants = format!(
        "[plugins.p.http.api]\ndata = \"one\"\nallow = [\"get\"]\n{HEADER}\
         [plugins.p.http.other]\ndata = \"two\"\nallow = [\"get\"]\n"
    );
    let (call, client) = keep.with(&data, &grants).await;
    let response = send(&call, &client, get(&server.url("/")), keep.limits)
        .await
        .unwrap();
    assert_eq!(response.status(), 307);
    drop(
        send(&call, &client, get(&other.url("/")), keep.limits)
            .await
            .unwrap(),
    );
    // The same server by another name, port or scheme has no grant with the secret.
    for url in [
        format!("http://site.test:{}/", server.port),
        format!("https://127.0.0.1:{}/", server.port),
        "http://127.0.0.1/".to_owned(),
    ] {
        let got = send(&call, &client, get(&url), keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused), "{url}");
    }
    assert!(server.heads()[0].contains(VALUE));
    assert_eq!(server.heads().len(), 1);
    assert!(!other.heads()[0].contains("authorization"));
}

#[tokio::test]
async fn without_its_secret_nothing_is_sent() {
    let keep = Keep::new("secret-missing");
    let server = Raw::start(|stream, _| Box::pin(echo(stream))).await;
    let (call, client) = keep.to(&server.origin(), HEADER).await;
    let got = send(&call, &client, get(&server.url("/")), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
    let outcome = keep.outcome().await;
    assert_eq!(outcome.status, Status::Refused);
    assert_eq!(outcome.error.as_deref(), Some("secret"));
    assert!(keep.refusal().await.contains("toolkeep secret set token"));
    // A file that others can read is as good as none.
    keep.secret("token", VALUE);
    use std::os::unix::fs::PermissionsExt as _;
    let exposed = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(keep.state.join("secrets"), exposed).unwrap();
    let got = send(&call, &client, get(&server.url("/")), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
    assert_eq!(keep.connections(), 0);
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn the_guest_may_not_set_what_the_host_sets() {
    let keep = Keep::new("secret-taken");
    keep.secret("token", VALUE);
    let server = Raw::start(|stream, _| Box::pin(echo(stream))).await;
    let (call, client) = keep.to(&server.origin(), HEADER).await;
    let request = http::Request::get(server.url("/")).header("Authorization", "mine");
    let got = send(&call, &client, request.body(body("")).unwrap(), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
    assert!(keep.refusal().await.contains("`authorization`"));
    assert_eq!(keep.connections(), 0);
}

#[tokio::test]
async fn what_cannot_be_searched_is_not_given() {
    const GZIP: &str =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello";
    const CODED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    const PART: &str = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/20\r\n\
        Content-Length: 5\r\n\r\nhello";
    let keep = Keep::new("secret-coded");
    keep.secret("token", VALUE);
    let servers = [
        Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, GZIP))).await,
        Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, CODED))).await,
        Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, PART))).await,
    ];
    for server in &servers {
        let request = || {
            let request = http::Request::get(server.url("/")).header("Accept-Encoding", "gzip");
            request.body(body("")).unwrap()
        };
        let (call, client) = keep.to(&server.origin(), HEADER).await;
        let got = send(&call, &client, request(), keep.limits).await;
        assert_eq!(
            got.unwrap_err(),
            SendError::Failed(Failure::Unsearchable),
            "{}",
            server.port
        );
        assert!(server.heads()[0].contains("accept-encoding: identity\r\n"));
        let outcome = keep.outcome().await;
        assert_eq!(outcome.error.as_deref(), Some("unsearchable"));
        // Without a secret it is the guest's own business.
        let (call, client) = keep.to(&server.origin(), "").await;
        let response = send(&call, &client, request(), keep.limits).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "hello");
        assert!(server.heads()[1].contains("accept-encoding: gzip\r\n"));
    }
    let (call, client) = keep.to(&servers[0].origin(), HEADER).await;
    for header in ["range", "if-range", "a-im"] {
        let request = http::Request::get(servers[0].url("/")).header(header, "bytes=0-3");
        let got = send(&call, &client, request.body(body("")).unwrap(), keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused), "{header}");
        assert!(keep.refusal().await.contains(&format!("`{header}`")));
    }
    assert_eq!(servers[0].heads().len(), 2);
}

#[tokio::test]
async fn headers_reason_and_trailers_are_masked_too() {
    const ECHO: &str = "HTTP/1.1 200 s3cr3t-value-0123456789\r\nX-Echo: s3cr3t-value-0123456789\r\n\
        X-s3cr3t-value-0123456789: x\r\nTrailer: x-late\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n0\r\nX-Late: a s3cr3t-value-0123456789\r\n\r\n";
    let keep = Keep::new("secret-trailers");
    keep.secret("token", VALUE);
    let server = Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, ECHO))).await;
    let (call, client) = keep.to(&server.origin(), HEADER).await;
    let request = http::Request::get(server.url("/"));
    let got = send(&call, &client, request.body(body("")).unwrap(), keep.limits).await;
    let response = got.unwrap();
    assert!(
        response
            .extensions()
            .get::<hyper::ext::ReasonPhrase>()
            .is_none()
    );
    let (head, body) = response.into_parts();
    let whole = body.collect().await.unwrap();
    let late = whole.trailers().expect("trailers")["x-late"].clone();
    let shown = format!("{head:?} {late:?}");
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert_eq!(late, format!("a {}", "*".repeat(VALUE.len())));
    assert_eq!(whole.to_bytes(), "hello");
}
