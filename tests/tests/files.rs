//! Files, attacked through raw WASI. Each test says what the host answered, what is on disk, what is
//! on record, and that the host lives on.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use toolkeep_tests::{ALL, Keep, SECRET};

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

const NO: &str = "err not-permitted";

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
fn paths_that_lead_out_are_refused() {
    let keep = Keep::granting("");
    keep.put("data/folder/a.txt", "a");
    let absolute = keep.path("outside/secret.txt");
    let absolute = absolute.to_str().unwrap();
    let paths = [
        "..",
        "../outside/secret.txt",
        "./../outside/secret.txt",
        "folder/../../outside/secret.txt",
        "folder/./../../data/../outside/secret.txt",
        "../data/folder/a.txt",
        absolute,
        "/data/folder/a.txt",
        "/proc/self/environ",
        "//etc/passwd",
        "/",
    ];
    for op in [
        "read", "stat", "hash", "write", "mkdir", "unlink", "rmdir", "readlink", "times", "list",
    ] {
        let steps: Vec<Value> = paths
            .iter()
            .map(|path| json!({"op": op, "path": path, "text": "overwritten"}))
            .collect();
        assert_eq!(keep.steps(json!(steps)), [NO; 11], "{op}");
    }
    let out = "../outside/secret.txt";
    let ways = json!([
        {"op": "rename", "path": out, "to": "stolen"},
        {"op": "rename", "path": "folder/a.txt", "to": out},
        {"op": "link", "path": out, "to": "stolen"},
        {"op": "open", "path": "folder", "save": "f", "flags": "read directory"},
        {"op": "read", "at": "f", "path": "../../outside/secret.txt"},
        {"op": "read", "at": "f", "path": "../folder/a.txt"},
        {"op": "read", "at": "f", "path": ".."},
    ]);
    // Out of the folder that it holds, though not out of the grant: a descriptor is a hard ceiling.
    assert_eq!(keep.steps(ways), [NO, NO, NO, "ok", NO, NO, NO]);
    assert_eq!(keep.get("outside/secret.txt"), SECRET);
    assert_eq!(refused(&keep).len(), 116);
    keep.lives();
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
fn links_that_lead_out_are_refused() {
    let keep = Keep::granting("");
    keep.link(keep.path("outside/secret.txt"), "data/absolute");
    keep.link("../outside/secret.txt", "data/relative");
    keep.link("../outside", "data/folder");
    keep.link("relative", "data/chain");
    keep.link("/", "data/root");
    keep.link("/proc/self", "data/proc");
    keep.link("loop", "data/loop");
    keep.link("loop-two", "data/loop-one");
    keep.link("loop-one", "data/loop-two");
    let steps = json!([
        {"op": "read", "path": "absolute"},
        {"op": "read", "path": "relative"},
        {"op": "read", "path": "chain"},
        {"op": "read", "path": "folder/secret.txt"},
        {"op": "list", "path": "folder"},
        {"op": "write", "path": "folder/new.txt", "text": "x"},
        {"op": "write", "path": "relative", "text": "x"},
        {"op": "stat", "path": "relative"},
        {"op": "mkdir", "path": "folder/new"},
        {"op": "unlink", "path": "folder/secret.txt"},
        {"op": "rename", "path": "folder/secret.txt", "to": "stolen"},
        {"op": "read", "path": "root/etc/passwd"},
        {"op": "read", "path": "proc/environ"},
        {"op": "list", "path": "proc/fd"},
        {"op": "read", "path": "loop"},
        {"op": "read", "path": "loop-one/x"},
        {"op": "open", "path": "folder", "flags": "directory read", "save": "f"},
        // Where an absolute link points is a path of the host's.
        {"op": "readlink", "path": "absolute"},
    ]);
    assert_eq!(keep.steps(steps), [NO; 18]);
    assert_eq!(keep.get("outside/secret.txt"), SECRET);
    assert_eq!(fs::read_dir(keep.path("outside")).unwrap().count(), 1);
    keep.lives();
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
fn links_cannot_be_made() {
    let keep = Keep::granting(&format!(
        "[plugins.hostile.fs.other]\ndata = \"other\"\nallow = {ALL}\n"
    ));
    keep.put("data/a.txt", "a");
    answers(
        &keep,
        json!([
            {"op": "symlink", "path": "link", "to": "a.txt"},
            {"op": "symlink", "path": "link", "to": "../outside/secret.txt"},
            {"op": "symlink", "path": "link", "to": "/etc/passwd"},
            {"op": "link", "path": "a.txt", "to": "hard"},
            {"op": "link", "path": "a.txt", "to_at": "/other", "to": "hard"},
            {"op": "symlink", "path": "../link", "to": "a.txt"},
        ]),
        &[NO; 6],
    );
    assert!(!keep.has("data/link") && !keep.has("data/hard") && !keep.has("other/hard"));
    assert_eq!(refused(&keep).len(), 6);
}

#[test]
fn what_is_neither_file_nor_folder_cannot_be_reached() {
    let keep = Keep::granting("");
    use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
    let mode = Mode::from_raw_mode(0o666);
    mknodat(CWD, keep.path("data/fifo"), FileType::Fifo, mode, 0).unwrap();
    let null = makedev(1, 3);
    let device = mknodat(
        CWD,
        keep.path("data/null"),
        FileType::CharacterDevice,
        mode,
        null,
    );
    let socket = std::os::unix::net::UnixListener::bind(keep.path("data/socket")).unwrap();
    let mut steps = Vec::new();
    let mut names = vec!["fifo", "socket"];
    // Only root may make devices.
    if device.is_ok() {
        names.push("null");
    }
    for name in names {
        for op in ["read", "write", "stat", "unlink", "times"] {
            steps.push(json!({"op": op, "path": name}));
        }
        steps.push(json!({"op": "rename", "path": name, "to": "x"}));
    }
    let got = keep.steps(json!(steps));
    assert!(got.iter().all(|answer| answer == NO), "{got:?}");
    drop(socket);
    assert!(keep.has("data/fifo") && keep.has("data/socket"));
    keep.lives();
}

#[test]
fn a_rename_is_judged_at_both_ends() {
    let keep = Keep::granting(
        "[plugins.hostile.fs.other]\ndata = \"other\"\nallow = [\"read\", \"create\"]\n",
    );
    keep.put("data/a.txt", "a");
    keep.put("data/b.txt", "b");
    keep.put("other/o.txt", "o");
    keep.put("other/p.txt", "p");
    answers(
        &keep,
        json!([
            // From a grant that does not give delete.
            {"op": "rename", "at": "/other", "path": "o.txt", "to": "stolen.txt"},
            // Over a file in a grant that does not give modify.
            {"op": "rename", "path": "a.txt", "to_at": "/other", "to": "p.txt"},
            // Into one that gives create.
            {"op": "rename", "path": "b.txt", "to_at": "/other", "to": "new.txt"},
        ]),
        &[NO, NO, "ok"],
    );
    assert_eq!(
        (keep.get("other/o.txt"), keep.get("other/p.txt")),
        ("o".into(), "p".into())
    );
    assert_eq!(
        (keep.get("data/a.txt"), keep.get("other/new.txt")),
        ("a".into(), "b".into())
    );
}

#[test]
fn a_rename_carries_nothing_out_of_an_exception() {
    let keep = Keep::granting("except = [\"top/private\", \"**/.git\"]\n");
    keep.put("data/top/private/secret.txt", SECRET);
    keep.put("data/top/public.txt", "public");
    keep.put("data/repo/.git/config", SECRET);
    keep.put("data/free/x.txt", "x");
    answers(
        &keep,
        json!([
            {"op": "rename", "path": "top", "to": "moved"},
            {"op": "rename", "path": "top/", "to": "moved/"},
            {"op": "rename", "path": "./top/.", "to": "moved"},
            {"op": "rename", "path": "top/private", "to": "mine"},
            {"op": "rename", "path": "top/private/", "to": "mine"},
            {"op": "rename", "path": "top/private/secret.txt", "to": "mine.txt"},
            {"op": "rename", "path": "repo", "to": "mine"},
            // Into the exception, too.
            {"op": "rename", "path": "free", "to": "top/private/free"},
            {"op": "rename", "path": "free/x.txt", "to": "free/.git"},
            {"op": "rename", "path": "free", "to": "moved"},
            {"op": "read", "path": "top/private/secret.txt"},
            {"op": "list", "path": "top"},
            {"op": "list", "path": "repo"},
        ]),
        &[
            NO,
            NO,
            NO,
            NO,
            NO,
            NO,
            NO,
            NO,
            NO,
            "ok",
            NO,
            "ok public.txt",
            "ok",
        ],
    );
    assert_eq!(keep.get("data/top/private/secret.txt"), SECRET);
    assert_eq!(keep.get("data/repo/.git/config"), SECRET);
    assert_eq!(keep.get("data/moved/x.txt"), "x");
}

#[test]
fn a_trailing_slash_means_a_folder() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    keep.put("data/b.txt", "b");
    keep.put("data/folder/x", "x");
    answers(
        &keep,
        json!([
            {"op": "rename", "path": "a.txt/", "to": "c.txt"},
            {"op": "rename", "path": "a.txt", "to": "c.txt/"},
            {"op": "rename", "path": "a.txt", "to": "b.txt/"},
            {"op": "read", "path": "a.txt/"},
            {"op": "stat", "path": "a.txt/"},
            {"op": "write", "path": "new/", "text": "x"},
            {"op": "rename", "path": "folder/", "to": "moved/"},
        ]),
        &[
            "err not-directory",
            "err not-directory",
            "err not-directory",
            "err not-directory",
            "err not-directory",
            "err is-directory",
            "ok",
        ],
    );
    assert_eq!(
        (keep.get("data/a.txt"), keep.get("data/b.txt")),
        ("a".into(), "b".into())
    );
    assert_eq!(keep.get("data/moved/x"), "x");
}

#[test]
fn deleting_with_a_trailing_slash_deletes_no_file() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    let got = keep.steps(json!([{"op": "unlink", "path": "a.txt/"}]));
    assert_ne!(got, ["ok"]);
    assert_eq!(keep.get("data/a.txt"), "a");
    keep.lives();
}

