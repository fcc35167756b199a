//! Real clients of others, at the versions of their lock files, with the real program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use toolkeep_tests::clients::{node_modules, python};
use toolkeep_tests::rpc::Client;
use toolkeep_tests::{Keep, Ran, program, source};

/// What lets clients answer for a person, in the operator's file.
const CLIENTS_ANSWER: &str = "[approvals]\nelicitation = true\n";

fn keep() -> Keep {
    let keep = Keep::new(&format!(
        "{CLIENTS_ANSWER}[data.diary]\ndir = \"data\"\n[plugins.notes]\npath = {{notes}}\n\
         [plugins.notes.fs.notebook]\ndata = \"diary\"\nallow = [\"list\", \"read\"]\n\
         ask = [\"create\", \"modify\"]\nexcept = [\"hidden\"]\n\
         [plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"diary\"\nallow = [\"list\", \"read\"]\n\
         [plugins.hostile.limits]\ncpu_ms = 60000\nwall_ms = 60000\n"
    ));
    keep.put("data/a.md", "alpha\n");
    keep
}

/// The arguments of the program that make it a server on this keep.
fn serve(keep: &Keep) -> Vec<String> {
    let path = |below: &str| keep.path(below).display().to_string();
    [
        "serve",
        "--config",
        &path("toolkeep.toml"),
        "--state",
        &path("state"),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn script(name: &str) -> PathBuf {
    source().join("tests/clients").join(name)
}

/// A script of a TypeScript client.
fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(script(name))
        .arg(node_modules().parent().unwrap());
    command
}

/// A script of a Python client.
fn snake(set: &str, name: &str) -> Command {
    let mut command = Command::new(python(set));
    // It leaves nothing beside the scripts.
    command.arg("-B").arg(script(name));
    command
}

/// What a client's question came to.
#[derive(Clone, Copy)]
struct Case {
    answer: &'static str,
    /// The code of the result; none where it was done.
    code: Option<&'static str>,
}

const APPROVE: Case = Case {
    answer: "approve",
    code: None,
};
const DECLINE: Case = Case {
    answer: "decline",
    code: Some("denied"),
};
const CANCEL: Case = Case {
    answer: "cancel",
    code: Some("approval-required"),
};
const NONE: Case = Case {
    answer: "none",
    code: Some("approval-required"),
};

/// The steps that a client's script tells. The list of tools is too long to be told here.
fn expected(case: Case, client: &str, server: Value) -> Vec<Value> {
    let questions = match case.answer {
        "none" => json!([]),
        _ => json!([["decision"]]),
    };
    let kinds = [
        "text",
        "image",
        "audio",
        "resource",
        "resource",
        "resource_link",
    ];
    let mut steps = vec![
        json!({"step": "connected", "server": server}),
        json!({"step": "structure", "structure": {"notes": ["a"]}, "text": "{\"notes\":[\"a\"]}"}),
        json!({"step": "kinds", "kinds": kinds}),
    ];
    if client.starts_with("mcp") {
        let heard = [[0.0, 3.0], [1.0, 3.0], [2.0, 3.0]];
        steps.push(json!({"step": "progress", "heard": heard}));
    }
    steps.extend([
        json!({"step": "failed", "isError": true, "code": "failed",
               "text": "there is no note called `missing`"}),
        json!({"step": "denied", "isError": true, "code": "denied"}),
        json!({"step": "unknown", "thrown": -32602}),
        json!({"step": "asked", "isError": case.code.is_some(), "code": case.code,
               "questions": questions}),
    ]);
    if client != "mcp1" {
        steps.push(json!({"step": "cancelled", "spun": "cancelled"}));
    }
    steps.extend([
        json!({"step": "after", "text": "fine"}),
        json!({"step": "again", "text": "fine"}),
    ]);
    steps
}

/// Runs a client's script on a keep of its own, and looks at all that it tells and at the record.
#[track_caller]
fn works(mut client: Command, name: &str, case: Case, server: Value) {
    let keep = keep();
    client.arg(case.answer).arg(program()).args(serve(&keep));
    let ran = Ran::of(&mut client, None).expect(0);
    // No client finds anything to complain of, and the server nothing to warn of.
    assert_eq!(ran.stderr, "", "{ran:#?}");
    let mut steps: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let listed = steps.remove(1);
    let tools =
        |key: &str| -> BTreeSet<String> { serde_json::from_value(listed[key].clone()).unwrap() };
    let may_write = tools("tools")
        .difference(&tools("readOnly"))
        .cloned()
        .collect::<Vec<_>>();
    // By the grants: the hostile plugin may only read, whatever its tools are called.
    assert_eq!(may_write, ["delete_note", "write_note"], "{listed:#}");
    assert_eq!(tools("tools"), BTreeSet::from_iter(listed_plainly(&keep)));
    assert_eq!(steps, expected(case, name, server), "{ran:#?}");
    assert_eq!(keep.has("data/new.md"), case.code.is_none());

    keep.run(&["audit", "verify"]).expect(0);
    let outcomes = keep.endings(&[]);
    assert!(
        outcomes
            .iter()
            .all(|record| record["outcome"]["status"] != "abandoned"),
        "{outcomes:#?}"
    );
    let spun: Vec<&Value> = outcomes
        .iter()
        .filter(|record| record["tool"] == "spin")
        .collect();
    assert!(
        spun.iter()
            .all(|record| record["outcome"]["error"] == "cancelled"),
        "{spun:#?}"
    );
    assert_eq!(spun.len(), usize::from(name != "mcp1"));
    // It has started two servers or more, and they are one conversation.
    assert_eq!(sessions(&keep).len(), 1);
    let last = outcomes.last().unwrap();
    assert_eq!(last["tool"], "noop");
    // What the first server's calls saw counts for the second's.
    assert_eq!(last["label_before"]["confidentiality"], json!(["private"]));
}

/// The tools that a client without any library sees.
fn listed_plainly(keep: &Keep) -> Vec<String> {
    Client::old(keep, json!({})).tools()
}

/// The conversations on record.
fn sessions(keep: &Keep) -> BTreeSet<String> {
    let records = keep.records(&["--handle", "tool"]);
    let session = |record: &Value| record["session"].as_str().unwrap().to_owned();
    records.iter().map(session).collect()
}

#[test]
fn the_typescript_sdk_of_the_older_era() {
    for case in [APPROVE, DECLINE, CANCEL, NONE] {
        works(node("sdk.mjs"), "sdk", case, json!("toolkeep"));
    }
}

#[test]
fn the_typescript_client_of_both_eras() {
    for (era, cases) in [
        ("new", &[APPROVE, DECLINE, CANCEL, NONE][..]),
        ("old", &[APPROVE, NONE]),
        ("auto", &[APPROVE]),
    ] {
        for case in cases {
            let mut client = node("client.mjs");
            client.arg(era);
            works(client, "client", *case, json!("toolkeep"));
        }
    }
}

#[test]
fn the_python_sdk_of_the_older_era() {
    for case in [APPROVE, DECLINE, CANCEL, NONE] {
        works(snake("mcp-1", "mcp1.py"), "mcp1", case, json!("toolkeep"));
    }
}

#[test]
fn the_python_sdk_of_both_eras() {
    for (era, server, cases) in [
        // It takes the version for given, and asks nobody who is there.
        ("new", json!(null), &[APPROVE, DECLINE, CANCEL, NONE][..]),
        ("old", json!("toolkeep"), &[APPROVE, NONE]),
        ("auto", json!("toolkeep"), &[APPROVE]),
    ] {
        for case in cases {
            let mut client = snake("mcp-2", "mcp2.py");
            client.arg(era);
            works(client, "mcp2", *case, server.clone());
        }
    }
}

/// The inspector on the server that `mcp.json` of this keep names.
fn inspect(keep: &Keep, arguments: &[&str]) -> Ran {
    let start =
        node_modules().join("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    let mut command = Command::new("node");
    command
        .arg(start)
        .args(["--cli", "--config", "mcp.json", "--server", "toolkeep"])
        .args(arguments)
        .current_dir(keep.path(""))
        .env("HOME", keep.path("home"))
        // Else it looks for a keyring, and says that there is none.
        .env("MCP_INSPECTOR_SECRET_STORE", "memory");
    Ran::of(&mut command, None)
}

/// The configuration that most clients read.
fn configure(keep: &Keep, more: &[&str]) {
    let arguments: Vec<String> = serve(keep)
        .into_iter()
        .chain(more.iter().map(|more| (*more).to_owned()))
        .collect();
    let server = json!({"command": program(), "args": arguments});
    let config = json!({"mcpServers": {"toolkeep": server}});
    keep.put("mcp.json", config.to_string());
    keep.put(Path::new("home").join(".keep").to_str().unwrap(), "");
}

#[test]
fn the_inspector() {
    let keep = keep();
    // Each of its commands is a process of its own, which starts a server of its own.
    configure(&keep, &["--session", "inspected"]);
    let listed = inspect(&keep, &["--method", "tools/list", "--strict"]).expect(0);
    let tools: Value = serde_json::from_str(&listed.stdout).unwrap();
    let tools = tools["tools"].as_array().unwrap();
    assert_eq!(tools.len(), listed_plainly(&keep).len());
    let call = |tool: &str, arguments: &[&str]| {
        let call = ["--method", "tools/call", "--tool-name", tool];
        let pairs = if arguments.is_empty() {
            &[][..]
        } else {
            &["--tool-arg"]
        };
        let ran = inspect(&keep, &[&call[..], pairs, arguments].concat());
        let result: Value = serde_json::from_str(&ran.stdout).unwrap();
        (ran.code, result)
    };
    let (exit, read) = call("read_note", &["name=a"]);
    assert_eq!((exit, &read["content"][0]["text"]), (0, &json!("alpha\n")));
    let (_, listed) = call("list_notes", &[]);
    assert_eq!(listed["structuredContent"], json!({"notes": ["a"]}));
    let code = |result: &Value| result["_meta"]["io.github.toolkeep/code"].clone();
    let (exit, hidden) = call("read_note", &["name=hidden/a"]);
    assert_eq!((exit, code(&hidden)), (5, json!("denied")));
    // Nobody sits in front of it.
    let (exit, written) = call("write_note", &["name=new", "text=written"]);
    assert_eq!((exit, code(&written)), (5, json!("approval-required")));
    assert!(!keep.has("data/new.md"));
    assert_eq!(sessions(&keep), BTreeSet::from(["inspected".to_owned()]));
    // What one process saw counts for the next.
    let last = keep.endings(&[]);
    assert_eq!(
        last.last().unwrap()["label_before"]["confidentiality"],
        json!(["private"])
    );
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn a_client_that_ends_ends_its_conversation() {
    let keep = keep();
    configure(&keep, &[]);
    for _ in 0..2 {
        let arguments = ["--method", "tools/call", "--tool-name", "noop"];
        inspect(&keep, &arguments).expect(0);
    }
    assert_eq!(sessions(&keep).len(), 2);
}
