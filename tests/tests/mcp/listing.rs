//! What clients are told of the server and its tools.

use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::{Client, OLD, code, forms, text};

use crate::notes;

/// The version of the program changes with each release.
fn scrub(mut answer: Value) -> Value {
    for at in [
        "/result/serverInfo/version",
        "/result/_meta/io.modelcontextprotocol~1serverInfo/version",
    ] {
        if let Some(version) = answer.pointer_mut(at) {
            assert_eq!(*version, env!("CARGO_PKG_VERSION"));
            *version = json!("[VERSION]");
        }
    }
    answer
}

#[test]
fn both_eras_are_told_what_this_is() {
    let keep = notes();
    let hello = Client::silent(&keep).hello(OLD, forms());
    insta::assert_snapshot!(
        "the_handshake_of_the_older_era",
        format!("{:#}", scrub(hello))
    );
    let discovered = Client::new(&keep, forms()).ask("server/discover", json!({}));
    insta::assert_snapshot!(
        "the_discovery_of_the_newer_era",
        format!("{:#}", scrub(discovered))
    );
}

#[test]
fn the_older_era_is_met_in_each_of_its_versions() {
    let keep = notes();
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        (OLD, OLD),
        // There is no handshake in the newer era, and none in one that nobody knows.
        ("2026-07-28", OLD),
        ("1999-01-01", OLD),
        ("nonsense", OLD),
    ] {
        let mut client = Client::silent(&keep);
        let hello = client.hello(asked, json!({}));
        assert_eq!(hello["result"]["protocolVersion"], agreed, "{asked}");
        client.lives();
        client.leave();
    }
}

#[test]
fn the_list_says_what_each_tool_may_do() {
    let keep = notes();
    let list = Client::old(&keep, forms()).ask("tools/list", json!({}));
    insta::assert_snapshot!(
        "the_list_of_the_plugin_notes",
        format!("{:#}", list["result"])
    );
    let mut newer = Client::new(&keep, forms()).ask("tools/list", json!({}))["result"].clone();
    for key in ["resultType", "ttlMs", "cacheScope"] {
        assert!(newer.as_object_mut().unwrap().remove(key).is_some());
    }
    assert_eq!(newer, list["result"]);
}

/// The annotations of a tool: whether it only reads, destroys, may be repeated, and reaches outside.
fn annotations(keep: &Keep, tool: &str) -> [bool; 4] {
    let list = Client::old(keep, forms()).ask("tools/list", json!({}));
    let tools = list["result"]["tools"].as_array().unwrap();
    let tool = tools.iter().find(|entry| entry["name"] == tool).unwrap();
    let annotations = &tool["annotations"];
    [
        "readOnlyHint",
        "destructiveHint",
        "idempotentHint",
        "openWorldHint",
    ]
    .map(|hint| annotations[hint].as_bool().unwrap())
}

#[test]
fn annotations_are_what_is_granted_and_held_to() {
    let granting = |verbs: &str, more: &str| {
        Keep::new(&format!(
            "[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {{hostile}}\n\
             [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {verbs}\n{more}"
        ))
    };
    // It never said that it only reads, and still can do nothing else.
    let reads = granting("[\"list\", \"read\"]", "");
    assert_eq!(annotations(&reads, "raw_steps"), [true, false, true, false]);
    let adds = granting("[\"list\", \"create\"]", "");
    assert_eq!(
        annotations(&adds, "raw_steps"),
        [false, false, false, false]
    );
    let deletes = granting("[\"list\", \"delete\"]", "");
    assert_eq!(
        annotations(&deletes, "raw_steps"),
        [false, true, false, false]
    );
    // It says so, and is held to it, whatever is granted.
    assert_eq!(
        annotations(&deletes, "raw_read_only"),
        [true, false, true, false]
    );
    assert!(!annotations(&deletes, "raw_adds")[1]);
    let narrowed = granting(
        "[\"list\", \"write\", \"delete\"]",
        "[plugins.hostile.tools.raw_steps]\nallow = [\"list\"]\n",
    );
    assert_eq!(
        annotations(&narrowed, "raw_steps"),
        [true, false, true, false]
    );
    let steps = json!({"steps": [{"op": "write", "path": "x", "text": "x"}]});
    let result = Client::old(&narrowed, forms()).call("raw_steps", steps);
    assert_eq!(
        result["structuredContent"]["results"],
        json!(["err not-permitted"])
    );
    assert!(!narrowed.has("data/x"));
}

#[test]
fn a_tool_that_may_not_be_called_is_not_listed() {
    // `notes` cannot do without its folder, and has none.
    let keep = Keep::new("[plugins.notes]\npath = {notes}\n[plugins.echo]\npath = {echo}\n");
    for mut client in Client::both(&keep) {
        assert_eq!(client.tools(), ["echo"]);
        let result = client.call("list_notes", json!({}));
        assert_eq!(code(&result), "denied");
        assert!(text(&result).starts_with("denied: "));
        client.leave();
    }
}

#[test]
fn tools_of_one_name_are_told_apart_by_their_plugins() {
    let keep = Keep::new(
        "[plugins.left]\npath = {echo}\n[plugins.right]\npath = {echo}\n\
         [data.data]\ndir = \"data\"\n[plugins.notes]\npath = {notes}\n\
         [plugins.notes.fs.notebook]\ndata = \"data\"\nallow = [\"list\", \"read\"]\n",
    );
    for mut client in Client::both(&keep) {
        let tools = client.tools();
        assert_eq!(tools[0], "delete_note");
        assert!(
            tools.contains(&"left_echo".to_owned()) && tools.contains(&"right_echo".to_owned())
        );
        assert!(!tools.contains(&"echo".to_owned()));
        let result = client.call("right_echo", json!({"text": "x"}));
        assert_eq!(text(&result), "x");
        let answer = client.ask(
            "tools/call",
            json!({"name": "echo", "arguments": {"text": "x"}}),
        );
        assert_eq!(answer["error"]["code"], -32602);
    }
    let called = keep.endings(&[]);
    assert_eq!(called.len(), 2);
    assert!(called.iter().all(|record| record["plugin"] == "right"));
}
