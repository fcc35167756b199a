//! A connection to exactly the addresses that were checked.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::destination::{Host, Scheme, Target};
use super::failure::Failure;
use super::resolve::{Resolver, addresses};
use super::stream::Stream;
use super::tls::{Trust, server_name};

/// The longest answer of a proxy to `CONNECT`, in bytes.
const MAX_PROXY_ANSWER: usize = 8 * 1024;

/// Opens connections. The host's own is [`Tcp`]; tests put one under it that counts.
#[async_trait::async_trait]
pub trait Connector: Send + Sync + 'static {
    /// A connection to `address`, and to nothing else. It does not block.
    ///
    /// # Errors
    /// Whatever the system says.
    async fn connect(&self, address: SocketAddr) -> io::Result<std::net::TcpStream>;
}

/// Plain TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

#[async_trait::async_trait]
impl Connector for Tcp {
    async fn connect(&self, address: SocketAddr) -> io::Result<std::net::TcpStream> {
        TcpStream::connect(address).await?.into_std()
    }
}

/// The egress proxy that all requests go through, by `CONNECT` for the checked address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its name or address. That it may be reached is the operator's word: it is not checked.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

impl Proxy {
    /// The proxy at `url`, such as `http://proxy.example:3128`.
    ///
    /// # Errors
    /// Says what is wrong with it: anything but the scheme `http`, a host and a port.
    pub fn parse(url: &str) -> Result<Self, super::destination::BadTarget> {
        let rest = url.strip_prefix("http://");
        let rest = rest.ok_or(super::destination::BadTarget::Scheme)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let target = Target::parse("http", authority, "/")?;
        Ok(Self {
            host: target.host,
            port: target.port,
        })
    }
}

/// What it takes to connect.
pub(super) struct Line {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) connector: Arc<dyn Connector>,
    pub(super) proxy: Option<Proxy>,
    pub(super) trust: Trust,
}

impl Line {
    /// A connection to `target` at the first of `checked` that answers, and which one that is.
    ///
    /// # Errors
    /// That of the last address, or [`Failure::ConnectTimeout`] where it takes longer than `patience`.
    pub(super) async fn open(
        &self,
        target: &Target,
        checked: &[IpAddr],
        roots: Option<&Path>,
        patience: Duration,
    ) -> Result<(Stream, IpAddr), Failure> {
        let deadline = Instant::now() + patience;
        let tls = match target.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(self.trust.config(roots).await?),
        };
        let mut last = Failure::NoConnection;
        let mut left = checked.len();
        for address in checked {
            let rest = deadline.saturating_duration_since(Instant::now());
            // Each address gets its share of the time that is left.
            let share = rest / u32::try_from(left).unwrap_or(u32::MAX).max(1);
            left = left.saturating_sub(1);
            let peer = SocketAddr::new(*address, target.port);
            match tokio::time::timeout(share, self.reach(peer, rest)).await {
                Ok(Ok(stream)) => {
                    let handshake = secure(stream, tls, &target.host);
                    let stream = tokio::time::timeout_at(deadline, handshake)
                        .await
                        .map_err(|_| Failure::ConnectTimeout)??;
                    return Ok((stream, *address));
                }
                Ok(Err(failure)) => last = failure,
                Err(_) => last = Failure::ConnectTimeout,
            }
        }
        Err(last)
    }

    /// A connection to `peer`, straight or through the proxy.
    async fn reach(&self, peer: SocketAddr, patience: Duration) -> Result<TcpStream, Failure> {
        let Some(proxy) = &self.proxy else {
            let stream = self.dial(peer).await;
            return stream.map_err(|_| Failure::NoConnection);
        };
        let at = addresses(&*self.resolver, &proxy.host, patience)
            .await
            .map_err(|_| Failure::Proxy)?;
        for address in at {
            let address = SocketAddr::new(address, proxy.port);
            if let Ok(stream) = self.dial(address).await {
                return tunnel(stream, peer).await;
            }
        }
        Err(Failure::Proxy)
    }

    async fn dial(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::from_std(self.connector.connect(address).await?)?;
        drop(stream.set_nodelay(true));
        Ok(stream)
    }
}

async fn secure(
    stream: TcpStream,
    tls: Option<Arc<ClientConfig>>,
    host: &Host,
) -> Result<Stream, Failure> {
    let Some(config) = tls else {
        return Ok(Stream::plain(stream));
    };
    let name = server_name(host)?;
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Stream::tls(stream)),
        Err(error) => Err(of_handshake(&error)),
    }
}

fn of_handshake(error: &io::Error) -> Failure {
    let inside = error.get_ref().and_then(|inside| inside.downcast_ref());
    match inside {
        Some(rustls::Error::InvalidCertificate(_)) => Failure::Certificate,
        _ => Failure::Tls,
    }
}

/// Asks the proxy at the other end of `stream` to connect to `peer`.
async fn tunnel(mut stream: TcpStream, peer: SocketAddr) -> Result<TcpStream, Failure> {
    let request = format!("CONNECT {peer} HTTP/1.1\r\nHost: {peer}\r\n\r\n");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.map_err(|_| Failure::Proxy)?;
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= MAX_PROXY_ANSWER {
            return Err(Failure::Proxy);
        }
        // One by one: what comes after the answer is not the proxy's.
        let byte = stream.read_u8().await.map_err(|_| Failure::Proxy)?;
        answer.push(byte);
    }
    let accepted = answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.0 2");
    if accepted {
        Ok(stream)
    } else {
        Err(Failure::Proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        let proxy = Proxy::parse("http://proxy.example:3128/").unwrap();
        assert_eq!(proxy.host, Host::Name("proxy.example".to_owned()));
        assert_eq!(proxy.port, 3128);
        for bad in [
            "",
            "proxy:1",
            "https://proxy:1",
            "http://a@b:1",
            "http://p:1/x",
            "http://",
        ] {
            assert!(Proxy::parse(bad).is_err(), "{bad}");
        }
    }
}
