//! Doing more than was granted, hinted or opened for; and reaching for Toolkeep's own files.

use std::fs;

use serde_json::{Value, json};
use toolkeep_tests::{ALL, SECRET};

use crate::case::Outcome::Refused;
use crate::case::{Case, Promise};
use crate::served::{NO, Served};

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("does with each verb what needs another", Promise::DeleteIsNotWrite, Refused("not-granted"), each_verb),
    Case::new("empties a file through a read-only grant (RUSTSEC-2026-0149)", Promise::DeleteIsNotWrite, Refused("not-granted"), truncates),
    Case::new("writes, empties and dates what it opened to read", Promise::OneDoor, Refused("not-granted"), opened_to_read),
    Case::new("moves a folder away from under its descriptor", Promise::OneDoor, Refused("pattern"), moved_away),
    Case::new("changes things from a tool that says it is read-only", Promise::HintsAreTrue, Refused("hint"), read_only_tool),
    Case::new("destroys things from a tool that says it only adds", Promise::HintsAreTrue, Refused("hint"), adding_tool),
    Case::new("reaches for Toolkeep's own config, state, keys and plugins in its grant", Promise::YesIsAPersons, Refused("unreachable"), own_files),
    Case::new("exchanges a link on the way to a plugin", Promise::RealObject, Refused("unreachable"), own_links),
    Case::new("reaches for a config that was replaced while the host runs", Promise::RealObject, Refused("unreachable"), replaced_config),
];

fn only(verbs: &str) -> String {
    format!(
        "[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [{verbs}]\n"
    )
}

fn each_verb() -> Served {
    let mut served = Served::new(&only("\"list\""));
    let steps = |name: &str| {
        json!([
            {"op": "list"},
            {"op": "stat", "path": "a.txt"},
            {"op": "read", "path": "a.txt"},
            {"op": "mkdir", "path": format!("made-{name}")},
            {"op": "open", "path": "a.txt", "flags": "write truncate"},
            {"op": "open", "path": "a.txt", "flags": "truncate"},
            {"op": "times", "path": "a.txt"},
            {"op": "unlink", "path": "b.txt"},
        ])
    };
    let expected = [
        ("list", "11000000"),
        ("stat", "01000000"),
        ("read", "01100000"),
        ("create", "00010000"),
        ("modify", "00001110"),
        ("delete", "00000001"),
    ];
    for (verb, works) in expected {
        // A server that runs on would not take what it did not have before.
        served.rest();
        served.put("data/a.txt", "aaa");
        served.put("data/b.txt", "b");
        served.configure(&only(&format!("{verb:?}")));
        let got: String = served
            .steps(steps(verb))
            .iter()
            .map(|answer| match answer.as_str() {
                NO => '0',
                answer if answer.starts_with("ok") => '1',
                _ => '?',
            })
            .collect();
        assert_eq!(got, works, "{verb}");
        let kept = if verb == "modify" { "" } else { "aaa" };
        assert_eq!(served.get("data/a.txt"), kept, "{verb}");
        assert_eq!(served.has("data/b.txt"), verb != "delete", "{verb}");
    }
    served
}

fn truncates() -> Served {
    let mut served = Served::new(&only("\"list\", \"stat\", \"read\""));
    served.put("data/a.txt", "aaa");
    let open = |flags: &str| json!({"op": "open", "path": "a.txt", "flags": flags});
    served.refuses(&[
        // The advisory's: to read, and emptied on the way.
        open("read truncate"),
        open("truncate"),
        open("read truncate nofollow"),
        open("truncate create read"),
        open("write truncate"),
        open("read write"),
    ]);
    served.answers(
        json!([
            open("read") ,
            {"op": "open", "path": "a.txt", "flags": "read", "save": "r"},
            {"op": "fd-size", "at": "r", "size": 0},
            {"op": "fd-read", "at": "r"},
        ]),
        &["ok", "ok", NO, "ok aaa"],
    );
    assert_eq!(served.get("data/a.txt"), "aaa");
    served
}