#[test]
fn each_verb_is_apart() {
    let config = |verbs: &str| {
        format!(
            "[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {{hostile}}\n\
             [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [{verbs}]\n"
        )
    };
    let keep = Keep::new(&config("\"list\""));
    // What needs which verb. The first of each is the one that is granted.
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
        keep.put("data/a.txt", "aaa");
        keep.put("data/b.txt", "b");
        keep.configure(&config(&format!("{verb:?}")));
        let got: String = keep
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
        assert_eq!(keep.get("data/a.txt"), kept, "{verb}");
        assert_eq!(keep.has("data/b.txt"), verb != "delete", "{verb}");
    }
    keep.lives();
}

#[test]
fn what_was_opened_to_read_cannot_be_written() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "aaa");
    answers(
        &keep,
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
    assert_eq!(keep.get("data/a.txt"), "aaa");
}

#[test]
fn toolkeeps_own_files_cannot_be_reached_though_they_lie_in_the_grant() {
    let keep = Keep::new(&format!(
        "[host]\nstate = \"kept\"\n[audit]\ncheckpoint_to = \"checkpoints\"\n\
         [data.data]\ndir = \".\"\n[plugins.hostile]\npath = \"plugins/hostile.wasm\"\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n"
    ));
    keep.put(
        "plugins/hostile.wasm",
        fs::read(toolkeep_tests::hostile()).unwrap(),
    );
    keep.put("plugins/free.txt", "free");
    fs::hard_link(keep.path("toolkeep.toml"), keep.path("hard.toml")).unwrap();
    keep.link("toolkeep.toml", "soft.toml");
    keep.link("kept", "soft");
    // The first call makes the state, the second finds it, with a hard link to a key besides.
    for round in 0..2 {
        if round == 1 {
            let key = keep.path("kept/keys/checkpoint.key");
            fs::hard_link(key, keep.path("hard.key")).unwrap();
        }
        let mut steps = Vec::new();
        if round == 1 {
            steps.push(json!({"op": "read", "path": "hard.key"}));
            steps.push(json!({"op": "write", "path": "hard.key", "text": "evil"}));
        }
        for path in [
            "toolkeep.toml",
            "hard.toml",
            "soft.toml",
            "plugins/hostile.wasm",
            "kept/audit.db",
            "kept/keys/checkpoint.key",
            "kept/keys/cache.key",
            "soft/audit.db",
            "kept/audit.db-wal",
            "./kept/../toolkeep.toml",
            "checkpoints",
            // What is not there tells no more than what is.
            "kept/nosuch",
            "kept/nosuch/x",
            "kept/keys/x",
            "kept/audit.db/x",
            "toolkeep.toml/x",
        ] {
            for op in ["read", "stat", "write", "unlink"] {
                // The links themselves are the operator's, not Toolkeep's.
                if !(op == "unlink" && path == "soft.toml") {
                    steps.push(json!({"op": op, "path": path, "text": "evil"}));
                }
            }
            steps.push(json!({"op": "rename", "path": path, "to": "mine"}));
            if path == "soft.toml" {
                steps.pop();
            }
        }
        for path in ["kept", "kept/keys", "kept/code", "soft"] {
            steps.push(json!({"op": "list", "path": path}));
            steps.push(json!({"op": "mkdir", "path": format!("{path}/new")}));
        }
        steps.push(json!({"op": "rename", "path": "kept", "to": "mine"}));
        steps.push(json!({"op": "rename", "path": "plugins", "to": "mine"}));
        steps.push(json!({"op": "rename", "path": "outside", "to": "kept/x"}));
        let args = json!({ "steps": steps }).to_string();
        let mut command = keep.command(&["call", "--json", "raw_steps", &args]);
        command.env_remove("TOOLKEEP_STATE");
        let ran = toolkeep_tests::Ran::of(&mut command, None).expect(0);
        let results = ran.json()["structuredContent"]["results"].clone();
        for (step, answer) in steps.iter().zip(results.as_array().unwrap()) {
            assert_eq!(answer, NO, "{step}");
        }
    }
    assert_eq!(keep.get("plugins/free.txt"), "free");
    assert!(keep.get("toolkeep.toml").contains("checkpoints"));
    keep.run(&["audit", "verify", "--state", "kept"]).expect(0);
}

