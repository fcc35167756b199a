//! `toolkeep approvals`: what was asked, and a person's answer to it.

mod answer;
mod init;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::{Where, could_not_start, output};
use crate::base::clock::Timestamp;
use crate::base::text::{shorten, visible};
use crate::rules::config::Config;
use crate::store::approvals::key::{KeyFile, default_path};
use crate::store::approvals::{Approval, Approvals, ApproverKeys, Decision, Found, State};
use crate::store::error::StoreError;

pub use answer::sign_and_store;

#[derive(Subcommand)]
pub enum Command {
    /// Make the key with which you answer
    Init(init::Options),
    /// List the questions that wait
    List(show::List),
    /// Print one question, with all that an answer covers
    Show(show::Show),
    /// Say yes to one question: it counts once
    Approve(answer::Options),
    /// Say no to one question, signed too: it stays a no until it expires, and the record says whose
    Deny(answer::Options),
    /// Show each question as it comes, and ask you
    Watch(answer::Watch),
}

/// Which key file.
#[derive(Args, Clone)]
pub struct Key {
    /// The file with your key [default: $XDG_CONFIG_HOME/toolkeep/approver.key]
    #[arg(long, value_name = "FILE", env = "TOOLKEEP_APPROVER_KEY")]
    key: Option<PathBuf>,
}

impl Key {
    fn path(&self) -> Result<PathBuf, Exit> {
        self.key.clone().or_else(default_path).ok_or_else(|| {
            output::error(
                "there is no place for your key: neither XDG_CONFIG_HOME nor HOME is set",
            );
            output::hint("name the file with --key FILE");
            Exit::Usage
        })
    }

    fn read(&self) -> Result<KeyFile, Exit> {
        KeyFile::read(&self.path()?).map_err(|error| failed(&error))
    }
}

pub async fn run(command: Command) -> Exit {
    let done = match command {
        Command::Init(options) => init::run(&options),
        Command::List(options) => show::list(&options),
        Command::Show(options) => show::show(&options),
        Command::Approve(options) => answer::answer(&options, Decision::Approve),
        Command::Deny(options) => answer::answer(&options, Decision::Deny),
        Command::Watch(options) => answer::watch(&options).await,
    };
    done.unwrap_or_else(|exit| exit)
}

/// Why a question is void.
const CHANGED: &str = "the operator's file changed since it was asked, so no answer to it counts";

/// What to do about a question that is void.
const ASK_ANEW: &str = "start every server that runs with this file again; then make the same call, and it is asked anew";

/// What the commands work on.
struct Desk {
    config: Config,
    keys: ApproverKeys,
    /// None where nothing was ever asked.
    approvals: Option<Approvals>,
}

impl Desk {
    fn open(place: &Where) -> Result<Self, Exit> {
        let (config, state) = place.read().map_err(|error| could_not_start(&error))?;
        let approvals = Approvals::open_existing(&state).map_err(|error| failed(&error))?;
        Ok(Self {
            keys: ApproverKeys::new(&config.approvals, ""),
            config,
            approvals,
        })
    }

    /// Whether no answer to it counts any more, although it came in time: it was asked by other rules.
    fn is_void(&self, approval: &Approval) -> bool {
        matches!(approval.state, State::Pending | State::Answered)
            && approval.question.rules != self.config.digest()
    }

    /// The approval that `id` stands for.
    fn find(&self, id: &str) -> Result<(&Approvals, Box<Approval>), Exit> {
        let shown = shorten(&visible(id), 64);
        let nothing = || {
            output::error(format_args!("there is no question `{shown}`"));
            output::hint("`toolkeep approvals list` names those that wait");
            Exit::Usage
        };
        let approvals = self.approvals.as_ref().ok_or_else(nothing)?;
        match approvals
            .find(id, Timestamp::now())
            .map_err(|error| failed(&error))?
        {
            Found::One(found) => Ok((approvals, found)),
            Found::Nothing => Err(nothing()),
            Found::Several => {
                output::error(format_args!("`{shown}` stands for more than one question"));
                output::hint("write more of it");
                Err(Exit::Usage)
            }
        }
    }
}

fn failed(error: &StoreError) -> Exit {
    output::error(error);
    output::hint(error.hint());
    match error {
        StoreError::ApproverKey { .. } => Exit::Usage,
        _ => Exit::Record,
    }
}

/// How a command ends that needs a person and finds no terminal.
fn no_terminal(error: &std::io::Error) -> Exit {
    output::error(format_args!("there is no terminal to ask you on: {error}"));
    output::hint(
        "run it where you can type; a passphrase is read from nowhere else, so that no program can answer for you",
    );
    Exit::Unanswered
}

/// How a command ends whose terminal was closed, or whose question was left.
fn left(error: &std::io::Error) -> Exit {
    output::error(format_args!("not answered: {error}"));
    Exit::Unanswered
}
