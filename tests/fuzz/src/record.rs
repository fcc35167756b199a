//! Stored records: any texts as one, and a sound log that somebody changed behind the host's back. What is
//! still called sound has to say, byte for byte, what was written.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use toolkeep::fuzzing::open_record;
use toolkeep::store::audit::{AuditLog, AuditReader, Durability, Filter, Options, Record, verify};

use super::arguments::runtime;
use super::folder::Folder;
use super::input::Input;
use super::stored::stored;
use super::tamper::tamper;

/// A row as it stands in the database: number, body, private part and leaf.
pub(crate) type Row = [Cell; 4];

/// Two lines as a record's body and private part; a right record with changes; a few changes to a log; or a
/// record to be written.
pub fn record(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.below(4) {
        0 => {
            let rest = String::from_utf8_lossy(input.rest());
            let (body, private) = rest.split_once('\n').unwrap_or((&rest, "{}"));
            read(body, private);
        }
        1 => {
            // A right record, of which one part or the other was changed.
            let Written { rows, .. } = written();
            let [_, Cell::Text(body), Cell::Text(private), _] = &rows[input.below(rows.len())]
            else {
                panic!("that is how rows are stored");
            };
            let (mut body, mut private) = (body.clone(), private.clone());
            let changed = if input.once_in(2) {
                &mut body
            } else {
                &mut private
            };
            for _ in 0..=input.below(3) {
                let at = changed.floor_char_boundary(input.number() % changed.len().max(1));
                let to = changed.ceil_char_boundary(at + input.below(4));
                changed.replace_range(at..to.min(changed.len()), &input.text(4));
            }
            read(&body, &private);
        }
        2 => changed(&mut input),
        _ => stored(&mut input),
    }
}

fn read(body: &str, private: &str) {
    let Ok(opened) = open_record(body, private) else {
        return;
    };
    // A text that says what was recorded stands there as it was written.
    if opened.faults.is_empty() && opened.erased == 0 {
        let mut texts = vec![opened.record.object];
        for reason in opened.record.reasons {
            texts.push(reason.text);
            texts.extend(reason.remedy);
        }
        let there = |text: &String| private.contains(&inner(text));
        assert!(texts.iter().all(there), "{private}");
    }
}

/// A text as it stands between the quotes of JSON.
fn inner(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// Changes the log, and asks whether that is noticed.
fn changed(input: &mut Input<'_>) {
    let log = written();
    let folder = Folder::new();
    let state = folder.join("state");
    fs::create_dir_all(state.join("keys")).expect("folders can be made");
    fs::write(state.join("keys/checkpoint.pub"), &log.verifier).expect("a file can be written");
    let file = state.join("audit.db");
    fs::write(&file, &log.database).expect("a file can be written");
    let told = {
        let db = Connection::open(&file).expect("the log can be opened");
        // Nothing here has to outlive anything.
        db.pragma_update(None, "synchronous", "OFF")
            .expect("it can be set");
        tamper(input, &db, log.rows.len())
    };
    if input.once_in(16) {
        corrupt(input, &file);
    }
    let report = verify(&state, Some(&log.checkpoints), Some(&log.verifier));
    let mut shown = 0;
    let told_all = AuditReader::open(&state).and_then(|reader| {
        reader.each(&Filter::default(), |_| {
            shown += 1;
            ControlFlow::Continue(())
        })
    });
    let Ok(report) = report else { return };
    assert!(
        report
            .findings
            .iter()
            .all(|finding| !finding.to_string().is_empty())
    );
    if report.is_sound() {
        let db = Connection::open(&file).expect("the log can be opened");
        assert!(
            rows(&db) == log.rows,
            "{told:?} made other rows, and the log is sound"
        );
        assert_eq!(report.records, log.rows.len() as u64, "{told:?}");
        assert!(told_all.is_ok() && shown == log.rows.len(), "{told:?}");
    } else {
        assert!(
            !told.is_empty() || fs::read(&file).ok() != Some(log.database.clone()),
            "nothing was changed"
        );
    }
}

/// Other bytes somewhere in the file.
fn corrupt(input: &mut Input<'_>, file: &Path) {
    let mut bytes = fs::read(file).expect("the log can be read");
    for _ in 0..=input.below(4) {
        let at = (input.number() << 4 | input.below(16)) % bytes.len();
        bytes[at] ^= 1 << input.below(8);
    }
    fs::write(file, bytes).expect("a file can be written");
}

/// A log as it was written, with what a person holds of it elsewhere.
struct Written {
    database: Vec<u8>,
    verifier: String,
    rows: Vec<Row>,
    checkpoints: PathBuf,
    _folder: Folder,
}

fn written() -> &'static Written {
    static WRITTEN: OnceLock<Written> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let folder = Folder::new();
        let (state, checkpoints) = (folder.join("state"), folder.join("checkpoints"));
        let options = Options {
            checkpoint_to: Some(checkpoints.clone()),
            checkpoint_every: u64::MAX,
            checkpoint_after: Duration::MAX,
            ..Options::default()
        };
        let log = AuditLog::open(&state, options).expect("a log can be made");
        let runtime = runtime();
        runtime.block_on(async {
            for step in 0..8 {
                let ticket = log.append(entry(step), Durability::Durable).await;
                ticket.await.expect("it is written");
                if step % 3 == 2 {
                    log.seal().await.expect("a checkpoint can be made");
                }
            }
        });
        let verifier = log.verifier_key().to_owned();
        log.close().expect("the last checkpoint can be made");
        let file = state.join("audit.db");
        let rows = rows(&Connection::open(&file).expect("the log can be opened"));
        let database = fs::read(&file).expect("the log can be read");
        Written {
            database,
            verifier,
            rows,
            checkpoints,
            _folder: folder,
        }
    })
}