/// Who can exchange a linked folder on the way to a file decides which file that is.
#[test]
fn a_link_on_the_way_to_toolkeeps_own_files_cannot_be_exchanged() {
    let keep = Keep::new(&format!(
        "[data.data]\ndir = \".\"\n[plugins.hostile]\npath = \"current/hostile.wasm\"\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n"
    ));
    let plugin = fs::read(toolkeep_tests::hostile()).unwrap();
    keep.put("releases/1/hostile.wasm", plugin);
    keep.link("releases/1", "current");
    keep.put("evil/hostile.wasm", "evil");
    answers(
        &keep,
        json!([
            {"op": "rename", "path": "current", "to": "gone"},
            {"op": "unlink", "path": "current"},
            {"op": "rename", "path": "evil", "to": "current"},
            {"op": "rename", "path": "releases", "to": "gone"},
            {"op": "rename", "path": "releases/1", "to": "gone"},
            {"op": "write", "path": "current/hostile.wasm", "text": "evil"},
            {"op": "write", "path": "evil/free", "text": "free"},
        ]),
        &[NO, NO, NO, NO, NO, NO, "ok"],
    );
    keep.lives();
}

/// Editors replace a file by a new one. A host that runs on protects that one too.
#[test]
fn a_config_that_was_replaced_meanwhile_cannot_be_reached_either() {
    let keep = Keep::new(&format!(
        "[data.data]\ndir = \".\"\n[plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n"
    ));
    let host = keep.host();
    keep.put("new.toml", format!("# {SECRET}\n"));
    fs::rename(keep.path("new.toml"), keep.path("toolkeep.toml")).unwrap();
    fs::remove_dir_all(keep.path("other")).unwrap();
    keep.link("toolkeep.toml", "other");
    let session = keep.session(&host, "one");
    let steps = json!({"steps": [
        {"op": "read", "path": "toolkeep.toml"},
        {"op": "read", "path": "other"},
        {"op": "write", "path": "toolkeep.toml", "text": "evil"},
        {"op": "unlink", "path": "toolkeep.toml"},
        {"op": "rename", "path": "toolkeep.toml", "to": "mine"},
        {"op": "write", "path": "mine", "text": "evil"},
        {"op": "rename", "path": "mine", "to": "toolkeep.toml"},
    ]});
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let reply = runtime.block_on(session.call("raw_steps", steps)).unwrap();
    let results = &reply.output.structured_content.unwrap()["results"];
    assert_eq!(*results, json!([NO, NO, NO, NO, NO, "ok", NO]));
}

