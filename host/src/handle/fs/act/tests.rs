//! Passes that are real, and for something else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::digest::Digest;
use crate::base::id::{CallId, Identity as Who, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::gate::approver::Nobody;
use crate::gate::call::{Call, Identity, Span};
use crate::gate::cancel::CancelToken;
use crate::gate::door::Gate;
use crate::gate::session::Session;
use crate::handle::fs::place::Place;
use crate::handle::fs::protected::Protected;
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::scope::Scope;
use crate::rules::tool::{Hints, ToolInfo};
use crate::rules::verb::Verbs;
use crate::store::approvals::Approvals;
use crate::store::audit::{AuditLog, Options};
use crate::store::sessions::Sessions;

const VERBS: &str = r#"["list", "stat", "read", "create", "modify", "delete"]"#;

/// A call that is given everything in a folder.
async fn call(state: &Path) -> Arc<Call> {
    let config = format!(
        "[data.notes]\ndir = \"notes\"\n[plugins.notes]\npath = \"notes.wasm\"\n\
         [plugins.notes.fs.notebook]\ndata = \"notes\"\nallow = {VERBS}\n"
    );
    let manifest = format!(
        "name = \"notes\"\nversion = \"1\"\ndescription = \"keeps notes\"\n\
         [needs.fs.notebook]\nverbs = {VERBS}\nwhy = \"to keep them\"\n"
    );
    let config = Config::parse("toolkeep.toml", &config).unwrap();
    let manifest = Arc::new(Manifest::parse_toml("plugin.toml", &manifest).unwrap());
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
    let log = Arc::new(AuditLog::open(state, Options::default()).unwrap());
    let who = Principal::new(Who::new("local").unwrap(), Who::new("ada").unwrap());
    let sessions = Sessions::open(state).unwrap();
    let session = Session::new(SessionId::new("s").unwrap(), who, sessions);
    let gate = Gate::new(
        state.to_owned(),
        log,
        Approvals::open(state).unwrap(),
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
    let session = Arc::new(session);
    Call::begin(
        Arc::new(gate),
        session,
        identity,
        Arc::new(serde_json::json!({})),
        scope,
        100,
        CancelToken::new(),
    )
    .await
    .unwrap()
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("toolkeep-act-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("notes")).unwrap();
    fs::write(folder.join("notes/a"), "a").unwrap();
    fs::write(folder.join("notes/b"), "b").unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_for_one_verb_and_one_object() {
    let folder = folder();
    let call = call(&folder.join("state")).await;
    let (data, need) = (Name::new("notes").unwrap(), Name::new("notebook").unwrap());
    let place = Place::open(&data, &folder.join("notes"), Arc::new(Protected::default())).unwrap();
    let at = |path: &str| place.locate("", path, true, &|_| true).unwrap();
    let (a, b, new) = (at("a"), at("b"), at("new"));
    let read = Open {
        read: true,
        ..Open::default()
    };
    let write = Open {
        write: true,
        ..Open::default()
    };
    let verbs = [Verb::Stat, Verb::Read, Verb::Modify, Verb::Delete];
    for verb in verbs {
        let pass = call
            .judge(a.access(&need, Verbs::one(verb)), Span::Moment)
            .await
            .unwrap();
        // Everything to the other file, and everything else to this one.
        for (file, same) in [(&b, false), (&a, true)] {
            let may = |other: Verb| same && other == verb;
            let refused = |done: Result<(), Errno>| done == Err(Errno::PERM);
            assert!(may(Verb::Stat) || refused(file.stat(&pass).map(drop)));
            assert!(may(Verb::Read) || refused(file.open(&pass, read).map(drop)));
            assert!(may(Verb::Modify) || refused(file.open(&pass, write).map(drop)));
            assert!(may(Verb::Modify) || refused(file.set_times(&pass, None, None)));
            assert!(may(Verb::Delete) || refused(file.delete_file(&pass)));
            assert!(refused(file.delete_folder(&pass)) || may(Verb::Delete));
            assert!(refused(file.rename_to(&pass, &new, &pass)));
        }
        assert_eq!(new.create(&pass, false).map(drop), Err(Errno::PERM));
        assert_eq!(new.create_folder(&pass), Err(Errno::PERM));
        pass.settle_done();
    }
    assert_eq!(fs::read_to_string(folder.join("notes/b")).unwrap(), "b");
    drop(call);
    let _ = fs::remove_dir_all(&folder);
}
