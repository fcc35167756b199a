//! `toolkeep call`: one call of one tool.

use std::io::Read as _;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::approver::TerminalApprover;
use super::exit::Exit;
use super::{Where, output};
use crate::api::error::CallError;
use crate::api::host::Host;
use crate::api::session::{CallOptions, Reply};
use crate::base::content::{Content, ResourceBody};
use crate::base::id::{Identity, SessionId};
use crate::base::principal::Principal;
use crate::base::text;
use crate::gate::refusal::Refusal;
use crate::handle::report::{Level, Said};

/// The most bytes of arguments that are read at all; the limits that count are in the operator's file.
const MAX_ARGUMENTS: u64 = 64 << 20;

#[derive(Args)]
pub struct Options {
    /// The tool's name
    tool: String,
    /// Its arguments, a JSON object; `-` reads them from standard input
    #[arg(default_value = "{}")]
    arguments: String,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// Print the answer as one line of JSON
    #[arg(long)]
    json: bool,
    /// Also print debug lines
    #[arg(long, short)]
    verbose: bool,
}

/// On whose behalf a command acts.
#[derive(Args, Clone)]
pub struct Who {
    /// Act for this user [default: $USER, else uid-NUMBER]
    #[arg(long = "as", value_name = "USER")]
    user: Option<Identity>,
    /// The user's organisation
    #[arg(long, value_name = "NAME", default_value = "local")]
    tenant: Identity,
    /// The agent that acts for the user
    #[arg(long, value_name = "NAME")]
    agent: Option<Identity>,
    /// A role of the user; may be given several times
    #[arg(long = "role", value_name = "NAME")]
    roles: Vec<Identity>,
    /// The conversation that the call belongs to [default: one of its own; of `serve`: the one of the
    /// process that started it]
    #[arg(long, value_name = "ID")]
    pub session: Option<SessionId>,
}

impl Who {
    pub fn principal(&self) -> Result<Principal, String> {
        let user = match &self.user {
            Some(user) => user.clone(),
            None => login()?,
        };
        Ok(Principal {
            tenant: self.tenant.clone(),
            user,
            agent: self.agent.clone(),
            roles: self.roles.iter().cloned().collect(),
        })
    }

    pub fn session(&self) -> Result<SessionId, String> {
        match &self.session {
            Some(session) => Ok(session.clone()),
            None => SessionId::new(&format!("cli-{}-{}", std::process::id(), now()))
                .map_err(|error| error.to_string()),
        }
    }
}

/// Who runs this program: `$USER`, else the number of the user.
pub fn login() -> Result<Identity, String> {
    let name = std::env::var("USER")
        .ok()
        .and_then(|name| Identity::new(&name).ok());
    let number = || Identity::new(&format!("uid-{}", rustix::process::getuid().as_raw()));
    name.map_or_else(number, Ok)
        .map_err(|error| error.to_string())
}

fn now() -> u64 {
    crate::base::clock::Timestamp::now().micros()
}

pub async fn run(options: Options) -> Exit {
    let asked = read_arguments(&options.arguments)
        .and_then(|arguments| Ok((arguments, options.who.principal()?, options.who.session()?)));
    let (arguments, principal, session) = match asked {
        Ok(asked) => asked,
        Err(why) => {
            output::error(why);
            return Exit::Usage;
        }
    };
    let host = match options.place.host(TerminalApprover::new(&options.place)) {
        Ok(host) => host,
        Err(exit) => return exit,
    };
    let least = if options.verbose {
        Level::Debug
    } else {
        Level::Info
    };
    let call_options = CallOptions {
        listener: Some(Box::new(move |said| print_said(&said, least))),
        ..CallOptions::default()
    };
    let session = host.session(session, principal);
    let done = session
        .call_with(&options.tool, arguments, call_options)
        .await;
    let exit = match &done {
        Ok(reply) => {
            if options.json {
                output::json(reply)
            } else {
                print_reply(reply);
                print_waiting(&reply.refusals, &host, &options.place);
                Exit::Done
            }
        }
        Err(failed) => {
            if options.json {
                output::json(&as_json(failed));
            }
            print_error(failed);
            if let CallError::Unanswered { refusals, .. } = failed {
                print_waiting(refusals, &host, &options.place);
            }
            exit_of(failed)
        }
    };
    if options.who.session.is_none() {
        // A conversation of one call is over with it, and nobody comes back to it.
        let ended = host.end_session(session.id(), session.principal()).await;
        if let Err(failed) = ended {
            output::warning(format_args!(
                "the call's session is not forgotten: {failed}"
            ));
        }
    }
    drop(session);
    drop(host);
    exit
}

/// The arguments, from the command line or standard input.
fn read_arguments(given: &str) -> Result<Value, String> {
    let mut text = given.to_owned();
    if given == "-" {
        text.clear();
        let read = std::io::stdin()
            .take(MAX_ARGUMENTS)
            .read_to_string(&mut text);
        read.map_err(|error| format!("cannot read the arguments from standard input: {error}"))?;
    }
    serde_json::from_str(&text).map_err(|error| {
        format!(
            "the arguments are not JSON: {}",
            text::visible(&error.to_string())
        )
    })
}

