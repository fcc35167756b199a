//! Requests that a person is asked about.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bodies::{piece, streamed};
use super::keep::Keep;
use super::servers::{Heads, Raw};
use super::*;
use crate::base::digest::Digest;
use crate::gate::approver::{Answer, Approver, Question};
use crate::gate::call::Span;
use crate::gate::refusal::Refused;
use crate::rules::access::{Access, Content, Object};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::store::audit::record::Status;

const VALUE: &str = "s3cr3t-value-0123456789";

/// Answers what it is told, and keeps what it was asked.
struct Person {
    says: Answer,
    asked: Mutex<Vec<Question>>,
}

#[async_trait::async_trait]
impl Approver for Person {
    async fn ask(&self, question: &Question) -> Answer {
        self.asked.lock().unwrap().push(question.clone());
        self.says
    }
}

/// A keep where a request that is no GET asks.
fn keep(name: &str, says: Answer) -> (Keep, Arc<Person>) {
    let person = Arc::new(Person {
        says,
        asked: Mutex::default(),
    });
    let mut keep = Keep::new(name);
    keep.approver = Arc::clone(&person) as Arc<dyn Approver>;
    (keep, person)
}

async fn call(keep: &Keep, server: &Raw, more: &str) -> (Arc<crate::gate::call::Call>, Client) {
    let url = server.origin();
    let data = format!("[data.web]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\n");
    let grant = format!("[plugins.p.http.api]\ndata = \"web\"\nask = [\"post\"]\n{more}\n");
    keep.with(&data, &grant).await
}

/// Tells what it got as its answer, and keeps it with the head.
async fn collect(mut stream: TcpStream, heads: Heads) {
    let head = heads.lock().unwrap().last().unwrap().clone();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let start = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(start.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
}

async fn server() -> Raw {
    Raw::start(|stream, heads| Box::pin(collect(stream, heads))).await
}

#[tokio::test]
async fn what_is_approved_is_what_is_sent() {
    let (keep, person) = keep("asked", Answer::Approve);
    keep.secret("token", VALUE);
    let server = server().await;
    let secret = "[plugins.p.http.api.secrets.token]\nheader = \"x-key\"";
    let (call, client) = call(&keep, &server, secret).await;
    let (sender, mut request) = streamed(&server.url("/pay?to=eve"));
    let plain = http::HeaderValue::from_static("text/plain");
    request.headers_mut().insert("content-type", plain);
    tokio::spawn(async move {
        for part in ["{\"to\": ", "\"eve\"}"] {
            tokio::time::sleep(Duration::from_millis(30)).await;
            sender.send(piece(part)).await.unwrap();
        }
    });
    let response = send(&call, &client, request, keep.limits).await.unwrap();
    assert_eq!(text(response).await.unwrap(), "{\"to\": \"eve\"}");
    let asked = person.asked.lock().unwrap().remove(0);
    let shown = asked.access.content().map(Content::lines).unwrap();
    let digest = Digest::of(b"{\"to\": \"eve\"}");
    let expected = [
        ("header", "content-type: text/plain".to_owned()),
        ("secret", "token".to_owned()),
        ("body", format!("13 bytes, {digest}")),
        ("begins", "{\"to\": \"eve\"}".to_owned()),
    ];
    assert_eq!(shown, expected);
    let object = asked.access.object.to_string();
    assert_eq!(object, format!("web:POST {}", server.url("/pay?to=eve")));
    assert!(!format!("{asked:?}").contains(VALUE));
    assert!(server.heads()[0].contains("content-length: 13\r\n"));
    assert_eq!(keep.outcome().await.status, Status::Done);

    // Another body, or another header, is another question; the same one is asked again too, since a yes
    // counts once.
    let others = [
        post(&server.url("/pay?to=eve"), "{\"to\": \"bob\"}"),
        post(&server.url("/pay?to=eve"), "{\"to\": \"eve\"}"),
        post(&server.url("/pay?to=eve"), ""),
    ];
    for request in others {
        drop(send(&call, &client, request, keep.limits).await.unwrap());
    }
    let mut bound: Vec<Digest> = vec![asked.digest];
    bound.extend(person.asked.lock().unwrap().iter().map(|one| one.digest));
    bound.sort();
    bound.dedup();
    assert_eq!(bound.len(), 4);
}

#[tokio::test]
async fn nothing_is_sent_without_a_yes() {
    for says in [Answer::Decline, Answer::Nobody] {
        let (keep, person) = keep(&format!("unasked-{says}"), says);
        let server = server().await;
        let (call, client) = call(&keep, &server, "").await;
        let got = send(&call, &client, post(&server.url("/"), "x"), keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
        assert_eq!(person.asked.lock().unwrap().len(), 1);
        assert!(server.heads().is_empty());
        assert_eq!(keep.connections(), 0);
    }
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_too_large_or_not_whole() {
    let (mut keep, person) = keep("unwhole", Answer::Approve);
    keep.limits.idle = Duration::from_millis(100);
    let server = server().await;
    let (call, client) = call(&keep, &server, "").await;
    let large = "x".repeat(1024 * 1024 + 1);
    let long = server.url(&format!("/?{}", "q".repeat(3_000)));
    let headers = http::Request::post(server.url("/")).header("x", "y".repeat(20_000));
    for request in [
        post(&server.url("/"), &large),
        post(&long, ""),
        headers.body(body("")).unwrap(),
    ] {
        let got = send(&call, &client, request, keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
        let told = keep.refusal().await;
        assert!(told.contains("too large to be judged"), "{told}");
    }
    let (_open, stuck) = streamed(&server.url("/"));
    let short = http::Request::post(server.url("/")).header("content-length", "9");
    for request in [stuck, short.body(body("eight")).unwrap()] {
        let got = send(&call, &client, request, keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Failed(Failure::RequestBody));
    }
    assert!(person.asked.lock().unwrap().is_empty());
    assert_eq!(keep.connections(), 0);
    // As large as may be.
    let most = "x".repeat(1024 * 1024);
    let response = send(&call, &client, post(&server.url("/"), &most), keep.limits);
    assert_eq!(text(response.await.unwrap()).await.unwrap(), most);
}

#[tokio::test]
async fn nobody_is_asked_about_a_part() {
    let (keep, person) = keep("part", Answer::Approve);
    let server = server().await;
    let (call, _) = call(&keep, &server, "").await;
    let name = |text| crate::base::id::Name::new(text).unwrap();
    let access = Access {
        handle: Handle::Http,
        need: name("api"),
        verbs: Verbs::one(Verb::Post),
        object: Object::Request {
            content: None,
            data: name("web"),
            method: "POST".to_owned(),
            url: server.url("/"),
        },
        is_folder: false,
    };
    assert!(call.would_ask(&access));
    assert!(call.judge(access, Span::Held).await.is_err());
    assert!(person.asked.lock().unwrap().is_empty());
    assert!(keep.refusal().await.contains("has to be asked"));
}