fn opened_to_read() -> Served {
    let mut served = Served::granting("[plugins.hostile.tools.raw_adds]\nallow = [\"read\"]\n");
    served.put("data/a.txt", "aaa");
    served.answers(
        json!([
            {"op": "open", "path": "a.txt", "flags": "read", "save": "r"},
            {"op": "fd-write", "at": "r", "text": "b"},
            {"op": "fd-write-stream", "at": "r", "text": "b"},
            {"op": "fd-size", "at": "r", "size": 0},
            {"op": "fd-times", "at": "r"},
            {"op": "open", "path": "a.txt", "flags": "write", "save": "w"},
            {"op": "fd-read", "at": "w"},
            {"op": "fd-size", "at": "/data", "size": 0},
            {"op": "fd-write", "at": "/data", "text": "x"},
            {"op": "fd-times", "at": "/data"},
            {"op": "fd-read", "at": "/data"},
        ]),
        &["ok", NO, NO, NO, NO, "ok", NO, NO, NO, NO, NO],
    );
    assert_eq!(served.get("data/a.txt"), "aaa");
    // What a descriptor was not opened for is no access; to open it for that is one.
    let steps = json!([{"op": "open", "path": "a.txt", "flags": "read write"}]);
    assert_eq!(served.steps_of("raw_adds", steps), [NO]);
    served.rest();
    let reasons = served.records(&["--kind", "refusal"])[0]["reasons"].to_string();
    assert!(reasons.contains("hint"), "{reasons}");
    served.refuses(&[json!({"op": "symlink", "path": "l", "to": "a.txt"})]);
    served
}

/// A descriptor of a folder names paths; it does not carry its folder along. So whatever is done with it
/// is judged by the path that it has then.
fn moved_away() -> Served {
    let mut served = Served::granting("except = [\"private\"]\n");
    served.put("data/free/x", "x");
    served.put("data/private/x", SECRET);
    served.answers(
        json!([
            {"op": "open", "path": "free", "flags": "directory read", "save": "f"},
            {"op": "rename", "path": "free", "to": "moved"},
            {"op": "read", "at": "f", "path": "x"},
            {"op": "mkdir", "path": "free"},
            {"op": "write", "path": "free/x", "text": "other"},
            {"op": "read", "at": "f", "path": "x"},
            {"op": "rename", "path": "private", "to": "mine"},
            {"op": "read", "at": "f", "path": "../private/x"},
            {"op": "close", "at": "f"},
            {"op": "read", "at": "f", "path": "x"},
        ]),
        &[
            "ok",
            "ok",
            "err no-entry",
            "ok",
            "ok",
            "ok other",
            NO,
            NO,
            "ok",
            "err no such descriptor",
        ],
    );
    served
}

fn changes() -> Value {
    json!([
        {"op": "read", "path": "a.txt"},
        {"op": "mkdir", "path": "new"},
        {"op": "write", "path": "a.txt", "text": "b"},
        {"op": "open", "path": "a.txt", "flags": "read truncate"},
        {"op": "rename", "path": "a.txt", "to": "b.txt"},
        {"op": "unlink", "path": "a.txt"},
        {"op": "times", "path": "a.txt"},
    ])
}

fn read_only_tool() -> Served {
    let mut served = Served::granting("");
    served.put("data/a.txt", "a");
    let got = served.steps_of("raw_read_only", changes());
    assert_eq!(got, ["ok a", NO, NO, NO, NO, NO, NO]);
    assert_eq!(served.get("data/a.txt"), "a");
    assert!(!served.has("data/new"));
    served
}

fn adding_tool() -> Served {
    let mut served = Served::granting("");
    served.put("data/a.txt", "a");
    let got = served.steps_of("raw_adds", changes());
    assert_eq!(got, ["ok a", "ok", NO, NO, NO, NO, NO]);
    assert_eq!(served.get("data/a.txt"), "a");
    served
}

fn own_files() -> Served {
    let mut served = Served::new(&format!(
        "[audit]\ncheckpoint_to = \"checkpoints\"\n\
         [data.data]\ndir = \".\"\n[plugins.hostile]\npath = \"plugins/hostile.wasm\"\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n"
    ));
    let plugin = fs::read(toolkeep_tests::hostile()).unwrap();
    served.put("plugins/hostile.wasm", plugin);
    served.put("plugins/free.txt", "free");
    fs::hard_link(served.path("toolkeep.toml"), served.path("hard.toml")).unwrap();
    served.link("toolkeep.toml", "soft.toml");
    served.link("state", "soft");
    // The first call makes the state, the second finds it, with a hard link to a key besides.
    served.refuses(&reaching());
    let key = served.path("state/keys/checkpoint.key");
    fs::hard_link(key, served.path("hard.key")).unwrap();
    served.rest();
    served.refuses(&[
        json!({"op": "read", "path": "hard.key"}),
        json!({"op": "write", "path": "hard.key", "text": "evil"}),
    ]);
    served.refuses(&reaching());
    assert_eq!(served.get("plugins/free.txt"), "free");
    assert!(served.get("toolkeep.toml").contains("checkpoints"));
    served
}

