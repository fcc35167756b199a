//! `toolkeep audit show`: print entries of the record.

use std::ops::ControlFlow;

use clap::Args;

use super::super::Where;
use super::super::exit::Exit;
use super::super::output::{self, BAD, FAINT, Lines};
use super::{failed, state};
use crate::base::clock::Timestamp;
use crate::base::id::{CallId, Name, SessionId};
use crate::base::text::visible;
use crate::rules::verb::{Handle, Verb};
use crate::rules::verdict::Verdict;
use crate::store::audit::query::{AuditReader, Filter, StoredRecord};
use crate::store::audit::record::{Kind, Record, Status};

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

/// A word of ours from the command line.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value).map_err(|_| "not one of its words; see --help".to_owned())
}

pub fn run(options: &Show) -> Exit {
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
    let mut lines = if options.json {
        Lines::plain()
    } else {
        Lines::styled()
    };
    let read = AuditReader::open(&state).and_then(|log| {
        for name in log.lacking() {
            output::warning(format!(
                "records in the spool `{name}` are not in the record: they can't be read, or taken up"
            ));
        }
        let mut found = 0;
        let all = log.each(&filter, |entry| {
            found += 1;
            match entry {
                Ok(entry) if options.json => match serde_json::to_string(&entry) {
                    Ok(line) => lines.add(&line),
                    Err(error) => {
                        output::error(format_args!("cannot write this as JSON: {error}"));
                        exit = Exit::Failed;
                    }
                },
                Ok(entry) => add_entry(&mut lines, &entry, options.why),
                Err(error) => {
                    lines.print();
                    exit = failed(&error);
                }
            }
            ControlFlow::Continue(())
        });
        // Unless all that was wanted is newer.
        let is_wanted = |last: u64| {
            filter.after.is_none_or(|after| after < last) && filter.last.is_none_or(|many| found < many)
        };
        for (first, last) in log.absent()? {
            if is_wanted(last) {
                output::warning(format!(
                    "records {first} to {last} are archived and not here: none of them is shown"
                ));
            }
        }
        all
    });
    lines.print();
    match read {
        Ok(()) => exit,
        Err(error) => failed(&error),
    }
}

/// One entry on one line, for a person.
pub fn print_entry(entry: &StoredRecord) {
    let mut lines = Lines::styled();
    add_entry(&mut lines, entry, false);
    lines.print();
}

fn add_entry(lines: &mut Lines, entry: &StoredRecord, why: bool) {
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
    lines.add(line.trim_end());
    if why && !matches!(record.kind, Kind::Outcome) {
        for reason in &record.reasons {
            let text = visible(&reason.text);
            lines.add(&format!("         {} because {text}", reason.verdict));
        }
        if let Some(approval) = &record.approval {
            lines.add(&format!("         answered in {}", visible(approval)));
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
    if let Some(code) = outcome.code {
        text.push_str(&format!(", status {code}"));
    }
    if let Some(peer) = &outcome.peer {
        text.push_str(&format!(", from {}", visible(peer)));
    }
    for secret in &outcome.secrets {
        text.push_str(&format!(", with the secret {secret}"));
    }
    if let Some(rows) = outcome.rows {
        text.push_str(&format!(", {rows} rows"));
    }
    if let Some(bytes) = outcome.bytes_read {
        text.push_str(&format!(", {bytes} bytes read"));
    }
    if let Some(bytes) = outcome.bytes_written {
        text.push_str(&format!(", {bytes} bytes written"));
    }
    text
}
