//! `toolkeep audit`: look at, verify and seal the record.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::output::{self, BAD, FAINT, GOOD};
use super::{Where, could_not_start};
use crate::api::error::StartError;
use crate::api::operator::{default_state_folder, read_config, state_folder};
use crate::base::clock::Timestamp;
use crate::base::id::{CallId, Name, SessionId};
use crate::base::text::visible;
use crate::rules::verb::{Handle, Verb};
use crate::rules::verdict::Verdict;
use crate::store::audit::log::{AuditLog, Options as LogOptions};
use crate::store::audit::query::{AuditReader, Filter, StoredRecord};
use crate::store::audit::record::{Kind, Record, Status};
use crate::store::audit::verify::verify;
use crate::store::error::StoreError;

#[derive(Subcommand)]
pub enum Command {
    /// Print entries of the record
    Show(Show),
    /// Prove that no entry was changed, cut, reordered or added
    Verify(Verify),
    /// Sign the record as it stands, and print the checkpoint
    Checkpoint(Seal),
}

#[derive(Args)]
pub struct Show {
    #[command(flatten)]
    place: Where,
    /// Only this conversation
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Only this call
    #[arg(long, value_name = "ID")]
    call: Option<CallId>,
    /// Only this plugin
    #[arg(long, value_name = "NAME")]
    plugin: Option<Name>,
    /// Only this tool
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Only this kind of access: tool, fs or config
    #[arg(long, value_parser = word::<Handle>)]
    handle: Option<Handle>,
    /// Only this verb: call, list, stat, read, create, modify or delete
    #[arg(long, value_parser = word::<Verb>)]
    verb: Option<Verb>,
    /// Only this verdict: allow, ask or deny
    #[arg(long, value_parser = word::<Verdict>)]
    verdict: Option<Verdict>,
    /// Only this kind of entry: intent, outcome, access or refusal
    #[arg(long, value_parser = word::<Kind>)]
    kind: Option<Kind>,
    /// Only entries after this sequence number
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Only the last N entries
    #[arg(long, value_name = "N")]
    last: Option<u64>,
    /// Only entries of the last N minutes
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Also print why
    #[arg(long)]
    why: bool,
    /// Print each entry as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    place: Where,
    /// Also hold the record against checkpoints kept elsewhere
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Check signatures with this verifier key, or the one in this file, not with the one in the state
    /// folder
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Seal {
    #[command(flatten)]
    place: Where,
}

/// A word of ours from the command line.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value).map_err(|_| "not one of its words; see --help".to_owned())
}

pub async fn run(command: Command) -> Exit {
    match command {
        Command::Show(options) => show(&options),
        Command::Verify(options) => prove(&options),
        Command::Checkpoint(options) => seal(&options).await,
    }
}

/// The state folder: of all commands these must work without an operator's file too.
fn state(place: &Where) -> Result<PathBuf, Exit> {
    if let Some(state) = &place.state {
        return Ok(state.clone());
    }
    let found = if place.config.exists() {
        read_config(&place.config).and_then(|(config, folder)| state_folder(&config, &folder))
    } else {
        default_state_folder().ok_or(StartError::NoState)
    };
    found.map_err(|failed| could_not_start(&failed))
}

fn failed(error: &StoreError) -> Exit {
    output::error(error);
    output::hint(error.hint());
    match error {
        StoreError::Missing { .. } | StoreError::Key { .. } => Exit::Usage,
        _ => Exit::Record,
    }
}

fn show(options: &Show) -> Exit {
    let state = match state(&options.place) {
        Ok(state) => state,
        Err(exit) => return exit,
    };
    let since = options.minutes.map(|minutes| {
        let micros = minutes.saturating_mul(60_000_000);
        Timestamp::from_micros(Timestamp::now().micros().saturating_sub(micros))
    });
    let filter = Filter {
        session: options.session.clone(),
        call: options.call.clone(),
        plugin: options.plugin.clone(),
        tool: options.tool.clone(),
        handle: options.handle,
        verb: options.verb,
        verdict: options.verdict,
        kind: options.kind,
        since,
        last: options.last,
        after: options.after,
        ..Filter::default()
    };
    let mut exit = Exit::Done;
    let read = AuditReader::open(&state).and_then(|log| {
        log.each(&filter, |entry| {
            match entry {
                Ok(entry) if options.json => {
                    output::json(&entry);
                }
                Ok(entry) => print_entry(&entry, options.why),
                Err(error) => exit = failed(&error),
            }
            ControlFlow::Continue(())
        })
    });
    match read {
        Ok(()) => exit,
        Err(error) => failed(&error),
    }
}

/// One entry on one line, for a person.
pub fn print_entry(entry: &StoredRecord, why: bool) {
    let record = &entry.record;
    let style = output::of(record.verdict);
    let broken = if entry.intact {
        String::new()
    } else {
        format!(" {BAD}CHANGED{BAD:#}")
    };
    let line = format!(
        "{FAINT}{:>6} {}{FAINT:#} {}/{} {style}{:<5}{style:#} {} {} {}  {}{broken}",
        entry.seq,
        record.time,
        record.plugin,
        visible(&record.tool),
        headline(record),
        record.handle,
        record.verbs,
        visible(&record.object),
        ending(record),
    );
    output::data(line.trim_end());
    if why && !matches!(record.kind, Kind::Outcome) {
        for reason in &record.reasons {
            let text = visible(&reason.text);
            output::data(format_args!("         {} because {text}", reason.verdict));
        }
        if let Some(approval) = &record.approval {
            output::data(format_args!("         answered in {}", visible(approval)));
        }
    }
}

