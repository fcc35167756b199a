//! Reaching for values by key that are somebody else's, hidden, or not to be changed; keeping too much; and
//! carrying there what must not go there.

use serde_json::{Value, json};
use toolkeep_tests::SECRET;

use crate::case::Outcome::{Failed, Harmless, Refused, Stopped};
use crate::case::{Case, Promise};
use crate::served::{NO, Served, results};

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("does with each verb of keys what needs another", Promise::DeleteIsNotWrite, Refused("not-granted"), each_verb),
    Case::new("reaches for the keys of another plugin, need and user", Promise::DenyUnlessGiven, Harmless("it meets its own keys only"), others_keys),
    Case::new("opens keys for which nothing was granted, or that nobody declared", Promise::DenyUnlessGiven, Refused("no-grant"), nothing_granted),
    Case::new("lists, reads and overwrites keys that a pattern denies", Promise::RealObject, Refused("pattern"), denied_keys),
    Case::new("keeps more keys and bytes than there is room for", Promise::CallEnds, Failed("full"), too_much),
    Case::new("gives keys and values that are none", Promise::RealObject, Harmless("each is told"), odd_keys),
    Case::new("opens the same keys without end", Promise::CallEnds, Stopped("handle-limit"), hoards),
    Case::new("carries a secret that it read into keys that do not accept it", Promise::DataStays, Refused("flow"), secret_to_keys),
    Case::new("carries a secret that it read into a folder that does not accept it", Promise::DataStays, Refused("flow"), secret_to_folder),
    Case::new("reads a secret after it opened the file to carry it into", Promise::DataStays, Refused("flow"), opened_while_clean),
    Case::new("changes keys from a tool that is narrowed to reading", Promise::DeleteIsNotWrite, Refused("narrowed"), narrowed),
];

const ALL: &str = "\"list\", \"get\", \"create\", \"modify\", \"delete\"";

/// A host that gives the plugin these verbs on keys; `more` stands in the grant's table.
fn keys(verbs: &str, more: &str) -> String {
    format!(
        "[data.data]\ndir = \"data\"\n[data.keys]\nkv = \"sqlite:keys.db\"\n\
         [plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [\"list\"]\n\
         [plugins.hostile.kv.keys]\ndata = \"keys\"\nallow = [{verbs}]\n{more}\n"
    )
}

fn steps(served: &mut Served, steps: Value) -> Vec<String> {
    results(&served.call("key_steps", json!({ "steps": steps })))
}

fn each_verb() -> Served {
    let mut served = Served::new(&keys(ALL, ""));
    let expected = [
        ("list", "10000000"),
        ("get", "01100000"),
        ("create", "00010000"),
        ("modify", "00001000"),
        ("delete", "00000001"),
    ];
    for (verb, works) in expected {
        served.rest();
        served.configure(&keys(ALL, ""));
        let prepared = steps(
            &mut served,
            json!([
                {"op": "delete-many", "key": "new", "more": ["a", "b"]},
                {"op": "set-many", "key": "a", "more": ["b"], "text": "1"},
            ]),
        );
        assert_eq!(prepared, ["ok", "ok"]);
        served.rest();
        served.configure(&keys(&format!("{verb:?}"), ""));
        let got: String = steps(
            &mut served,
            json!([
                {"op": "list"},
                {"op": "get", "key": "a"},
                {"op": "exists", "key": "a"},
                {"op": "set", "key": "new", "text": "2"},
                {"op": "set", "key": "a", "text": "2"},
                {"op": "increment", "key": "a"},
                {"op": "swap", "key": "a", "text": "2"},
                {"op": "delete", "key": "b"},
            ]),
        )
        .iter()
        .map(|answer| match answer.as_str() {
            NO => '0',
            answer if answer.starts_with("ok") => '1',
            _ => '?',
        })
        .collect();
        assert_eq!(got, works, "{verb}");
    }
    served
}

