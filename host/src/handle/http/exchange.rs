//! One request out, one response back.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::{HOST, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;

use super::address::may_reach;
use super::connect::Line;
use super::deed::Deed;
use super::destination::Target;
use super::failure::Failure;
use super::limits::Limits;
use super::pool::{Key, Open, Pool, Sender};
use super::resolve::{addresses, judged};
use super::stream::Stream;
use super::upload::{Stopped, Upload};
use crate::gate::pass::Note;
use crate::rules::config::Network;

/// Where a request goes and how.
pub(super) struct Way {
    pub(super) target: Target,
    pub(super) key: Key,
    /// Networks that the grant names.
    pub(super) named: Vec<Network>,
    pub(super) roots: Option<PathBuf>,
    pub(super) limits: Limits,
}

/// Why there is no response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoResponse {
    /// The name leads to an address that no grant names and that is not public.
    NotPublic(IpAddr),
    /// The body was refused on its way.
    Refused,
    Failed(Failure),
}

impl From<Failure> for NoResponse {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A connection to use, or to make first.
pub(super) struct Lines {
    pub(super) line: Line,
    pub(super) pool: Arc<Pool>,
}

impl Lines {
    /// A connection along `way`: one that is open, or a new one. A new one is to an address of which
    /// all were checked; an open one was, and is checked again.
    ///
    /// # Errors
    /// Where an address may not be reached, or none can be.
    pub(super) async fn connect(&self, way: &Way, fresh: bool) -> Result<Open, NoResponse> {
        let may = |peer| may_reach(peer, &way.named);
        if !fresh && let Some(open) = self.pool.take(&way.key, may) {
            return Ok(open);
        }
        let patience = way.limits.connect;
        let found = addresses(&*self.line.resolver, &way.target.host, patience)
            .await
            .map_err(Failure::from)?;
        let checked = judged(found, &way.named).map_err(NoResponse::NotPublic)?;
        let roots = way.roots.as_deref();
        let (stream, peer) = self
            .line
            .open(&way.target, &checked, roots, patience)
            .await?;
        let handshake = tokio::time::timeout(patience, self.greet(way, stream, peer));
        Ok(handshake.await.map_err(|_| Failure::ConnectTimeout)??)
    }

    async fn greet(&self, way: &Way, stream: Stream, peer: IpAddr) -> Result<Open, Failure> {
        let limits = &way.limits;
        if stream.speaks_h2() {
            let most = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(most)
                .handshake(stream)
                .await
                .map_err(|error| Failure::of(&error))?;
            tokio::spawn(connection);
            let shared = Open {
                sender: Sender::Two(sender.clone()),
                peer,
            };
            self.pool.put(way.key.clone(), shared);
            let sender = Sender::Two(sender);
            return Ok(Open { sender, peer });
        }
        let (sender, connection) = http1::Builder::new()
            .max_headers(limits.headers)
            .max_header_size(limits.header_bytes)
            .handshake(stream)
            .await
            .map_err(|error| Failure::of(&error))?;
        tokio::spawn(connection);
        let sender = Sender::One(sender);
        Ok(Open { sender, peer })
    }

    /// Sends `request` and waits for the head of its response. Where a connection that was open turns
    /// out to be closed, and provably nothing was sent on it, a new one is made; nothing else is ever
    /// tried twice.
    ///
    /// # Errors
    /// Why there is no response.
    pub(super) async fn exchange(
        &self,
        way: &Way,
        mut open: Open,
        mut request: Request<Upload>,
        deed: &Arc<Deed>,
    ) -> Result<Response<Incoming>, NoResponse> {
        let mut again = true;
        loop {
            deed.note(Note::Peer(open.peer.to_string()));
            deed.moved();
            address(&mut request, &way.target, &open.sender)?;
            let sent = tokio::select! {
                biased;
                sent = send(&mut open.sender, request) => sent,
                () = deed.stands_still(way.limits.header) => {
                    // Nobody else is to wait on it, nor to keep a flood alive.
                    self.pool.forget(&way.key);
                    return Err(Failure::HeaderTimeout.into());
                }
            };
            match sent {
                Ok(response) => {
                    self.give_back(way, open);
                    return Ok(response);
                }
                Err(Unsent::Untouched(back)) if again => {
                    again = false;
                    request = *back;
                    open = self.connect(way, true).await?;
                }
                Err(Unsent::Untouched(_)) => return Err(Failure::Closed.into()),
                Err(Unsent::Failed(error)) => return Err(why(&error)),
            }
        }
    }

    /// Keeps the connection, as soon as the response's body is through.
    fn give_back(&self, way: &Way, open: Open) {
        let Sender::One(mut sender) = open.sender else {
            return;
        };
        let (pool, key, peer) = (Arc::clone(&self.pool), way.key.clone(), open.peer);
        tokio::spawn(async move {
            if sender.ready().await.is_ok() {
                let sender = Sender::One(sender);
                pool.put(key, Open { sender, peer });
            }
        });
    }
}

enum Unsent {
    /// Not a byte of it was sent.
    Untouched(Box<Request<Upload>>),
    Failed(hyper::Error),
}

async fn send(sender: &mut Sender, request: Request<Upload>) -> Result<Response<Incoming>, Unsent> {
    let sent = match sender {
        Sender::One(sender) => sender.try_send_request(request).await,
        Sender::Two(sender) => sender.try_send_request(request).await,
    };
    sent.map_err(|mut unsent| match unsent.take_message() {
        Some(request) => Unsent::Untouched(Box::new(request)),
        None => Unsent::Failed(unsent.into_error()),
    })
}

/// What went wrong: the body's own reason, where it has one.
fn why(error: &hyper::Error) -> NoResponse {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        match error.downcast_ref::<Stopped>() {
            Some(Stopped::Refused) => return NoResponse::Refused,
            Some(Stopped::Failed(failure)) => return NoResponse::Failed(*failure),
            None => cause = error.source(),
        }
    }
    NoResponse::Failed(Failure::of(error))
}

/// Writes the target into `request`, in the form that the connection's protocol wants.
fn address(request: &mut Request<Upload>, target: &Target, to: &Sender) -> Result<(), Failure> {
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let authority = target.authority();
    match to {
        Sender::One(_) => {
            let host = HeaderValue::from_str(&authority).map_err(|_| Failure::Protocol)?;
            request.headers_mut().insert(HOST, host);
            *request.uri_mut() = Uri::from(path);
            *request.version_mut() = http::Version::HTTP_11;
        }
        Sender::Two(_) => {
            request.headers_mut().remove(HOST);
            let authority = Authority::try_from(authority).map_err(|_| Failure::Protocol)?;
            *request.uri_mut() = Uri::builder()
                .scheme(target.scheme.as_str())
                .authority(authority)
                .path_and_query(path)
                .build()
                .map_err(|_| Failure::Protocol)?;
            *request.version_mut() = http::Version::HTTP_2;
        }
    }
    Ok(())
}
