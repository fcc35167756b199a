//! What a tool says while it runs, and many calls at the same time.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::{Client, forms, text};

/// The levels of the log lines that were heard.
fn levels(client: &Client) -> Vec<&str> {
    let lines = client
        .heard
        .iter()
        .filter(|m| m["method"] == "notifications/message");
    lines
        .map(|line| line["params"]["level"].as_str().unwrap())
        .collect()
}

#[test]
fn a_tool_is_heard_in_order_and_before_its_result() {
    let keep = Keep::granting("");
    for mut client in Client::both(&keep) {
        let loud = json!({"io.modelcontextprotocol/logLevel": "debug", "progressToken": 7});
        let params = json!({"name": "flood", "arguments": {"lines": 5}, "_meta": loud});
        let answer = client.ask("tools/call", params);
        assert_eq!(text(&answer["result"]), "said it all");
        let told: Vec<Value> = std::mem::take(&mut client.heard)
            .iter()
            .map(|message| match message["method"].as_str().unwrap() {
                "notifications/message" => message["params"]["data"].clone(),
                "notifications/progress" => {
                    let params = &message["params"];
                    assert_eq!(params["progressToken"], 7);
                    assert_eq!(params["message"], "still going");
                    json!([params["progress"].as_f64(), params["total"].as_f64()])
                }
                other => panic!("{other}"),
            })
            .collect();
        let expected: Vec<Value> = (0..5)
            .flat_map(|n| [json!(format!("line {n}")), json!([f64::from(n), 5.0])])
            .collect();
        assert_eq!(told, expected);
        // Nothing comes after the result.
        client.leave();
        assert_eq!(client.heard, [] as [Value; 0]);
    }
}

#[test]
fn who_asks_for_no_progress_hears_none() {
    let keep = Keep::granting("");
    for mut client in Client::both(&keep) {
        client.ask(
            "tools/call",
            json!({"name": "flood", "arguments": {"lines": 3}}),
        );
        assert!(
            client
                .heard
                .iter()
                .all(|m| m["method"] != "notifications/progress")
        );
    }
}

#[test]
fn an_older_client_sets_the_level_for_all_calls() {
    let keep = Keep::granting("");
    let mut client = Client::old(&keep, forms());
    for (level, expected) in [
        (None, &["error", "info", "warning"][..]),
        (Some("debug"), &["error", "info", "warning"]),
        (Some("notice"), &["error", "warning"]),
        (Some("error"), &["error"]),
        (Some("emergency"), &[]),
    ] {
        if let Some(level) = level {
            let answer = client.ask("logging/setLevel", json!({"level": level}));
            assert_eq!(answer["result"], json!({}));
        }
        client.heard.clear();
        client.call("say", json!({"text": "x"}));
        assert_eq!(levels(&client), expected, "{level:?}");
    }
    let answer = client.ask("logging/setLevel", json!({"level": "loud"}));
    assert_eq!(answer["error"]["code"], -32602);
}

#[test]
fn a_newer_client_says_the_level_with_each_call() {
    let keep = Keep::granting("");
    let mut client = Client::new(&keep, forms());
    for (level, expected) in [
        (json!({}), &[][..]),
        (
            json!({"io.modelcontextprotocol/logLevel": "warning"}),
            &["error", "warning"],
        ),
        (json!({}), &[]),
        (json!({"io.modelcontextprotocol/logLevel": "loud"}), &[]),
    ] {
        client.heard.clear();
        let params = json!({"name": "say", "arguments": {"text": "x"}, "_meta": level.clone()});
        client.ask("tools/call", params);
        assert_eq!(levels(&client), expected, "{level}");
    }
}

#[test]
fn what_a_tool_says_moves_no_cursor() {
    let keep = Keep::granting("");
    let mut client = Client::old(&keep, forms());
    let text = "\u{1b}[2J\u{202e}\r\nwarning: \u{7}";
    client.call("say", json!({"text": text}));
    assert!(!client.heard.is_empty());
    for message in &client.heard {
        let said = message["params"]["data"]
            .as_str()
            .or(message["params"]["message"].as_str());
        assert!(
            !said
                .unwrap()
                .chars()
                .any(|c| c.is_control() || c == '\u{202e}'),
            "{message}"
        );
    }
}

#[test]
fn many_calls_at_once_are_each_answered_right() {
    let keep = Keep::new("[plugins.echo]\npath = {echo}\n");
    for mut client in Client::both(&keep) {
        let asked: BTreeMap<u64, String> = (0..64)
            .map(|n| {
                let text = format!("text {n}");
                (client.begin("echo", json!({"text": text.clone()})), text)
            })
            .collect();
        let mut answered = BTreeMap::new();
        for _ in 0..64 {
            let answer = client.receive().unwrap();
            let echoed = text(&answer["result"]).to_owned();
            answered.insert(answer["id"].as_u64().unwrap(), echoed);
        }
        assert_eq!(answered, asked);
        client.leave();
    }
    keep.run(&["audit", "verify"]).expect(0);
    let outcomes = keep.endings(&[]);
    assert_eq!(outcomes.len(), 128);
    assert!(
        outcomes
            .iter()
            .all(|record| record["outcome"]["status"] == "done")
    );
}

#[test]
fn two_servers_share_one_state_folder() {
    let keep = Keep::new("[plugins.echo]\npath = {echo}\n");
    let mut clients = Client::both(&keep);
    for round in 0..4 {
        let begun = clients.each_mut().map(|client| {
            let calls: Vec<u64> = (0..8)
                .map(|n| client.begin("echo", json!({"text": format!("{round} {n}")})))
                .collect();
            calls
        });
        for (client, calls) in clients.iter_mut().zip(begun) {
            for (n, call) in calls.into_iter().enumerate() {
                // They may come in any order.
                let waiting = client
                    .heard
                    .iter()
                    .position(|message| message["id"] == call);
                let result = match waiting {
                    Some(at) => client.heard.remove(at)["result"].clone(),
                    None => client.result(call),
                };
                assert_eq!(text(&result), format!("{round} {n}"));
            }
        }
    }
    for mut client in clients {
        client.leave();
    }
    keep.run(&["audit", "verify"]).expect(0);
    let outcomes = keep.endings(&[]);
    assert_eq!(outcomes.len(), 64);
}
