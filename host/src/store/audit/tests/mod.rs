//! Tests that need a whole log.

mod archives;
mod formats;
mod indexes;
mod process;
mod query;
mod rotation;
mod spooled;
mod tamper;
mod trouble;

use std::path::Path;
use std::time::Duration;

use super::ledger::Ledger;
use super::log::{AuditLog, Options};
use super::record::Record;
use super::report::Report;
use super::testing;
use super::verify::verify;

/// Options under which no clock makes a checkpoint.
fn on_demand() -> Options {
    Options {
        checkpoint_to: None,
        checkpoint_every: u64::MAX,
        checkpoint_after: Duration::MAX,
        ..Options::default()
    }
}

/// A log with these records, and a checkpoint after each `every` and at the end.
fn make(state: &Path, records: &[Record], every: usize, copy: Option<&Path>) {
    let mut ledger = Ledger::open(state, copy).unwrap();
    for part in records.chunks(every) {
        ledger.write(part, None, false).unwrap();
        ledger.seal().unwrap();
    }
}

fn plain(count: u32) -> Vec<Record> {
    (0..count).map(testing::plain).collect()
}

fn check(state: &Path) -> Report {
    verify(state, None, None).unwrap()
}

fn findings(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

fn open(state: &Path) -> AuditLog {
    AuditLog::open(state, on_demand()).unwrap()
}
