//! Asking a person by way of the client, in both eras, and all that a client can make of it.

use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::{Client, code, forms, said, text};

use crate::notes;

fn approve() -> Value {
    json!({"action": "accept", "content": {"decision": "approve"}})
}

fn note(name: &str) -> Value {
    json!({"name": name, "text": "written"})
}

/// Every answer that a client can give, and what comes of it; none where it is done.
fn answers() -> Vec<(&'static str, Value, Option<&'static str>)> {
    let accept = |content: Value| json!({"action": "accept", "content": content});
    vec![
        ("yes", approve(), None),
        ("no", accept(json!({"decision": "decline"})), Some("denied")),
        ("declined", json!({"action": "decline"}), Some("denied")),
        (
            "declined-yes",
            json!({"action": "decline", "content": {"decision": "approve"}}),
            Some("denied"),
        ),
        (
            "cancelled",
            json!({"action": "cancel"}),
            Some("approval-required"),
        ),
        (
            "cancelled-yes",
            json!({"action": "cancel", "content": {"decision": "approve"}}),
            Some("approval-required"),
        ),
        (
            "nothing",
            json!({"action": "accept"}),
            Some("approval-required"),
        ),
        ("empty", accept(json!({})), Some("approval-required")),
        (
            "other-case",
            accept(json!({"decision": "Approve"})),
            Some("approval-required"),
        ),
        (
            "true",
            accept(json!({"decision": true})),
            Some("approval-required"),
        ),
        (
            "list",
            accept(json!({"decision": ["approve"]})),
            Some("approval-required"),
        ),
        (
            "other-field",
            accept(json!({"Decision": "approve"})),
            Some("approval-required"),
        ),
        (
            "other-word",
            accept(json!({"decision": "yes"})),
            Some("approval-required"),
        ),
        ("no-answer", json!({}), Some("approval-required")),
        (
            "other-action",
            json!({"action": "approve"}),
            Some("approval-required"),
        ),
    ]
}

#[track_caller]
fn came(keep: &Keep, name: &str, result: &Value, expected: Option<&str>) {
    let written = keep.has(&format!("data/{name}.md"));
    match expected {
        None => {
            assert_eq!(result["isError"], false, "{name}: {result:#}");
            assert!(written);
        }
        Some(word) => {
            assert_eq!(code(result), word, "{name}: {result:#}");
            assert!(text(result).starts_with(&format!("{word}: ")), "{result:#}");
            assert!(!written, "{name}");
        }
    }
}

