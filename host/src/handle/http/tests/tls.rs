//! TLS by name, HTTP/2, and the egress proxy.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::keep::Keep;
use super::servers::{Raw, Real};
use super::*;
use crate::handle::http::connect::Proxy;
use crate::store::audit::record::Status;

async fn set_up(keep: &Keep, server: &Real) -> String {
    keep.resolver.say("site.test", &[&["127.0.0.1"]]);
    keep.roots(&server.authority);
    format!("https://site.test:{}", server.port)
}

#[tokio::test]
async fn http2_where_both_can_and_http1_where_not() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], http::Version::HTTP_2),
        (&["http/1.1"][..], http::Version::HTTP_11),
        (&[][..], http::Version::HTTP_11),
    ] {
        let keep = Keep::new(&format!("versions-{}", protocols.len()));
        let server = Real::start("site.test", protocols).await;
        let url = set_up(&keep, &server).await;
        let data = format!(
            "[data.web]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\nroots = \"roots.pem\"\n"
        );
        let grant = "[plugins.p.http.api]\ndata = \"web\"\nallow = [\"get\", \"post\"]\n";
        let (call, client) = keep.with(&data, grant).await;
        for n in 1..=3 {
            let response = send(
                &call,
                &client,
                post(&format!("{url}/a"), "text"),
                keep.limits,
            );
            let response = response.await.unwrap();
            assert_eq!(text(response).await.unwrap(), "POST 4");
            assert_eq!(keep.outcome().await.status, Status::Done);
            assert_eq!(server.seen().len(), n);
        }
        assert_eq!(keep.connections(), 1);
        let seen = server.seen().remove(0);
        assert_eq!((seen.version, seen.method.as_str()), (version, "POST"));
        assert_eq!(seen.body, "text");
        assert!(seen.uri.ends_with("/a"), "{seen:?}");
        assert_eq!(
            seen.headers.contains_key("host"),
            version == http::Version::HTTP_11
        );
        assert_eq!(seen.headers["content-length"], "4");
    }
}

#[tokio::test]
async fn many_at_once_share_one_http2_connection() {
    let keep = Keep::new("shared");
    let server = Real::start("site.test", &["h2"]).await;
    let url = set_up(&keep, &server).await;
    let data = format!(
        "[data.web]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\nroots = \"roots.pem\"\n"
    );
    let grant = "[plugins.p.http.api]\ndata = \"web\"\nallow = [\"get\"]\n";
    let (call, client) = keep.with(&data, grant).await;
    let first = send(&call, &client, get(&url), keep.limits).await.unwrap();
    drop(text(first).await);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (call, client, request, limits) =
            (call.clone(), client.clone(), get(&url), keep.limits);
        all.spawn(async move { text(send(&call, &client, request, limits).await.unwrap()).await });
    }
    while let Some(done) = all.join_next().await {
        assert_eq!(done.unwrap().unwrap(), "GET 0");
    }
    assert_eq!((server.seen().len(), keep.connections()), (41, 1));
}

#[tokio::test]
async fn who_cannot_prove_the_name_gets_nothing() {
    let keep = Keep::new("certificates");
    let server = Real::start("other.test", &["http/1.1"]).await;
    let url = set_up(&keep, &server).await;
    let data =
        |roots: &str| format!("[data.web]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\n{roots}");
    let grant = "[plugins.p.http.api]\ndata = \"web\"\nallow = [\"get\"]\n";
    let cases = [
        ("roots = \"roots.pem\"\n", Failure::Certificate), // the name is another
        ("", Failure::Certificate),                        // nobody knows who signed
        ("roots = \"absent.pem\"\n", Failure::Roots),
    ];
    for (roots, failure) in cases {
        let (call, client) = keep.with(&data(roots), grant).await;
        let got = send(&call, &client, get(&url), keep.limits).await;
        assert_eq!(got.unwrap_err(), SendError::Failed(failure), "{roots}");
        let outcome = keep.outcome().await;
        assert_eq!(outcome.status, Status::Failed);
        assert_eq!(outcome.error.as_deref(), Some(failure.word()));
    }
    keep.roots("no certificate");
    let (call, client) = keep.with(&data("roots = \"roots.pem\"\n"), grant).await;
    let got = send(&call, &client, get(&url), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::Roots));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_server_without_tls_is_no_server_with() {
    let keep = Keep::new("no-tls");
    let server = Raw::start(|stream, _| Box::pin(async move { drop(stream) })).await;
    let url = format!("https://127.0.0.1:{}", server.port);
    let (call, client) = keep.to(&url, "").await;
    let limits = keep
        .limits
        .hurried(Some(std::time::Duration::from_millis(300)), None, None);
    let got = send(&call, &client, get(&url), limits).await.unwrap_err();
    assert!(
        matches!(
            got,
            SendError::Failed(Failure::Tls | Failure::ConnectTimeout)
        ),
        "{got:?}"
    );
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_checked_address() {
    let server = Real::start("site.test", &["http/1.1"]).await;
    // The proxy connects to wherever it is told: here, to what the head names.
    let proxy = Raw::start(|stream, _| Box::pin(relay(stream))).await;
    RELAY.set(server.port).unwrap();
    let mut keep = Keep::new("proxy");
    keep.proxy = Some(Proxy::parse(&proxy.origin()).unwrap());
    let url = set_up(&keep, &server).await;
    let data = format!(
        "[data.web]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\nroots = \"roots.pem\"\n"
    );
    let grant = "[plugins.p.http.api]\ndata = \"web\"\nallow = [\"get\"]\n";
    let (call, client) = keep.with(&data, grant).await;
    let response = send(&call, &client, get(&url), keep.limits).await.unwrap();
    assert_eq!(text(response).await.unwrap(), "GET 0");
    let asked = format!(
        "CONNECT 127.0.0.1:{0} HTTP/1.1\r\nHost: 127.0.0.1:{0}\r\n\r\n",
        server.port
    );
    assert_eq!(proxy.heads(), [asked]);
    let made = keep.connector.made.lock().unwrap().clone();
    assert_eq!(
        made.iter().map(|peer| peer.port()).collect::<Vec<_>>(),
        [proxy.port]
    );
    // What leads inside is refused before the proxy hears of it.
    keep.resolver.say("inside.test", &[&["10.0.0.1"]]);
    let data = "[data.web]\nurl = \"https://inside.test\"\n";
    let (call, client) = keep.with(data, grant).await;
    let got = send(&call, &client, get("https://inside.test/"), keep.limits).await;
    assert!(matches!(got, Err(SendError::Refused(_))));
    assert_eq!(keep.connections(), 1);
}

static RELAY: std::sync::OnceLock<u16> = std::sync::OnceLock::new();

async fn relay(mut stream: TcpStream) {
    let port = *RELAY.get().unwrap();
    let mut other = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n")
        .await
        .unwrap();
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut other).await;
}

#[tokio::test]
async fn a_proxy_that_will_not_is_a_failure() {
    const NO: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let proxy = Raw::start(|mut stream, _| {
        Box::pin(async move {
            let _ = stream.write_all(NO).await;
        })
    })
    .await;
    let mut keep = Keep::new("proxy-refuses");
    keep.proxy = Some(Proxy::parse(&proxy.origin()).unwrap());
    let (call, client) = keep.to("http://127.0.0.1:9", "").await;
    let got = send(&call, &client, get("http://127.0.0.1:9/"), keep.limits).await;
    assert_eq!(got.unwrap_err(), SendError::Failed(Failure::Proxy));
}
