//! A keep as large as one machine should carry: many plugins, many records.

use std::fs;
use std::path::Path;

use toolkeep::base::digest::{Digest, hex};
use toolkeep::base::id::CallId;
use toolkeep::rules::verb::{Handle, Verb, Verbs};
use toolkeep::rules::verdict::Verdict;
use toolkeep::store::audit::record::{Kind, Record};
use toolkeep::store::audit::{AuditLog, Durability, Options};
use wasm_encoder::{CustomSection, Encode as _, Section as _};

/// Writes `count` plugin files into `folder`, each with the code of `plugin` and a digest of its own, and
/// gives the part of an operator's file that names them: `p0`, `p1` and so on.
pub fn plugins(folder: &Path, plugin: &Path, count: usize) -> String {
    let code = fs::read(plugin).unwrap();
    fs::create_dir_all(folder).unwrap();
    let mut config = String::new();
    for number in 0..count {
        let mut file = code.clone();
        let section = CustomSection {
            name: "copy".into(),
            data: number.to_string().into_bytes().into(),
        };
        file.push(section.id());
        section.encode(&mut file);
        let path = folder.join(format!("p{number}.wasm"));
        fs::write(&path, file).unwrap();
        let path = path.display().to_string();
        config.push_str(&format!("[plugins.p{number}]\npath = {path:?}\n"));
    }
    config
}

/// When the first of [`records`] was, and how far they are apart, in microseconds.
const BEGAN: u64 = 1_790_000_000_000_000;
const APART: u64 = 50_000;
/// How many records one call has.
const STEPS: u64 = 8;

/// Writes `count` records of 20 plugins and 1,000 sessions into the log of a state folder, by the log's
/// own door, and closes it. One of 100 was denied.
pub fn records(state: &Path, options: Options, count: u64) {
    let log = AuditLog::open(state, options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        for number in 0..count {
            // Whether it was written is known at the end.
            drop(log.append(record(number), Durability::Written).await);
        }
        log.flush().await.unwrap();
    });
    assert_eq!(log.lost(), 0);
    log.close().unwrap();
}

/// Record `number` of a busy keep.
pub fn record(number: u64) -> Record {
    let call = number / STEPS;
    let step = u32::try_from(number % STEPS).unwrap();
    let json = serde_json::json!({
        "kind": "access",
        "time": BEGAN + number * APART,
        "principal": {"tenant": "local", "user": format!("user-{}", call % 50), "agent": "helper"},
        "session": format!("session-{}", call % 1000),
        "call": "0".repeat(32),
        "step": step,
        "plugin": format!("plugin-{}", call % 20),
        "plugin_digest": Digest::of(b"plugin"),
        "tool": format!("tool_{}", call % 7),
        "handle": "fs",
        "need": "notebook",
        "verbs": ["read"],
        "object": format!("notes:folder/{}/note-{number}.md", number % 97),
        "verdict": "allow",
        "reasons": [{"verdict": "allow", "code": "granted",
            "text": "[plugins.notes.fs.notebook] at toolkeep.toml:7 grants `read`"}],
        "rules": Digest::of(b"rules"),
        "label_before": {"integrity": "trusted", "confidentiality": ["private"]},
        "label_after": {"integrity": "trusted", "confidentiality": ["private"]},
        "outcome": {"bytes_read": 4096, "duration_us": 120, "status": "done"},
    });
    let mut record: Record = serde_json::from_value(json).unwrap();
    record.call = CallId::new(&hex(&Digest::of(&call.to_be_bytes()).as_bytes()[..16])).unwrap();
    match step {
        // The call itself, from intent to outcome.
        0 | 7 => {
            record.handle = Handle::Tool;
            record.verbs = Verbs::one(Verb::Call);
            record.need = None;
            record.step = 0;
            record.kind = [Kind::Intent, Kind::Outcome][usize::from(step == 7)];
        }
        // An effect.
        5 | 6 => {
            record.verbs = Verbs::one(Verb::Modify);
            record.step = 5;
            record.kind = [Kind::Intent, Kind::Outcome][usize::from(step == 6)];
        }
        _ => {}
    }
    if number % 100 == 42 && record.kind == Kind::Access {
        record.kind = Kind::Refusal;
        record.verdict = Verdict::Deny;
        record.outcome = None;
    }
    if record.kind == Kind::Intent {
        record.outcome = None;
    }
    record
}
