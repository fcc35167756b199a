//! Servers of HTTP/2 that want to harm, frame by frame, with TLS and an authority of their own.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::hostile::{each, fails, keep, request, results};

type Stream = StreamOwned<ServerConnection, TcpStream>;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200`, from the table that all know.
const OK: &[u8] = &[0x88];

/// A server's side of one connection, after the first request's headers came.
struct Peer(Stream);

impl Peer {
    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame)
    }

    /// The next frame's kind and flags.
    fn read(&mut self) -> io::Result<(u8, u8)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload)?;
        Ok((head[3], head[4]))
    }

    /// Until a request's headers have come.
    fn greet(&mut self) -> io::Result<()> {
        let mut preface = [0; 24];
        self.0.read_exact(&mut preface)?;
        self.frame(SETTINGS, 0, 0, &[])?;
        self.frame(SETTINGS, ACK, 0, &[])?;
        while self.read()?.0 != HEADERS {}
        self.0.flush()
    }

    /// Reads until the other side goes; gives how many more requests came.
    fn stay(&mut self) -> io::Result<usize> {
        let mut more = 0;
        while let Ok((kind, _)) = self.read() {
            more += usize::from(kind == HEADERS);
        }
        Ok(more)
    }
}

type Script = fn(&mut Peer) -> io::Result<()>;

/// A server that does `script` to each connection. Gives its port, how many requests came, and the
/// certificate of who signed for it.
fn start(script: Script) -> (u16, Arc<AtomicUsize>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, count, config) =
                (stream.unwrap(), Arc::clone(&count), Arc::clone(&config));
            std::thread::spawn(move || {
                let connection = ServerConnection::new(config).unwrap();
                let mut peer = Peer(StreamOwned::new(connection, stream));
                if peer.greet().is_ok() {
                    count.fetch_add(1, Ordering::SeqCst);
                    let _ = script(&mut peer);
                }
            });
        }
    });
    (port, came, authority.pem())
}

fn for_ever(mut one: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        one()?;
    }
}

/// A header without indexing: a short name, and a value of so many bytes.
fn header(bytes: usize) -> Vec<u8> {
    assert!((127..16_000).contains(&bytes));
    let rest = bytes - 127;
    let mut block = vec![0, 1, b'x', 127];
    block.extend([
        u8::try_from(rest % 128).unwrap() | 128,
        u8::try_from(rest / 128).unwrap(),
    ]);
    block.extend(vec![b'y'; bytes]);
    block
}

#[rustfmt::skip]
const SERVERS: &[(&str, &[&str], Script)] = &[
    ("sends settings without end", &["header-timeout", "closed-early"], |p| for_ever(|| p.frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]))),
    ("sends pings without end", &["header-timeout", "closed-early"], |p| for_ever(|| p.frame(PING, 0, 0, &[7; 8]))),
    ("sends pings and hears no answer", &["header-timeout", "closed-early"], |p| {
        for _ in 0..200_000 { p.frame(PING, 0, 0, &[7; 8])?; }
        std::thread::sleep(std::time::Duration::from_secs(5));
        Ok(())
    }),
    ("sends headers that go on without end", &["closed-early", "header-timeout", "response-headers"], |p| {
        p.frame(HEADERS, 0, 1, OK)?;
        let block = header(8_000);
        for_ever(|| p.frame(CONTINUATION, 0, 1, &block))
    }),
    ("goes on with nothing, without end", &["closed-early", "header-timeout", "response-headers"], |p| {
        p.frame(HEADERS, 0, 1, OK)?;
        for_ever(|| p.frame(CONTINUATION, 0, 1, &[]))
    }),
    ("sends few bytes that stand for many headers", &["closed-early", "header-timeout", "response-headers"], |p| {
        let mut block = OK.to_vec();
        let mut one = header(4_000);
        one[0] = 0x40;
        block.extend(one);
        block.extend(vec![0xbe; 12_000]);
        p.frame(HEADERS, END_HEADERS, 1, &block)?;
        p.stay().map(drop)
    }),
    ("sends 103 without end", &["closed-early", "header-timeout", "response-headers"], |p| {
        let early = [&[0x08, 3][..], b"103"].concat();
        for_ever(|| p.frame(HEADERS, END_HEADERS, 1, &early))
    }),
    ("goes away in its body", &["closed-early"], |p| {
        p.frame(HEADERS, END_HEADERS, 1, OK)?;
        p.frame(DATA, 0, 1, b"hello")?;
        p.frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 2])
    }),
    ("goes away before it answers", &["closed-early"], |p| {
        p.frame(GOAWAY, 0, 0, &[0; 8])?;
        p.0.flush()
    }),
    ("resets in its body", &["closed-early"], |p| {
        p.frame(HEADERS, END_HEADERS, 1, OK)?;
        p.frame(DATA, 0, 1, b"hello")?;
        p.frame(RESET, 0, 1, &[0, 0, 0, 8])?;
        p.stay().map(drop)
    }),
    ("refuses the request", &["closed-early"], |p| {
        p.frame(RESET, 0, 1, &[0, 0, 0, 7])?;
        p.stay().map(drop)
    }),
    ("sends more than there is room for", &["closed-early", "protocol", "response-too-large"], |p| {
        p.frame(HEADERS, END_HEADERS, 1, OK)?;
        for_ever(|| p.frame(DATA, 0, 1, &[b'x'; 16_384]))
    }),
    ("sends nothing without end", &["protocol", "body-timeout", "closed-early"], |p| {
        p.frame(HEADERS, END_HEADERS, 1, OK)?;
        for_ever(|| p.frame(DATA, 0, 1, &[]))
    }),
    ("promises what nobody asked for", &["closed-early", "protocol"], |p| {
        p.frame(PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82, 0x84, 0x87])?;
        p.stay().map(drop)
    }),
    ("opens windows beyond their largest size", &["closed-early", "protocol"], |p| {
        p.frame(WINDOW, 0, 0, &[0x7f, 255, 255, 255])?;
        p.frame(WINDOW, 0, 0, &[0x7f, 255, 255, 255])?;
        p.stay().map(drop)
    }),
    ("sends a frame that is larger than frames are", &["closed-early", "protocol"], |p| {
        p.frame(HEADERS, END_HEADERS, 1, OK)?;
        p.frame(DATA, 0, 1, &vec![0; 1 << 20])?;
        p.stay().map(drop)
    }),
    ("answers what was not asked", &["closed-early", "protocol"], |p| {
        p.frame(HEADERS, END_HEADERS | END_STREAM, 3, OK)?;
        p.stay().map(drop)
    }),
];

#[test]
fn servers_that_want_to_harm() {
    each(
        SERVERS,
        |server| server.0,
        |(what, words, script)| {
            let (port, came, authority) = start(*script);
            let url = format!("https://127.0.0.1:{port}");
            let keep = keep(&url, "roots = \"roots.pem\"\n");
            keep.put("roots.pem", &authority);
            fails(what, &keep, "POST", &url, words);
            assert_eq!(came.load(Ordering::SeqCst), 1, "{what}: sent twice");
        },
    );
}

#[test]
fn a_good_one_by_its_own_authority_and_by_no_other() {
    let good: Script = |p| {
        p.frame(HEADERS, END_HEADERS, 1, OK)?;
        p.frame(DATA, END_STREAM, 1, b"hello")?;
        p.stay().map(drop)
    };
    let (port, came, authority) = start(good);
    let url = format!("https://127.0.0.1:{port}");
    let kept = keep(&url, "roots = \"roots.pem\"\n");
    kept.put("roots.pem", &authority);
    assert_eq!(results(&request(&kept, "POST", &url)), "ok 200 hello");
    let (_, _, other) = start(good);
    kept.put("roots.pem", &other);
    assert!(results(&request(&kept, "POST", &url)).starts_with("failed"));
    let web = keep(&url, "");
    fails("is not known", &web, "POST", &url, &["certificate"]);
    assert_eq!(came.load(Ordering::SeqCst), 1);
}