fn print_said(said: &Said, least: Level) {
    match said {
        Said::Log { level, message } if *level >= least => {
            let style = match level {
                Level::Debug | Level::Info => output::FAINT,
                Level::Warning => output::CARE,
                Level::Error => output::BAD,
            };
            output::note(format_args!("{style}tool says:{style:#} {message}"));
        }
        Said::Log { .. } => {}
        Said::Progress { .. } => output::note(format_args!("tool says: {said}")),
    }
}

/// The answer for a person. What a guest wrote can move no cursor.
fn print_reply(reply: &Reply) {
    for part in &reply.output.content {
        match part {
            Content::Text { text } => output::data(text::visible_lines(text)),
            Content::Image { data, mime_type } | Content::Audio { data, mime_type } => {
                output::data(format_args!(
                    "[{}: {} bytes]",
                    text::visible(mime_type),
                    data.len()
                ));
            }
            Content::Resource { resource } => match &resource.body {
                ResourceBody::Text(text) => output::data(text::visible_lines(text)),
                ResourceBody::Blob(data) => {
                    let uri = text::visible(&resource.uri);
                    output::data(format_args!("[{uri}: {} bytes]", data.len()));
                }
            },
            Content::ResourceLink { uri, name, .. } => {
                output::data(format_args!(
                    "[{}: {}]",
                    text::visible(name),
                    text::visible(uri)
                ));
            }
        }
    }
    if !reply.refusals.is_empty() {
        output::note("the tool got by without what was refused:");
        print_refusals(&reply.refusals);
    }
}

pub fn print_refusals(refusals: &[Refusal]) {
    let mut remedies = Vec::new();
    for refusal in refusals {
        let style = output::of(refusal.verdict);
        output::note(format_args!(
            "  {style}{}{style:#}  {} {}  {}",
            refusal.verdict, refusal.handle, refusal.verbs, refusal.object
        ));
        for reason in refusal.because() {
            output::note(format_args!("        {}", reason.text));
        }
        // Where a person can still say yes to this one, nobody should be talked into saying yes to all.
        if refusal.approval.is_none() {
            remedies.extend(refusal.remedies());
        }
    }
    remedies.dedup();
    for remedy in remedies {
        output::hint(format_args!(
            "to allow it, {}",
            remedy.replace('\n', "\n      ")
        ));
    }
}

fn print_error(failed: &CallError) {
    // A tool's own words stand in here: their lines must not look like ours.
    output::error(text::visible_lines(&failed.to_string()).replace('\n', "\n  | "));
    match failed {
        CallError::Denied { refusals, said, .. } | CallError::Unanswered { refusals, said, .. } => {
            print_refusals(refusals);
            if let Some(said) = said {
                output::note(format_args!("tool says: {}", text::visible(said.text())));
            }
        }
        _ => {}
    }
}

/// What a person can do about what nobody answered.
fn print_waiting(refusals: &[Refusal], host: &Host, place: &Where) {
    let mut waiting: Vec<_> = refusals
        .iter()
        .filter_map(|refusal| refusal.approval.as_ref())
        .collect();
    waiting.dedup();
    if !waiting.is_empty() && host.approval_settings().keys.is_empty() {
        output::hint(
            "nobody can answer yet: make a key with `toolkeep approvals init`, and put what it prints into the operator's file",
        );
        return;
    }
    for id in waiting {
        output::hint(format_args!(
            "to approve it once, run `toolkeep approvals approve {id}{}`, then make the same call again",
            place.flags()
        ));
    }
}

/// An error for a program: a fixed word, the sentence, and what was refused.
fn as_json(failed: &CallError) -> impl Serialize {
    let word = match failed {
        CallError::UnknownTool { .. } => "unknown-tool",
        CallError::BadArguments { .. } => "bad-arguments",
        CallError::Failed { .. } => "failed",
        CallError::Stopped { word, .. } => word,
        CallError::Denied { .. } => "denied",
        CallError::Unanswered { .. } => "unanswered",
        CallError::RecordFailed { .. } => "record-failed",
        CallError::Unusable { .. } => "unusable",
    };
    let refusals = failed.refusals();
    json!({ "error": { "code": word, "message": failed.to_string(), "refusals": refusals } })
}

fn exit_of(failed: &CallError) -> Exit {
    match failed {
        CallError::UnknownTool { .. } | CallError::BadArguments { .. } => Exit::Usage,
        CallError::Failed { .. } | CallError::Stopped { .. } | CallError::Unusable { .. } => {
            Exit::Failed
        }
        CallError::Denied { .. } => Exit::Denied,
        CallError::Unanswered { .. } => Exit::Unanswered,
        CallError::RecordFailed { .. } => Exit::Record,
    }
}
