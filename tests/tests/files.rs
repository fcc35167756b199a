//! Files, worked with as they are meant to be, through raw WASI. Those who attack them are in the suite.

use serde_json::{Value, json};
use toolkeep_tests::{Keep, SECRET};

/// Nothing secret came back, and each step was answered as expected.
#[track_caller]
fn answers(keep: &Keep, steps: Value, expected: &[&str]) {
    let got = keep.steps(steps);
    assert_eq!(got, expected);
    assert!(!got.concat().contains(SECRET), "{got:?}");
    keep.lives();
}

/// The objects of all refusals on record, in order.
fn refused(keep: &Keep) -> Vec<String> {
    keep.records(&["--kind", "refusal"])
        .iter()
        .map(|record| record["object"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn honest_work_is_done_and_recorded() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "hello");
    answers(
        &keep,
        json!([
            {"op": "mounts"},
            {"op": "list"},
            {"op": "read", "path": "a.txt"},
            {"op": "write", "path": "b.txt", "text": "new"},
            {"op": "mkdir", "path": "folder"},
            {"op": "rename", "path": "b.txt", "to": "folder/c.txt"},
            {"op": "unlink", "path": "a.txt"},
            {"op": "stat", "path": "folder/c.txt"},
        ]),
        &[
            "ok /data",
            "ok a.txt",
            "ok hello",
            "ok",
            "ok",
            "ok",
            "ok",
            "ok DescriptorType::RegularFile 3",
        ],
    );
    assert_eq!(keep.get("data/folder/c.txt"), "new");
    assert!(!keep.has("data/a.txt"));
    assert_eq!(refused(&keep), [] as [&str; 0]);
    let effects: Vec<(String, String)> = keep
        .records(&["--kind", "intent", "--handle", "fs"])
        .iter()
        .filter(|record| record["verbs"] != json!(["read"]))
        .map(|record| (record["verbs"].to_string(), record["object"].to_string()))
        .collect();
    let told: Vec<String> = effects.iter().map(|(v, o)| format!("{v} {o}")).collect();
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn dots_that_stay_inside_work() {
    let keep = Keep::granting("");
    keep.put("data/folder/deep/a.txt", "a");
    answers(
        &keep,
        json!([
            {"op": "read", "path": "folder/../folder/./deep//a.txt"},
            {"op": "read", "path": "folder/deep/../../folder/deep/a.txt"},
            {"op": "list", "path": "folder/deep/.."},
            {"op": "read", "path": "nowhere/../folder/deep/a.txt"},
        ]),
        &["ok a", "ok a", "ok deep", "ok a"],
    );
}

#[test]
fn links_that_stay_inside_work_and_are_recorded_as_what_they_lead_to() {
    let keep = Keep::granting("");
    keep.put("data/real/deep/a.txt", "a");
    keep.link("real/deep", "data/one");
    keep.link("./one", "data/two");
    keep.link("../data-not", "data/real/dangling");
    keep.link("../real/deep/a.txt", "data/real/file");
    keep.link("new.txt", "data/to-be");
    answers(
        &keep,
        json!([
            {"op": "read", "path": "two/a.txt"},
            {"op": "read", "path": "real/file"},
            {"op": "read", "path": "real/file", "flags": "nofollow"},
            // `..` goes by the path's text, not by where the link leads.
            {"op": "read", "path": "two/../file"},
            {"op": "stat", "path": "two", "flags": "nofollow"},
            {"op": "readlink", "path": "two"},
            {"op": "write", "path": "two/b.txt", "text": "b"},
            {"op": "write", "path": "to-be", "text": "made"},
            {"op": "unlink", "path": "two"},
        ]),
        &[
            "ok a",
            "ok a",
            "err loop",
            "err no-entry",
            "ok DescriptorType::SymbolicLink 5",
            "ok ./one",
            "ok",
            "ok",
            "ok",
        ],
    );
    assert_eq!(keep.get("data/real/deep/b.txt"), "b");
    assert_eq!(keep.get("data/new.txt"), "made");
    assert!(!keep.has("data/two") && keep.has("data/one"));
    let objects: Vec<String> = keep
        .records(&["--handle", "fs", "--kind", "intent"])
        .iter()
        .map(|record| record["object"].as_str().unwrap().to_owned())
        .collect();
    let has = |path: &str| objects.iter().any(|object| object.ends_with(path));
    assert!(has("real/deep/b.txt") && has("new.txt"), "{objects:?}");
    assert!(!has("to-be") && !has("two/b.txt"), "{objects:?}");
}

#[test]
fn config_gives_what_is_granted_and_nothing_else() {
    let keep = Keep::granting(
        "[plugins.hostile.config.settings]\nvalues = { greeting = \"hi\" }\nallow = [\"read\"]\n",
    );
    let said = |key: &str| {
        let ran = keep.call("read_config", &json!({ "key": key })).expect(0);
        ran.json()["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(said("greeting"), "Ok(Some(\"hi\"))");
    assert_eq!(said("missing"), "Ok(None)");
    for key in ["undeclared", "", "PATH", "\u{1b}[2J"] {
        assert!(said(key).starts_with("Err("), "{key}: {}", said(key));
    }
    keep.lives();
}

#[test]
fn an_optional_need_without_a_grant_is_refused_on_record() {
    let keep = Keep::granting("");
    let got = keep.steps(json!([{"op": "read", "at": "/other", "path": "x"}]));
    assert_eq!(got, ["err no such descriptor"]);
    let ran = keep
        .call("read_config", &json!({"key": "greeting"}))
        .expect(0);
    assert!(ran.stdout.contains("Err("), "{ran:?}");
    assert_eq!(
        keep.records(&["--handle", "config", "--verdict", "deny"])
            .len(),
        1
    );
    keep.lives();
}