#[test]
fn names_that_a_pattern_hides_are_not_listed() {
    let keep = Keep::granting(
        "only = [\"public/**\", \"*.md\"]\nexcept = [\"public/hidden\", \"x.md\"]\n",
    );
    for file in [
        "public/a",
        "public/hidden/b",
        "private/c",
        "a.md",
        "x.md",
        "b.txt",
    ] {
        keep.put(&format!("data/{file}"), "text");
    }
    answers(
        &keep,
        json!([
            {"op": "list"},
            {"op": "list", "path": "public"},
            {"op": "list", "path": "private"},
            {"op": "list", "path": "public/hidden"},
            {"op": "read", "path": "a.md"},
            {"op": "read", "path": "x.md"},
            {"op": "read", "path": "b.txt"},
            {"op": "read", "path": "public/hidden/b"},
            {"op": "read", "path": "public/a"},
        ]),
        &[
            "ok a.md public",
            "ok a",
            NO,
            NO,
            "ok text",
            NO,
            NO,
            NO,
            "ok text",
        ],
    );
}

/// Whoever may not see a path learns nothing from how it is refused.
#[test]
fn refusals_tell_nothing_about_what_exists() {
    let keep = Keep::granting("except = [\"private\"]\n");
    keep.put("data/private/there/file", SECRET);
    keep.put("data/private/file", SECRET);
    keep.link("file", "data/private/link");
    keep.link("../../outside", "data/private/out");
    keep.put("data/free.txt", "free");
    let long = "n".repeat(300);
    let there = [
        "private/file",
        "private/there",
        "private/there/",
        "private/there/file",
        "private/there/nothing",
        "private/file/below",
        "private/link",
        "private/out",
        "private/out/secret.txt",
        "private/there/../file",
        &format!("private/there/{long}"),
        &format!("private/{long}"),
    ];
    let absent = [
        "private/elif",
        "private/ereht",
        "private/ereht/",
        "private/ereht/file",
        "private/ereht/nothing",
        "private/elif/below",
        "private/knil",
        "private/tuo",
        "private/tuo/secret.txt",
        "private/ereht/../elif",
        &format!("private/ereht/{long}"),
        &format!("etavirp/{long}"),
    ];
    let ops = |path: &str| {
        let mut steps: Vec<Value> = [
            "read", "write", "stat", "hash", "list", "mkdir", "rmdir", "unlink", "readlink",
            "times", "symlink",
        ]
        .iter()
        .map(|op| json!({"op": op, "path": path, "to": "x"}))
        .collect();
        for flags in [
            "read directory",
            "create exclusive write",
            "read nofollow",
            "truncate",
        ] {
            steps.push(json!({"op": "open", "path": path, "flags": flags}));
        }
        steps.push(json!({"op": "stat", "path": path, "flags": "nofollow"}));
        steps.push(json!({"op": "rename", "path": path, "to": "mine"}));
        steps.push(json!({"op": "rename", "path": "free.txt", "to": path}));
        steps.push(json!({"op": "link", "path": path, "to": "mine"}));
        json!(steps)
    };
    for (there, absent) in there.iter().zip(&absent[..11]) {
        let (one, two) = (keep.steps(ops(there)), keep.steps(ops(absent)));
        assert_eq!(one, two, "{there} {absent}");
    }
    assert_eq!(keep.get("data/free.txt"), "free");
    assert_eq!(keep.get("data/private/file"), SECRET);
    keep.lives();
}

