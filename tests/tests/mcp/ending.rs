//! Every way in which a call or a conversation ends.

use rustix::process::Signal;
use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::{Client, forms, text};

use crate::asking_hostile;

/// A keep in which nothing but a cancel ends a call soon.
fn keep() -> Keep {
    Keep::granting("[plugins.hostile.limits]\ncpu_ms = 60000\nwall_ms = 60000\n")
}

/// Begins a call that never ends, and waits until it runs.
fn spin(client: &mut Client) -> u64 {
    let call = client.begin("spin", json!({}));
    client.hear("notifications/progress");
    call
}

/// How the newest call ended, as people are shown it.
#[track_caller]
fn is_on_record_as_cancelled(keep: &Keep) {
    assert_eq!(keep.ending(), "cancelled");
    let shown = keep.run(&["audit", "show"]).expect(0).stdout;
    let last = shown.lines().last().unwrap();
    assert!(
        last.contains("hostile/spin") && last.contains("cancelled"),
        "{shown}"
    );
    keep.run(&["audit", "verify"]).expect(0);
}

/// Whether a call of `tool` has ended, on record.
fn has_ended(keep: &Keep, tool: &str) -> bool {
    let shown = keep.run(&[
        "audit", "show", "--json", "--tool", tool, "--handle", "tool",
    ]);
    // The first call makes the record.
    shown.code == 0
        && shown
            .stdout
            .lines()
            .filter(|line| line.contains("\"outcome\":{"))
            .count()
            == 1
}

#[test]
fn a_call_that_never_ends_can_be_cancelled() {
    let keep = keep();
    for mut client in Client::both(&keep) {
        let call = spin(&mut client);
        let cancelled = json!({"requestId": call, "reason": "changed my mind"});
        client.notify("notifications/cancelled", cancelled);
        client.lives();
        let fine = client.call("noop", json!({}));
        assert_eq!(text(&fine), "fine");
        client.leave();
        // Who cancels a call is not answered.
        assert!(
            client.heard.iter().all(|message| message["id"] != call),
            "{:#?}",
            client.heard
        );
        let outcomes = keep.endings(&["--tool", "spin"]);
        let outcome = &outcomes.last().unwrap()["outcome"];
        assert_eq!(
            (&outcome["status"], &outcome["error"]),
            (&json!("stopped"), &json!("cancelled"))
        );
    }
}

#[test]
fn a_client_that_does_not_listen_can_cancel_too() {
    let keep = keep();
    let mut client = Client::deaf(&keep);
    let call = client.begin("spin", json!({}));
    // More than a pipe holds.
    let big = client.begin("big_result", json!({"bytes": 500_000}));
    keep.wait_for(|| has_ended(&keep, "big_result"));
    for call in [call, big] {
        client.notify("notifications/cancelled", json!({"requestId": call}));
    }
    keep.wait_for(|| has_ended(&keep, "spin"));
    is_on_record_as_cancelled(&keep);
    // And it does not keep the program.
    client.signal(Signal::TERM);
    assert_eq!(client.code(), Some(0));
}

#[test]
fn a_client_that_closes_its_end_is_still_answered() {
    let keep = keep();
    for mut client in Client::both(&keep) {
        let calls = [
            // One that talks: nothing that is said to nobody holds it up.
            client.begin("flood", json!({"lines": 300})),
            client.begin("noop", json!({})),
            client.begin("noop", json!({})),
        ];
        client.leave();
        for call in calls {
            let answers = client.heard.iter().filter(|message| message["id"] == call);
            let answers: Vec<&Value> = answers.collect();
            assert_eq!(answers.len(), 1, "{call}: {:#?}", client.heard);
            assert_eq!(answers[0]["result"]["isError"], false);
        }
    }
}

#[test]
fn a_call_that_never_ends_is_cancelled_when_its_client_is_gone() {
    let keep = keep();
    let mut client = Client::old(&keep, forms());
    spin(&mut client);
    client.leave();
    is_on_record_as_cancelled(&keep);
}

#[test]
fn a_signal_ends_the_server_and_cancels_what_runs() {
    let keep = keep();
    for signal in [Signal::TERM, Signal::INT] {
        for mut client in Client::both(&keep) {
            spin(&mut client);
            client.signal(signal);
            assert_eq!(client.end(), (Some(0), String::new()));
            is_on_record_as_cancelled(&keep);
        }
    }
    for mut client in Client::both(&keep) {
        client.lives();
        client.signal(Signal::TERM);
        assert_eq!(client.end(), (Some(0), String::new()));
    }
}

#[test]
fn who_says_nothing_at_all_is_served_too() {
    let keep = keep();
    Client::silent(&keep).leave();
    let mut client = Client::silent(&keep);
    client.ask("ping", json!({}));
    client.signal(Signal::TERM);
    assert_eq!(client.end(), (Some(0), String::new()));
}

#[test]
fn nobody_is_asked_by_way_of_a_client_that_is_gone() {
    let keep = asking_hostile();
    let mut client = Client::old(&keep, forms());
    client.begin(
        "raw_steps",
        json!({"steps": [{"op": "write", "path": "x", "text": "x"}]}),
    );
    client.hear("elicitation/create");
    client.leave();
    assert!(!keep.has("data/x"));
    assert_eq!(keep.ending(), "done");
    // In the newer era it waits for the client to come back.
    let mut client = Client::new(&keep, forms());
    let waits = client.call(
        "raw_steps",
        json!({"steps": [{"op": "write", "path": "y", "text": "x"}]}),
    );
    assert_eq!(waits["resultType"], "input_required");
    client.leave();
    assert!(!keep.has("data/y"));
    assert_eq!(keep.ending(), "cancelled");
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn a_call_that_waits_for_a_person_can_be_cancelled() {
    let keep = asking_hostile();
    let mut client = Client::old(&keep, forms());
    let write = json!({"steps": [{"op": "write", "path": "x", "text": "x"}]});
    let call = client.begin("raw_steps", write);
    let question = client.hear("elicitation/create");
    client.notify("notifications/cancelled", json!({"requestId": call}));
    keep.wait_for(|| has_ended(&keep, "raw_steps"));
    // Too late.
    client.respond(
        &question,
        json!({"action": "accept", "content": {"decision": "approve"}}),
    );
    client.lives();
    client.leave();
    assert!(!keep.has("data/x"));
    assert_eq!(keep.ending(), "cancelled");
}

/// However soon after its answer the server is killed, the call is on record.
#[test]
fn what_was_answered_is_on_record_even_if_the_server_is_killed_at_once() {
    let keep = Keep::granting("");
    let mut answered = 0;
    for round in 0..5 {
        let mut client = Client::old(&keep, json!({}));
        for _ in 0..=round {
            client.call("raw_steps", json!({"steps": [{"op": "list", "path": "."}]}));
            answered += 1;
        }
        client.signal(Signal::KILL);
        client.code();
        let ended = keep.endings(&[]);
        assert_eq!(ended.len(), answered);
        // And so is what it looked at.
        let seen = keep.records(&["--handle", "fs", "--kind", "outcome"]);
        assert_eq!(seen.len(), answered);
    }
    keep.run(&["audit", "verify"]).expect(0);
}
