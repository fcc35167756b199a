//! `toolkeep demo`: short scripted conversations of an agent with a real folder, a real database and a real
//! site, and the record of them.

mod script;
mod stage;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use self::script::{Expect, Step, acts};
use self::stage::{PLUGINS, Stage, find_checkout};
use super::audit::print_entry;
use super::exit::Exit;
use super::output::{self, BAD, FAINT, GOOD, STRONG};
use crate::api::error::CallError;
use crate::api::host::Host;
use crate::api::session::{Reply, Session};
use crate::base::content::Content;
use crate::base::id::{Identity, SessionId};
use crate::base::principal::Principal;
use crate::base::text::{shorten, visible};
use crate::pack::build::build;
use crate::rules::verb::Handle;
use crate::rules::verdict::Verdict;
use crate::store::audit::record::Kind;
use crate::store::audit::verify::verify;
use crate::store::audit::{AuditReader, Filter, StoredRecord};

#[derive(Args)]
pub struct Options {
    /// The checkout with the plugins [default: the folder that we are in, or one above]
    #[arg(long, value_name = "DIR")]
    checkout: Option<PathBuf>,
}

pub async fn run(options: Options) -> Exit {
    match demo(options).await {
        Ok(exit) => exit,
        Err(why) => {
            output::error(why);
            Exit::Failed
        }
    }
}

async fn demo(options: Options) -> Result<Exit, String> {
    let checkout = match options.checkout {
        Some(checkout) => checkout,
        None => find_checkout()?,
    };
    let folder = checkout.join("target").join("demo");
    let stage = Stage::set(folder.clone())
        .map_err(|error| format!("cannot prepare `{}`: {error}", folder.display()))?;
    let progress = |step: &str| output::note(format_args!("… {step}"));
    for plugin in PLUGINS {
        let file = folder.join(format!("{plugin}.wasm"));
        build(
            &checkout.join("plugins").join(plugin),
            Some(&file),
            &progress,
        )
        .await
        .map_err(|error| error.to_string())?;
    }

    let config = stage.config();
    let host = Host::builder(&config)
        .build()
        .map_err(|error| error.to_string())?;
    let (mut number, mut surprises) = (0, 0);
    for act in acts() {
        let session = session(&host, act.session).map_err(|error| error.to_string())?;
        output::data(format_args!(
            "\n{STRONG}{}{STRONG:#}\n{}",
            act.title,
            stage.fill_in(act.granted)
        ));
        for step in act.steps {
            number += 1;
            surprises += usize::from(!play(number, step, &session, &stage).await?);
        }
    }
    let heard = stage.heard();
    output::data(format_args!(
        "\nThe site was asked for {}.",
        heard.join(" and ")
    ));
    if heard.iter().any(|path| path.contains('@')) {
        output::data(format_args!("{BAD}It heard of customers{BAD:#}"));
        surprises += 1;
    }
    // The last checkpoint is made when the host ends.
    drop(host);

    output::data(format_args!("\n{STRONG}The record{STRONG:#}"));
    let state = stage.state();
    let log = AuditReader::open(&state).map_err(|error| error.to_string())?;
    for entry in log
        .collect(&Filter::default())
        .map_err(|error| error.to_string())?
    {
        print_entry(&entry);
    }
    let report = verify(&state, None, None).map_err(|error| error.to_string())?;
    let (style, word) = if report.is_sound() {
        (GOOD, "sound")
    } else {
        (BAD, "BROKEN")
    };
    output::data(format_args!(
        "\n{style}{word}{style:#}: {} entries, {} of them under a signed checkpoint; root {}",
        report.records, report.sealed, report.root
    ));
    output::data(format_args!(
        "\nLook for yourself:\n  \
         cargo run -- audit show --why --config {config}\n  \
         cargo run -- call read_note '{{\"name\":\"todo\"}}' --config {config}",
        config = config.display()
    ));
    if surprises > 0 {
        return Err(format!("{surprises} steps did not end as they should"));
    }
    Ok(if report.is_sound() {
        Exit::Done
    } else {
        Exit::Record
    })
}

fn session(host: &Host, id: &str) -> Result<Session, crate::base::id::BadName> {
    let principal = Principal {
        agent: Some(Identity::new("demo-agent")?),
        ..Principal::new(Identity::new("local")?, Identity::new("ada")?)
    };
    Ok(host.session(SessionId::new(id)?, principal))
}

/// Plays one step and says what was tried, what was decided and why. False if it did not end as it
/// should.
async fn play(number: usize, step: Step, session: &Session, stage: &Stage) -> Result<bool, String> {
    let arguments = stage.fill_in(&step.arguments.to_string());
    let arguments: Value = serde_json::from_str(&arguments).map_err(|error| error.to_string())?;
    let state = stage.state();
    output::data(format_args!(
        "\n{STRONG}{number}. {}{STRONG:#}  {FAINT}{} {}{FAINT:#}",
        step.title,
        step.tool,
        visible(&arguments.to_string())
    ));
    let before = last_seq(&state);
    let done = session.call(step.tool, arguments).await;
    for entry in since(&state, before)? {
        print_decision(&entry);
    }
    if let Some(remark) = step.remark {
        output::data(format_args!("   {remark}"));
    }
    let came_to = match &done {
        Ok(_) => Expect::Done,
        Err(CallError::Denied { .. }) => Expect::Denied,
        Err(CallError::Unanswered { .. }) => Expect::Asked,
        Err(_) => Expect::Nothing,
    };
    match &done {
        Ok(reply) => output::data(format_args!("   {GOOD}→{GOOD:#} {}", answer(reply))),
        Err(failed) => {
            output::data(format_args!(
                "   {BAD}→{BAD:#} {}",
                visible(&failed.to_string())
            ));
        }
    }
    let leaked = done
        .as_ref()
        .is_ok_and(|reply| answer(reply).contains("swordfish"));
    if leaked || came_to != step.expect {
        output::data(format_args!(
            "   {BAD}this is not what should have happened{BAD:#}"
        ));
    }
    Ok(came_to == step.expect && !leaked)
}

fn last_seq(state: &Path) -> Option<u64> {
    let last = Filter {
        last: Some(1),
        ..Filter::default()
    };
    let entries = AuditReader::open(state)
        .and_then(|log| log.collect(&last))
        .ok()?;
    entries.last().map(|entry| entry.seq)
}

fn since(state: &Path, after: Option<u64>) -> Result<Vec<StoredRecord>, String> {
    let filter = Filter {
        after,
        ..Filter::default()
    };
    AuditReader::open(state)
        .and_then(|log| log.collect(&filter))
        .map_err(|error| error.to_string())
}

/// One decision of the gate, as the record has it.
fn print_decision(entry: &StoredRecord) {
    let record = &entry.record;
    if record.handle == Handle::Tool || record.kind == Kind::Outcome {
        return;
    }
    let style = output::of(record.verdict);
    output::data(format_args!(
        "   {style}{:<5}{style:#} {} {}",
        record.verdict, record.verbs, record.object
    ));
    let deciding = record
        .reasons
        .iter()
        .filter(|reason| reason.verdict == record.verdict);
    for reason in deciding.filter(|reason| reason.verdict != Verdict::Allow) {
        output::data(format_args!("         because {}", reason.text));
    }
}

/// A tool's answer on one line.
fn answer(reply: &Reply) -> String {
    let texts: Vec<String> = reply
        .output
        .content
        .iter()
        .map(|part| match part {
            Content::Text { text } => visible(text.trim_end()),
            _ => "(not text)".to_owned(),
        })
        .collect();
    shorten(&texts.join(" "), 160)
}
