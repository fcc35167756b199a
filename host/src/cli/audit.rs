//! `toolkeep audit`: look at, verify and seal the record.

mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::output::{self, BAD, GOOD};
use super::{Where, could_not_start};
use crate::api::error::StartError;
use crate::api::operator::{default_state_folder, read_config, state_folder};
use crate::store::audit::log::{AuditLog, Options as LogOptions};
use crate::store::audit::query::AuditReader;
use crate::store::audit::verify::{verify, verify_archive};
use crate::store::error::StoreError;

pub use show::print_entry;

#[derive(Subcommand)]
pub enum Command {
    /// Print entries of the record
    Show(show::Show),
    /// Prove that no entry was changed, cut, reordered or added
    Verify(Verify),
    /// Sign the record as it stands, and print the checkpoint
    Checkpoint(Seal),
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
    /// Verify this archive of the record by itself
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    archive: Option<PathBuf>,
    /// Records before this one are archived elsewhere, and verified there: do not miss them
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    from: u64,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Seal {
    #[command(flatten)]
    place: Where,
}

pub async fn run(command: Command) -> Exit {
    match command {
        Command::Show(options) => show::run(&options),
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

fn prove(options: &Verify) -> Exit {
    // The key itself, or where it is kept.
    let key = options.key.as_ref().map(|key| {
        let kept = std::fs::read_to_string(key);
        kept.map_or_else(|_| key.clone(), |text| text.trim().to_owned())
    });
    let (checkpoints, key) = (options.checkpoint.as_deref(), key.as_deref());
    let report = match &options.archive {
        Some(archive) => verify_archive(archive, checkpoints, key),
        None => match state(&options.place) {
            Ok(state) => verify(&state, checkpoints, key),
            Err(exit) => return exit,
        },
    };
    let mut report = match report {
        Ok(report) => report,
        Err(error) => return failed(&error),
    };
    report.accept_from(options.from);
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
            "from": report.from,
            "records": report.records,
            "root": report.root,
            "checkpoints": report.checkpoints_checked,
            "sealed": report.sealed,
            "external": report.external.as_ref().map(|external| json!({
                "agreed": external.agreed,
                "size": external.size,
                "elsewhere": external.elsewhere,
            })),
            "erased": report.erased,
            "unknown": unknown,
            "moreUnknown": report.more_unknown,
            "findings": findings,
            "moreFindings": report.more_findings,
        }));
    } else {
        let (style, word) = if sound {
            (GOOD, "sound")
        } else if report.is_incomplete() {
            (BAD, "INCOMPLETE")
        } else {
            (BAD, "BROKEN")
        };
        output::data(format_args!(
            "{style}{word}{style:#}: {}, root {}",
            output::count(report.records, "record"),
            report.root
        ));
        if report.from > 0 {
            output::data(format_args!(
                "  from record {} on; nothing is said of those before",
                report.from
            ));
        }
        output::data(format_args!(
            "  under a signature: {}; checkpoints that agree: {}",
            output::count(report.sealed, "record"),
            report.checkpoints_checked
        ));
        if let Some(external) = &report.external {
            if external.elsewhere > 0 {
                output::data(format_args!(
                    "  {} kept elsewhere are of records that are not here",
                    output::count(external.elsewhere, "checkpoint")
                ));
            }
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
        let more = report.unknown.len().saturating_sub(20) as u64 + report.more_unknown;
        if more > 0 {
            output::data(format_args!("  and {more} more of unknown end"));
        }
    }
    for finding in &report.findings {
        output::error(finding);
    }
    if report.more_findings > 0 {
        output::error(format_args!("and {} more", report.more_findings));
    }
    if report.is_incomplete() {
        output::hint(
            "put the archives back into the folder `archive`, or verify them with `--archive FILE` and say `--from SEQ` here",
        );
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
