//! Requests to a web server on loopback, on one connection that is kept, against the same HTTP library
//! without a guest, a verdict or a record.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream as Peer};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use toolkeep::Session;
use toolkeep_tests::{Keep, plugin};

use crate::files::one_sync;
use crate::table::{Budget, Row, median, ms, us};

const SMALL: u32 = 300;
const LARGE: usize = 16 << 20;
const ROUNDS: usize = 9;

/// What the measurements have in common.
struct Bench {
    runtime: Runtime,
    session: Session,
    port: u16,
}

impl Bench {
    /// The guest's requests, with the call around them.
    fn ours(&self, path: &str, count: u32) -> Duration {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let began = Instant::now();
        let called = self
            .session
            .call("get_many", json!({"url": url, "count": count}));
        self.runtime.block_on(called).unwrap();
        began.elapsed()
    }

    fn floor(&self, sender: &mut SendRequest<Empty<Bytes>>, path: &str, count: u32) -> Duration {
        let began = Instant::now();
        self.runtime.block_on(async {
            for _ in 0..count {
                let request = hyper::Request::get(path)
                    .header("host", format!("127.0.0.1:{}", self.port))
                    .body(Empty::new())
                    .unwrap();
                sender.ready().await.unwrap();
                let response = sender.send_request(request).await.unwrap();
                let body = response.into_body().collect().await.unwrap();
                std::hint::black_box(body.to_bytes());
            }
        });
        began.elapsed()
    }

    fn connect(&self) -> SendRequest<Empty<Bytes>> {
        self.runtime.block_on(async {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            sender
        })
    }

    /// How long one of `count` takes, ours without the call around them, in turns with the floor.
    fn both(&self, path: &str, count: u32) -> (Duration, Duration) {
        let mut sender = self.connect();
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let call = self.ours(path, 0);
            let mine = self.ours(path, count).saturating_sub(call) / count;
            let bare = self.floor(&mut sender, path, count) / count;
            // The first is to warm up.
            if round > 0 {
                ours.push(mine);
                floor.push(bare);
            }
        }
        (median(&mut ours), median(&mut floor))
    }
}

pub fn rows() -> Vec<Row> {
    let port = serve();
    let file = plugin("tests/guests/web").display().to_string();
    let keep = Keep::new(&format!(
        "[limits]\ncpu_ms = 600000\nwall_ms = 600000\n\
         [data.site]\nurl = \"http://127.0.0.1:{port}\"\naddresses = [\"127.0.0.1\"]\n\
         [plugins.web]\npath = {file:?}\n\
         [plugins.web.http.api]\ndata = \"site\"\nallow = [\"get\"]\n"
    ));
    let host = keep.host();
    let bench = Bench {
        runtime: tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap(),
        session: keep.session(&host, "bench"),
        port,
    };
    let (ours, floor) = bench.both("/small", SMALL);
    let sync = one_sync(&keep.state());
    let (much, plain) = bench.both("/large", 2);
    vec![
        Row {
            name: "one GET of 5 bytes, connection kept",
            ours: us(ours),
            floor: Some(us(floor)),
            unit: "us",
            budget: Budget::Times(1.2),
        },
        Row {
            name: "the same, against the GET and one sync for its intent",
            ours: us(ours),
            floor: Some(us(floor + sync)),
            unit: "us",
            budget: Budget::Times(1.2),
        },
        Row {
            name: "one GET of 16 MiB, connection kept",
            ours: ms(much),
            floor: Some(ms(plain)),
            unit: "ms",
            budget: Budget::Times(1.2),
        },
    ]
}

/// A server that costs as little as can be.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || drop(answer(stream)));
        }
    });
    port
}

fn answer(mut stream: Peer) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let whole = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let (small, large) = (whole(b"hello"), whole(&vec![7; LARGE]));
    let mut kept = Vec::new();
    let mut some = [0; 4096];
    loop {
        let count = stream.read(&mut some)?;
        if count == 0 {
            return Ok(());
        }
        kept.extend_from_slice(&some[..count]);
        // A client that waits for its answer has sent nothing more.
        if kept.ends_with(b"\r\n\r\n") {
            let is_small = kept.starts_with(b"GET /small");
            kept.clear();
            stream.write_all(if is_small { &small } else { &large })?;
        }
    }
}
