//! Servers that want to harm the host: each request to one fails with its word on record, soon, and without
//! that the host takes much memory.

use std::io::{Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use toolkeep_tests::{Keep, Ran, plugin};

use super::{Server, outcomes};

/// How much more memory a host may have had than by a good request, in KiB. This is a build without
/// optimisation.
const MORE: u64 = 24 * 1024;

/// Short times, so that what never ends is soon over.
pub const LIMITS: &str = "[plugins.web.limits]\nhttp_header_ms = 1000\nhttp_idle_ms = 1000\n\
    http_response_bytes = \"512 KiB\"\nwall_ms = 20000\n";

/// A keep that may make requests to `url`, and what lies there beside its file.
pub fn keep(url: &str, place: &str) -> Keep {
    let file = plugin("tests/guests/web");
    Keep::new(&format!(
        "[data.site]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\n{place}\
         [plugins.web]\npath = {:?}\n\
         [plugins.web.http.api]\ndata = \"site\"\nallow = [\"get\", \"post\"]\n{LIMITS}",
        file.display().to_string(),
    ))
}

/// The memory that a host takes for a good request to a good server, in KiB.
pub fn usual() -> u64 {
    static USUAL: Mutex<Option<u64>> = Mutex::new(None);
    let mut usual = USUAL.lock().unwrap();
    *usual.get_or_insert_with(|| {
        let server = Server::start();
        let keep = keep(&server.url(""), "");
        let ran = request(&keep, "GET", &server.url("/"));
        assert_eq!(results(&ran), "ok 200 hello once");
        ran.peak
    })
}

pub fn request(keep: &Keep, op: &str, url: &str) -> Ran {
    let steps = json!({"steps": [{"op": op, "url": url, "body": "once"}]});
    keep.call("web_steps", &steps).expect(0)
}

pub fn results(ran: &Ran) -> String {
    let results = &ran.json()["structuredContent"]["results"];
    results[0].as_str().unwrap().to_owned()
}

/// A request by `op` to `url` fails with one of `words` on record, soon, and in little memory.
pub fn fails(what: &str, keep: &Keep, op: &str, url: &str, words: &[&str]) {
    let usual = usual();
    // Code that is compiled takes memory too.
    keep.lives();
    let began = Instant::now();
    let ran = request(keep, op, url);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(12), "{what}: {took:?}");
    let told = results(&ran);
    assert!(told.starts_with("failed"), "{what}: {told}");
    assert!(
        ran.peak < usual + MORE,
        "{what}: {} KiB, and {usual} for a good one",
        ran.peak
    );
    let outcome = outcomes(keep).remove(0)["outcome"].clone();
    assert_eq!(outcome["status"], "failed", "{what}: {outcome:#}");
    let word = outcome["error"].as_str().unwrap();
    assert!(words.contains(&word), "{what}: {word}");
    keep.run(&["audit", "verify"]).expect(0);
    keep.lives();
}

/// A server that says `script` to whoever has sent a head. Gives its port, and how many came.
fn start(script: fn(&mut TcpStream) -> std::io::Result<()>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), Arc::clone(&count));
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    if stream.read_exact(&mut byte).is_err() {
                        return;
                    }
                    head.push(byte[0]);
                }
                count.fetch_add(1, Ordering::SeqCst);
                let _ = script(&mut stream);
            });
        }
    });
    (port, came)
}

/// Writes `text` for ever, or until nobody listens.
fn flood(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<()> {
    let many = text.repeat((16 * 1024 / text.len()).max(1));
    loop {
        stream.write_all(&many)?;
    }
}

fn drip(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<()> {
    for byte in text.iter().cycle() {
        stream.write_all(&[*byte])?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Stays until the other side goes.
fn stay(stream: &mut TcpStream) -> std::io::Result<()> {
    std::io::copy(stream, &mut std::io::sink()).map(drop)
}

type Script = fn(&mut TcpStream) -> std::io::Result<()>;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[rustfmt::skip]
const SERVERS: &[(&str, &[&str], Script)] = &[
    ("says nothing", &["header-timeout"], stay),
    ("says its head byte by byte", &["header-timeout"], |s| drip(s, b"HTTP/1.1 200 OK\r\nX: y")),
    ("says 100 for ever", &["header-timeout", "response-headers"], |s| flood(s, b"HTTP/1.1 100 Continue\r\n\r\n")),
    ("has 40,000 headers", &["response-headers"], |s| {
        s.write_all(OK)?;
        (0..40_000).try_for_each(|n| write!(s, "X-{n}: y\r\n"))?;
        s.write_all(b"\r\n")
    }),
    ("has headers without end", &["response-headers"], |s| { s.write_all(OK)?; flood(s, b"X: y\r\n") }),
    ("has one header without end", &["response-headers"], |s| { s.write_all(b"HTTP/1.1 200 OK\r\nX: ")?; flood(s, b"y") }),
    ("has a reason without end", &["response-headers"], |s| { s.write_all(b"HTTP/1.1 200 ")?; flood(s, b"y") }),
    ("has a body without end", &["response-too-large"], |s| { s.write_all(OK)?; s.write_all(b"\r\n")?; flood(s, b"y") }),
    ("has a compressed body without end", &["response-too-large"], |s| {
        s.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03")?;
        flood(s, &[0])
    }),
    ("has small chunks without end", &["response-too-large", "protocol"], |s| { s.write_all(CHUNKED)?; flood(s, b"10\r\n0123456789abcdef\r\n") }),
    ("has a chunk's extension without end", &["protocol", "closed-early", "response-headers"], |s| { s.write_all(CHUNKED)?; s.write_all(b"1;")?; flood(s, b"y") }),
    ("has trailers without end", &["protocol", "closed-early", "response-headers"], |s| { s.write_all(CHUNKED)?; s.write_all(b"0\r\n")?; flood(s, b"X: y\r\n") }),
    ("has a chunk of the largest size", &["protocol", "closed-early", "body-timeout"], |s| { s.write_all(CHUNKED)?; s.write_all(b"ffffffffffffffff\r\ny")?; stay(s) }),
    ("leaves before its head", &["closed-early"], |_| Ok(())),
    ("leaves in its head", &["closed-early", "protocol"], |s| s.write_all(OK)),
    ("leaves in its body", &["closed-early"], |s| { s.write_all(OK)?; s.write_all(b"Content-Length: 10\r\n\r\nhello") }),
    ("stops in its body", &["body-timeout"], |s| { s.write_all(OK)?; s.write_all(b"Content-Length: 10\r\n\r\nhello")?; stay(s) }),
    ("says two lengths", &["protocol", "closed-early"], |s| { s.write_all(OK)?; s.write_all(b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nhello")?; stay(s) }),
    ("speaks something else", &["protocol", "closed-early"], |s| { s.write_all(b"220 mail.example ESMTP\r\n")?; stay(s) }),
];

/// Tries all of `servers`, whatever becomes of one, and tells of all that did harm.
pub fn each<T: std::panic::RefUnwindSafe>(servers: &[T], what: impl Fn(&T) -> &str, one: fn(&T)) {
    let failed: Vec<&str> = servers
        .iter()
        .filter(|server| std::panic::catch_unwind(|| one(server)).is_err())
        .map(what)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn servers_that_want_to_harm() {
    each(
        SERVERS,
        |server| server.0,
        |(what, words, script)| {
            let (port, came) = start(*script);
            let url = format!("http://127.0.0.1:{port}");
            let keep = keep(&url, "");
            fails(what, &keep, "POST", &url, words);
            assert_eq!(came.load(Ordering::SeqCst), 1, "{what}: sent twice");
        },
    );
}
