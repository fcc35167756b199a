//! Bodies and servers that misbehave, and guests that go away.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body::{Body, Frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::keep::Keep;
use super::servers::{Raw, answer_all};
use super::*;
use crate::gate::refusal::Refused;
use crate::store::audit::record::{Kind, Status};

pub(super) type Piece = Result<Frame<Bytes>, Box<dyn Error + Send + Sync>>;

/// A body that is given piece by piece.
struct Pieces(mpsc::Receiver<Piece>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.get_mut().0.poll_recv(cx)
    }
}

pub(super) fn streamed(url: &str) -> (mpsc::Sender<Piece>, http::Request<GuestBody>) {
    let (sender, receiver) = mpsc::channel(1);
    let body: GuestBody = Box::pin(Pieces(receiver));
    (sender, http::Request::post(url).body(body).unwrap())
}

pub(super) fn piece(text: &'static str) -> Piece {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

/// Says `text`, then says nothing and stays.
async fn say_and_stay(mut stream: TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

async fn one(
    keep: &Keep,
    server: &Raw,
    limits: Limits,
) -> Result<http::Response<Download>, SendError> {
    let (call, client) = keep.to(&server.origin(), "").await;
    send(&call, &client, get(&server.url("/")), limits).await
}

fn short(keep: &Keep) -> Limits {
    let time = Some(Duration::from_millis(150));
    keep.limits.hurried(None, time, time)
}

async fn failed(keep: &Keep, failure: Failure) {
    let outcome = keep.outcome().await;
    assert_eq!(outcome.status, Status::Failed, "{outcome:?}");
    assert_eq!(outcome.error.as_deref(), Some(failure.word()));
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let keep = Keep::new("slow-head");
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, "HTTP/1.1 200 OK\r\nX-"))).await;
    let began = Instant::now();
    let got = one(&keep, &server, short(&keep)).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::HeaderTimeout));
    assert!(began.elapsed() < Duration::from_secs(2));
    failed(&keep, Failure::HeaderTimeout).await;
    // Not asked a second time.
    assert_eq!((server.heads().len(), keep.connections()), (1, 1));
}

#[tokio::test]
async fn a_body_that_stands_still_is_not_waited_for() {
    const START: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello";
    let keep = Keep::new("slow-body");
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, START))).await;
    let response = one(&keep, &server, short(&keep)).await.unwrap();
    let got = text(response).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::BodyTimeout));
    failed(&keep, Failure::BodyTimeout).await;
    assert_eq!(keep.outcome().await.bytes_read, Some(5));
}

#[tokio::test]
async fn a_body_without_end_ends() {
    let keep = Keep::new("endless");
    let server = Raw::start(|mut stream, _| {
        Box::pin(async move {
            let start = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
            let _ = stream.write_all(start).await;
            let zeros = [0u8; 16 * 1024];
            while stream.write_all(&zeros).await.is_ok() {}
        })
    })
    .await;
    let limits = Limits {
        response_bytes: 1_000_000,
        ..keep.limits
    };
    let response = one(&keep, &server, limits).await.unwrap();
    // It came compressed, and nobody unpacks it here: what counts is what came.
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let got = text(response).await;
    assert_eq!(
        got.unwrap_err(),
        SendError::Failed(Failure::ResponseTooLarge)
    );
    failed(&keep, Failure::ResponseTooLarge).await;
    assert!(keep.outcome().await.bytes_read.unwrap() <= 1_000_000);
}

