//! `toolkeep approvals approve`, `deny` and `watch`: a person's answer, signed with their key.

use std::collections::HashSet;
use std::time::Duration;

use clap::Args;

use super::{ASK_ANEW, CHANGED, Desk, Key, failed, left, no_terminal};
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::{Where, output, question};
use crate::rules::config::ApprovalSettings;
use crate::store::approvals::key::{ApproverSecret, KeyFile};
use crate::store::approvals::{Answer, Approval, Approvals, Decision, Question, State};

#[derive(Args)]
pub struct Options {
    /// Which question: its identifier, or enough of it
    id: String,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    key: Key,
}

#[derive(Args)]
pub struct Watch {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    key: Key,
}

/// How often the store is looked at for new questions.
const LOOK: Duration = Duration::from_millis(300);

pub fn answer(options: &Options, decision: Decision) -> Result<Exit, Exit> {
    let desk = Desk::open(&options.place)?;
    let (approvals, approval) = desk.find(&options.id)?;
    still_waits(&desk, &approval)?;
    let key = options.key.read()?;
    may_answer(&desk.config.approvals, &key)?;
    let terminal = Terminal::open().map_err(|error| no_terminal(&error))?;
    let asked = &approval.question;
    terminal
        .say(question::text(asked))
        .map_err(|error| left(&error))?;
    let prompt = format!("passphrase of `{}`, to {decision} this: ", key.name);
    let secret = unlock(&terminal, &key, &prompt)?;
    let expires = store(approvals, asked, decision, &secret, desk.keys.valid())?;
    told(asked, decision, expires);
    Ok(Exit::Done)
}

pub async fn watch(options: &Watch) -> Result<Exit, Exit> {
    let desk = Desk::open(&options.place)?;
    let key = options.key.read()?;
    may_answer(&desk.config.approvals, &key)?;
    let terminal = Terminal::open().map_err(|error| no_terminal(&error))?;
    let prompt = format!(
        "passphrase of `{}`, for all that you answer here: ",
        key.name
    );
    let secret = unlock(&terminal, &key, &prompt)?;
    output::note("waiting for questions; end with Ctrl-C");
    let mut seen = HashSet::new();
    loop {
        // Nothing may have been asked ever before.
        let desk = Desk::open(&options.place)?;
        let waiting = match &desk.approvals {
            Some(approvals) => approvals
                .list(false, Timestamp::now())
                .map_err(|error| failed(&error))?,
            None => Vec::new(),
        };
        for approval in waiting.into_iter().flatten() {
            if seen.insert(approval.question.approval.clone())
                && !one(&desk, &approval, &terminal, &secret)?
            {
                return Ok(Exit::Done);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Asks one question of those that [`watch`] finds. False where the person wants no more of them.
fn one(
    desk: &Desk,
    approval: &Approval,
    terminal: &Terminal,
    secret: &ApproverSecret,
) -> Result<bool, Exit> {
    let asked = &approval.question;
    if desk.is_void(approval) {
        output::warning(format_args!("skipped {}: {CHANGED}", asked.approval));
        return Ok(true);
    }
    let shown = question::text(asked);
    terminal
        .say(format_args!("\n{shown}"))
        .map_err(|error| left(&error))?;
    let decision = loop {
        let word = terminal
            .ask("approve this once? [y]es, [n]o, [s]kip, [q]uit: ")
            .map_err(|error| left(&error))?;
        match word.as_str() {
            "y" | "yes" => break Decision::Approve,
            "n" | "no" => break Decision::Deny,
            "s" | "skip" => return Ok(true),
            "q" | "quit" => return Ok(false),
            _ => {}
        }
    };
    let Some(approvals) = &desk.approvals else {
        return Ok(true);
    };
    // One that is too late leaves the others to be answered.
    if let Ok(expires) = store(approvals, asked, decision, secret, desk.keys.valid()) {
        told(asked, decision, expires);
    }
    Ok(true)
}

fn still_waits(desk: &Desk, approval: &Approval) -> Result<(), Exit> {
    let id = &approval.question.approval;
    let again = "make the same call again: then it is asked anew";
    let (why, hint) = match approval.state {
        _ if desk.is_void(approval) => (CHANGED, ASK_ANEW),
        State::Pending => return Ok(()),
        State::Answered => (
            "it was answered already",
            "a yes waits for the same call; a no stays until it expires",
        ),
        State::Used => ("it was answered already, and the answer was used", again),
        State::Expired => ("it is too old", again),
    };
    output::error(format_args!("{id} cannot be answered: {why}"));
    output::hint(hint);
    Err(Exit::Failed)
}

/// An answer with a key that the operator's file does not name would count for nothing.
fn may_answer(settings: &ApprovalSettings, key: &KeyFile) -> Result<(), Exit> {
    if settings.keys.iter().any(|known| known.text == key.verifier) {
        return Ok(());
    }
    output::error(format_args!(
        "the key of `{}` is not among `keys` in [approvals], so its answers do not count",
        key.name
    ));
    output::hint(format_args!(
        "if it should, put this into `keys` in [approvals] of the operator's file: \"{}\"",
        key.verifier
    ));
    Err(Exit::Denied)
}

fn unlock(terminal: &Terminal, key: &KeyFile, prompt: &str) -> Result<ApproverSecret, Exit> {
    let passphrase = terminal
        .ask_passphrase(prompt)
        .map_err(|error| left(&error))?;
    match key.unlock(&passphrase).map_err(|error| failed(&error))? {
        Some(secret) => Ok(secret),
        None => {
            output::error("the passphrase is wrong; nothing was answered");
            Err(Exit::Failed)
        }
    }
}

/// Signs an answer and stores it. Gives back when it stops to count.
fn store(
    approvals: &Approvals,
    asked: &Question,
    decision: Decision,
    secret: &ApproverSecret,
    valid: Duration,
) -> Result<Timestamp, Exit> {
    match sign_and_store(approvals, asked, decision, secret, valid) {
        Ok(Some(expires)) => Ok(expires),
        Ok(None) => {
            let id: &ApprovalId = &asked.approval;
            output::error(format_args!(
                "{id} is not answered by this: it was answered meanwhile, or is too old"
            ));
            Err(Exit::Failed)
        }
        Err(why) => {
            output::error(why);
            Err(Exit::Record)
        }
    }
}

/// Signs an answer and stores it. Gives back when it stops to count; none if the question did not wait
/// any more.
pub fn sign_and_store(
    approvals: &Approvals,
    asked: &Question,
    decision: Decision,
    secret: &ApproverSecret,
    valid: Duration,
) -> Result<Option<Timestamp>, String> {
    let now = Timestamp::now();
    let answer = Answer {
        approval: asked.approval.clone(),
        digest: asked.digest,
        decision,
        at: now,
        expires: now.after(valid),
    };
    let note = secret.sign(&answer)?;
    let stored = approvals.answer(&answer, &note, now);
    let stored = stored.map_err(|error| error.to_string())?;
    Ok(stored.then_some(answer.expires))
}

fn told(asked: &Question, decision: Decision, until: Timestamp) {
    let id = &asked.approval;
    match decision {
        Decision::Approve => output::note(format_args!(
            "approved {id}: the same call may do it once, until {until}"
        )),
        Decision::Deny => output::note(format_args!(
            "denied {id}: it is refused without asking, until {until}"
        )),
    }
}
