//! Buckets over real files, through the real gate.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::backend::{Backend, Room};
use super::sqlite::SqliteKv;
use super::*;
use crate::base::digest::Digest;
use crate::base::id::{CallId, Identity as Who, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::gate::approver::Nobody;
use crate::gate::call::{Call, Identity};
use crate::gate::cancel::CancelToken;
use crate::gate::door::Gate;
use crate::gate::refusal::Refused;
use crate::gate::session::Session;
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::scope::Scope;
use crate::rules::tool::{Hints, ToolInfo};
use crate::store::approvals::Approvals;
use crate::store::audit::testing::Folder;
use crate::store::audit::{AuditLog, Options};
use crate::store::sessions::Sessions;

pub(super) const REFUSED: KvFailure = KvFailure::Refused(Refused);

/// A call that is granted keys as `grant` says.
async fn call(folder: &Path, grant: &str) -> Arc<Call> {
    call_to(folder, "sqlite:graph.db", grant).await
}

/// The same, for keys that are kept at `url`.
pub(super) async fn call_to(folder: &Path, url: &str, grant: &str) -> Arc<Call> {
    let config = format!(
        "[data.graph]\nkv = \"{url}\"\n[plugins.memory]\npath = \"memory.wasm\"\n\
         [plugins.memory.kv.graph]\ndata = \"graph\"\n{grant}\n"
    );
    let manifest = "name = \"memory\"\nversion = \"1\"\ndescription = \"remembers\"\n\
         [needs.kv.graph]\nverbs = [\"list\", \"get\", \"create\", \"modify\", \"delete\"]\n\
         why = \"to keep it\"\n";
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
    let plugin = Name::new("memory").unwrap();
    let scope = Scope::new(&config, &manifest, &tool, &plugin);
    let state = folder.join("state");
    let log = Arc::new(AuditLog::open(&state, Options::default()).unwrap());
    let who = Principal::new(Who::new("local").unwrap(), Who::new("ada").unwrap());
    let session = Session::new(
        SessionId::new("s").unwrap(),
        who,
        Sessions::open(&state).unwrap(),
    );
    let gate = Gate::new(
        state.clone(),
        log,
        Approvals::open(&state).unwrap(),
        Arc::new(Nobody),
        &config,
        Duration::from_millis(50),
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
        Arc::new(session),
        identity,
        Arc::new(serde_json::json!({})),
        scope,
        10_000,
        CancelToken::new(),
    )
    .await
    .unwrap()
}

fn bucket(folder: &Path, namespace: &str, prefix: &str, room: Room) -> Arc<Bucket> {
    let backend = SqliteKv::open(&folder.join("graph.db")).unwrap();
    Arc::new(Bucket {
        need: Name::new("graph").unwrap(),
        data: Name::new("graph").unwrap(),
        backend: Arc::new(backend),
        is_outside: false,
        namespace: namespace.to_owned(),
        prefix: prefix.to_owned(),
        room,
    })
}

pub(super) const ROOM: Room = Room {
    keys: 5000,
    bytes: 1 << 20,
};

pub(super) const ALL: &str = "allow = [\"list\", \"get\", \"create\", \"modify\", \"delete\"]";

pub(super) fn refusals(call: &Call) -> Vec<String> {
    let refusals = call.refusals();
    let shown =
        |refusal: &crate::gate::refusal::Refusal| format!("{} {}", refusal.verbs, refusal.object);
    refusals.iter().map(shown).collect()
}

#[tokio::test]
async fn values_are_kept_and_namespaces_do_not_meet() {
    let folder = Folder::new();
    let call = call(&folder, ALL).await;
    let one = bucket(&folder, "one", "", ROOM);
    let two = bucket(&folder, "two", "", ROOM);
    one.set(&call, "a", b"1".to_vec()).await.unwrap();
    one.set(&call, "a", b"2".to_vec()).await.unwrap();
    two.set(&call, "b", b"3".to_vec()).await.unwrap();
    assert_eq!(one.get(&call, "a").await.unwrap().unwrap(), b"2");
    assert_eq!(two.get(&call, "a").await.unwrap(), None);
    assert!(one.exists(&call, "a").await.unwrap());
    assert_eq!(two.list(&call, None).await.unwrap().keys, ["b"]);
    one.delete_all(&call, vec!["a".to_owned(), "gone".to_owned()])
        .await
        .unwrap();
    assert_eq!(one.list(&call, None).await.unwrap(), Page::default());
    // Another process sees what is kept.
    let again = bucket(&folder, "two", "", ROOM);
    assert_eq!(again.get(&call, "b").await.unwrap().unwrap(), b"3");
}

#[tokio::test]
async fn a_prefix_is_a_wall() {
    let folder = Folder::new();
    let call = call(&folder, ALL).await;
    let ada = bucket(&folder, "n", "users/ada/", ROOM);
    let bob = bucket(&folder, "n", "users/bob/", ROOM);
    ada.set(&call, "x", b"1".to_vec()).await.unwrap();
    bob.set(&call, "y", b"2".to_vec()).await.unwrap();
    assert_eq!(ada.list(&call, None).await.unwrap().keys, ["x"]);
    for cursor in ["", "../", "users/", "zzz", "\u{10ffff}"] {
        let page = bob.list(&call, Some(cursor.to_owned())).await.unwrap();
        assert!(page.keys.iter().all(|key| key == "y"), "{cursor}");
    }
    for key in ["../ada/x", "users/ada/x", "/x"] {
        assert_eq!(bob.get(&call, key).await.unwrap(), None, "{key}");
    }
}

#[tokio::test]
async fn creating_modifying_and_deleting_are_apart() {
    let folder = Folder::new();
    let call = call(
        &folder,
        "allow = [\"list\", \"get\", \"create\"]\nask = [\"delete\"]",
    )
    .await;
    let keys = bucket(&folder, "n", "", ROOM);
    keys.set(&call, "a", b"1".to_vec()).await.unwrap();
    assert_eq!(keys.set(&call, "a", b"2".to_vec()).await, Err(REFUSED));
    assert_eq!(
        keys.delete_all(&call, vec!["a".to_owned()]).await,
        Err(REFUSED)
    );
    assert_eq!(keys.increment(&call, "a", 1).await, Err(REFUSED));
    let cas = keys.cas(&call, "a").await.unwrap();
    assert_eq!(cas.current(), Some(&b"1"[..]));
    assert_eq!(keys.swap(&call, cas, b"3".to_vec()).await, Err(REFUSED));
    // One that is refused keeps the others of its batch from happening.
    let many = vec![
        ("b".to_owned(), b"1".to_vec()),
        ("a".to_owned(), b"2".to_vec()),
    ];
    assert_eq!(keys.set_all(&call, many).await, Err(REFUSED));
    assert_eq!(keys.list(&call, None).await.unwrap().keys, ["a"]);
    assert_eq!(keys.get(&call, "a").await.unwrap().unwrap(), b"1");
    let expected = ["modify", "delete", "modify", "modify", "modify"];
    let expected = expected.map(|verb| format!("{verb} graph:a"));
    assert_eq!(refusals(&call), expected);
}

#[tokio::test]
async fn patterns_hide_keys() {
    let folder = Folder::new();
    let all = call(&folder, ALL).await;
    let keys = bucket(&folder, "n", "", ROOM);
    for key in ["open/a", "open/secret", "private", "z"] {
        keys.set(&all, key, b"1".to_vec()).await.unwrap();
    }
    drop(all);
    let grant = format!("{ALL}\nonly = [\"open/**\"]\nexcept = [\"open/secret\"]");
    let some = call(&folder, &grant).await;
    assert_eq!(keys.list(&some, None).await.unwrap().keys, ["open/a"]);
    for key in ["open/secret", "private", "z", "open/secret/x", "Open/a"] {
        assert_eq!(keys.get(&some, key).await, Err(REFUSED), "{key}");
        assert_eq!(
            keys.set(&some, key, Vec::new()).await,
            Err(REFUSED),
            "{key}"
        );
    }
    assert!(keys.get(&some, "open/a").await.is_ok());
}

#[tokio::test]
async fn there_is_so_much_room() {
    let folder = Folder::new();
    let call = call(&folder, ALL).await;
    let room = Room {
        keys: 2,
        bytes: 100,
    };
    let keys = bucket(&folder, "n", "", room);
    let full = Err(KvFailure::Failed("there is no room for it"));
    keys.set(&call, "a", vec![0; 40]).await.unwrap();
    keys.set(&call, "b", vec![0; 40]).await.unwrap();
    assert_eq!(keys.set(&call, "c", Vec::new()).await, full);
    assert_eq!(keys.set(&call, "a", vec![0; 60]).await, full);
    keys.set(&call, "a", vec![0; 50]).await.unwrap();
    keys.delete_all(&call, vec!["a".to_owned()]).await.unwrap();
    keys.set(&call, "c", vec![0; 57]).await.unwrap();
    assert_eq!(keys.set(&call, "c", vec![0; 60]).await, full);
    // Another namespace has a room of its own.
    let other = bucket(&folder, "m", "", room);
    other.set(&call, "a", vec![0; 90]).await.unwrap();
}

#[tokio::test]
async fn odd_keys_and_large_values_are_told() {
    let folder = Folder::new();
    let call = call(&folder, ALL).await;
    let keys = bucket(&folder, "n", "", ROOM);
    for key in ["", "a\0b", "a\nb", "a\u{202e}b", &"x".repeat(513)] {
        let set = keys.set(&call, key, Vec::new()).await;
        assert!(matches!(set, Err(KvFailure::Failed(_))), "{key:?}");
        assert!(keys.get(&call, key).await.is_err(), "{key:?}");
    }
    let large = keys.set(&call, "a", vec![0; (1 << 20) + 1]).await;
    assert_eq!(
        large,
        Err(KvFailure::Failed("the value is larger than 1 MiB"))
    );
    let twice = vec![("a".to_owned(), Vec::new()), ("a".to_owned(), Vec::new())];
    assert!(keys.set_all(&call, twice).await.is_err());
    keys.set(&call, "text", b"x".to_vec()).await.unwrap();
    assert!(keys.increment(&call, "text", 1).await.is_err());
    assert_eq!(keys.list(&call, None).await.unwrap().keys, ["text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_s_change_is_lost() {
    let folder = Folder::new();
    let call = call(&folder, ALL).await;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        // Each with connections of its own, as another process has.
        let keys = bucket(&folder, "n", "", ROOM);
        let call = Arc::clone(&call);
        tasks.push(tokio::spawn(async move {
            let mut added = 0;
            while added < 25 {
                added += i64::from(keys.increment(&call, "sum", 1).await.is_ok());
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let keys = bucket(&folder, "n", "", ROOM);
    assert_eq!(keys.get(&call, "sum").await.unwrap().unwrap(), b"100");
    // What was exchanged meanwhile is not exchanged again, even for the same value.
    let cas = keys.cas(&call, "sum").await.unwrap();
    keys.set(&call, "sum", b"0".to_vec()).await.unwrap();
    keys.set(&call, "sum", b"100".to_vec()).await.unwrap();
    let Swapped::Changed(now) = keys.swap(&call, cas, b"7".to_vec()).await.unwrap() else {
        panic!("it was exchanged");
    };
    assert_eq!(now.current(), Some(&b"100"[..]));
    let done = keys.swap(&call, now, b"7".to_vec()).await.unwrap();
    assert_eq!(done, Swapped::Done);
}

#[tokio::test]
async fn pages_go_on_where_the_last_ended() {
    let folder = Folder::new();
    let call = call(&folder, &format!("{ALL}\nexcept = [\"k0*\"]")).await;
    let keys = bucket(&folder, "n", "", ROOM);
    for hundreds in 10..25 {
        let values = (0..100).map(|n| (format!("k{hundreds}{n:02}"), Vec::new()));
        keys.set_all(&call, values.collect()).await.unwrap();
    }
    let first = keys.list(&call, None).await.unwrap();
    assert_eq!(first.keys.len(), 1000);
    assert_eq!(first.cursor.as_deref(), Some("k1999"));
    let second = keys.list(&call, first.cursor).await.unwrap();
    assert_eq!((second.keys.len(), second.cursor), (500, None));
    assert_eq!(second.keys[0], "k2000");
}

#[tokio::test]
async fn a_budget_is_per_call() {
    let folder = Folder::new();
    let grant = format!("{ALL}\nper_call = {{ requests = 3, bytes_out = 10 }}");
    let some = call(&folder, &grant).await;
    let keys = bucket(&folder, "n", "", ROOM);
    assert_eq!(keys.set(&some, "a", vec![0; 11]).await, Err(REFUSED));
    assert_eq!(keys.get(&some, "a").await.unwrap(), None);
    assert_eq!(keys.get(&some, "a").await.unwrap(), None);
    assert_eq!(keys.get(&some, "a").await, Err(REFUSED));
    assert_eq!(refusals(&some), ["create graph:a", "get graph:a"]);
}

#[tokio::test]
async fn a_session_s_budget_is_for_all_its_calls() {
    let folder = Folder::new();
    let grant = format!("{ALL}\nper_session = {{ bytes_out = 10 }}");
    // As in two processes: each call has a session of its own in memory.
    let (one, two) = (call(&folder, &grant).await, call(&folder, &grant).await);
    let keys = bucket(&folder, "n", "", ROOM);
    keys.set(&one, "a", vec![0; 6]).await.unwrap();
    assert_eq!(keys.set(&two, "b", vec![0; 5]).await, Err(REFUSED));
    keys.set(&two, "b", vec![0; 4]).await.unwrap();
    assert_eq!(keys.set(&one, "c", vec![0; 1]).await, Err(REFUSED));
    assert_eq!(refusals(&one), ["create graph:c"]);
    assert_eq!(keys.get(&one, "c").await.unwrap(), None);
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = Folder::new();
    let path = folder.join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE mine (x)").unwrap();
    let error = SqliteKv::open(&path).unwrap_err().to_string();
    assert!(error.contains("a database of something else"), "{error}");
    std::fs::write(
        folder.join("text"),
        "no database at all, but long enough to be read",
    )
    .unwrap();
    assert!(SqliteKv::open(&folder.join("text")).is_err());
    assert!(SqliteKv::open(&folder.join("nowhere/graph.db")).is_err());
    let backend: Arc<dyn Backend> = Arc::new(SqliteKv::open(&folder.join("new.db")).unwrap());
    assert!(format!("{backend:?}").contains("new.db"));
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(folder.join("new.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
