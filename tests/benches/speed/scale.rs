//! As much as one machine should carry: 1,000 plugins, and 1,000,000 records.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use toolkeep::store::audit::{AuditLog, Durability, Options, Rotation};
use toolkeep_tests::{Ran, command, deps, many, program};

use crate::mcp::until_first_reply;
use crate::table::{Budget, Row, median, ms};

const PLUGINS: usize = 1000;
const STARTS: usize = 15;

const RECORDS: u64 = 1_000_000;
/// How often each search is made.
const SEARCHES: usize = 5;

/// The records of the log that is archived while others are written.
const ARCHIVED: u64 = 100_000;

pub fn rows() -> Vec<Row> {
    let mut rows = vec![plugins()];
    let state = records();
    rows.extend(searches(&state));
    rows.extend(proof(&state));
    rows.extend(archiving());
    rows
}

fn plugins() -> Row {
    let keep = TempDir::new().unwrap();
    let echo = toolkeep_tests::plugin("plugins/echo");
    let config = keep.path().join("toolkeep.toml");
    let text = many::plugins(&keep.path().join("plugins"), &echo, PLUGINS);
    fs::write(&config, text).unwrap();
    let serve = || {
        let mut command = Command::new(program());
        command.arg("serve").arg("--config").arg(&config);
        command.arg("--state").arg(keep.path().join("state"));
        command
    };
    // Files are known only some time after they were written, and once they were read.
    std::thread::sleep(Duration::from_secs(3));
    until_first_reply(serve());
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| until_first_reply(serve())).collect();
    Row {
        name: "1,000 plugins: process start to first reply",
        ours: ms(median(&mut starts)),
        floor: None,
        unit: "ms",
        budget: Budget::AtMost(100.0),
    }
}

/// The state folder with the log that is searched: made once, and kept beside what is built.
fn records() -> PathBuf {
    let kept = deps().join(format!("../../tmp/records-{RECORDS}"));
    if !kept.exists() {
        eprintln!("making {RECORDS} records");
        let draft = kept.with_extension("partial");
        let _ = fs::remove_dir_all(&draft);
        many::records(&draft, Options::default(), RECORDS);
        fs::rename(&draft, &kept).unwrap();
    }
    kept
}

fn audit(state: &Path, args: &[&str]) -> Ran {
    let mut command = command(&[&["audit"], args].concat());
    Ran::of(command.arg("--state").arg(state), None).expect(0)
}

fn searches(state: &Path) -> Vec<Row> {
    let call = many::record(RECORDS / 2).call;
    [
        (
            "1,000,000 records: show --call",
            vec!["--call", call.as_str()],
        ),
        (
            "1,000,000 records: show --session",
            vec!["--session", "session-500"],
        ),
        (
            "1,000,000 records: show --verdict deny",
            vec!["--verdict", "deny"],
        ),
        (
            "1,000,000 records: show --plugin --tool --last 100",
            vec!["--plugin", "plugin-7", "--tool", "tool_3", "--last", "100"],
        ),
        (
            "1,000,000 records: show, a filter that nothing fits",
            vec!["--handle", "config"],
        ),
    ]
    .into_iter()
    .map(|(name, filter)| {
        let args = [vec!["show"], filter].concat();
        audit(state, &args);
        let mut times: Vec<Duration> = (0..SEARCHES).map(|_| audit(state, &args).took).collect();
        Row {
            name,
            ours: ms(median(&mut times)),
            floor: None,
            unit: "ms",
            budget: Budget::AtMost(500.0),
        }
    })
    .collect()
}

fn proof(state: &Path) -> [Row; 2] {
    let verified = audit(state, &["verify"]);
    [
        Row {
            name: "1,000,000 records: verify",
            ours: verified.took.as_secs_f64(),
            floor: None,
            unit: "s",
            budget: Budget::AtMost(10.0),
        },
        Row {
            name: "1,000,000 records: verify, most memory",
            ours: verified.peak as f64 / 1024.0,
            floor: None,
            unit: "MiB",
            budget: Budget::AtMost(64.0),
        },
    ]
}

/// How long it takes, and how long one who has to be sure of a record waits meanwhile.
fn archiving() -> [Row; 2] {
    let keep = TempDir::new().unwrap();
    let state = keep.path().join("state");
    many::records(&state, Options::default(), ARCHIVED);
    let rotation = Rotation {
        bytes: Some(1 << 20),
        age: None,
    };
    let options = Options {
        rotation,
        ..Options::default()
    };
    let log = AuditLog::open(&state, options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (took, longest) = runtime.block_on(async {
        log.seal().await.unwrap();
        let began = Instant::now();
        let mut longest = Duration::ZERO;
        while !is_archived(&state) {
            let asked = Instant::now();
            let record = many::record(ARCHIVED);
            let ticket = log.append(record, Durability::Durable).await;
            ticket.await.unwrap();
            longest = longest.max(asked.elapsed());
            std::thread::sleep(Duration::from_millis(1));
        }
        (began.elapsed(), longest)
    });
    log.close().unwrap();
    let rate = ARCHIVED as f64 / took.as_secs_f64();
    [
        Row {
            name: "records into an archive, while others are written",
            ours: rate,
            floor: None,
            unit: "records/s",
            budget: Budget::AtLeast(5000.0),
        },
        Row {
            name: "a durable record meanwhile, the slowest",
            ours: ms(longest),
            floor: None,
            unit: "ms",
            budget: Budget::AtMost(250.0),
        },
    ]
}

/// Whether almost all that the log had at first is in an archive, and not in the log any more.
fn is_archived(state: &Path) -> bool {
    let db = rusqlite::Connection::open(state.join("audit.db")).unwrap();
    let first = db.query_row("SELECT size FROM log_begin", [], |row| row.get::<_, i64>(0));
    first.is_ok_and(|first| first > ARCHIVED as i64 * 9 / 10)
}
