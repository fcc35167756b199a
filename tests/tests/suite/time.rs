//! Calls that do not end by themselves, and calls that end in the middle of something.

use std::time::Instant;

use serde_json::json;
use toolkeep_tests::rpc::code;

use crate::case::Outcome::{Refused, Stopped};
use crate::case::{Case, Promise};
use crate::served::Served;

const ENDS: Promise = Promise::CallEnds;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("loops for ever", ENDS, Stopped("cpu-limit"), spins),
    Case::new("sleeps", ENDS, Stopped("time-limit"), sleeps),
    Case::new("holds the call open by doing next to nothing, again and again", ENDS, Stopped("time-limit"), drips),
    Case::new("recurses for ever", ENDS, Stopped("stack-overflow"), recurses),
    Case::new("panics", ENDS, Stopped("trap"), panics),
    Case::new("ends itself as if all were well", ENDS, Stopped("exit"), leaves),
    Case::new("promises a number and gives something else", ENDS, Stopped("bad-output"), breaks_schema),
    Case::new("goes on after its call was cancelled", ENDS, Refused("cancelled"), goes_on),
    Case::new("traps in the middle of a host call", Promise::DurableBeforeDone, Stopped("trap"), traps_inside),
    Case::new("is stopped by time in the middle of host calls", Promise::DurableBeforeDone, Stopped("time-limit"), stopped_inside),
];

fn spins() -> Served {
    let mut served = Served::limited("cpu_ms = 300");
    served.stops("spin", json!({}), "cpu-limit");
    served
}

fn sleeps() -> Served {
    let mut served = Served::limited("wall_ms = 300");
    served.stops("sleep", json!({"ms": 60_000}), "time-limit");
    served.stops("spin", json!({}), "time-limit");
    served
}

fn drips() -> Served {
    let mut served = Served::limited("wall_ms = 1000");
    let began = Instant::now();
    served.stops("drip", json!({"ms": 50}), "time-limit");
    assert!(began.elapsed().as_secs() < 30);
    served
}

fn recurses() -> Served {
    let mut served = Served::granting("");
    served.stops("recurse", json!({"memory": false}), "stack-overflow");
    served.stops("recurse", json!({"memory": true}), "trap");
    served
}

fn panics() -> Served {
    let mut served = Served::granting("");
    served.stops("panics", json!({}), "trap");
    // After a refusal it counts as one.
    let steps = json!({"steps": [{"op": "read", "path": "../outside/secret.txt"}]});
    served.stops("panics_after", steps, "denied");
    served
}

fn leaves() -> Served {
    let mut served = Served::granting("");
    served.stops("leave", json!({"code": 0}), "exit");
    served.stops("leave", json!({"code": 3}), "exit");
    served
}

fn breaks_schema() -> Served {
    let mut served = Served::granting("");
    served.stops("breaks_schema", json!({}), "bad-output");
    served.stops("not_json", json!({}), "bad-output");
    served.stops("deep_json", json!({}), "bad-output");
    served
}

fn goes_on() -> Served {
    let mut served = Served::limited("cpu_ms = 30000\nwall_ms = 30000");
    served.put("data/old.txt", "old");
    let client = served.client();
    let call = client.begin("write_on", json!({"folder": "/data"}));
    client.hear("notifications/progress");
    client.notify("notifications/cancelled", json!({"requestId": call}));
    let spin = client.begin("spin", json!({}));
    client.hear("notifications/progress");
    client.notify("notifications/cancelled", json!({"requestId": spin}));
    served.rest();
    assert_eq!(served.get("data/open.txt"), "before");
    assert_eq!(served.get("data/old.txt"), "old");
    assert!(!served.has("data/new.txt"));
    served
}

/// What it did before the host found out is done, and on record as done.
fn traps_inside() -> Served {
    let mut served = Served::granting("");
    served.stops("trap_inside", json!({"name": "made"}), "trap");
    served.rest();
    assert!(served.has("data/made"));
    let made = served.records(&["--verb", "create"]);
    let kinds: Vec<_> = made.iter().map(|record| &record["kind"]).collect();
    assert_eq!(kinds, ["intent", "outcome"], "{made:#?}");
    served
}

/// Every file that is there was announced before, and everything that was announced has an end.
fn stopped_inside() -> Served {
    let mut served = Served::limited("wall_ms = 500");
    for _ in 0..3 {
        let result = served.call("write_for_ever", json!({"folder": "/data"}));
        assert_eq!(code(&result), "time-limit");
    }
    served.rest();
    every_file_was_announced(&served);
    let count = |kind: &str| served.records(&["--handle", "fs", "--kind", kind]).len();
    assert_eq!(count("intent"), count("outcome"));
    served
}

pub fn every_file_was_announced(served: &Served) {
    let intents = served.records(&["--handle", "fs", "--kind", "intent"]);
    let announced: Vec<&str> = intents
        .iter()
        .map(|record| record["object"].as_str().unwrap())
        .collect();
    let mut files = 0;
    for entry in std::fs::read_dir(served.path("data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let object = format!("data:{name}");
        assert!(
            announced.contains(&object.as_str()),
            "{object} is not on record"
        );
        files += 1;
    }
    assert!(files > 0, "nothing was written");
}
