//! What one call could have of another.

use serde_json::{Value, json};
use toolkeep_tests::SECRET;
use toolkeep_tests::rpc::text;

use crate::case::Outcome::{Harmless, Stopped};
use crate::case::{Case, Promise};
use crate::served::Served;

const APART: Promise = Promise::CallsDoNotMix;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("looks for what an earlier instance left in memory", APART, Harmless("it finds nothing"), memory).within(512),
    Case::new("guesses the handles of another call", APART, Stopped("trap"), handles),
    Case::new("spins in many calls side by side", Promise::CallEnds, Stopped("cpu-limit"), spins),
];

fn memory() -> Served {
    let mut served = Served::granting("");
    let marks = json!({"seed": 4711, "mib": 100});
    for _ in 0..3 {
        let left = served.call("leave_marks", marks.clone());
        assert_eq!(text(&left), "left 6553600");
        let found = served.call("find_marks", marks.clone());
        // One may be the mark that it looks for itself.
        let number: u64 = text(&found)
            .strip_prefix("found ")
            .unwrap()
            .parse()
            .unwrap();
        assert!(number < 10, "{number}");
    }
    served
}

/// The numbers under which another call has its open files mean nothing here.
fn handles() -> Served {
    let mut served = Served::granting("except = [\"private\"]\n");
    served.put("data/a.txt", SECRET);
    let client = served.client();
    let hold = json!({"path": "/data/a.txt", "times": 50, "ms": 5000});
    let held = client.begin("hold", hold);
    client.hear("notifications/message");
    let guess = |n: u32| json!({ "handle": n });
    for handle in (0..40).chain([99, 1000, u32::MAX / 16, u32::MAX]) {
        let result: Value = served.call("guess", guess(handle));
        assert_eq!(result["isError"], true, "{handle}: {result:#}");
    }
    let result = served.client().result(held);
    assert_eq!(text(&result), "held 50");
    served
}

fn spins() -> Served {
    let mut served = Served::limited("cpu_ms = 200\nwall_ms = 60000");
    let client = served.client();
    let spinning: Vec<u64> = (0..20).map(|_| client.begin("spin", json!({}))).collect();
    let fine = client.call("noop", json!({}));
    assert_eq!(text(&fine), "fine");
    for id in spinning {
        let result = served.client().result(id);
        assert_eq!(toolkeep_tests::rpc::code(&result), "cpu-limit");
    }
    served
}
