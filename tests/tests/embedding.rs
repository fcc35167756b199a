//! Toolkeep as a library: the example runs, and the API is what a runtime can build on.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use toolkeep::{
    CallError, CallOptions, CancelToken, Event, Events, Host, KvBackend, KvChange, KvError, KvHeld,
    KvRoom, Pass, Reply, Session, StartError, StoreError, async_trait,
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

/// Values in memory, which ends with the program.
#[derive(Clone, Debug, Default)]
struct InMemory(Arc<Mutex<BTreeMap<String, KvHeld>>>);

#[async_trait]
impl KvBackend for InMemory {
    async fn get(&self, _: &Pass, _: &str, key: &str) -> Result<Option<KvHeld>, KvError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn keys(
        &self,
        _: &Pass,
        _: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, KvError> {
        let all = self.0.lock().unwrap();
        let keys = all.keys().filter(|key| key.starts_with(prefix));
        let rest = keys.filter(|key| after.is_none_or(|after| key.as_str() > after));
        Ok(rest.take(limit).cloned().collect())
    }

    async fn apply(
        &self,
        passes: &[Pass],
        _: &str,
        changes: Vec<KvChange>,
        _: KvRoom,
    ) -> Result<(), KvError> {
        assert_eq!(passes.len(), changes.len());
        let mut all = self.0.lock().unwrap();
        for change in changes {
            match change.to {
                Some(value) => drop(all.insert(change.key, KvHeld { value, version: 1 })),
                None => drop(all.remove(&change.key)),
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_program_can_keep_values_in_a_store_of_its_own() {
    let grant = "[plugins.memory]\npath = {memory}\n[plugins.memory.kv.graph]\ndata = \"graph\"\n\
                 allow = [\"list\", \"get\", \"create\", \"modify\"]\n";
    let declared = "label = [\"untrusted\"]\n";
    let keep = Keep::new(&format!(
        "[data.graph]\nkv = \"host:mine\"\n{declared}{grant}"
    ));
    let mine = InMemory::default();
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .kv("mine".parse().unwrap(), mine.clone())
        .build()
        .unwrap();
    let session = keep.session(&host, "s");
    let ada = json!([{"name": "Ada", "entityType": "person", "observations": []}]);
    session
        .call("create_entities", json!({"entities": ada}))
        .await
        .unwrap();
    let kept: Vec<String> = mine.0.lock().unwrap().keys().cloned().collect();
    assert!(kept.contains(&"entity/Ada".to_owned()), "{kept:?}");
    let read = session.call("read_graph", json!({})).await.unwrap();
    assert!(read.output.text().contains("\"Ada\""));
    drop((session, host));

    // It is a place outside: what goes there is on disk before it goes, reading included.
    let records = keep.records(&["--handle", "kv", "--kind", "intent"]);
    let verbs: Vec<String> = records.iter().map(|r| r["verbs"].to_string()).collect();
    for verb in ["create", "get", "list"] {
        let only = format!("[\"{verb}\"]");
        assert!(verbs.contains(&only), "{verbs:?}");
    }

    // Nobody else has it.
    let host = keep.host();
    let session = keep.session(&host, "s");
    let error = session.call("read_graph", json!({})).await.unwrap_err();
    assert!(
        error.to_string().contains("supplies no values `mine`"),
        "{error}"
    );
}