fn others_keys() -> Served {
    let named = |plugin: &str, user: &str| {
        keys(ALL, "")
            .replace("plugins.hostile", &format!("plugins.{plugin}"))
            .replace("keys.db\"", &format!("keys.db\"\nprefix = \"{user}/\""))
    };
    let mut served = Served::new(&named("first", "ada"));
    let set = json!([{"op": "set", "key": "mine", "text": SECRET}]);
    assert_eq!(steps(&mut served, set), ["ok"]);
    served.rest();
    for (plugin, user) in [("second", "ada"), ("first", "bob")] {
        served.configure(&named(plugin, user));
        let answers = steps(
            &mut served,
            json!([
                {"op": "list"},
                {"op": "list", "key": "\u{10ffff}"},
                {"op": "get", "key": "mine"},
                {"op": "get", "key": "ada/mine"},
                {"op": "get", "key": "../ada/mine"},
                {"op": "get-many", "key": "mine", "more": ["plugin first keys/mine", "ada/mine"]},
                {"op": "delete", "key": "mine"},
                {"op": "get", "at": "first", "key": "mine"},
                {"op": "get", "at": "plugin first keys", "key": "mine"},
            ]),
        );
        let none = "err no-such-store";
        let expected = [
            "ok", "ok", "ok -", "ok -", "ok -", "ok - - -", "ok", none, none,
        ];
        assert_eq!(answers, expected, "{plugin} {user}");
        served.rest();
    }
    served.configure(&named("first", "ada"));
    let kept = json!([{"op": "exists", "key": "mine"}]);
    assert_eq!(steps(&mut served, kept), ["ok true"]);
    served
}

fn nothing_granted() -> Served {
    let mut served = Served::granting("");
    let tried = json!([{"op": "list"}, {"op": "set", "key": "a"}, {"op": "get", "at": "nowhere"}]);
    assert_eq!(steps(&mut served, tried), [NO, NO, "err no-such-store"]);
    served
}

fn denied_keys() -> Served {
    let mut served = Served::new(&keys(ALL, ""));
    let all = json!([{"op": "set-many", "key": "open/a", "more": ["open/hidden", "private"], "text": SECRET}]);
    assert_eq!(steps(&mut served, all), ["ok"]);
    served.rest();
    served.configure(&keys(
        ALL,
        "only = [\"open/**\"]\nexcept = [\"open/hidden\"]",
    ));
    let answers = steps(
        &mut served,
        json!([
            {"op": "list"},
            {"op": "list", "key": "open/b"},
            {"op": "get", "key": "open/hidden"},
            {"op": "get-many", "key": "open/b", "more": ["private"]},
            {"op": "exists", "key": "private"},
            {"op": "set", "key": "open/hidden", "text": "x"},
            {"op": "set-many", "key": "open/b", "more": ["private"], "text": "x"},
            {"op": "delete", "key": "private"},
            {"op": "increment", "key": "Open/a"},
            {"op": "get", "key": "open/b"},
        ]),
    );
    let expected = ["ok open/a", "ok", NO, NO, NO, NO, NO, NO, NO, "ok -"];
    assert_eq!(answers, expected);
    served
}

fn too_much() -> Served {
    let room = "max_keys = 50\nmax_bytes = \"64 KiB\"";
    let mut served = Served::new(&keys(ALL, room));
    let answers = steps(
        &mut served,
        json!([
            {"op": "fill", "key": "k", "times": 1000},
            {"op": "set", "key": "large", "text": "x", "times": 1 << 20},
            {"op": "set", "key": "k1", "text": "x", "times": 1 << 16},
            {"op": "swap", "key": "k1", "text": "x", "times": 1 << 16},
            {"op": "delete", "key": "k1"},
            {"op": "set", "key": "k2", "text": "x", "times": 1 << 15},
        ]),
    );
    let full = "err there is no room for it";
    assert!(answers[0].starts_with("ok 50, then"), "{answers:?}");
    assert_eq!(answers[1..], [full, full, full, "ok", "ok"]);
    served
}