#[tokio::test]
async fn more_headers_than_anybody_needs_are_no_response() {
    let keep = Keep::new("headers");
    let server = Raw::start(|mut stream, _| {
        Box::pin(async move {
            let mut text = "HTTP/1.1 200 OK\r\n".to_owned();
            for n in 0..40_000 {
                text.push_str(&format!("X-{n}: y\r\n"));
            }
            text.push_str("\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
        })
    })
    .await;
    let got = one(&keep, &server, keep.limits).await;
    assert_eq!(
        got.unwrap_err(),
        SendError::Failed(Failure::ResponseHeaders)
    );
    failed(&keep, Failure::ResponseHeaders).await;
    let keep = Keep::new("long-header");
    let server = Raw::start(|mut stream, _| {
        Box::pin(async move {
            let long = "y".repeat(1_000_000);
            let text = format!("HTTP/1.1 200 OK\r\nX: {long}\r\n\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
        })
    })
    .await;
    let got = one(&keep, &server, keep.limits).await;
    assert_eq!(
        got.unwrap_err(),
        SendError::Failed(Failure::ResponseHeaders)
    );
}

#[tokio::test]
async fn a_connection_that_ends_early_is_told_and_nothing_is_sent_twice() {
    for (name, start, in_body) in [
        ("early-nothing", "", false),
        ("early-head", "HTTP/1.1 200 OK\r\nContent-", false),
        (
            "early-body",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell",
            true,
        ),
        (
            "early-chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            true,
        ),
    ] {
        let keep = Keep::new(name);
        START.set(start);
        let server = Raw::start(|mut stream, _| {
            Box::pin(async move {
                let start = START.get();
                let _ = stream.write_all(start.as_bytes()).await;
            })
        })
        .await;
        let (call, client) = keep.to(&server.origin(), "").await;
        let got = send(&call, &client, post(&server.url("/"), "once"), keep.limits).await;
        let error = match got {
            Ok(response) if in_body => text(response).await.unwrap_err(),
            Ok(_) => panic!("{name}"),
            Err(error) => error,
        };
        let expected = [Failure::Closed, Failure::Protocol];
        assert!(
            expected.map(SendError::Failed).contains(&error),
            "{name}: {error:?}"
        );
        assert_eq!(keep.outcome().await.status, Status::Failed, "{name}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(server.heads().len(), 1, "{name}");
    }
}

/// What the next server of this test says.
struct Start(std::sync::Mutex<&'static str>);

impl Start {
    fn set(&self, text: &'static str) {
        *self.0.lock().unwrap() = text;
    }

    fn get(&self) -> &'static str {
        *self.0.lock().unwrap()
    }
}

static START: Start = Start(std::sync::Mutex::new(""));

#[tokio::test]
async fn a_kept_connection_that_was_closed_sends_nothing_twice() {
    // Answers once and closes.
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let keep = Keep::new("kept");
    let server = Raw::start(|mut stream, _| {
        Box::pin(async move {
            let _ = stream.write_all(OK).await;
            tokio::time::sleep(Duration::from_millis(30)).await;
        })
    })
    .await;
    let (call, client) = keep.to(&server.origin(), "").await;
    for n in 1..=4 {
        let got = send(&call, &client, post(&server.url("/"), "x"), keep.limits).await;
        drop(got.unwrap());
        tokio::time::sleep(Duration::from_millis(80)).await;
        assert_eq!(server.heads().len(), n);
    }
}

#[tokio::test]
async fn what_is_no_http_is_no_response() {
    let keep = Keep::new("no-http");
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, "SSH-2.0-OpenSSH_9.9\r\n\r\n"))).await;
    let got = one(&keep, &server, keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::Protocol));
    let keep = Keep::new("upgrade");
    const UPGRADE: &str =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, UPGRADE))).await;
    let got = one(&keep, &server, keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::Protocol));
}

