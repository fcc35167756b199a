//! One client on standard input and output, which the client has piped.

use std::sync::Arc;
use std::time::Duration;

use rmcp::ServiceExt as _;
use rmcp::service::ServerInitializeError;
use tokio::runtime::Handle;

use super::server::Server;
use super::suspended::Waiting;
use super::wire::Wire;
use crate::api::host::{Host, Reloaded};
use crate::api::session::CancelToken;
use crate::base::id::SessionId;
use crate::base::principal::Principal;

/// How often the operator's file is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long a client that has closed its end may take to read the last answers; rmcp lets the calls that
/// are under way go on for the first five seconds of that.
const AFTER_CLIENT: Duration = Duration::from_secs(6);
/// The same once the program was told to end, which cancels all calls.
const AFTER_STOP: Duration = Duration::from_secs(1);

/// Serves one client until it closes the pipe, or until `stop` is over. Calls that take their time, or are
/// not alone, are run in `pool`. `news` is what an operator should know, a sentence at a time.
///
/// # Errors
/// A sentence, where the client speaks no protocol that is known, or the state folder cannot be used.
pub async fn serve(
    host: Host,
    principal: Principal,
    session: SessionId,
    pool: Handle,
    stop: impl Future<Output = ()>,
    news: impl Fn(&str) + Send + 'static,
) -> Result<(), String> {
    let key = host
        .request_state_key()
        .map_err(|error| error.to_string())?;
    let waiting = Waiting::new(&key)
        .map_err(|error| format!("the system gives no random numbers: {error}"))?;
    let gone = CancelToken::new();
    let wire = Wire::open(gone.clone())
        .map_err(|error| format!("cannot use standard input and output: {error}"))?;
    let server = Server::new(
        host.clone(),
        principal,
        session,
        pool.clone(),
        waiting,
        gone.clone(),
    );
    let server = Arc::new(server);
    tokio::pin!(stop);
    let started = tokio::select! {
        started = Arc::clone(&server).serve(wire) => started,
        () = &mut stop => return Ok(()),
    };
    let running = match started {
        Ok(running) => running,
        // The client closed the pipe before it said anything: it only wanted to see whether we start.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(format!("the client could not be served: {error}")),
    };
    let token = running.cancellation_token();
    let watcher = pool.spawn(watch(host, Arc::clone(&server), news));
    let waiting = running.waiting();
    tokio::pin!(waiting);
    // A client that reads nothing keeps rmcp waiting for ever, and must not keep the program.
    let abandoned = async {
        gone.cancelled().await;
        tokio::time::sleep(AFTER_CLIENT).await;
    };
    let ended = tokio::select! {
        ended = &mut waiting => Some(ended),
        () = abandoned => None,
        () = &mut stop => {
            token.cancel();
            tokio::time::timeout(AFTER_STOP, &mut waiting).await.ok()
        }
    };
    watcher.abort();
    // By now all calls are cancelled.
    drop(tokio::time::timeout(AFTER_STOP, server.stop()).await);
    match ended {
        Some(Err(error)) => Err(format!("serving the client failed: {error}")),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// Looks at the operator's file from time to time, and uses a new one that gives no more than the old.
async fn watch(mut host: Host, server: Arc<Server>, news: impl Fn(&str)) {
    let mut told = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let trouble = match host.reload() {
            Ok(Reloaded::Unchanged) => None,
            Ok(Reloaded::Narrowed(new)) => {
                host = *new;
                server.replace(host.clone());
                news("the operator's file has changed, and is in use");
                None
            }
            Ok(Reloaded::Wider(why)) => Some(format!(
                "the operator's file has changed and gives more than before ({why}), so the old one \
                 stays in use; start the server again to use the new one"
            )),
            Err(error) => Some(format!(
                "the operator's file has changed and cannot be used, so the old one stays in use: \
                 {error}"
            )),
        };
        // The same trouble is told once.
        if let Some(trouble) = &trouble
            && told.as_ref() != Some(trouble)
        {
            news(trouble);
        }
        told = trouble;
    }
}
