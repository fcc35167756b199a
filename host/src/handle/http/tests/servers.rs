//! Servers on loopback: one that follows a script to the byte, and a real one with TLS.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Done = Pin<Box<dyn Future<Output = ()> + Send>>;
/// The heads of all requests, as they came.
pub(super) type Heads = Arc<Mutex<Vec<String>>>;

/// A server that does to each connection what a script says, after it has read a request's head.
pub(super) struct Raw {
    pub(super) port: u16,
    pub(super) heads: Heads,
}

impl Raw {
    pub(super) async fn start(script: fn(TcpStream, Heads) -> Done) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads: Heads = Arc::default();
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    if let Some(head) = head(&mut stream).await {
                        seen.lock().unwrap().push(head);
                        script(stream, seen).await;
                    }
                });
            }
        });
        Self { port, heads }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn origin(&self) -> String {
        self.url("")
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Reads one request's head.
pub(super) async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Answers each request on the connection with what `answer` makes of its head.
pub(super) async fn answer_all(mut stream: TcpStream, heads: Heads, answer: &'static str) {
    loop {
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        let Some(head) = head(&mut stream).await else {
            return;
        };
        heads.lock().unwrap().push(head);
    }
}

/// What came to a real server.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) version: http::Version,
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

/// A real server, with TLS or without, which tells what it got.
pub(super) struct Real {
    pub(super) port: u16,
    pub(super) seen: Arc<Mutex<Vec<Seen>>>,
    /// The certificate of the authority that signed for it.
    pub(super) authority: String,
}

impl Real {
    /// With a certificate for `name`, and with `protocols` to choose from.
    pub(super) async fn start(name: &str, protocols: &[&str]) -> Self {
        let (authority, config) = certified(name, protocols);
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let told = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, told) = (acceptor.clone(), Arc::clone(&told));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    serve(stream, told).await;
                });
            }
        });
        Self {
            port,
            seen,
            authority,
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(stream: tokio_rustls::server::TlsStream<TcpStream>, told: Arc<Mutex<Vec<Seen>>>) {
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let told = Arc::clone(&told);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes());
            let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
            let text = format!("{} {}", parts.method, body.len());
            told.lock().unwrap().push(Seen {
                version: parts.version,
                method: parts.method.to_string(),
                uri: parts.uri.to_string(),
                headers: parts.headers,
                body,
            });
            let response = http::Response::new(Full::new(Bytes::from(text)));
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(stream);
    if h2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(io, service)
            .await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await;
    }
}

fn certified(name: &str, protocols: &[&str]) -> (String, rustls::ServerConfig) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    (authority.pem(), config)
}
