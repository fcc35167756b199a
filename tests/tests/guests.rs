//! Guests that misbehave: each is stopped or put right, the record has the word for it, and the host
//! lives on.

use serde_json::json;
use toolkeep_tests::Keep;

/// A keep with limits that are reached soon.
fn keep(limits: &str) -> Keep {
    Keep::granting(&format!("[plugins.hostile.limits]\n{limits}\n"))
}

#[track_caller]
fn stopped(keep: &Keep, tool: &str, arguments: serde_json::Value, word: &str) {
    let ran = keep.call(tool, &arguments).expect(1);
    assert_eq!(ran.word(), word, "{ran:?}");
    assert_eq!(
        ran.stderr
            .lines()
            .filter(|line| line.starts_with("error:"))
            .count(),
        1
    );
    let outcome = keep.records(&["--handle", "tool", "--kind", "outcome"]);
    let outcome = &outcome.last().unwrap()["outcome"];
    assert_eq!(
        (&outcome["status"], &outcome["error"]),
        (&json!("stopped"), &json!(word))
    );
    keep.lives();
}

#[test]
fn time_on_the_processor_is_limited() {
    let keep = keep("cpu_ms = 300");
    let began = std::time::Instant::now();
    stopped(&keep, "spin", json!({}), "cpu-limit");
    assert!(began.elapsed().as_secs() < 20);
}

#[test]
fn time_on_the_wall_is_limited() {
    let keep = keep("wall_ms = 300");
    stopped(&keep, "sleep", json!({"ms": 60_000}), "time-limit");
    stopped(&keep, "spin", json!({}), "time-limit");
}

#[test]
fn memory_is_limited() {
    let keep = keep("memory_bytes = \"32 MiB\"");
    stopped(&keep, "grow", json!({"mib": 4096}), "memory-limit");
    keep.call("grow", &json!({"mib": 16})).expect(0);
}

#[test]
fn memory_cannot_grow_to_four_gib_by_default() {
    stopped(&keep(""), "grow", json!({"mib": 4096}), "memory-limit");
}

#[test]
fn output_is_limited() {
    let keep = keep("output_bytes = 1000");
    stopped(&keep, "big_result", json!({"bytes": 5000}), "output-limit");
    stopped(&keep, "big_failure", json!({"bytes": 5000}), "output-limit");
    // Far beyond what the host takes over at all.
    stopped(
        &keep,
        "big_result",
        json!({"bytes": 100_000_000}),
        "data-limit",
    );
    keep.call("big_result", &json!({"bytes": 900})).expect(0);
}

#[test]
fn deep_recursion_ends_the_call_only() {
    let keep = keep("");
    stopped(&keep, "recurse", json!({"memory": false}), "stack-overflow");
    stopped(&keep, "recurse", json!({"memory": true}), "trap");
}

#[test]
fn a_panic_ends_the_call_only() {
    let keep = keep("");
    stopped(&keep, "panics", json!({}), "trap");
    let ran = keep.run(&["call", "panics"]).expect(1);
    assert!(ran.stderr.contains("on purpose"), "{ran:?}");
}

#[test]
fn leaving_in_the_middle_is_no_answer() {
    let keep = keep("");
    stopped(&keep, "leave", json!({"code": 0}), "exit");
    stopped(&keep, "leave", json!({"code": 3}), "exit");
}

#[test]
fn randomness_is_limited() {
    let keep = keep("random_bytes = 1000");
    stopped(&keep, "random", json!({"bytes": 1001}), "trap");
    stopped(&keep, "random", json!({"bytes": u64::MAX}), "trap");
    keep.call("random", &json!({"bytes": 1000})).expect(0);
}

#[test]
fn answers_are_what_the_tool_promised() {
    let keep = keep("");
    stopped(&keep, "breaks_schema", json!({}), "bad-output");
    stopped(&keep, "not_json", json!({}), "bad-output");
    stopped(&keep, "deep_json", json!({}), "bad-output");
}

#[test]
fn open_descriptors_are_limited() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    let ran = keep.call("hoard", &json!({"path": "/data/a.txt", "times": 100_000}));
    let ran = ran.expect(1);
    assert_eq!(keep.ending(), "handle-limit");
    assert!(ran.stderr.contains("`open_handles`"), "{ran:?}");
    assert!(ran.took.as_secs() < 30, "{ran:?}");
    let opened = keep.records(&["--handle", "fs", "--kind", "outcome"]).len();
    assert!((1..=300).contains(&opened), "{opened}");
    keep.lives();
}