fn rows(db: &Connection) -> Vec<Row> {
    let sql = "SELECT seq, CAST(body AS BLOB), typeof(body), CAST(private AS BLOB), typeof(private), leaf \
               FROM record ORDER BY seq";
    let mut statement = db.prepare(sql).expect("the records can be read");
    let text = |bytes: Vec<u8>, kind: String| match String::from_utf8(bytes) {
        Ok(text) if kind == "text" => Cell::Text(text),
        Ok(text) => Cell::Blob(text.into_bytes()),
        Err(error) => Cell::Blob(error.into_bytes()),
    };
    let row = statement.query_map([], |row| {
        let body = text(row.get(1)?, row.get(2)?);
        let private = text(row.get(3)?, row.get(4)?);
        Ok([row.get(0)?, body, private, row.get(5)?])
    });
    row.and_then(Iterator::collect)
        .expect("the records can be read")
}

/// A record, by turns an intent, its outcome, something read and something refused.
pub(crate) fn entry(step: u32) -> Record {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let mut entry = json!({
        "kind": (["intent", "outcome", "access", "refusal"][step as usize % 4]),
        "time": 1_795_370_400_000_000u64 + u64::from(step),
        "principal": {"tenant": "local", "user": "ada", "agent": "helper", "roles": ["writer"]},
        "session": "s-1",
        "call": "0".repeat(32),
        "step": step / 4,
        "plugin": "notes",
        "plugin_digest": digest,
        // What a reader puts in place of bytes that are no text.
        "tool": "search \u{fffd}",
        "handle": "fs",
        "need": "notebook",
        "verbs": ["read", "modify"],
        "object": "notes:diary \u{fffd} \u{1f600}\n\u{7f}.md",
        "verdict": "allow",
        "reasons": [
            {"verdict": "ask", "code": "asks", "text": "because \"it\" asks", "remedy": "allow = [\"modify\"]"},
            {"verdict": "allow", "code": "granted", "text": "it is granted"},
        ],
        "rules": digest,
        "label_before": {"integrity": "trusted", "confidentiality": []},
    });
    if matches!(step % 4, 1 | 2) {
        entry["outcome"] = json!({"duration_us": 12, "status": "done", "bytes_read": 5});
        entry["label_after"] = json!({"integrity": "untrusted", "confidentiality": ["mail"]});
    }
    serde_json::from_value(entry).expect("it is a record")
}
