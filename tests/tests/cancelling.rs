//! Calls that the runtime takes back: each ends, whatever its guest does, and is refused everything.

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use toolkeep::api::error::CallError;
use toolkeep::api::host::Host;
use toolkeep::api::session::{CallOptions, CancelToken, Reply};
use toolkeep::gate::approver::{Answer, Approver, Question};
use toolkeep::handle::report::Said;
use toolkeep_tests::Keep;

/// A call under way, and what it says.
struct Running {
    cancel: CancelToken,
    said: mpsc::UnboundedReceiver<Said>,
    ended: tokio::task::JoinHandle<Result<Reply, CallError>>,
}

impl Running {
    fn start(keep: &Keep, host: &Host, tool: &'static str, arguments: Value) -> Self {
        let session = keep.session(host, "s");
        let cancel = CancelToken::new();
        let (say, said) = mpsc::unbounded_channel();
        let options = CallOptions {
            listener: Some(Box::new(move |said| drop(say.send(said)))),
            cancel: Some(cancel.clone()),
            ..CallOptions::default()
        };
        let ended = tokio::spawn(async move { session.call_with(tool, arguments, options).await });
        Self {
            cancel,
            said,
            ended,
        }
    }

    /// Waits until the guest runs and says so.
    async fn is_under_way(&mut self) {
        assert!(self.said.recv().await.is_some());
    }

    /// Cancels it, and gives the log lines that it said until it ended.
    async fn cancel(mut self) -> Vec<String> {
        self.cancel.cancel();
        let error = self.ended.await.unwrap().unwrap_err();
        let CallError::Stopped { word, why, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*word, "cancelled");
        assert!(why.contains("the runtime cancelled the call"), "{why}");
        let mut lines = Vec::new();
        while let Some(said) = self.said.recv().await {
            if let Said::Log { message, .. } = said {
                lines.push(message);
            }
        }
        lines
    }
}

/// A keep in which nothing but a cancel ends a call soon.
fn keep() -> Keep {
    Keep::granting("[plugins.hostile.limits]\ncpu_ms = 30000\nwall_ms = 30000\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_loops_for_ever_is_stopped() {
    let keep = keep();
    let host = keep.host();
    let mut running = Running::start(&keep, &host, "spin", json!({}));
    running.is_under_way().await;
    running.cancel().await;
    assert_eq!(keep.ending(), "cancelled");
    drop(host);
    keep.lives();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_asks_may_end_by_itself() {
    let keep = keep();
    let host = keep.host();
    let mut running = Running::start(&keep, &host, "tidy_up", json!({}));
    running.is_under_way().await;
    assert_eq!(running.cancel().await, ["tidied up"]);
    // Although it gave an answer.
    assert_eq!(keep.ending(), "cancelled");
    drop(host);
    keep.lives();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_goes_on_is_refused_and_stopped() {
    let keep = keep();
    keep.put("data/old.txt", "old");
    let host = keep.host();
    let mut running = Running::start(&keep, &host, "write_on", json!({"folder": "/data"}));
    running.is_under_way().await;
    assert_eq!(
        running.cancel().await,
        [
            "write on: Err(Uncategorized)",
            "create: Err(PermissionDenied)",
            "modify: Err(PermissionDenied)",
            "read: Err(PermissionDenied)",
            "delete: Err(PermissionDenied)",
        ]
    );
    assert_eq!(keep.get("data/open.txt"), "before");
    assert_eq!(keep.get("data/old.txt"), "old");
    assert!(!keep.has("data/new.txt"));
    assert_eq!(keep.ending(), "cancelled");
    let refused = keep.records(&["--handle", "fs", "--kind", "refusal"]);
    assert!(refused.len() >= 5, "{refused:#?}");
    for record in refused {
        let reasons = record["reasons"].as_array().unwrap();
        assert!(
            reasons.iter().any(|reason| reason["code"] == "cancelled"),
            "{record:#}"
        );
    }
    drop(host);
    keep.lives();
}

/// Never answers, and says when it was asked.
struct Silent(std::sync::Mutex<Option<oneshot::Sender<()>>>);

#[async_trait::async_trait]
impl Approver for Silent {
    async fn ask(&self, _question: &Question) -> Answer {
        let asked = self.0.lock().unwrap().take().unwrap();
        asked.send(()).unwrap();
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_a_person_ends() {
    let keep = Keep::new(
        "[data.notes]\ndir = \"data\"\n[plugins.notes]\npath = {notes}\n\
         [plugins.notes.fs.notebook]\ndata = \"notes\"\nallow = [\"list\", \"read\"]\nask = [\"delete\"]\n",
    );
    keep.put("data/a.md", "a");
    let (asked, was_asked) = oneshot::channel();
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .approver(Silent(std::sync::Mutex::new(Some(asked))))
        .build()
        .unwrap();
    let running = Running::start(&keep, &host, "delete_note", json!({"name": "a"}));
    was_asked.await.unwrap();
    running.cancel().await;
    assert!(keep.has("data/a.md"));
    assert_eq!(keep.ending(), "cancelled");
    let refused = keep.records(&["--verb", "delete"]);
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!(refused[0]["verdict"], "deny");
    keep.run(&["audit", "verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_its_turn_ends() {
    let keep = keep();
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .calls_at_once(1)
        .build()
        .unwrap();
    let mut first = Running::start(&keep, &host, "spin", json!({}));
    first.is_under_way().await;
    // It cannot start as long as the first one spins.
    let second = Running::start(&keep, &host, "noop", json!({}));
    assert_eq!(second.cancel().await, [] as [&str; 0]);
    assert_eq!(keep.ending(), "cancelled");
    first.cancel().await;
    drop(host);
    keep.lives();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_cancelled_lets_nothing_start() {
    let keep = keep();
    let host = keep.host();
    let token = CancelToken::new();
    token.cancel();
    let options = CallOptions {
        cancel: Some(token),
        ..CallOptions::default()
    };
    let steps = json!({"steps": [{"op": "write", "path": "new.txt", "text": "x"}]});
    let session = keep.session(&host, "s");
    let ended = session.call_with("raw_steps", steps, options).await;
    assert!(
        matches!(
            ended,
            Err(CallError::Stopped {
                word: "cancelled",
                ..
            })
        ),
        "{ended:?}"
    );
    assert!(!keep.has("data/new.txt"));
    assert_eq!(keep.ending(), "cancelled");
}
