//! Where requests may go: names that lead astray, redirects, grants that do not fit.

use std::sync::atomic::Ordering;

use super::keep::{Keep, VERBS};
use super::servers::{Raw, answer_all};
use super::*;
use crate::gate::refusal::Refused;
use crate::store::audit::record::{Kind, Status};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

async fn plain() -> Raw {
    Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, OK))).await
}

#[tokio::test]
async fn a_request_is_on_record_with_its_peer_and_code() {
    let (keep, server) = (Keep::new("plain"), plain().await);
    let (call, client) = keep.to(&server.origin(), "").await;
    for n in 1..=3 {
        let response = send(&call, &client, get(&server.url("/a?b=c")), keep.limits)
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(text(response).await.unwrap(), "hello");
        let outcome = keep.outcome().await;
        assert_eq!(outcome.status, Status::Done, "{outcome:?}");
        assert_eq!(outcome.code, Some(200));
        assert_eq!(outcome.peer.as_deref(), Some("127.0.0.1"));
        assert_eq!(outcome.bytes_read, Some(5));
        assert_eq!(server.heads().len(), n);
    }
    // One connection for all of them.
    assert_eq!(keep.connections(), 1);
    let head = server.heads().remove(0);
    let host = format!(
        "GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n",
        server.port
    );
    assert_eq!(head, host);
    let records = keep.record().await;
    assert_eq!(records[0].kind, Kind::Intent);
    assert_eq!(
        records[0].object,
        format!("web:GET {}", server.url("/a?b=c"))
    );
}

#[tokio::test]
async fn a_body_goes_out_and_is_counted() {
    let (keep, server) = (Keep::new("post"), plain().await);
    let (call, client) = keep.to(&server.origin(), "").await;
    let response = send(
        &call,
        &client,
        post(&server.url("/"), "content"),
        keep.limits,
    )
    .await;
    assert_eq!(text(response.unwrap()).await.unwrap(), "hello");
    assert_eq!(keep.outcome().await.bytes_written, Some(7));
    assert!(
        server.heads()[0].contains("content-length: 7\r\n"),
        "{:?}",
        server.heads()
    );
}

#[tokio::test]
async fn a_name_that_leads_inside_leads_nowhere() {
    let keep = Keep::new("inside");
    keep.resolver.say("site.test", &[&["169.254.169.254"]]);
    keep.resolver
        .say("mixed.test", &[&["93.184.216.34", "127.0.0.1"]]);
    keep.resolver.say("mapped.test", &[&["::ffff:10.0.0.1"]]);
    let data = "[data.web]\nurl = \"http://*\"\n";
    let grant = format!("[plugins.p.http.api]\ndata = \"web\"\nallow = {VERBS}\n");
    let (call, client) = keep.with(data, &grant).await;
    for (host, address) in [
        ("site.test", "169.254.169.254"),
        ("mixed.test", "127.0.0.1"),
        ("mapped.test", "::ffff:10.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("[::1]", "::1"),
        ("[fd00:ec2::254]", "fd00:ec2::254"),
    ] {
        let got = send(&call, &client, get(&format!("http://{host}/")), keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused), "{host}");
        let outcome = keep.outcome().await;
        assert_eq!(outcome.status, Status::Refused, "{host}");
        assert_eq!(outcome.peer.as_deref(), Some(address), "{host}");
        let told = keep.refusal().await;
        assert!(
            told.contains("[data.web]") && told.contains(address),
            "{told}"
        );
    }
    assert_eq!(keep.connections(), 0);
}

