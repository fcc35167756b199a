//! Lines that no good client writes: the server answers what can be answered, and lives.

use serde_json::{Value, json};
use toolkeep_tests::rpc::{Client, OLD, code, forms, text};

use crate::notes;

#[test]
fn what_is_no_message_is_passed_over() {
    let keep = notes();
    let nested = format!("{}{}", "[".repeat(9999), "]".repeat(9999));
    for mut client in Client::both(&keep) {
        client.lives();
        for line in [
            &b"{"[..],
            b"",
            b"\r",
            b"hello",
            b"\xff\xfe\x00\x00",
            b"\0",
            b"}{",
            nested.as_bytes(),
            br#"{"jsonrpc":"2.0","method":"notifications/nothing"}"#,
            br#"{"jsonrpc":"2.0","method":"$/progress","params":{}}"#,
            br#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
            br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
            br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            br#"{"jsonrpc":"2.0","id":0,"result":{}}"#,
            br#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"x"}}"#,
        ] {
            client.write(line);
            client.lives();
            assert_eq!(
                client.heard,
                [] as [Value; 0],
                "{:?}",
                String::from_utf8_lossy(line)
            );
        }
        client.leave();
    }
}

#[test]
fn json_that_is_no_message_is_an_invalid_request() {
    let keep = notes();
    for mut client in Client::both(&keep) {
        client.lives();
        for line in [
            "[]",
            // A batch, which no version but one has, and that one is not the newest.
            r#"[{"jsonrpc":"2.0","id":900,"method":"ping"},{"jsonrpc":"2.0","id":901,"method":"ping"}]"#,
            "\"text\"",
            "null",
            "17",
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"1.0","id":900,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":900,"method":5}"#,
        ] {
            client.write(line);
            let answer = client.receive().unwrap();
            assert_eq!(answer["error"]["code"], -32600, "{line}: {answer:#}");
            assert!(answer["id"].is_null(), "{line}: {answer:#}");
            client.lives();
        }
        client.leave();
    }
}

#[test]
fn parameters_that_are_wrong_are_said_to_be() {
    let keep = notes();
    for mut client in Client::both(&keep) {
        for (method, params) in [
            ("tools/call", json!({})),
            ("tools/call", json!({"name": 5})),
            ("tools/call", json!({"name": "read_note", "arguments": "a"})),
            ("tools/call", json!({"name": "read_note", "arguments": [1]})),
            (
                "tools/call",
                json!({"name": "read_note", "requestState": 5}),
            ),
            ("tools/list", json!({"cursor": "x"})),
        ] {
            let answer = client.ask(method, params.clone());
            assert_eq!(
                answer["error"]["code"], -32602,
                "{method} {params}: {answer:#}"
            );
        }
        client.lives();
    }
    // What the newer era wants in each request is not left out.
    let mut client = Client::new(&keep, forms());
    client.lives();
    client.write(r#"{"jsonrpc":"2.0","id":900,"method":"tools/list"}"#);
    assert_eq!(client.answer(900)["error"]["code"], -32602);
    let of_the_future = json!({
        "io.modelcontextprotocol/protocolVersion": "2036-01-01",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let list = json!({"jsonrpc": "2.0", "id": 901, "method": "tools/list", "params": {"_meta": of_the_future}});
    client.write(list.to_string());
    let answer = client.answer(901);
    assert!(
        answer["error"]["data"]["supported"]
            .as_array()
            .unwrap()
            .contains(&json!(OLD)),
        "{answer:#}"
    );
    client.leave();
}

#[test]
fn what_is_not_served_is_not_found() {
    let keep = notes();
    for mut client in Client::both(&keep) {
        for (method, params) in [
            ("nothing", json!({})),
            ("tools/delete", json!({"name": "read_note"})),
            ("\u{1b}[2J\n", json!({})),
            ("prompts/list", json!({})),
            ("prompts/get", json!({"name": "x"})),
            ("resources/list", json!({})),
            ("resources/read", json!({"uri": "file:///etc/passwd"})),
            ("resources/templates/list", json!({})),
            ("tasks/get", json!({"taskId": "x"})),
        ] {
            let answer = client.ask(method, params);
            assert_eq!(answer["error"]["code"], -32601, "{method}: {answer:#}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
        client.leave();
    }
}

#[test]
fn a_line_of_great_length_is_passed_over() {
    let keep = notes();
    for mut client in Client::both(&keep) {
        client.lives();
        // More than the 16 MiB that a line may have.
        client.write("x".repeat(20 << 20));
        client.lives();
        // Fewer, but more than the 1 MiB that arguments may have.
        let result = client.call("read_note", json!({"name": "x".repeat(2 << 20)}));
        assert_eq!(
            (code(&result), text(&result)),
            ("bad-arguments", "they have more than 1048576 bytes")
        );
        client.lives();
        client.leave();
    }
}

#[test]
fn a_line_may_come_in_pieces() {
    let keep = notes();
    let mut client = Client::silent(&keep);
    let id = json!({"jsonrpc": "2.0", "id": "text", "method": "ping"}).to_string();
    let (start, rest) = id.split_at(9);
    client.write_part(start);
    client.write(rest);
    assert_eq!(client.receive().unwrap()["id"], "text");
    client.hello(OLD, forms());
    client.lives();
}

#[test]
fn a_conversation_that_has_not_begun_is_not_ended_by_a_notification() {
    let keep = notes();
    let mut client = Client::silent(&keep);
    // As from a client that probed for the newer era and did not wait for the answer.
    client.notify("notifications/cancelled", json!({"requestId": 1}));
    client.notify("notifications/initialized", json!({}));
    client.write(r#"{"jsonrpc":"2.0","id":9,"result":{}}"#);
    client.write(r#"{"jsonrpc":"2.0","id":"early","method":"tools/list"}"#);
    let early = client.receive().unwrap();
    assert_eq!(
        (&early["id"], &early["error"]["code"]),
        (&json!("early"), &json!(-32602))
    );
    client.notify("notifications/cancelled", json!({"requestId": "early"}));
    client.hello(OLD, forms());
    client.lives();
    client.leave();
}
