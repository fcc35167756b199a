use std::path::PathBuf;

use super::*;
use crate::base::content::{Content, Output};
use crate::base::digest::Digest;
use crate::base::id::{Identity as Who, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::gate::approver::{Answer, Approver, Nobody, Question};
use crate::gate::exit::{Ended, leave};
use crate::rules::access::Object;
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::tool::{Hints, ToolInfo};
use crate::rules::verdict::ReasonCode;
use crate::store::approvals::Approvals;
use crate::store::approvals::testing::Person;
use crate::store::audit::{AuditLog, AuditReader, Filter, Options};
use crate::store::sessions::Sessions;

const CONFIG: &str = r#"
[data.notes]
dir = "notes"
label = "private"
[plugins.notes]
path = "notes.wasm"
[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "create"]
ask = ["modify", "delete"]
"#;

pub(super) const MANIFEST: &str = r#"
name = "notes"
version = "1"
description = "keeps notes"
[needs.fs.notebook]
verbs = ["list", "read", "create", "modify", "delete"]
why = "to keep them"
"#;

/// Says the same to everything; waits for ever where it has nothing to say.
pub(super) struct Says(pub(super) Option<Answer>);

#[async_trait::async_trait]
impl Approver for Says {
    async fn ask(&self, question: &Question) -> Answer {
        assert_eq!(question.access.object.to_string(), "notes:a.md");
        match self.0 {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

pub(super) struct Keep {
    pub(super) state: PathBuf,
    pub(super) log: Arc<AuditLog>,
    pub(super) session: Arc<Session>,
    pub(super) patience: Duration,
}

impl Keep {
    pub(super) fn new(name: &str) -> Self {
        let state =
            std::env::temp_dir().join(format!("toolkeep-gate-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        let log = Arc::new(AuditLog::open(&state, Options::default()).unwrap());
        let who = Principal::new(Who::new("local").unwrap(), Who::new("ada").unwrap());
        let sessions = Sessions::open(&state).unwrap();
        let session = Arc::new(Session::new(SessionId::new("s").unwrap(), who, sessions));
        Self {
            state,
            log,
            session,
            patience: Duration::from_millis(50),
        }
    }

    pub(super) async fn call(
        &self,
        approver: impl Approver,
        manifest: &str,
    ) -> Result<Arc<Call>, Refusal> {
        self.limited(approver, manifest, 1000).await
    }

    async fn limited(
        &self,
        approver: impl Approver,
        manifest: &str,
        max_accesses: u64,
    ) -> Result<Arc<Call>, Refusal> {
        let key = Person::new("ada", 1).key().text;
        let config =
            format!("{CONFIG}[approvals]\nkeys = [\"{key}\"]\nconsole_only = [\"delete\"]\n");
        let config = Config::parse("toolkeep.toml", &config).unwrap();
        let manifest = Arc::new(Manifest::parse_toml("plugin.toml", manifest).unwrap());
        let tool = ToolInfo {
            name: ToolName::new("write").unwrap(),
            title: None,
            description: "writes".to_owned(),
            input_schema: serde_json::json!({"type": "object"}).into(),
            output_schema: None,
            hints: Hints::default(),
        };
        let plugin = Name::new("notes").unwrap();
        let scope = Scope::new(&config, &manifest, &tool, &plugin);
        let gate = Gate::new(
            self.state.clone(),
            Arc::clone(&self.log),
            Approvals::open(&self.state).unwrap(),
            Arc::new(approver),
            &config,
            self.patience,
        );
        let identity = Identity {
            call: CallId::new(&"0".repeat(32)).unwrap(),
            plugin,
            plugin_digest: Digest::of(b"plugin"),
            tool: tool.name,
            arguments: Digest::of(b"{}"),
            runtime_call: None,
            trace_parent: None,
        };
        Call::begin(
            Arc::new(gate),
            Arc::clone(&self.session),
            identity,
            Arc::new(serde_json::json!({})),
            scope,
            max_accesses,
            CancelToken::new(),
        )
        .await
    }

    /// The record so far: kind, verdict, verbs and how it ended.
    pub(super) async fn record(&self) -> Vec<String> {
        self.log.flush().await.unwrap();
        let entries = AuditReader::open(&self.state)
            .unwrap()
            .collect(&Filter::default())
            .unwrap();
        entries
            .into_iter()
            .map(|entry| {
                let record = entry.record;
                let ended = record
                    .outcome
                    .map(|outcome| format!(" {:?}", outcome.status));
                let ended = ended.unwrap_or_default();
                format!(
                    "{} {:?} {} {}{ended}",
                    record.step, record.kind, record.verdict, record.verbs
                )
            })
            .collect()
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

pub(super) fn access(verb: Verb) -> Access {
    let data = Name::new("notes").unwrap();
    Access {
        handle: Handle::Fs,
        need: Name::new("notebook").unwrap(),
        verbs: Verbs::one(verb),
        object: Object::Path {
            data,
            path: "a.md".to_owned(),
        },
        is_folder: false,
    }
}

pub(super) fn done() -> Ended {
    let content = vec![Content::Text {
        text: "ok".to_owned(),
    }];
    Ended::Done(Output {
        content,
        structured_content: None,
    })
}

#[tokio::test]
async fn an_effect_is_on_record_before_it_happens_and_after() {
    let keep = Keep::new("effect");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let pass = call
        .judge(access(Verb::Create), Span::Moment)
        .await
        .unwrap();
    assert!(pass.covers(Verb::Create, &access(Verb::Create).object));
    assert!(!pass.covers(Verb::Modify, &access(Verb::Create).object));
    assert!(!pass.covers(Verb::Create, &Object::Tool("a.md".to_owned())));
    assert_eq!(
        keep.record().await,
        ["0 Intent allow call", "1 Intent allow create"]
    );
    pass.settle(Status::Done, None);
    drop(pass);
    leave(&call, done(), 1000).await.unwrap();
    assert_eq!(
        keep.record().await,
        [
            "0 Intent allow call",
            "1 Intent allow create",
            "1 Outcome allow create Done",
            "0 Outcome allow call Done",
        ]
    );
}

#[tokio::test]
async fn what_is_over_at_once_and_changes_nothing_is_one_entry() {
    let keep = Keep::new("moment");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let pass = call.judge(access(Verb::Read), Span::Moment).await.unwrap();
    pass.settle(Status::Done, None);
    drop(pass);
    assert_eq!(
        keep.record().await,
        ["0 Intent allow call", "1 Access allow read Done"]
    );
}

#[tokio::test]
async fn a_pass_and_a_call_that_nobody_ends_are_abandoned_on_record() {
    let keep = Keep::new("abandoned");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    drop(call.judge(access(Verb::Create), Span::Held).await.unwrap());
    drop(call);
    assert_eq!(
        keep.record().await.split_off(2),
        [
            "1 Outcome allow create Abandoned",
            "0 Outcome allow call Abandoned"
        ]
    );
}

#[tokio::test]
async fn only_a_yes_lifts_an_ask() {
    let cases = [
        (Some(Answer::Approve), true, "1 Intent allow delete"),
        (Some(Answer::Decline), false, "1 Refusal deny delete"),
        (Some(Answer::Nobody), false, "1 Refusal ask delete"),
        // Nobody answers in time.
        (None, false, "1 Refusal ask delete"),
    ];
    for (index, (answer, allowed, entry)) in cases.into_iter().enumerate() {
        let keep = Keep::new(&format!("ask-{index}"));
        let call = keep.call(Says(answer), MANIFEST).await.unwrap();
        let judged = call.judge(access(Verb::Delete), Span::Moment).await;
        assert_eq!(judged.is_ok(), allowed, "{answer:?}");
        assert_eq!(keep.record().await.get(1).unwrap(), entry);
        let refusals = call.refusals();
        assert_eq!(refusals.len(), usize::from(!allowed));
        let expected = if answer == Some(Answer::Decline) {
            Verdict::Deny
        } else {
            Verdict::Ask
        };
        assert!(
            refusals.iter().all(|refusal| refusal.verdict == expected),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn nobody_can_lift_a_deny() {
    let keep = Keep::new("deny");
    let manifest = MANIFEST.replace(r#", "delete"]"#, "]");
    let call = keep
        .call(Says(Some(Answer::Approve)), &manifest)
        .await
        .unwrap();
    assert!(
        call.judge(access(Verb::Delete), Span::Moment)
            .await
            .is_err()
    );
    assert_eq!(keep.record().await.get(1).unwrap(), "1 Refusal deny delete");
}

#[tokio::test]
async fn what_was_allowed_while_clean_is_judged_anew_after_a_read() {
    let keep = Keep::new("recheck");
    let call = keep
        .call(Says(Some(Answer::Approve)), MANIFEST)
        .await
        .unwrap();
    let created = call.judge(access(Verb::Create), Span::Held).await.unwrap();
    let approved = call.judge(access(Verb::Modify), Span::Held).await.unwrap();
    assert_eq!((created.recheck(), approved.recheck()), (Ok(()), Ok(())));
    drop(call.judge(access(Verb::Read), Span::Moment).await.unwrap());
    assert_eq!(call.label().to_string(), "trusted private");
    // A grant still gives the one; the approval of the other was for a clean call.
    assert_eq!(
        (created.recheck(), approved.recheck()),
        (Ok(()), Err(Refused))
    );
}

#[tokio::test]
async fn a_call_without_a_needed_grant_does_not_begin() {
    let keep = Keep::new("no-grant");
    let more = format!("{MANIFEST}\n[needs.fs.other]\nverbs = [\"read\"]\nwhy = \"for more\"\n");
    let refusal = keep.call(Nobody, &more).await.err().unwrap();
    assert_eq!(refusal.verdict, Verdict::Deny);
    assert_eq!(refusal.because().next().unwrap().code, ReasonCode::NoGrant);
    assert!(
        refusal
            .remedies()
            .first()
            .unwrap()
            .contains("[plugins.notes.fs.other]")
    );
    assert_eq!(keep.record().await, ["0 Refusal deny call"]);
    // Without it the plugin can do, if it says so.
    let optional = format!("{more}optional = true\n");
    assert!(keep.call(Nobody, &optional).await.is_ok());
}

#[tokio::test]
async fn accesses_beyond_the_limit_are_refused_and_do_not_fill_the_log() {
    let keep = Keep::new("limit");
    let call = keep.limited(Nobody, MANIFEST, 2).await.unwrap();
    for index in 0..10 {
        let judged = call.judge(access(Verb::Read), Span::Moment).await;
        assert_eq!(judged.is_ok(), index < 2, "{index}");
    }
    assert_eq!(keep.record().await.len(), 1 + 2 + 1);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_does_not_leave() {
    let keep = Keep::new("output");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let left = leave(&call, done(), 10).await.unwrap();
    assert_eq!(left.ended, Ended::Stopped("output-limit"));
    assert_eq!(
        keep.record().await.pop().unwrap(),
        "0 Access allow call Stopped"
    );
}

#[tokio::test]
async fn a_call_whose_end_is_cancelled_still_ends_on_record() {
    let keep = Keep::new("cancelled");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    // Made, and never waited for, as by a runtime that gave up.
    drop(leave(&call, done(), 1000));
    drop(call);
    assert_eq!(
        keep.record().await.pop().unwrap(),
        "0 Access allow call Abandoned"
    );
}

/// Says the same to everything, and counts how often it is asked.
struct Counting(Arc<std::sync::atomic::AtomicUsize>, Answer);

#[async_trait::async_trait]
impl Approver for Counting {
    async fn ask(&self, _question: &Question) -> Answer {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1
    }
}

#[tokio::test]
async fn people_are_asked_only_so_often_and_a_no_is_final() {
    for (answer, questions) in [(Answer::Decline, 1), (Answer::Nobody, 8)] {
        let keep = Keep::new(&format!("tired-{questions}"));
        let asked = Arc::default();
        let call = keep
            .call(Counting(Arc::clone(&asked), answer), MANIFEST)
            .await
            .unwrap();
        for _ in 0..20 {
            assert!(
                call.judge(access(Verb::Delete), Span::Moment)
                    .await
                    .is_err()
            );
        }
        assert_eq!(asked.load(Ordering::Relaxed), questions, "{answer:?}");
    }
}

mod cancelling;
mod narrowing;
mod telling;