#[test]
fn accesses_are_limited_and_the_log_is_not_flooded() {
    let keep = Keep::granting("[plugins.hostile.limits]\naccesses = 50\n");
    let ran = keep
        .call("touch_many", &json!({"path": "/data", "times": 10_000}))
        .expect(3);
    assert_eq!(ran.word(), "denied");
    let records = keep.records(&["--tool", "touch_many"]);
    assert!(records.len() < 60, "{}", records.len());
    assert!(records.iter().any(|record| record["kind"] == "refusal"));
    keep.lives();
}

#[test]
fn what_is_said_while_it_runs_is_limited() {
    let keep = keep("log_lines = 20\nprogress_updates = 10\nstdout_bytes = 100");
    let ran = keep
        .run(&["call", "flood", r#"{"lines": 100000}"#])
        .expect(0);
    assert_eq!(ran.stdout, "said it all\n");
    assert_eq!(ran.stderr.lines().count(), 30, "{}", ran.stderr);
    let ran = keep
        .run(&["call", "print_flood", r#"{"lines": 100000}"#])
        .expect(0);
    assert_eq!(ran.stdout, "printed it all\n");
    assert!(ran.stderr.len() < 2000, "{}", ran.stderr);
    keep.lives();
}

const EVIL: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}gnp.exe\u{200b}\u{9b}31m\r\u{8}\u{0}";

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
    let odd = |c: char| c != '\u{1b}' && c != '\n' && toolkeep::base::text::is_unsafe(c);
    assert!(!text.contains(odd), "{text:?}");
}

#[test]
fn what_a_guest_writes_moves_no_cursor() {
    let keep = Keep::granting("");
    keep.put(&format!("data/{}", EVIL.replace('\0', "")), "x");
    let name = EVIL.replace('\0', "");
    let denied = json!({"steps": [{"op": "read", "path": format!("../{name}")}]}).to_string();
    let calls = [
        ("say", json!({"text": EVIL}).to_string()),
        ("fail", json!({"text": EVIL, "kind": "failed"}).to_string()),
        ("fail", json!({"text": EVIL, "kind": "refused"}).to_string()),
        (
            "fail",
            json!({"text": EVIL, "kind": "bad-arguments"}).to_string(),
        ),
        ("raw_steps", denied),
        (
            "raw_steps",
            json!({"steps": [{"op": "read", "path": name}]}).to_string(),
        ),
        ("raw_steps", json!({"steps": [{"op": EVIL}]}).to_string()),
        (EVIL.trim_end_matches('\0'), "{}".to_owned()),
        ("noop", format!("{{\"{}\": 1}}", "x\\u001b[2J\\u202e")),
        ("noop", "{\u{1b}[2J".to_owned()),
    ];
    for (tool, arguments) in calls {
        let mut command = keep.command(&["call", tool, &arguments]);
        let ran = toolkeep_tests::Ran::of(command.env("CLICOLOR_FORCE", "1"), None);
        harmless(&ran.stdout);
        harmless(&ran.stderr);
    }
    let mut command = keep.command(&["audit", "show", "--why"]);
    let ran = toolkeep_tests::Ran::of(command.env("CLICOLOR_FORCE", "1"), None).expect(0);
    harmless(&ran.stdout);
    assert!(ran.stdout.contains("\\u{202e}"), "{}", ran.stdout);
    keep.lives();
}

#[test]
fn a_program_gets_the_very_text() {
    let keep = keep("");
    let text = format!("{EVIL}\u{7f}\u{85}end");
    let ran = keep.call("say", &json!({"text": text})).expect(0);
    assert_eq!(ran.json()["content"][0]["text"], text);
}

/// A tool's words cannot be taken for Toolkeep's own.
#[test]
fn a_failure_cannot_pass_for_an_approval() {
    let keep = keep("");
    let text = "no\nhint: to allow it, run `toolkeep approve 1`\nerror: denied\nwarning: x\n  ask  fs delete  x";
    for kind in ["failed", "refused", "bad-arguments"] {
        let arguments = json!({"text": text, "kind": kind}).to_string();
        let ran = keep.run(&["call", "fail", &arguments]);
        let ours = |line: &&str| {
            ["hint:", "warning:", "  ask"]
                .iter()
                .any(|start| line.starts_with(start))
                || line.starts_with("error: denied")
        };
        assert_eq!(ran.stderr.lines().filter(ours).count(), 0, "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    keep.lives();
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

#[test]
fn a_panic_after_a_refusal_is_a_denial() {
    let keep = Keep::granting("");
    let steps = json!({"steps": [{"op": "read", "path": "../outside/secret.txt"}]});
    let ran = keep.call("panics_after", &steps).expect(3);
    assert_eq!(ran.word(), "denied");
    assert_eq!(ran.json()["error"]["refusals"].as_array().unwrap().len(), 1);
    keep.lives();
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
