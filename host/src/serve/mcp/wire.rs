//! The line to the client: standard input and output, one message a line.

use std::borrow::Cow;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as Socket;

use rmcp::RoleServer;
use rmcp::model::{ClientRequest, GetMeta as _, JsonRpcMessage, ProtocolVersion};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

use crate::api::session::CancelToken;

type Input = Box<dyn AsyncRead + Send + Unpin>;
type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// The line to the client.
pub(super) struct Wire {
    lines: AsyncRwTransport<RoleServer, Input, Output>,
    /// Whether the conversation has begun, in either era.
    begun: bool,
    gone: CancelToken,
}

impl Wire {
    /// Takes over standard input and output. `gone` is cancelled once the client has closed its end.
    ///
    /// # Errors
    /// What the system says, where they cannot be used.
    pub(super) fn open(gone: CancelToken) -> io::Result<Self> {
        // Node.js gives the programs that it starts sockets, where others give pipes. If they were read on
        // a thread, that would keep the program from ending as long as the client keeps them open.
        let (input, output): (Input, Output) = match (socket(io::stdin()), socket(io::stdout())) {
            (Some(input), Some(output)) => (Box::new(ready(input)?), Box::new(ready(output)?)),
            _ => {
                let (input, output) = rmcp::transport::stdio_pipes();
                (Box::new(input), Box::new(output))
            }
        };
        Ok(Self {
            lines: AsyncRwTransport::new_server(input, output),
            begun: false,
            gone,
        })
    }
}

/// What `stream` is connected to, if that is a socket of this machine.
fn socket(stream: impl AsFd) -> Option<Socket> {
    let stream: OwnedFd = stream.as_fd().try_clone_to_owned().ok()?;
    let socket = Socket::from(stream);
    socket.local_addr().is_ok().then_some(socket)
}

fn ready(socket: Socket) -> io::Result<UnixStream> {
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

impl Transport<RoleServer> for Wire {
    type Error = io::Error;

    fn name() -> Cow<'static, str> {
        "standard input and output".into()
    }

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.lines.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(message) = self.lines.receive().await else {
                self.gone.cancel();
                return None;
            };
            match &message {
                JsonRpcMessage::Request(message) => self.begun |= begins(&message.request),
                // rmcp ends for whatever is no request before the conversation has begun; a client that
                // gave up on its first question says so in such a message, and means no harm.
                _ if !self.begun => continue,
                _ => {}
            }
            return Some(message);
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.lines.close().await
    }
}

/// Whether a conversation begins with this request: the older era's `initialize`, or any of the newer
/// era's but the one that asks what the server is.
fn begins(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        request => {
            let meta = request.get_meta();
            let version = meta.protocol_version();
            version.is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
                && meta
                    .missing_required_keys(&ProtocolVersion::V_2026_07_28)
                    .is_empty()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_conversation() {
        let begins = |method: &str, params: serde_json::Value| {
            let request = serde_json::json!({"method": method, "params": params});
            begins(&serde_json::from_value(request).unwrap())
        };
        let hello = serde_json::json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}
        });
        assert!(begins("initialize", hello));
        let of = |version: &str| {
            serde_json::json!({"_meta": {
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientCapabilities": {},
            }})
        };
        assert!(begins("tools/list", of("2026-07-28")));
        assert!(!begins("server/discover", of("2026-07-28")));
        assert!(!begins("tools/list", of("2036-07-28")));
        assert!(!begins("tools/list", serde_json::json!({})));
    }
}