#[test]
fn an_older_client_is_asked_while_the_call_waits() {
    let keep = notes();
    let mut client = Client::old(&keep, forms());
    for (name, answer, expected) in answers() {
        let call = client.begin("write_note", note(name));
        let question = client.hear("elicitation/create");
        let params = &question["params"];
        assert_eq!(params["mode"], "form");
        let message = params["message"].as_str().unwrap();
        assert!(
            message.contains("create") && message.contains(&format!("{name}.md")),
            "{message}"
        );
        insta::assert_snapshot!("the_form", format!("{:#}", params["requestedSchema"]));
        client.respond(&question, answer);
        let result = client.result(call);
        came(&keep, name, &result, expected);
    }
    client.leave();
    let approved = keep.records(&["--verb", "create", "--kind", "outcome"]);
    assert_eq!(approved.len(), 1, "{approved:#?}");
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn an_older_client_that_fails_to_ask_has_not_answered() {
    let keep = notes();
    let mut client = Client::old(&keep, forms());
    let call = client.begin("write_note", note("x"));
    let question = client.hear("elicitation/create");
    let error = json!({"code": -32601, "message": "no"});
    client.write(json!({"jsonrpc": "2.0", "id": question["id"], "error": error}).to_string());
    let result = client.result(call);
    came(&keep, "x", &result, Some("approval-required"));
    client.leave();
}

#[test]
fn an_answer_goes_to_its_question_only() {
    let keep = notes();
    let mut client = Client::old(&keep, forms());
    let calls = ["one", "two"].map(|name| (name, client.begin("write_note", note(name))));
    let questions = [(); 2].map(|()| client.hear("elicitation/create"));
    // The later one first, and the earlier one twice.
    for question in questions.iter().rev() {
        let about_one = question["params"]["message"]
            .as_str()
            .unwrap()
            .contains("one.md");
        let answer = if about_one {
            approve()
        } else {
            json!({"action": "decline"})
        };
        client.respond(question, answer);
        client.respond(question, approve());
    }
    for (name, call) in calls {
        let waiting = client
            .heard
            .iter()
            .position(|message| message["id"] == call);
        let result = match waiting {
            Some(at) => client.heard.remove(at)["result"].clone(),
            None => client.result(call),
        };
        came(&keep, name, &result, (name == "two").then_some("denied"));
    }
    client.leave();
}

#[test]
fn a_client_that_shows_no_forms_is_told_to_ask_its_user() {
    let keep = notes();
    for capabilities in [json!({}), json!({"elicitation": {"url": {}}})] {
        for mut client in [
            Client::old(&keep, capabilities.clone()),
            Client::new(&keep, capabilities),
        ] {
            let result = client.call("write_note", note("x"));
            came(&keep, "x", &result, Some("approval-required"));
            assert!(said(&result, "approvals").is_array(), "{result:#}");
            client.leave();
        }
    }
    assert_eq!(
        keep.records(&["--verb", "create", "--kind", "refusal"])
            .len(),
        4
    );
}

/// A call of the newer era that waits for an answer: its state.
fn question(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    let result = client.call(tool, arguments.clone());
    assert_eq!(result["resultType"], "input_required", "{result:#}");
    let questions = result["inputRequests"].as_object().unwrap();
    assert_eq!(questions.len(), 1);
    assert_eq!(questions["approval"]["method"], "elicitation/create");
    result["requestState"].clone()
}

/// Comes back with an answer.
fn back(
    client: &mut Client,
    tool: &str,
    arguments: &Value,
    state: &Value,
    answer: &Value,
) -> Value {
    let responses = json!({"approval": answer});
    let params = json!({
        "name": tool, "arguments": arguments, "requestState": state, "inputResponses": responses,
    });
    client.ask("tools/call", params)["result"].clone()
}

#[test]
fn a_newer_client_comes_back_with_the_answer() {
    let keep = notes();
    let mut client = Client::new(&keep, forms());
    for (name, answer, expected) in answers() {
        let arguments = note(name);
        let state = question(&mut client, "write_note", &arguments);
        assert!(!keep.has(&format!("data/{name}.md")));
        let result = back(&mut client, "write_note", &arguments, &state, &answer);
        came(&keep, name, &result, expected);
    }
    // Coming back without an answer is none.
    let arguments = note("silence");
    let state = question(&mut client, "write_note", &arguments);
    let params = json!({"name": "write_note", "arguments": arguments, "requestState": state});
    let result = client.ask("tools/call", params)["result"].clone();
    came(&keep, "silence", &result, Some("approval-required"));
    client.leave();
    let approved = keep.records(&["--verb", "create", "--kind", "outcome"]);
    assert_eq!(approved.len(), 1, "{approved:#?}");
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn an_answer_counts_for_its_own_call_and_once() {
    let keep = notes();
    let mut client = Client::new(&keep, forms());
    let arguments = note("x");
    let state = question(&mut client, "write_note", &arguments);
    let sealed = state.as_str().unwrap();
    let forged = [
        json!(""),
        json!("rs1.AAAA.AAAA"),
        json!(format!("{sealed}x")),
        json!(sealed.replacen("rs1.A", "rs1.B", 1)),
        json!(sealed.rsplit_once('.').unwrap().0),
        json!("x".repeat(1 << 20)),
    ];
    for forged in &forged {
        assert_ne!(*forged, state);
        let result = back(&mut client, "write_note", &arguments, forged, &approve());
        assert_eq!(code(&result), "question-closed", "{result:#}");
    }
    for (tool, arguments) in [
        ("write_note", note("y")),
        ("write_note", json!({"name": "x", "text": "other"})),
        ("delete_note", json!({"name": "x"})),
        ("delete_note", note("x")),
    ] {
        let result = back(&mut client, tool, &arguments, &state, &approve());
        assert_eq!(
            code(&result),
            "question-closed",
            "{tool} {arguments}: {result:#}"
        );
    }
    let stranger = keep.command(&["serve", "--as", "eve"]);
    let mut stranger = Client::new_by(stranger, forms());
    let result = back(&mut stranger, "write_note", &arguments, &state, &approve());
    assert_eq!(code(&result), "question-closed", "{result:#}");
    let mut elsewhere = Client::new_by(keep.command(&["serve", "--session", "other"]), forms());
    let result = back(&mut elsewhere, "write_note", &arguments, &state, &approve());
    assert_eq!(code(&result), "question-closed", "{result:#}");
    assert!(!keep.has("data/x.md") && !keep.has("data/y.md"));

    // None of it has closed the real one.
    let result = back(&mut client, "write_note", &arguments, &state, &approve());
    came(&keep, "x", &result, None);
    std::fs::remove_file(keep.path("data/x.md")).unwrap();
    let again = back(&mut client, "write_note", &arguments, &state, &approve());
    assert_eq!(code(&again), "question-closed", "{again:#}");
    insta::assert_snapshot!("a_question_that_is_closed", text(&again));
    assert!(!keep.has("data/x.md"));
    client.leave();
}

#[test]
fn an_answer_outlives_the_process_that_asked() {
    let keep = notes();
    for (name, answer, expected) in [
        ("yes", approve(), None),
        ("no", json!({"action": "decline"}), Some("denied")),
        (
            "silence",
            json!({"action": "cancel"}),
            Some("approval-required"),
        ),
    ] {
        let mut first = Client::new(&keep, forms());
        let arguments = note(name);
        let state = question(&mut first, "write_note", &arguments);
        // Killed: its call does not end.
        drop(first);
        let mut second = Client::new(&keep, forms());
        let result = back(&mut second, "write_note", &arguments, &state, &answer);
        came(&keep, name, &result, expected);
        second.leave();
    }
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn many_questions_at_once_wait_or_are_told_so() {
    let keep = notes();
    let mut client = Client::new(&keep, forms());
    let calls: Vec<(u64, Value)> = (0..40)
        .map(|n| {
            let arguments = note(&format!("n{n}"));
            (client.begin("write_note", arguments.clone()), arguments)
        })
        .collect();
    let mut results = std::collections::BTreeMap::new();
    while results.len() < 40 {
        let answer = client.receive().unwrap();
        results.insert(answer["id"].as_u64().unwrap(), answer["result"].clone());
    }
    let mut waiting = 0;
    for (call, arguments) in calls {
        let result = &results[&call];
        let written = format!("data/{}.md", arguments["name"].as_str().unwrap());
        if result["resultType"] == "input_required" {
            waiting += 1;
            let state = &result["requestState"];
            let result = back(&mut client, "write_note", &arguments, state, &approve());
            assert_eq!(result["isError"], false, "{result:#}");
            assert!(keep.has(&written));
        } else {
            assert_eq!(code(result), "approval-required", "{result:#}");
            assert!(!keep.has(&written));
        }
    }
    // Each holds a running guest.
    assert_eq!(waiting, 16);
    // There is room again.
    question(&mut client, "write_note", &note("last"));
    client.leave();
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn several_questions_of_one_call_come_one_after_the_other() {
    let keep = crate::asking_hostile();
    let steps = json!({"steps": [
        {"op": "write", "path": "one", "text": "1"},
        {"op": "write", "path": "two", "text": "2"},
    ]});
    let mut client = Client::old(&keep, forms());
    let call = client.begin("raw_steps", steps.clone());
    for answer in [approve(), json!({"action": "decline"})] {
        let question = client.hear("elicitation/create");
        client.respond(&question, answer);
    }
    let result = client.result(call);
    assert_eq!(
        result["structuredContent"]["results"],
        json!(["ok", "err not-permitted"])
    );
    assert_eq!(*said(&result, "refused"), json!(1));
    client.leave();

    std::fs::remove_file(keep.path("data/one")).unwrap();
    let steps = json!({"steps": [
        {"op": "write", "path": "three", "text": "3"},
        {"op": "write", "path": "four", "text": "4"},
    ]});
    let mut client = Client::new(&keep, forms());
    let first = question(&mut client, "raw_steps", &steps);
    let second = back(&mut client, "raw_steps", &steps, &first, &approve());
    assert_eq!(second["resultType"], "input_required", "{second:#}");
    assert!(keep.has("data/three") && !keep.has("data/four"));
    // The first state is spent.
    let spent = back(&mut client, "raw_steps", &steps, &first, &approve());
    assert_eq!(code(&spent), "question-closed");
    let result = back(
        &mut client,
        "raw_steps",
        &steps,
        &second["requestState"],
        &approve(),
    );
    assert_eq!(result["structuredContent"]["results"], json!(["ok", "ok"]));
    client.leave();
}
