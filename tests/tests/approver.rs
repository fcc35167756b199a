//! A person's answer, by way of the Rust API: what a yes lifts, and what nobody can lift.

use std::sync::{Arc, Mutex};

use serde_json::json;
use toolkeep::api::error::CallError;
use toolkeep::api::host::Host;
use toolkeep::gate::approver::{Answer, Approver, Question};
use toolkeep_tests::Keep;

/// Gives one answer to everything, and remembers what it was asked.
struct Person(Answer, Arc<Mutex<Vec<String>>>);

#[async_trait::async_trait]
impl Approver for Person {
    async fn ask(&self, question: &Question) -> Answer {
        let access = &question.access;
        let asked = format!("{} {} {}", question.tool, access.verbs, access.object);
        self.1.lock().unwrap().push(asked);
        self.0
    }
}

const CONFIG: &str = "[data.notes]\ndir = \"data\"\n[plugins.notes]\npath = {notes}\n\
    [plugins.notes.fs.notebook]\ndata = \"notes\"\nallow = [\"list\", \"read\"]\nask = [\"delete\"]\n";

/// What comes of deleting a note when the person answers so: the outcome, and the questions.
async fn delete(keep: &Keep, answer: Answer) -> (Result<(), CallError>, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .approver(Person(answer, Arc::clone(&asked)))
        .build()
        .unwrap();
    let session = keep.session(&host, "s");
    let done = session.call("delete_note", json!({"name": "a"})).await;
    let asked = asked.lock().unwrap().clone();
    (done.map(drop), asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_lifts_an_ask_once_and_is_on_record() {
    let keep = Keep::new(CONFIG);
    keep.put("data/a.md", "a");
    for answer in [Answer::Nobody, Answer::Decline] {
        let (done, asked) = delete(&keep, answer).await;
        assert_eq!(asked, ["delete_note delete notes:a.md"]);
        match answer {
            Answer::Decline => assert!(matches!(done, Err(CallError::Denied { .. })), "{done:?}"),
            _ => assert!(
                matches!(done, Err(CallError::Unanswered { .. })),
                "{done:?}"
            ),
        }
        assert!(keep.has("data/a.md"));
    }
    let (done, asked) = delete(&keep, Answer::Approve).await;
    assert_eq!(asked.len(), 1);
    assert!(done.is_ok(), "{done:?}");
    assert!(!keep.has("data/a.md"));

    let entries = keep.records(&["--verb", "delete"]);
    let told: Vec<String> = entries
        .iter()
        .map(|entry| format!("{} {}", entry["kind"], entry["verdict"]))
        .collect();
    assert_eq!(
        told,
        [
            "\"refusal\" \"ask\"",
            "\"refusal\" \"deny\"",
            "\"intent\" \"allow\"",
            "\"outcome\" \"allow\""
        ]
    );
    assert_eq!(entries[2]["approval"], "approver");
    keep.run(&["audit", "verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_lifts_no_deny() {
    let keep = Keep::new(&CONFIG.replace("ask = [\"delete\"]\n", ""));
    keep.put("data/a.md", "a");
    let (done, asked) = delete(&keep, Answer::Approve).await;
    assert!(matches!(done, Err(CallError::Denied { .. })), "{done:?}");
    assert_eq!(asked, [] as [&str; 0]);
    assert!(keep.has("data/a.md"));
}
