//! What guests say, and how it comes through. Those who attack the host are in the suite.

use serde_json::json;
use toolkeep_tests::Keep;

/// A keep with limits that are reached soon.
fn keep(limits: &str) -> Keep {
    Keep::granting(&format!("[plugins.hostile.limits]\n{limits}\n"))
}

const EVIL: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}gnp.exe\u{200b}\u{9b}31m\r\u{8}\u{0}";

#[test]
fn a_program_gets_the_very_text() {
    let keep = keep("");
    let text = format!("{EVIL}\u{7f}\u{85}end");
    let ran = keep.call("say", &json!({"text": text})).expect(0);
    assert_eq!(ran.json()["content"][0]["text"], text);
}

#[test]
fn to_claim_a_refusal_is_a_mere_failure() {
    let keep = keep("");
    let arguments = json!({"text": "not allowed", "kind": "refused"});
    let ran = keep.call("fail", &arguments).expect(1);
    assert_eq!(ran.word(), "failed");
    assert_eq!(keep.ending(), "refused");
    assert_eq!(keep.records(&["--verdict", "deny"]).len(), 0);
    let ran = keep
        .call("fail", &json!({"text": "x", "kind": "bad-arguments"}))
        .expect(2);
    assert_eq!(ran.word(), "bad-arguments");
}

/// Many at once, most of them bad: the good ones are answered.
#[test]
fn bad_calls_do_not_hurt_good_ones() {
    let keep = keep("cpu_ms = 1000\nmemory_bytes = \"32 MiB\"");
    let host = keep.host();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut calls = Vec::new();
        for n in 0..60 {
            let session = keep.session(&host, &format!("s{n}"));
            let (tool, arguments) = match n % 6 {
                0 => ("spin", json!({})),
                1 => ("recurse", json!({"memory": false})),
                2 => ("grow", json!({"mib": 100})),
                3 => ("panics", json!({})),
                4 => ("leave", json!({"code": 0})),
                _ => ("noop", json!({})),
            };
            calls.push((
                tool,
                tokio::spawn(async move { session.call(tool, arguments).await }),
            ));
        }
        for (tool, call) in calls {
            assert_eq!(call.await.unwrap().is_ok(), tool == "noop", "{tool}");
        }
    });
    drop(host);
    drop(runtime);
    keep.lives();
}

#[test]
fn every_kind_of_content_and_of_failure_comes_through() {
    let keep = keep("");
    let ran = keep.call("every_kind", &json!({})).expect(0);
    assert_eq!(
        ran.json()["content"],
        json!([
            {"type": "text", "text": "text"},
            {"type": "image", "data": "AQ==", "mimeType": "image/png"},
            {"type": "audio", "data": "Ag==", "mimeType": "audio/wav"},
            {"type": "resource", "resource":
                {"uri": "keep:1", "mimeType": "text/plain", "text": "inside"}},
            {"type": "resource", "resource":
                {"uri": "keep:1", "mimeType": "text/plain", "blob": "Aw=="}},
            {"type": "resource_link", "uri": "keep:2", "name": "linked", "description": "a link"},
        ])
    );
    // The host did not refuse anything: the tool's word for it changes no exit code.
    for (way, code) in [("bad-arguments", 2), ("refused", 1), ("failed", 1)] {
        keep.call("fail_as", &json!({"way": way})).expect(code);
        assert_eq!(keep.ending(), way);
    }
}

#[test]
fn a_refusal_that_a_tool_passes_on_is_on_record_as_one() {
    let keep = Keep::new(
        "[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {hostile}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [\"list\"]\n",
    );
    // By `?` on an `io::Error`, in a function that gives a `Failure`.
    let arguments = json!({"folder": "/data", "files": 1});
    let ran = keep.call("write_many", &arguments).expect(3);
    assert_eq!(ran.word(), "denied");
    assert_eq!(keep.ending(), "refused");
    keep.lives();
}