#[tokio::test]
async fn a_name_is_asked_once_and_its_second_answer_helps_nobody() {
    let (keep, server) = (Keep::new("rebinding"), plain().await);
    keep.resolver
        .say("site.test", &[&["127.0.0.1"], &["169.254.169.254"]]);
    let url = format!("http://site.test:{}", server.port);
    let (call, client) = keep.to(&url, "").await;
    // The connection that was made to what was checked is used again, without asking.
    for _ in 0..3 {
        let response = send(&call, &client, get(&url), keep.limits).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "hello");
        assert_eq!(keep.resolver.asked.load(Ordering::SeqCst), 1);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // A new one is asked for anew, and the answer is judged anew.
    let other = Client::new(&keep.web(), keep.limits);
    let got = send(&call, &other, get(&url), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
    assert_eq!(keep.connections(), 1);
}

#[tokio::test]
async fn a_redirect_comes_back_as_it_is() {
    const AWAY: &str = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\n\
        Content-Length: 0\r\n\r\n";
    let keep = Keep::new("redirect");
    let server = Raw::start(|stream, heads| Box::pin(answer_all(stream, heads, AWAY))).await;
    let (call, client) = keep.to(&server.origin(), "").await;
    let response = send(&call, &client, get(&server.url("/")), keep.limits)
        .await
        .unwrap();
    assert_eq!(response.status(), 302);
    let next = response.headers()["location"].to_str().unwrap().to_owned();
    let got = send(&call, &client, get(&next), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
    assert_eq!(keep.connections(), 1);
}

#[tokio::test]
async fn what_no_grant_is_for_is_refused_on_record() {
    let (keep, server) = (Keep::new("ungranted"), plain().await);
    let url = server.url("/v1");
    let (call, client) = keep.to(&url, "except = [\"v1/secret/**\"]").await;
    let other = server.url("/v2");
    let tls = url.replace("http:", "https:");
    let inside = server.url("/v1/../v2");
    let cases = [
        other.as_str(),
        &tls,
        "http://127.0.0.1/v1",
        "http://example.org/v1",
        &inside,
        &server.url("/v1/secret/a"),
        &server.url("/v1/%73ecret/a"),
        &server.url("/v1//secret/a"),
        &server.url("/v1/a/..%2fsecret/a"),
        "http://user@127.0.0.1/v1",
        "http://2130706433/v1",
        "http://127.1/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "ftp://127.0.0.1/v1",
    ]
    .map(str::to_owned);
    for url in cases {
        let Ok(request) = http::Request::get(&url).body(body("")) else {
            continue; // not even a URL to the library
        };
        let before = keep.record().await.len();
        let got = send(&call, &client, request, keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused), "{url}");
        let records = keep.record().await;
        assert_eq!(records.len(), before + 1, "{url}");
        assert_eq!(records.last().unwrap().kind, Kind::Refusal, "{url}");
    }
    for method in ["BREW", "CONNECT", "TRACE", "get"] {
        let request = http::Request::builder().method(method).uri(&url);
        let got = send(&call, &client, request.body(body("")).unwrap(), keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused), "{method}");
    }
    assert_eq!(keep.connections(), 0);
    let response = send(&call, &client, get(&server.url("/v1/a")), keep.limits)
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn the_most_specific_grant_counts() {
    let (keep, server) = (Keep::new("specific"), plain().await);
    keep.resolver.say("a.site.test", &[&["127.0.0.1"]]);
    keep.resolver.say("b.site.test", &[&["127.0.0.1"]]);
    let port = server.port;
    let data = format!(
        "[data.one]\nurl = \"http://a.site.test:{port}\"\naddresses = [\"127.0.0.0/8\"]\n\
         [data.all]\nurl = \"http://*.site.test:{port}\"\naddresses = [\"127.0.0.0/8\"]\n"
    );
    let grants = "[plugins.p.http.api]\ndata = \"one\"\nallow = [\"get\"]\n\
        [plugins.p.http.other]\ndata = \"all\"\nallow = [\"get\", \"post\"]\n";
    let (call, client) = keep.with(&data, grants).await;
    let a = format!("http://a.site.test:{port}/");
    let b = format!("http://b.site.test:{port}/");
    assert!(send(&call, &client, get(&a), keep.limits).await.is_ok());
    assert!(send(&call, &client, get(&b), keep.limits).await.is_ok());
    assert!(
        send(&call, &client, post(&b, "x"), keep.limits)
            .await
            .is_ok()
    );
    // That the wider grant has the verb lifts nothing.
    let got = send(&call, &client, post(&a, "x"), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Refused(Refused));
}

#[tokio::test]
async fn a_host_header_of_another_and_framing_are_refused() {
    let (keep, server) = (Keep::new("framing"), plain().await);
    let (call, client) = keep.to(&server.origin(), "").await;
    for (name, value) in [
        ("host", "169.254.169.254"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("upgrade", "websocket"),
        ("content-length", "+4"),
    ] {
        let request = http::Request::post(server.url("/")).header(name, value);
        let got = send(
            &call,
            &client,
            request.body(body("text")).unwrap(),
            keep.limits,
        )
        .await;
        assert_eq!(got.unwrap_err(), SendError::Refused(Refused), "{name}");
    }
    // A line's end cannot even be said.
    assert!(http::HeaderValue::from_str("a\r\nx: y").is_err());
    assert!(http::HeaderName::from_bytes(b"a\r\nx").is_err());
    let mut many = get(&server.url("/"));
    for n in 0..400 {
        let name = http::HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
        many.headers_mut()
            .insert(name, http::HeaderValue::from_static("y"));
    }
    let got = send(&call, &client, many, keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::RequestHeaders));
    assert_eq!(keep.connections(), 0);
}
