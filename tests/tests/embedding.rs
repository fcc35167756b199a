//! Toolkeep as a library: the example runs, and the API is what a runtime can build on.

use std::error::Error;
use std::process::Command;

use serde_json::{Value, json};
use toolkeep::{
    CallError, CallOptions, CancelToken, Event, Events, Host, Reply, Session, StartError,
    StoreError,
};
use toolkeep_tests::{Keep, Ran, deps, plugin};

#[test]
fn the_example_runs_as_it_reads() {
    // The example builds the plugin itself. That it is built already keeps the run short.
    plugin("plugins/notes");
    let example = deps().parent().unwrap().join("agent-under-test");
    let ran = Ran::of(&mut Command::new(example), None).expect(0);
    // The checkpoint's own lines are new each time: the log's name, its root and the signature.
    let (told, note) = ran.stdout.split_once(", signed:\n").unwrap();
    insta::assert_snapshot!(told);
    let checkpoint = toolkeep::Checkpoint::parse(note).unwrap();
    // One event an entry, but for two questions and their answers; and one call touches nothing, which has
    // one entry for begin and end if it was short.
    let events = told.matches("  event: ").count() as u64;
    let entries = events - 5..=events - 4;
    assert!(entries.contains(&checkpoint.size), "{ran:?}");
}

/// The smallest runtime that there is.
#[tokio::test(flavor = "current_thread")]
async fn a_runtime_with_one_thread_will_do() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    let host = keep.host();
    let session = keep.session(&host, "s");
    let path = json!({"path": "/data/a.txt", "times": 3});
    let (one, other) = tokio::join!(
        session.call("touch_many", path.clone()),
        session.call("touch_many", path)
    );
    assert_eq!(one.unwrap().output.text(), "looked 3 times");
    assert_eq!(other.unwrap().output.text(), "looked 3 times");
    let checkpoint = host.checkpoint().await.unwrap().unwrap();
    assert_eq!(checkpoint.size, keep.records(&[]).len() as u64);
    let verifier = toolkeep::Verifier::new(host.checkpoint_key()).unwrap();
    assert_eq!(verifier.check(&checkpoint.note), Ok(checkpoint));
}

fn shared<T: Clone + Send + Sync + 'static>() {}
fn sent<T: Send + 'static>(_: &T) {}
fn failure<T: Error + Send + Sync + 'static>() {}

#[test]
fn what_runtimes_pass_around_can_be_passed_around() {
    shared::<Host>();
    shared::<Session>();
    shared::<CancelToken>();
    shared::<Event>();
    shared::<Reply>();
    failure::<CallError>();
    failure::<StartError>();
    failure::<StoreError>();
}

/// Never run: it is enough that it compiles.
#[expect(dead_code, reason = "see above")]
fn futures_can_be_spawned(
    host: &'static Host,
    session: &'static Session,
    events: &'static mut Events,
) {
    sent(&session.call("tool", Value::Null));
    sent(&session.call_with("tool", Value::Null, CallOptions::default()));
    sent(&host.checkpoint());
    sent(&events.next());
}