fn reaching() -> Vec<Value> {
    let mut steps = Vec::new();
    for path in [
        "toolkeep.toml",
        "hard.toml",
        "soft.toml",
        "plugins/hostile.wasm",
        "state/audit.db",
        "state/state.db",
        "state/keys/checkpoint.key",
        "state/keys/cache.key",
        "soft/audit.db",
        "state/audit.db-wal",
        "./state/../toolkeep.toml",
        "checkpoints",
        // What is not there tells no more than what is.
        "state/nosuch",
        "state/nosuch/x",
        "state/keys/x",
        "state/spool/x.jsonl",
        "state/audit.db/x",
        "toolkeep.toml/x",
    ] {
        for op in ["read", "stat", "write", "unlink"] {
            // The links themselves are the operator's, not Toolkeep's.
            if !(op == "unlink" && path == "soft.toml") {
                steps.push(json!({"op": op, "path": path, "text": "evil"}));
            }
        }
        if path != "soft.toml" {
            steps.push(json!({"op": "rename", "path": path, "to": "mine"}));
        }
    }
    for path in ["state", "state/keys", "state/code", "state/spool", "soft"] {
        steps.push(json!({"op": "list", "path": path}));
        steps.push(json!({"op": "mkdir", "path": format!("{path}/new")}));
    }
    steps.push(json!({"op": "rename", "path": "state", "to": "mine"}));
    steps.push(json!({"op": "rename", "path": "plugins", "to": "mine"}));
    steps.push(json!({"op": "rename", "path": "outside", "to": "state/x"}));
    steps
}

/// Who can exchange a linked folder on the way to a file decides which file that is.
fn own_links() -> Served {
    let mut served = Served::new(&format!(
        "[data.data]\ndir = \".\"\n[plugins.hostile]\npath = \"current/hostile.wasm\"\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n"
    ));
    let plugin = fs::read(toolkeep_tests::hostile()).unwrap();
    served.put("releases/1/hostile.wasm", plugin);
    served.link("releases/1", "current");
    served.put("evil/hostile.wasm", "evil");
    served.refuses(&[
        json!({"op": "rename", "path": "current", "to": "gone"}),
        json!({"op": "unlink", "path": "current"}),
        json!({"op": "rename", "path": "evil", "to": "current"}),
        json!({"op": "rename", "path": "releases", "to": "gone"}),
        json!({"op": "rename", "path": "releases/1", "to": "gone"}),
        json!({"op": "write", "path": "current/hostile.wasm", "text": "evil"}),
    ]);
    served.answers(
        json!([{"op": "write", "path": "evil/free", "text": "free"}]),
        &["ok"],
    );
    served
}

/// Editors replace a file by a new one. A host that runs on protects that one too.
fn replaced_config() -> Served {
    let mut served = Served::new(&format!(
        "[data.data]\ndir = \".\"\n[plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n"
    ));
    served.client();
    let text = served.get("toolkeep.toml");
    served.put("new.toml", format!("{text}# {SECRET}\n"));
    fs::rename(served.path("new.toml"), served.path("toolkeep.toml")).unwrap();
    fs::remove_dir_all(served.path("other")).unwrap();
    served.link("toolkeep.toml", "other");
    served.refuses(&[
        json!({"op": "read", "path": "toolkeep.toml"}),
        json!({"op": "read", "path": "other"}),
        json!({"op": "write", "path": "toolkeep.toml", "text": "evil"}),
        json!({"op": "unlink", "path": "toolkeep.toml"}),
        json!({"op": "rename", "path": "toolkeep.toml", "to": "mine"}),
    ]);
    served.answers(
        json!([
            {"op": "write", "path": "mine", "text": "evil"},
            {"op": "rename", "path": "mine", "to": "toolkeep.toml"},
        ]),
        &["ok", NO],
    );
    served.client().warning("is in use");
    served
}
