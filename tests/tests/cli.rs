//! The command line: exit codes, what goes where, what programs read and what people read.

use serde_json::{Value, json};
use toolkeep_tests::{ALL, Keep, Ran, command, hostile, scrub};

/// Notes, as in the documentation: all but delete, which asks.
fn notes() -> Keep {
    let keep = Keep::new(
        r#"[host]
state = "state"

[data.notes]
dir = "data"

[plugins.notes]
path = {notes}

[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "create", "modify"]
ask = ["delete"]
except = ["diary"]

[plugins.notes.tools.search_notes]
allow = ["read"]
"#,
    );
    keep.put("data/a.md", "alpha\nbeta\n");
    keep
}

#[test]
fn each_exit_code_has_its_case() {
    let keep = notes();
    let call = |tool: &str, arguments: &str| keep.run(&["call", tool, arguments]);
    // 0: done
    assert_eq!(
        call("read_note", r#"{"name": "a"}"#).expect(0).stdout,
        "alpha\nbeta\n\n"
    );
    // 1: tried and failed
    call("read_note", r#"{"name": "nowhere"}"#).expect(1);
    // 2: not understood
    call("raed_note", "{}").expect(2);
    call("read_note", "{}").expect(2);
    call("read_note", "{").expect(2);
    keep.run(&["call"]).expect(2);
    keep.run(&["no-such-command"]).expect(2);
    keep.run(&["call", "read_note", "--no-such-flag"]).expect(2);
    // 3: denied
    call("read_note", r#"{"name": "diary/x"}"#).expect(3);
    call("search_notes", r#"{"query": "x"}"#).expect(3);
    // 4: nobody answered
    call("delete_note", r#"{"name": "a"}"#).expect(4);
    assert!(keep.has("data/a.md"));
    // 5: the record is broken
    let db = rusqlite::Connection::open(keep.state().join("audit.db")).unwrap();
    db.execute("UPDATE record SET body = body || ' ' WHERE seq = 0", [])
        .unwrap();
    drop(db);
    keep.run(&["audit", "verify"]).expect(5);
}

#[test]
fn the_help_says_what_the_exit_codes_mean() {
    let help = Ran::of(&mut command(&["--help"]), None).expect(0);
    assert_eq!(help.stderr, "");
    insta::assert_snapshot!(help.stdout);
    for sub in ["new", "build", "inspect", "check", "call", "audit"] {
        let help = Ran::of(&mut command(&[sub, "--help"]), None).expect(0);
        assert!(help.stdout.contains("Usage: toolkeep"), "{help:?}");
        assert_eq!(help.stderr, "");
    }
}

#[test]
fn data_goes_to_stdout_and_all_else_to_stderr() {
    let keep = Keep::granting("");
    let said = keep.run(&["call", "say", r#"{"text": "word"}"#]).expect(0);
    assert_eq!(said.stdout, "word\n[word: 5 bytes]\n");
    assert_eq!(said.stderr.lines().count(), 4, "{said:?}");
    assert!(
        said.stderr
            .lines()
            .all(|line| line.starts_with("tool says: ")),
        "{said:?}"
    );
    for arguments in [
        &["call", "nothing"][..],
        &["call", "noop", "[]"],
        &["call", "fail", r#"{"text": "x", "kind": "failed"}"#],
        &["inspect", "nowhere.wasm"],
        &["check", "--config", "nowhere.toml"],
        &["audit", "show", "--state", "nowhere"],
        &["audit", "show", "--verb", "fly"],
    ] {
        let ran = keep.run(arguments);
        assert_ne!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.stdout, "", "{ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_wants_them() {
    let keep = notes();
    let arguments = ["call", "delete_note", r#"{"name": "a"}"#];
    let coloured = |name: &str, value: &str| {
        let mut command = keep.command(&arguments);
        let ran = Ran::of(command.env(name, value), None);
        ran.stderr.contains('\u{1b}')
    };
    assert!(!coloured("UNRELATED", "1"));
    assert!(!coloured("NO_COLOR", "1"));
    assert!(coloured("CLICOLOR_FORCE", "1"));
    // On a terminal, made by `script`, where there is one.
    let on_a_terminal = |name: &str| {
        let program = toolkeep_tests::program();
        let line = format!("{} audit verify --state state", program.display());
        let mut command = std::process::Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(keep.path(""))
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .env(name, "1");
        command.output().ok().map(|out| out.stdout.contains(&0x1b))
    };
    if let Some(coloured) = on_a_terminal("UNRELATED") {
        assert!(coloured);
        assert_eq!(on_a_terminal("NO_COLOR"), Some(false));
    }
}

#[test]
fn what_programs_read_is_one_line_of_json() {
    let keep = notes();
    let json = |args: &[&str], code: i32| keep.run(args).expect(code).json();
    let reply = json(&["call", "--json", "list_notes"], 0);
    assert_eq!(reply["structuredContent"], json!({"notes": ["a"]}));
    assert_eq!(reply["call"].as_str().unwrap().len(), 32);
    assert_eq!(reply["label"]["confidentiality"], json!(["private"]));
    for (tool, arguments, code, word) in [
        ("list_nots", "{}", 2, "unknown-tool"),
        ("read_note", "{}", 2, "bad-arguments"),
        ("read_note", "[]", 2, "bad-arguments"),
        ("read_note", r#"{"name": "nowhere"}"#, 1, "failed"),
        ("read_note", r#"{"name": "diary/x"}"#, 3, "denied"),
        ("delete_note", r#"{"name": "a"}"#, 4, "unanswered"),
    ] {
        let error = json(&["call", "--json", tool, arguments], code);
        assert_eq!(error["error"]["code"], word, "{error}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty());
        let refusals = error["error"]["refusals"].as_array().unwrap();
        assert_eq!(refusals.is_empty(), code < 3, "{error}");
    }
    let checked = json(&["check", "--json"], 0);
    assert!(
        checked["capabilities"][0]["tools"]
            .as_array()
            .unwrap()
            .len()
            == 5,
        "{checked}"
    );
    let file = toolkeep_tests::plugin("plugins/notes");
    let inspected = json(&["inspect", "--json", file.to_str().unwrap()], 0);
    assert_eq!(inspected["manifest"]["name"], "notes");
    let mut tools = inspected["tools"].as_array().unwrap().iter();
    let write_note = tools.find(|tool| tool["name"] == "write_note").unwrap();
    assert_eq!(
        write_note["argument_roles"],
        json!({"name": "object", "text": "content"})
    );
    let verified = json(&["audit", "verify", "--json"], 0);
    assert_eq!(verified["sound"], true);
    let records = keep.records(&[]);
    assert_eq!(json!(records.len()), verified["records"]);
    assert!(
        records
            .iter()
            .zip(0..)
            .all(|(record, seq)| record["seq"] == seq)
    );
}

#[test]
fn the_record_can_be_filtered() {
    let keep = notes();
    keep.run(&["call", "list_notes", "--session", "one"])
        .expect(0);
    keep.run(&[
        "call",
        "delete_note",
        r#"{"name": "a"}"#,
        "--session",
        "two",
    ])
    .expect(4);
    let count = |filter: &[&str]| keep.records(filter).len();
    let all = count(&[]);
    assert_eq!(
        count(&["--session", "one"]) + count(&["--session", "two"]),
        all
    );
    assert_eq!(count(&["--session", "three"]), 0);
    assert_eq!(count(&["--last", "2"]), 2);
    assert_eq!(count(&["--after", "1"]), all - 2);
    assert_eq!(count(&["--verdict", "ask"]), 1);
    assert_eq!(count(&["--verb", "delete"]), 1);
    assert_eq!(count(&["--plugin", "notes"]), all);
    assert_eq!(
        count(&["--tool", "list_notes"]),
        count(&["--session", "one"])
    );
    assert_eq!(count(&["--minutes", "5"]), all);
    keep.run(&["audit", "show", "--session", "no spaces"])
        .expect(2);
}

#[test]
fn who_calls_is_on_record() {
    let keep = notes();
    let args = [
        "call",
        "list_notes",
        "--as",
        "eve",
        "--tenant",
        "acme",
        "--agent",
        "bot",
        "--role",
        "b",
        "--role",
        "a",
    ];
    keep.run(&args).expect(0);
    let principal = &keep.records(&["--last", "1"])[0]["principal"];
    let expected = json!({"tenant": "acme", "user": "eve", "agent": "bot", "roles": ["a", "b"]});
    assert_eq!(*principal, expected);
    keep.run(&["call", "list_notes"]).expect(0);
    assert_eq!(
        keep.records(&["--last", "1"])[0]["principal"]["user"],
        "ada"
    );
    keep.run(&["call", "list_notes", "--as", "../eve"])
        .expect(2);
}

#[test]
fn arguments_come_from_standard_input_too() {
    let keep = notes();
    let text = "x".repeat(300_000);
    let arguments = json!({"name": "long", "text": text}).to_string();
    keep.run_with(&["call", "write_note", "-"], arguments.as_bytes())
        .expect(0);
    assert_eq!(keep.get("data/long.md"), text);
    for bad in [&b"{\"name\": \"\xff\"}"[..], b"", b"not json", b"{} {}"] {
        let ran = keep.run_with(&["call", "write_note", "-"], bad).expect(2);
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
    // More than the limit of the arguments.
    let arguments = json!({"name": "long", "text": "x".repeat(2 << 20)}).to_string();
    let ran = keep
        .run_with(&["call", "write_note", "-"], arguments.as_bytes())
        .expect(2);
    assert!(ran.stderr.contains("more than 1048576 bytes"), "{ran:?}");
}

#[test]
fn the_table_of_who_may_do_what() {
    let keep = notes();
    let ran = keep.run(&["check"]).expect(0);
    insta::assert_snapshot!(scrub(&format!("{}---\n{}", ran.stdout, ran.stderr), &keep));
}

#[test]
fn the_table_of_a_plugin_that_may_touch_two_places() {
    let keep = Keep::granting(&format!(
        "only = [\"public/**\"]\n[plugins.hostile.fs.other]\ndata = \"other\"\nask = {ALL}\n\
         [plugins.hostile.config.settings]\nvalues = {{ greeting = \"hi\" }}\nallow = [\"read\"]\n"
    ));
    let ran = keep.run(&["check"]).expect(0);
    let some: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| {
            ["PLUGIN", "raw_steps", "raw_adds", "noop"]
                .iter()
                .any(|w| line.contains(w))
        })
        .collect();
    insta::assert_snapshot!(scrub(
        &format!("{}\n---\n{}", some.join("\n"), ran.stderr),
        &keep
    ));
}

#[test]
fn what_a_plugin_is() {
    let keep = notes();
    let file = toolkeep_tests::plugin("plugins/notes");
    let ran = keep.run(&["inspect", file.to_str().unwrap()]).expect(0);
    assert_eq!(ran.stderr, "");
    let size = std::fs::metadata(&file).unwrap().len();
    // What the compiler's own library imports is the compiler's matter.
    let (shown, imports) = ran.stdout.split_once("\nimports\n").unwrap();
    assert!(imports.contains("wasi:filesystem/types@0.2."), "{imports}");
    assert!(
        imports.contains("that every plugin has and that reach nothing"),
        "{imports}"
    );
    insta::assert_snapshot!(scrub(&shown.replace(&size.to_string(), "[SIZE]"), &keep));
}

#[test]
fn a_refusal_says_what_would_allow_it() {
    let keep = notes();
    let denied = keep
        .run(&["call", "read_note", r#"{"name": "diary/x"}"#])
        .expect(3);
    let asked = keep
        .run(&["call", "delete_note", r#"{"name": "a"}"#])
        .expect(4);
    let narrowed = keep
        .run(&["call", "search_notes", r#"{"query": "x"}"#])
        .expect(3);
    let all = [denied, asked, narrowed]
        .map(|ran| ran.stderr)
        .join("---\n");
    insta::assert_snapshot!(scrub(&all, &keep));
}

#[test]
fn the_record_for_people() {
    let keep = notes();
    keep.run(&["call", "read_note", r#"{"name": "a"}"#])
        .expect(0);
    keep.run(&["call", "write_note", r#"{"name": "b", "text": "b"}"#])
        .expect(0);
    keep.run(&["call", "delete_note", r#"{"name": "a"}"#])
        .expect(4);
    let shown = keep.run(&["audit", "show", "--why"]).expect(0);
    assert_eq!(shown.stderr, "");
    insta::assert_snapshot!(scrub(&shown.stdout, &keep));
}

#[test]
fn a_broken_record_for_people() {
    let keep = notes();
    keep.run(&["call", "read_note", r#"{"name": "a"}"#])
        .expect(0);
    let db = rusqlite::Connection::open(keep.state().join("audit.db")).unwrap();
    db.execute(
        "UPDATE record SET body = replace(body, 'read_note', 'list_notes') WHERE seq = 1",
        [],
    )
    .unwrap();
    drop(db);
    let verified = keep.run(&["audit", "verify"]).expect(5);
    let shown = keep.run(&["audit", "show"]);
    let all = format!(
        "{}---\n{}---\n{}",
        verified.stdout, verified.stderr, shown.stdout
    );
    insta::assert_snapshot!(scrub(&all, &keep));
}

#[test]
fn a_config_is_told_what_is_wrong_with_it() {
    let keep = Keep::granting("");
    let cases = [
        ("[data.x", "toml"),
        ("nonsense = 1", "unknown key"),
        ("[data.x]\ndir = 1", "must be"),
        ("[data.x]\ndirr = \"x\"", "unknown key"),
        ("[plugins.x]\npath = \"nowhere.wasm\"", "nowhere.wasm"),
        (
            "[plugins.x]\npath = {hostile}\n[plugins.x.fs.data]\ndata = \"no\"\nallow = [\"read\"]",
            "not declared",
        ),
        (
            "[data.x]\ndir = \"data\"\n[plugins.x]\npath = {hostile}\n[plugins.x.fs.data]\ndata = \"x\"\nallow = [\"raed\"]",
            "read",
        ),
        (
            "[data.x]\ndir = \"data\"\n[plugins.x]\npath = {hostile}\n[plugins.x.fs.nothing]\ndata = \"x\"\nallow = [\"read\"]",
            "nothing",
        ),
        (
            "[plugins.x]\npath = {hostile}\ndigest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"",
            "digest",
        ),
        ("[limits]\nmemory_bytes = 0", "memory_bytes"),
        ("\u{0}", "toml"),
    ];
    for (config, says) in cases {
        keep.configure(config);
        for args in [&["check"][..], &["call", "noop"]] {
            let ran = keep.run(args).expect(2);
            let told = ran.stderr.lines().any(|line| line.starts_with("error: "));
            assert!(told, "{config}: {ran:?}");
            assert!(ran.stderr.contains(says), "{config}: {ran:?}");
            assert!(ran.stderr.len() < 2000, "{config}: {ran:?}");
            // `check` also prints its table, where it comes so far.
            assert!(ran.stdout.is_empty() || args == ["check"], "{config}");
        }
    }
    keep.put("toolkeep.toml", b"\xff\xfe");
    keep.run(&["check"]).expect(2);
    std::fs::remove_file(keep.path("toolkeep.toml")).unwrap();
    let ran = keep.run(&["check"]).expect(2);
    assert!(
        ran.stderr.contains("hint: name the operator's file"),
        "{ran:?}"
    );
}

#[test]
fn two_plugins_with_one_name_for_a_tool_are_told_apart() {
    let keep = Keep::new("[plugins.one]\npath = {echo}\n[plugins.two]\npath = {echo}\n");
    let ran = keep
        .run(&["call", "two_echo", r#"{"text": "hi"}"#])
        .expect(0);
    assert_eq!(ran.stdout, "hi\n");
    let ran = keep.run(&["call", "echo", r#"{"text": "hi"}"#]).expect(2);
    assert!(ran.stderr.contains("there is no tool `echo`"), "{ran:?}");
}

#[test]
fn a_missing_grant_is_told_before_the_guest_runs() {
    let keep = Keep::new("[plugins.hostile]\npath = {hostile}\n");
    let ran = keep.call("noop", &json!({})).expect(3);
    let reasons: Vec<Value> = ran.json()["error"]["refusals"][0]["reasons"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        reasons.iter().any(|reason| reason["code"] == "no-grant"),
        "{reasons:?}"
    );
    assert_eq!(keep.records(&["--kind", "intent"]).len(), 0);
    assert!(hostile().exists());
}

#[test]
fn a_templated_folder_is_each_persons_own() {
    let keep = Keep::new(
        "[data.notes]\ndir = \"users/{user}\"\n[plugins.notes]\npath = {notes}\n\
         [plugins.notes.fs.notebook]\ndata = \"notes\"\nallow = [\"list\", \"read\"]\n",
    );
    keep.put("users/ada/a.md", "of ada");
    keep.put("users/bob/b.md", "of bob");
    let list = |who: &str| keep.run(&["call", "list_notes", "--as", who]);
    assert_eq!(list("ada").expect(0).stdout, "{\"notes\":[\"a\"]}\n");
    assert_eq!(list("bob").expect(0).stdout, "{\"notes\":[\"b\"]}\n");
    let other = r#"{"name": "../bob/b"}"#;
    keep.run(&["call", "read_note", other, "--as", "ada"])
        .expect(3);
    for nobody in ["..", ".", "ada/../bob", "", "ada\n"] {
        list(nobody).expect(2);
    }
    // A person without a folder has nothing.
    list("eve").expect(1);
}
