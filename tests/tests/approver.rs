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

/// What comes of deleting the note `a` when the person answers so: the outcome, and the questions.
async fn delete(keep: &Keep, answer: Answer) -> (Result<(), CallError>, Vec<String>) {
    delete_note(keep, "a", answer).await
}

async fn delete_note(
    keep: &Keep,
    note: &str,
    answer: Answer,
) -> (Result<(), CallError>, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .approver(Person(answer, Arc::clone(&asked)))
        .build()
        .unwrap();
    let session = keep.session(&host, "s");
    let done = session.call("delete_note", json!({"name": note})).await;
    let asked = asked.lock().unwrap().clone();
    (done.map(drop), asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_lifts_an_ask_once_and_is_on_record() {
    let keep = Keep::new(CONFIG);
    keep.put("data/a.md", "a");
    let (done, asked) = delete(&keep, Answer::Nobody).await;
    assert_eq!(asked, ["delete_note delete notes:a.md"]);
    assert!(
        matches!(done, Err(CallError::Unanswered { .. })),
        "{done:?}"
    );
    assert!(keep.has("data/a.md"));

    let (done, asked) = delete(&keep, Answer::Approve).await;
    assert_eq!(asked.len(), 1);
    assert!(done.is_ok(), "{done:?}");
    assert!(!keep.has("data/a.md"));

    // A second time it has to be asked again.
    keep.put("data/a.md", "a");
    let (done, asked) = delete(&keep, Answer::Nobody).await;
    assert_eq!(asked.len(), 1);
    assert!(done.is_err());

    let entries = keep.records(&["--verb", "delete"]);
    let told: Vec<String> = entries
        .iter()
        .map(|entry| format!("{} {}", entry["kind"], entry["verdict"]))
        .collect();
    assert_eq!(
        told,
        [
            "\"refusal\" \"ask\"",
            "\"intent\" \"allow\"",
            "\"outcome\" \"allow\"",
            "\"refusal\" \"ask\"",
        ]
    );
    let approval = entries[1]["approval"].as_str().unwrap();
    assert!(approval.ends_with(" by host"), "{approval}");
    assert_eq!(entries[2]["approval"], approval);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_final_for_what_was_asked_and_for_nothing_else() {
    let keep = Keep::new(CONFIG);
    keep.put("data/a.md", "a");
    keep.put("data/b.md", "b");
    let (done, _) = delete(&keep, Answer::Decline).await;
    assert!(matches!(done, Err(CallError::Denied { .. })), "{done:?}");
    // Another host, another call, and nobody is even asked.
    let (done, asked) = delete(&keep, Answer::Approve).await;
    assert!(matches!(done, Err(CallError::Denied { .. })), "{done:?}");
    assert_eq!(asked, [] as [&str; 0]);
    assert!(keep.has("data/a.md"));
    let (done, _) = delete_note(&keep, "b", Answer::Approve).await;
    assert!(done.is_ok(), "{done:?}");
}
