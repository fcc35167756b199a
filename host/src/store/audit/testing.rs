//! Records, folders and processes for the tests of the log.

use std::path::{Path, PathBuf};

use super::record::{Kind, Outcome, Record, Status};
use crate::base::clock::Timestamp;
use crate::base::digest::{Digest, hex};
use crate::base::id::{CallId, Identity, Name, SessionId};
use crate::base::label::{Integrity, Label};
use crate::base::principal::Principal;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{Reason, ReasonCode, Verdict};

/// A record with nothing optional in it.
pub fn plain(step: u32) -> Record {
    Record {
        kind: Kind::Access,
        time: Timestamp::from_micros(1_795_370_400_000_000 + u64::from(step)),
        principal: Principal::new(identity("local"), identity("ada")),
        session: SessionId::new("s-1").unwrap(),
        call: CallId::new(&"0".repeat(32)).unwrap(),
        step,
        runtime_call: None,
        trace_parent: None,
        plugin: Name::new("notes").unwrap(),
        plugin_digest: Digest::of(b"component"),
        tool: "search".to_owned(),
        handle: Handle::Fs,
        need: None,
        verbs: Verbs::one(Verb::Read),
        object: "notes:diary.md".to_owned(),
        arguments: None,
        verdict: Verdict::Allow,
        reasons: vec![],
        approval: None,
        rules: Digest::of(b"rules"),
        label_before: Label::clean(),
        label_after: None,
        outcome: None,
    }
}

/// A record with everything in it.
pub fn full() -> Record {
    let mut principal = Principal::new(identity("local"), identity("ada"));
    principal.agent = Some(identity("helper"));
    principal.roles = [identity("writer"), identity("admin")].into();
    Record {
        principal,
        runtime_call: Some("toolu_01".to_owned()),
        trace_parent: Some(format!("00-{}-{}-01", "a".repeat(32), "b".repeat(16))),
        need: Some(Name::new("notebook").unwrap()),
        verbs: Verbs::one(Verb::Create).with(Verb::Modify),
        arguments: Some(Digest::of(b"{}")),
        verdict: Verdict::Ask,
        reasons: vec![
            Reason {
                verdict: Verdict::Ask,
                code: ReasonCode::Asks,
                text: "because \"it\" asks\n\u{1f}\u{7f}\u{2028}\u{1f600}".to_owned(),
                remedy: Some("toolkeep.toml:7: allow = [\"modify\"]".to_owned()),
            },
            Reason {
                verdict: Verdict::Allow,
                code: ReasonCode::Granted,
                text: "because it is granted".to_owned(),
                remedy: None,
            },
        ],
        approval: Some("approval-1".to_owned()),
        label_after: Some(Label {
            integrity: Integrity::Untrusted,
            confidentiality: ["private", "health"]
                .map(|tag| Name::new(tag).unwrap())
                .into(),
        }),
        outcome: Some(Outcome {
            bytes_read: Some(17),
            bytes_written: Some(0),
            digest: Some(Digest::of(b"answer")),
            error: Some("no-entry".to_owned()),
            ..Outcome::new(Status::Failed, 1234)
        }),
        ..plain(3)
    }
}

/// Records of every kind, handle, verdict and status.
pub fn varied() -> Vec<Record> {
    let kinds = [Kind::Intent, Kind::Outcome, Kind::Access, Kind::Refusal];
    let handles = [
        Handle::Tool,
        Handle::Fs,
        Handle::Config,
        Handle::Http,
        Handle::Kv,
        Handle::Sql,
    ];
    let verdicts = [Verdict::Allow, Verdict::Ask, Verdict::Deny];
    let statuses = [
        Status::Done,
        Status::Failed,
        Status::Stopped,
        Status::Refused,
        Status::Abandoned,
    ];
    let mut out = vec![plain(0), full()];
    for step in 0..30usize {
        let mut record = if step % 2 == 0 { plain(0) } else { full() };
        record.step = step as u32;
        record.kind = kinds[step % kinds.len()];
        record.handle = handles[step % handles.len()];
        record.verdict = verdicts[step % verdicts.len()];
        record.verbs = Verbs::one(Verb::ALL[step % Verb::ALL.len()]).with(Verb::Read);
        record.tool = format!("tool \u{202e}\u{e9} {step}");
        if let Some(outcome) = &mut record.outcome {
            outcome.status = statuses[step % statuses.len()];
            if record.handle != Handle::Fs {
                outcome.code = Some(404);
                outcome.peer = Some("192.0.2.1:443".to_owned());
                outcome.rows = Some(step as u64);
                outcome.secrets = vec![Name::new("token").unwrap()];
            }
        }
        out.push(record);
    }
    out
}

/// An intent, or the outcome of it.
pub fn effect(kind: Kind, call: u32, step: u32) -> Record {
    Record {
        kind,
        call: CallId::new(&format!("{call:032x}")).unwrap(),
        ..plain(step)
    }
}

fn identity(text: &str) -> Identity {
    Identity::new(text).unwrap()
}

/// A folder of its own for one test, gone at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let mut tag = [0u8; 8];
        getrandom::fill(&mut tag).unwrap();
        let path = std::env::temp_dir().join(format!("toolkeep-test-{}", hex(&tag)));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl std::ops::Deref for Folder {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}