#[tokio::test]
async fn a_guest_that_goes_away_hides_nothing() {
    let keep = Keep::new("gone");
    let server = Raw::start(|mut stream, _| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let _ = stream
                .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello")
                .await;
        })
    })
    .await;
    let (call, client) = keep.to(&server.origin(), "").await;
    let (request, limits) = (post(&server.url("/"), "effect"), keep.limits);
    let task = tokio::spawn(async move { send(&call, &client, request, limits).await });
    while server.heads().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let outcome = keep.outcome().await;
    assert_eq!((outcome.status, outcome.code), (Status::Done, Some(201)));
    assert_eq!(outcome.bytes_written, Some(6));
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_cancelled_call_stops_on_record() {
    let keep = Keep::new("cancelled");
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, ""))).await;
    let (call, client) = keep.to(&server.origin(), "").await;
    let (request, limits) = (post(&server.url("/"), "effect"), keep.limits);
    let sending = tokio::spawn({
        let call = call.clone();
        async move { send(&call, &client, request, limits).await }
    });
    while server.heads().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    keep.cancel.cancel();
    assert!(matches!(sending.await.unwrap(), Err(SendError::Refused(_))));
    let outcome = keep.outcome().await;
    assert_eq!(outcome.status, Status::Stopped);
    assert_eq!(outcome.error.as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn what_was_read_meanwhile_does_not_go_out() {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    let keep = Keep::new("exfiltration");
    let inside = Raw::start(|s, heads| Box::pin(answer_all(s, heads, OK))).await;
    let outside = Raw::start(|mut stream, _| {
        Box::pin(async move {
            let mut got = Vec::new();
            let _ = stream.read_to_end(&mut got).await;
            *GOT.lock().unwrap() = got;
        })
    })
    .await;
    let data = format!(
        "[data.web]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\n\
         [data.inside]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\nlabel = [\"untrusted\", \"private\"]\n",
        outside.origin(),
        inside.origin()
    );
    let grants = "[plugins.p.http.api]\ndata = \"web\"\nallow = [\"get\", \"post\"]\n\
        [plugins.p.http.other]\ndata = \"inside\"\nallow = [\"get\"]\n";
    let (call, client) = keep.with(&data, grants).await;
    let (pieces, request) = streamed(&outside.url("/"));
    let sending = tokio::spawn({
        let (call, client, limits) = (call.clone(), client.clone(), keep.limits);
        async move { send(&call, &client, request, limits).await }
    });
    pieces.send(piece("clean ")).await.unwrap();
    while outside.heads().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let response = send(&call, &client, get(&inside.url("/")), keep.limits)
        .await
        .unwrap();
    assert_eq!(text(response).await.unwrap(), "secret");
    let _ = pieces.send(piece("and the secret")).await;
    drop(pieces);
    let got = sending.await.unwrap();
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if !GOT.lock().unwrap().is_empty() {
            break;
        }
    }
    let got = String::from_utf8(GOT.lock().unwrap().clone()).unwrap();
    // The first piece, and no end: no server takes it for whole.
    assert_eq!(got, "6\r\nclean \r\n");
    let records = keep.record().await;
    let stopped = records.iter().filter_map(|record| record.outcome.as_ref());
    let stopped = stopped.filter(|outcome| outcome.status == Status::Stopped);
    assert_eq!(stopped.count(), 1, "{records:#?}");
    assert!(records.iter().any(|record| record.kind == Kind::Refusal));
}

static GOT: std::sync::Mutex<Vec<u8>> = std::sync::Mutex::new(Vec::new());

#[tokio::test]
async fn a_body_is_as_long_as_it_was_said_to_be() {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let keep = Keep::new("lengths");
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, ""))).await;
    let (call, client) = keep.to(&server.origin(), "").await;
    for (said, real) in [
        ("3", "four"),
        ("5", "four"),
        ("1", "four\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    ] {
        let request = http::Request::post(server.url("/")).header("content-length", said);
        let got = send(
            &call,
            &client,
            request.body(body(real)).unwrap(),
            keep.limits,
        )
        .await;
        assert_eq!(
            got.unwrap_err(),
            SendError::Failed(Failure::RequestBody),
            "{said}"
        );
    }
    let limits = Limits {
        request_bytes: 3,
        ..keep.limits
    };
    let got = send(&call, &client, post(&server.url("/"), "four"), limits).await;
    assert_eq!(
        got.unwrap_err(),
        SendError::Failed(Failure::RequestTooLarge)
    );
    let _ = OK;
    // A guest that drops its body takes it back.
    let (pieces, request) = streamed(&server.url("/"));
    pieces.send(piece("half")).await.unwrap();
    tokio::spawn(async move {
        let _ = pieces.send(Err("taken back".into())).await;
    });
    let got = send(&call, &client, request, keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::RequestBody));
}

#[tokio::test]
async fn only_so_many_are_under_way_at_once() {
    let mut keep = Keep::new("busy");
    keep.limits.in_flight = 2;
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, ""))).await;
    let (call, client) = keep.to(&server.origin(), "").await;
    let mut all = tokio::task::JoinSet::new();
    let limits = keep
        .limits
        .hurried(None, Some(Duration::from_millis(200)), None);
    for _ in 0..6 {
        let (call, client, request) = (call.clone(), client.clone(), get(&server.url("/")));
        all.spawn(async move { send(&call, &client, request, limits).await.unwrap_err() });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.heads().len(), 2);
    while let Some(done) = all.join_next().await {
        let failures = [Failure::Busy, Failure::HeaderTimeout].map(SendError::Failed);
        assert!(failures.contains(&done.unwrap()));
    }
}

#[tokio::test]
async fn what_is_not_read_is_on_record_too() {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello";
    let keep = Keep::new("unread");
    let server = Raw::start(|s, _| Box::pin(say_and_stay(s, OK))).await;
    drop(one(&keep, &server, keep.limits).await.unwrap());
    let outcome = keep.outcome().await;
    assert_eq!((outcome.status, outcome.code), (Status::Done, Some(200)));
    assert_eq!(outcome.error.as_deref(), Some("not-read-whole"));
}
