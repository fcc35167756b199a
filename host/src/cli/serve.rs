//! `toolkeep serve`: tools for an MCP client on standard input and output.

use std::io::IsTerminal as _;

use clap::Args;

use super::call::Who;
use super::exit::Exit;
use super::{Where, output};
use crate::serve::{mcp, seat};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
}

pub async fn run(options: Options) -> Exit {
    let session = match &options.who.session {
        Some(session) => Ok(session.clone()),
        None => seat::of_parent(),
    };
    let (principal, session) = match options.who.principal().and_then(|who| Ok((who, session?))) {
        Ok(found) => found,
        Err(why) => {
            output::error(why);
            return Exit::Usage;
        }
    };
    let host = match options.place.host(None) {
        Ok(host) => host,
        Err(exit) => return exit,
    };
    if std::io::stdin().is_terminal() {
        output::note("waiting for an MCP client on standard input; a client starts this by itself");
    }
    host.tell_operator(|why, what_to_do| {
        output::warning(why);
        output::hint(what_to_do);
    });
    let pool = tokio::runtime::Handle::current();
    let served = tokio::task::block_in_place(|| {
        // The line to the client has a thread of its own, this one: a call that is alone is run right
        // there, since the way to another thread and back takes longer than many a call.
        let line = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start: {error}"))?;
        line.block_on(async {
            let news = |news: &str| output::warning(news);
            mcp::serve(host, principal, session, pool, stopped(), news).await
        })
    });
    match served {
        Ok(()) => Exit::Done,
        Err(why) => {
            output::error(why);
            Exit::Failed
        }
    }
}

/// Listens from now on for what tells the program to end; the future is over then.
fn stopped() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async {
        // Where the system lets nobody listen, the signals end the program by themselves.
        let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
