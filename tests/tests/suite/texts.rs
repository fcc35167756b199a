//! Texts that move the cursor, turn what stands around them, or hide.

use serde_json::{Value, json};
use toolkeep::base::text::is_unsafe;
use toolkeep_tests::by_hand::{described, redescribed};
use toolkeep_tests::{Keep, Ran, hostile};

use crate::ambient::beside;
use crate::case::Outcome::{Harmless, NoCall, Refused};
use crate::case::{Case, Promise};
use crate::served::Served;

const SHOWN: Promise = Promise::ShownAsItIs;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("says odd characters in answers, failures, log lines and progress", SHOWN, Harmless("they are written out"), says),
    Case::new("asks for files with odd characters in their names", SHOWN, Refused("unreachable"), asks_for),
    Case::new("describes itself, its needs and its tools with odd characters", SHOWN, NoCall("they are written out"), describes),
    Case::new("gives itself and its tools odd names", SHOWN, NoCall("it is not loaded"), names),
];

const EVIL: &str = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}gnp.exe\u{200b}\u{9b}31m\r\u{8}\u{2028}b";

/// Nothing but our own colours moves a cursor or turns text around, even where colours are forced.
#[track_caller]
fn harmless(text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let after = &rest[at + 1..];
        let end = after.find('m').expect(text);
        let ours = after[..end].strip_prefix('[').expect(text);
        assert!(
            ours.chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{text:?}"
        );
        rest = &after[end + 1..];
    }
    let odd = |c: char| c != '\u{1b}' && c != '\n' && is_unsafe(c);
    assert!(!text.contains(odd), "{text:?}");
}

/// Runs the program with colours.
#[track_caller]
fn shows(keep: &Keep, args: &[&str]) -> Ran {
    let mut command = keep.command(args);
    let ran = Ran::of(command.env("CLICOLOR_FORCE", "1"), None);
    harmless(&ran.stdout);
    harmless(&ran.stderr);
    ran
}

/// All texts in a message, but for those that are the tool's answer to the model.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(members) => members.values().for_each(|member| texts(member, out)),
        _ => {}
    }
}

fn says() -> Served {
    let mut served = Served::granting("");
    for (tool, arguments) in [
        ("say", json!({"text": EVIL})),
        ("fail", json!({"text": EVIL, "kind": "failed"})),
        ("fail", json!({"text": EVIL, "kind": "refused"})),
        ("fail", json!({"text": EVIL, "kind": "bad-arguments"})),
        ("raw_steps", json!({"steps": [{"op": EVIL}]})),
    ] {
        shows(&served, &["call", tool, &arguments.to_string()]);
        served.call(tool, arguments);
    }
    // Lines that no tool answers.
    for (tool, arguments) in [
        (EVIL, "{}"),
        ("noop", "{\"x\\u001b[2J\\u202e\": 1}"),
        ("noop", "{\u{1b}[2J"),
    ] {
        shows(&served, &["call", tool, arguments]);
    }
    let mut heard = Vec::new();
    for message in &served.client().heard {
        texts(message, &mut heard);
    }
    assert!(
        heard.iter().any(|text| text.contains("\\u{202e}")),
        "{heard:#?}"
    );
    heard.iter().for_each(|text| harmless(text));
    served
}

fn asks_for() -> Served {
    let mut served = Served::granting("");
    served.put(&format!("data/{EVIL}"), "x");
    let steps = json!([
        {"op": "read", "path": format!("../{EVIL}")},
        {"op": "read", "path": EVIL},
        {"op": "write", "path": format!("{EVIL}.new"), "text": "x"},
    ]);
    shows(
        &served,
        &["call", "raw_steps", &json!({ "steps": steps }).to_string()],
    );
    served.steps(steps);
    served.rest();
    let shown = shows(&served, &["audit", "show", "--why"]).expect(0).stdout;
    assert!(shown.contains("\\u{202e}"), "{shown}");
    served
}

fn describes() -> Served {
    let bytes = described(&std::fs::read(hostile()).unwrap(), "odd", |description| {
        description.manifest.description = EVIL.to_owned();
        for need in description.manifest.needs.fs.values_mut() {
            need.why = EVIL.to_owned();
        }
        let tool = &mut description.tools[0];
        tool.description = EVIL.to_owned();
        tool.title = Some(EVIL.to_owned());
        tool.input_schema = json!({
            "type": "object",
            "properties": {EVIL: {"type": "string", "description": EVIL, "title": EVIL}},
        })
        .into();
    });
    let mut served = beside(&bytes, "");
    let told = shows(&served, &["inspect", "odd.wasm"]).expect(0).stdout;
    assert!(told.contains("\\u{202e}"), "{told}");
    shows(&served, &["check"]).expect(0);
    shows(&served, &["call", "odd", "{\"x\": 1}"]);
    let mut told = Vec::new();
    for tool in served.client().list() {
        // But for the names of arguments, which are what a call has to say.
        texts(&tool, &mut told);
    }
    told.iter().for_each(|text| harmless(text));
    served
}

fn names() -> Served {
    let whole = std::fs::read(hostile()).unwrap();
    let good = described(&whole, "odd", |_| ());
    let mut served = beside(&good, "");
    for name in [
        "o\u{1b}[2J",
        "\u{202e}odd",
        "o\nd",
        "../odd",
        "o d",
        "\u{e9}d",
        "",
    ] {
        for place in ["/tools/0/name", "/manifest/name"] {
            let bytes = redescribed(&good, |description| {
                *description.pointer_mut(place).unwrap() = json!(name);
            });
            served.put("odd.wasm", bytes);
            for args in [&["inspect", "odd.wasm"][..], &["check"], &["call", "odd"]] {
                let ran = shows(&served, args);
                assert_eq!(ran.code, 2, "{ran:?}");
            }
        }
    }
    served.put("odd.wasm", good);
    served.client();
    served
}
