//! A connection to a server that the operator named: a store of values, a database. Guests choose nothing of it, so
//! that its addresses need not be public.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::http::Trust;

/// A server that the operator named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remote<'a> {
    /// Its name or address.
    pub(super) host: &'a str,
    /// Its port.
    pub(super) port: u16,
    /// Whether it has to prove its name.
    pub(super) tls: bool,
    /// A PEM file with the only certificate authorities that are trusted, in place of the public ones.
    pub(super) roots: Option<&'a Path>,
}

/// A connection, with or without TLS.
pub(super) enum Connection {
    /// Without.
    Plain(TcpStream),
    /// With.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects to a server, and says to which of its addresses.
///
/// # Errors
/// For the operator: the name leads nowhere, nobody answers within `patience`, or who answers does not prove
/// to be the one that was named.
pub(super) async fn connect(
    remote: Remote<'_>,
    patience: Duration,
) -> Result<(Connection, IpAddr), String> {
    tokio::time::timeout(patience, open(remote))
        .await
        .unwrap_or_else(|_| Err("does not answer".to_owned()))
}

async fn open(remote: Remote<'_>) -> Result<(Connection, IpAddr), String> {
    let (stream, peer) = reach(remote).await?;
    let peer = peer.ip();
    if !remote.tls {
        return Ok((Connection::Plain(stream), peer));
    }
    let stream = secure(stream, remote).await?;
    Ok((Connection::Tls(Box::new(stream)), peer))
}

/// Connects to a server without TLS as yet, and says to which of its addresses. The name is resolved once.
///
/// # Errors
/// For the operator.
pub(super) async fn reach(remote: Remote<'_>) -> Result<(TcpStream, SocketAddr), String> {
    let stream = TcpStream::connect((remote.host, remote.port))
        .await
        .map_err(|error| format!("cannot be reached: {error}"))?;
    let peer = stream.peer_addr().map_err(|error| error.to_string())?;
    drop(stream.set_nodelay(true));
    Ok((stream, peer))
}

/// Makes a connection one with TLS, for the name in `remote`.
///
/// # Errors
/// For the operator.
pub(super) async fn secure(
    stream: TcpStream,
    remote: Remote<'_>,
) -> Result<TlsStream<TcpStream>, String> {
    static TRUST: OnceLock<Option<Trust>> = OnceLock::new();
    let trust = TRUST.get_or_init(|| Trust::new().ok());
    let trust = trust.as_ref().ok_or("TLS cannot be used")?;
    let config = trust
        .config(remote.roots)
        .await
        .map_err(|_| "has `roots` that cannot be read".to_owned())?;
    // What is spoken over it is not for the handshake to choose.
    let mut config = (*config).clone();
    config.alpn_protocols = Vec::new();
    let name = rustls::pki_types::ServerName::try_from(remote.host.to_owned())
        .map_err(|_| "has a name that cannot be proved".to_owned())?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| format!("cannot be talked to with TLS: {error}"))
}