/// What an entry tells, in one word.
fn headline(record: &Record) -> &'static str {
    match (record.kind, record.verdict) {
        (Kind::Intent, _) => "will",
        (Kind::Outcome, _) => "did",
        (Kind::Access, _) => "allow",
        (Kind::Refusal, Verdict::Ask) => "ask",
        (Kind::Refusal, _) => "deny",
    }
}

/// How it ended, where the entry tells that.
fn ending(record: &Record) -> String {
    let Some(outcome) = &record.outcome else {
        return String::new();
    };
    let mut text = match outcome.status {
        Status::Done => "done",
        Status::Failed => "failed",
        Status::Stopped => "stopped",
        Status::Refused => "refused",
        Status::Abandoned => "abandoned",
    }
    .to_owned();
    if let Some(error) = &outcome.error {
        text.push_str(&format!(" ({error})"));
    }
    if let Some(bytes) = outcome.bytes_read {
        text.push_str(&format!(", {bytes} bytes read"));
    }
    if let Some(bytes) = outcome.bytes_written {
        text.push_str(&format!(", {bytes} bytes written"));
    }
    text
}

fn prove(options: &Verify) -> Exit {
    let state = match state(&options.place) {
        Ok(state) => state,
        Err(exit) => return exit,
    };
    // The key itself, or where it is kept.
    let key = options.key.as_ref().map(|key| {
        let kept = std::fs::read_to_string(key);
        kept.map_or_else(|_| key.clone(), |text| text.trim().to_owned())
    });
    let report = match verify(&state, options.checkpoint.as_deref(), key.as_deref()) {
        Ok(report) => report,
        Err(error) => return failed(&error),
    };
    let sound = report.is_sound();
    if options.json {
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        let unknown: Vec<_> = report
            .unknown
            .iter()
            .map(|(call, step, seq)| json!({ "call": call, "step": step, "seq": seq }))
            .collect();
        output::json(&json!({
            "sound": sound,
            "records": report.records,
            "root": report.root,
            "checkpoints": report.checkpoints_checked,
            "sealed": report.sealed,
            "external": report.external.as_ref().map(|external| json!({
                "agreed": external.agreed,
                "size": external.size,
            })),
            "erased": report.erased,
            "unknown": unknown,
            "findings": findings,
            "moreFindings": report.more_findings,
        }));
    } else {
        let (style, word) = if sound {
            (GOOD, "sound")
        } else {
            (BAD, "BROKEN")
        };
        output::data(format_args!(
            "{style}{word}{style:#}: {}, root {}",
            output::count(report.records, "record"),
            report.root
        ));
        output::data(format_args!(
            "  under a signature: {}; checkpoints that agree: {}",
            output::count(report.sealed, "record"),
            report.checkpoints_checked
        ));
        if let Some(external) = &report.external {
            output::data(match external.agreed {
                0 => "  no checkpoint kept elsewhere agrees".to_owned(),
                agreed => format!(
                    "  {} kept elsewhere agree with the first {}",
                    output::count(agreed, "checkpoint"),
                    output::count(external.size, "record")
                ),
            });
        }
        if report.erased > 0 {
            output::data(format_args!("  {} texts were erased", report.erased));
        }
        for (call, step, seq) in report.unknown.iter().take(20) {
            output::data(format_args!(
                "  record {seq}: how it ended is unknown (call {call}, step {step})"
            ));
        }
        if report.unknown.len() > 20 {
            output::data(format_args!(
                "  and {} more of unknown end",
                report.unknown.len() - 20
            ));
        }
    }
    for finding in &report.findings {
        output::error(finding);
    }
    if report.more_findings > 0 {
        output::error(format_args!("and {} more", report.more_findings));
    }
    if sound { Exit::Done } else { Exit::Record }
}

/// Where the operator's file says that checkpoints go besides.
fn second_place(place: &Where) -> Option<PathBuf> {
    let (config, folder) = read_config(&place.config).ok()?;
    config.audit.checkpoint_to.map(|path| folder.join(path))
}

async fn seal(options: &Seal) -> Exit {
    let state = match state(&options.place) {
        Ok(state) => state,
        Err(exit) => return exit,
    };
    // A checkpoint is of a log that is there; it does not make one.
    if let Err(error) = AuditReader::open(&state) {
        return failed(&error);
    }
    let options = LogOptions {
        checkpoint_to: second_place(&options.place),
        ..LogOptions::default()
    };
    let sealed = match AuditLog::open(&state, options) {
        Ok(log) => log.seal().await,
        Err(error) => Err(error),
    };
    match sealed {
        Ok(Some(checkpoint)) => {
            output::data(checkpoint.note.trim_end());
            Exit::Done
        }
        Ok(None) => {
            output::error("the record is empty, so there is nothing to sign");
            Exit::Failed
        }
        Err(error) => failed(&error),
    }
}