fn odd_keys() -> Served {
    let mut served = Served::new(&keys(ALL, ""));
    let keys = ["", "a\0b", "a\nb", "a\u{202e}b", &"x".repeat(600)];
    let tried: Vec<Value> = keys
        .iter()
        .flat_map(|key| ["get", "set", "swap", "delete"].map(|op| json!({"op": op, "key": key})))
        .chain([json!({"op": "set", "key": "a", "text": "x", "times": (1 << 20) + 1})])
        .collect();
    for answer in steps(&mut served, json!(tried)) {
        assert!(answer.starts_with("err the "), "{answer}");
    }
    assert_eq!(steps(&mut served, json!([{"op": "list"}])), ["ok"]);
    served
}

fn hoards() -> Served {
    let mut served = Served::new(&keys(ALL, ""));
    let hoard = json!({"steps": [{"op": "hoard", "times": 100_000}]});
    served.stops("key_steps", hoard, "handle-limit");
    served
}

fn secret_to_keys() -> Served {
    let config = keys(ALL, "")
        .replace("dir = \"data\"", "dir = \"data\"\nlabel = [\"hr\"]")
        .replace("[\"list\"]", "[\"list\", \"read\"]");
    let mut served = Served::new(&config);
    let set = json!([{"op": "set", "key": "copy", "text": "old"}]);
    assert_eq!(steps(&mut served, set), ["ok"]);
    served.put("data/secret.txt", SECRET);
    let result = served.call("file_to_key", json!({"path": "/data/secret.txt"}));
    assert_eq!(results(&result), [NO; 4]);
    // The session has seen it now: the next call cannot carry it there either.
    let next = json!([{"op": "set", "key": "copy", "text": "from the model"}, {"op": "get", "key": "copy"}]);
    assert_eq!(steps(&mut served, next), [NO, "ok old"]);
    served
}

fn two_folders() -> Served {
    let all = "allow = [\"list\", \"stat\", \"read\", \"create\", \"modify\", \"delete\"]";
    Served::new(&format!(
        "[data.data]\ndir = \"data\"\n[data.other]\ndir = \"other\"\nlabel = [\"hr\"]\n\
         [plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\n{all}\n\
         [plugins.hostile.fs.other]\ndata = \"other\"\n{all}\n"
    ))
}

fn secret_to_folder() -> Served {
    let mut served = two_folders();
    served.put("data/a.txt", "old");
    served.put("other/secret.txt", SECRET);
    served.answers(
        json!([
            {"op": "open", "at": "/other", "path": "secret.txt", "flags": "read"},
            {"op": "open", "path": "b.txt", "flags": "write create"},
            {"op": "open", "path": "a.txt", "flags": "write"},
            {"op": "mkdir", "path": "c"},
            {"op": "unlink", "path": "a.txt"},
            {"op": "read", "path": "a.txt"},
        ]),
        &["ok", NO, NO, NO, NO, "ok old"],
    );
    assert!(!served.has("data/b.txt"));
    served
}

fn opened_while_clean() -> Served {
    let mut served = two_folders();
    served.put("other/secret.txt", SECRET);
    served.answers(
        json!([
            {"op": "open", "path": "b.txt", "flags": "write create", "save": "w"},
            {"op": "fd-write", "at": "w", "text": "before"},
            {"op": "open", "at": "/other", "path": "secret.txt", "flags": "read"},
            {"op": "fd-write", "at": "w", "text": "after"},
            {"op": "fd-write-stream", "at": "w", "text": "after"},
            {"op": "fd-size", "at": "w", "size": 99},
        ]),
        &["ok", "ok", "ok", NO, NO, NO],
    );
    assert_eq!(served.get("data/b.txt"), "before");
    served
}

fn narrowed() -> Served {
    let more = "[plugins.hostile.tools.key_steps]\nallow = [\"list\", \"get\"]";
    let mut served = Served::new(&keys(ALL, more));
    let tried = json!([{"op": "set", "key": "a"}, {"op": "delete", "key": "a"}, {"op": "list"}]);
    assert_eq!(steps(&mut served, tried), [NO, NO, "ok"]);
    served
}