#[test]
fn a_tool_is_held_to_its_hints() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    let steps = json!([
        {"op": "read", "path": "a.txt"},
        {"op": "mkdir", "path": "new"},
        {"op": "write", "path": "a.txt", "text": "b"},
        {"op": "open", "path": "a.txt", "flags": "read truncate"},
        {"op": "rename", "path": "a.txt", "to": "b.txt"},
        {"op": "unlink", "path": "a.txt"},
    ]);
    let got = keep.steps_of("raw_read_only", steps.clone());
    assert_eq!(got, ["ok a", NO, NO, NO, NO, NO]);
    assert!(!keep.has("data/new"));
    let got = keep.steps_of("raw_adds", steps);
    assert_eq!(got, ["ok a", "ok", NO, NO, NO, NO]);
    assert_eq!(keep.get("data/a.txt"), "a");
    let because = keep.records(&["--verdict", "deny", "--last", "1"]);
    assert_eq!(because[0]["reasons"][1]["code"], "hint", "{because:?}");
    keep.lives();
}

/// A descriptor of a folder names paths; it does not carry its folder along. So whatever is done with it
/// is judged by the path that it has then.
#[test]
fn a_descriptor_is_a_path_and_is_judged_as_one() {
    let keep = Keep::granting("except = [\"private\"]\n");
    keep.put("data/free/x", "x");
    keep.put("data/private/x", SECRET);
    answers(
        &keep,
        json!([
            {"op": "open", "path": "free", "flags": "directory read", "save": "f"},
            {"op": "rename", "path": "free", "to": "moved"},
            {"op": "read", "at": "f", "path": "x"},
            {"op": "mkdir", "path": "free"},
            {"op": "write", "path": "free/x", "text": "other"},
            {"op": "read", "at": "f", "path": "x"},
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
            "ok",
            "err no such descriptor",
        ],
    );
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

/// One instance changes what a path means while another reads it. What comes back may be anything that
/// was granted, and never a byte of what was not.
#[test]
fn nothing_comes_out_while_paths_change_their_meaning() {
    let keep = Keep::granting("except = [\"private\"]\n");
    keep.put("data/folder/x", "inside");
    keep.put("data/private/x", SECRET);
    keep.put("outside/x", SECRET);
    keep.link("../outside", "data/link-out");
    keep.link("private", "data/link-private");
    keep.link("../outside/x", "data/link-file");
    keep.put("data/file", "inside");
    fs::create_dir(keep.path("data/third")).unwrap();
    keep.put("data/third/x", "inside");
    let host = keep.host();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let call = |tool: &'static str, arguments: Value| {
        let session = keep.session(&host, tool);
        runtime.spawn(async move { session.call(tool, arguments).await })
    };
    let swap = |name: &str, one: &str, two: &str| {
        let at = |name: &str| format!("/data/{name}");
        let arguments = json!({"name": at(name), "one": at(one), "two": at(two), "ms": 4000});
        call("swap", arguments)
    };
    let watch = |path: &str| call("watch", json!({"path": path, "ms": 4000}));
    let swaps = [
        swap("now", "folder", "link-out"),
        swap("then", "file", "link-file"),
    ];
    let watches = [
        watch("/data/now/x"),
        watch("/data/then"),
        watch("/data/place/x"),
    ];
    // The host's side swaps faster than any guest can, and into the denied folder too.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(4);
    let real = |name: &str| keep.path(&format!("data/{name}"));
    let rename = |from: &str, to: &str| fs::rename(real(from), real(to)).unwrap();
    while std::time::Instant::now() < end {
        rename("third", "place");
        rename("place", "third");
        rename("link-private", "place");
        rename("place", "link-private");
    }
    let text = |reply: &toolkeep::api::session::Reply| serde_json::to_string(reply).unwrap();
    let mut inside = 0;
    for watch in watches {
        let seen = text(&runtime.block_on(watch).unwrap().unwrap());
        assert!(!seen.contains(SECRET), "{seen}");
        inside += usize::from(seen.contains("text: inside"));
    }
    assert!(inside > 0, "nothing was ever read");
    for swap in swaps {
        let swaps = text(&runtime.block_on(swap).unwrap().unwrap());
        assert!(!swaps.contains("\"0\""), "{swaps}");
    }
    drop(host);
    drop(runtime);
    assert_eq!(fs::read_to_string(keep.path("outside/x")).unwrap(), SECRET);
    assert!(Path::new(&keep.path("outside/secret.txt")).exists());
    keep.lives();
}
