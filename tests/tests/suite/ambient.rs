//! What a guest finds without having been given anything; and what is looked at without being run.

use std::time::Instant;

use serde_json::{Value, json};
use toolkeep_tests::by_hand::{described, importing, redescribed, spinning, with_module};
use toolkeep_tests::hostile;
use toolkeep_tests::rpc::code;

use crate::case::Outcome::{Harmless, NoCall, Refused, Stopped};
use crate::case::{Case, Promise};
use crate::served::Served;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("looks around for environment, arguments, input and the host's files", Promise::NothingAmbient, Harmless("it finds nothing"), looks_around),
    Case::new("imports sockets", Promise::NothingAmbient, Stopped("unusable"), sockets),
    Case::new("is called without the grant that it needs", Promise::DenyUnlessGiven, Refused("no-grant"), no_grant),
    Case::new("asks for values that it does not declare, and for a need that nobody granted", Promise::DenyUnlessGiven, Refused("not-declared"), undeclared),
    Case::new("is granted more than it declares", Promise::DenyUnlessGiven, Refused("not-declared"), more_than_declared),
    Case::new("stands in a file with a mistake", Promise::DenyUnlessGiven, NoCall("the host does not start"), mistake),
    Case::new("spins as soon as it is instantiated, while it is listed, inspected and checked", Promise::LookingRunsNothing, Stopped("cpu-limit"), spins_at_start),
];

/// A host with the hostile plugin, and with `bytes`, whose one tool is called `odd`.
pub fn beside(bytes: &[u8], limits: &str) -> Served {
    let served = Served::granting(&format!(
        "[plugins.odd]\npath = \"odd.wasm\"\n\
         [plugins.odd.fs.data]\ndata = \"data\"\nallow = [\"list\"]\n\
         [plugins.odd.limits]\n{limits}\n"
    ));
    served.put("odd.wasm", bytes);
    served
}

fn looks_around() -> Served {
    let mut served = Served::new(
        "[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {hostile}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [\"list\"]\n",
    );
    let found = served.call("look_around", json!({}))["structuredContent"].clone();
    let nothing: [Value; 0] = [];
    let expected = json!({
        "environment": nothing, "arguments": nothing, "input": 0, "folders": ["/data"],
        "opened": nothing,
    });
    assert_eq!(found, expected);
    served
}

fn sockets() -> Served {
    let bytes = std::fs::read(hostile()).unwrap();
    let hostile = toolkeep::pack::component::Component::read(&bytes).unwrap();
    let bare = importing("wasi:sockets/tcp@0.2.6");
    let packed = toolkeep::pack::component::embed(&bare, &hostile.description().unwrap()).unwrap();
    let mut served = beside(&described(&packed, "odd", |_| ()), "");
    served.stops("odd", json!({}), "unusable");
    let told = served.run(&["inspect", "odd.wasm"]).expect(0).stdout;
    assert!(told.contains("UNKNOWN: the plugin cannot be run"), "{told}");
    served
}

fn no_grant() -> Served {
    let odd = described(&std::fs::read(hostile()).unwrap(), "odd", |_| ());
    let mut served = Served::granting("[plugins.odd]\npath = \"odd.wasm\"\n");
    served.put("odd.wasm", odd);
    // A client is not even told of it, and whoever knows of it is refused.
    assert!(!served.client().tools().contains(&"odd".to_owned()));
    let answer = served
        .client()
        .ask("tools/call", json!({"name": "odd", "arguments": {}}));
    assert!(
        answer["error"].is_object() || answer["result"]["isError"] == true,
        "{answer:#}"
    );
    served.run(&["call", "odd"]).expect(3);
    served
}

fn undeclared() -> Served {
    let mut served = Served::granting(
        "[plugins.hostile.config.settings]\nvalues = { greeting = \"hi\" }\nallow = [\"read\"]\n",
    );
    for key in ["undeclared", "", "PATH", "HOME", "greeting\0", "\u{1b}[2J"] {
        let result = served.call("read_config", json!({ "key": key }));
        let said = toolkeep_tests::rpc::text(&result);
        assert!(said.starts_with("Err("), "{key}: {said}");
    }
    let got = served.steps(json!([{"op": "read", "at": "/other", "path": "x"}]));
    assert_eq!(got, ["err no such descriptor"]);
    served
}

/// What is not declared is denied, whatever is granted.
fn more_than_declared() -> Served {
    let whole = std::fs::read(hostile()).unwrap();
    let odd = redescribed(&whole, |description| {
        description["manifest"]["needs"]["fs"]["data"]["verbs"] = json!(["list"]);
    });
    let all = toolkeep_tests::ALL;
    let mut served = Served::new(&format!(
        "[data.data]\ndir = \"data\"\n[plugins.odd]\npath = \"odd.wasm\"\n\
         [plugins.odd.fs.data]\ndata = \"data\"\nallow = {all}\n"
    ));
    served.put("odd.wasm", &odd);
    served.put("data/a.txt", "a");
    served.refuses(&[
        json!({"op": "read", "path": "a.txt"}),
        json!({"op": "write", "path": "new.txt", "text": "x"}),
        json!({"op": "unlink", "path": "a.txt"}),
    ]);
    served.answers(json!([{"op": "list"}]), &["ok a.txt"]);
    served
}

/// Nothing is half read: not even what is right in it is used.
fn mistake() -> Served {
    let mut served = Served::granting("[plugins.hostile.limits]\ncpu = 1\n");
    for args in [&["serve"][..], &["check"], &["call", "noop"]] {
        let ran = served.measured(args).expect(2);
        assert!(ran.stderr.contains("unknown key `cpu`"), "{ran:?}");
    }
    served
}

fn spins_at_start() -> Served {
    let odd = described(&std::fs::read(hostile()).unwrap(), "odd", |_| ());
    let mut served = beside(&with_module(&odd, &spinning(), 1), "cpu_ms = 300");
    let began = Instant::now();
    assert!(served.client().tools().contains(&"odd".to_owned()));
    served.run(&["inspect", "odd.wasm"]).expect(0);
    served.run(&["check"]).expect(0);
    assert!(began.elapsed().as_secs() < 10, "something of it was run");
    let result = served.call("odd", json!({}));
    assert_eq!(code(&result), "cpu-limit");
    served
}
