//! Doing something that is not on record, or is on record as something else; and losing a label.

use rustix::process::Signal;
use serde_json::{Value, json};
use toolkeep_tests::rpc::{Client, code, said};
use toolkeep_tests::{ALL, SECRET};

use crate::case::Outcome::{Harmless, Killed, Refused};
use crate::case::{Case, Promise};
use crate::served::{NO, Served};
use crate::time::every_file_was_announced;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("has its host killed while it writes", Promise::DurableBeforeDone, Killed("every file was announced before"), killed),
    Case::new("writes entries of a record into the names of files", Promise::ProvableRecord, Harmless("they stay names"), forges),
    Case::new("fills the disk of the record", Promise::NothingLeavesUnrecorded, Harmless("nothing is done, and its answers are withheld"), record_disk),
    Case::new("reads a secret and has its host killed at once", Promise::LabelsLast, Harmless("the next process knows what was read"), reads_and_dies),
    Case::new("opens while clean, reads a secret, writes what it opened", Promise::LabelsLast, Harmless("the record and the answer say what it had read"), opens_before),
    Case::new("opens, and writes after its grant was taken away", Promise::DenyUnlessGiven, Refused("not-granted"), rules_change),
];

fn killed() -> Served {
    let mut served = Served::limited("cpu_ms = 30000\nwall_ms = 30000");
    let client = served.client();
    client.begin("write_for_ever", json!({"folder": "/data"}));
    served.wait_for(|| served.has("data/file-20"));
    let mut client = served.gone().unwrap();
    client.signal(Signal::KILL);
    client.code();
    served.run(&["audit", "verify"]).expect(0);
    every_file_was_announced(&served);
    // A new process goes on where that one was stopped.
    served.steps(json!([{"op": "list"}]));
    served
}

fn forges() -> Served {
    let mut served = Served::granting("");
    let names = [
        "x\",\"verdict\":\"allow\",\"object\":\"y",
        "x\n{\"kind\":\"intent\",\"verdict\":\"allow\"}",
        "x\r\n2026-01-01T00:00:00Z  allow  hostile",
        "\u{1b}[1A\u{1b}[2Kgone",
        "\u{202e}txt.drocer",
        "null",
        "x\\u0000",
    ];
    let mut steps: Vec<Value> = names
        .iter()
        .map(|name| json!({"op": "write", "path": name, "text": "x"}))
        .collect();
    steps.extend(names.map(|name| json!({"op": "read", "path": format!("../{name}")})));
    let answers = served.steps(json!(steps));
    let (written, refused) = answers.split_at(names.len());
    assert!(written.iter().all(|answer| answer == "ok"), "{written:?}");
    assert!(refused.iter().all(|answer| answer == NO), "{refused:?}");
    served.rest();
    let intents = served.records(&["--handle", "fs", "--kind", "intent"]);
    let told: Vec<&str> = intents
        .iter()
        .map(|record| record["object"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), names.len());
    for (told, name) in told.iter().zip(names) {
        // As it is shown, it has no line and no column of its own.
        assert!(
            told.starts_with("data:") && !told.contains('\n'),
            "{told:?} {name:?}"
        );
    }
    let entries = served.records(&["--tool", "raw_steps"]).len();
    let shown = served
        .run(&["audit", "show", "--tool", "raw_steps"])
        .expect(0);
    let of_the_tool = |line: &&str| line.contains("hostile/raw_steps");
    assert_eq!(
        shown.stdout.lines().filter(of_the_tool).count(),
        entries,
        "{}",
        shown.stdout
    );
    served
}

/// The files of the state folder can grow no further: what a full disk does to whoever writes them.
fn record_disk() -> Served {
    let mut served = Served::granting("");
    served.put("data/a.txt", SECRET);
    served.steps(json!([{"op": "stat", "path": "a.txt"}]));
    let id = Some(served.client().pid());
    let limit = |bytes: Option<u64>| {
        let limit = rustix::process::Rlimit {
            current: bytes,
            maximum: None,
        };
        rustix::process::prlimit(id, rustix::process::Resource::Fsize, limit).unwrap();
    };
    limit(Some(1));
    let steps = json!({"steps": [
        {"op": "read", "path": "a.txt"},
        {"op": "mkdir", "path": "folder"},
        {"op": "unlink", "path": "a.txt"},
    ]});
    // Nothing of what it read comes back (`call` looks), and nothing was done.
    for _ in 0..3 {
        let result = served.call("raw_steps", steps.clone());
        assert_eq!(code(&result), "record-failed", "{result:#}");
    }
    assert!(served.has("data/a.txt") && !served.has("data/folder"));
    // And once there is room again, all is well without anybody's help.
    limit(None);
    let fine = |served: &mut Served| {
        let made = json!({"steps": [{"op": "mkdir", "path": "later"}]});
        served.call("raw_steps", made)["isError"] == false
    };
    let tries = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        fine(&mut served)
    });
    assert!(tries, "it does not recover");
    assert!(served.has("data/later"));
    let mut client = served.gone().unwrap();
    client.close();
    // The operator was told, once for each time it began.
    let (code, said) = client.end();
    assert_eq!(code, Some(0));
    let warning = "warning: can't write records in `state/audit.db`: disk I/O error\n\
                   hint: check the disk and the permissions of the state folder";
    assert_eq!(said, warning);
    served
}

/// A host with a second place, of mails.
fn two_places() -> Served {
    Served::new(&format!(
        "[data.data]\ndir = \"data\"\nlabel = \"public\"\n\
         [data.other]\ndir = \"other\"\nlabel = [\"untrusted\", \"mail\"]\n\
         [plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n\
         [plugins.hostile.fs.other]\ndata = \"other\"\nallow = [\"list\", \"read\"]\n"
    ))
    .started(|keep| {
        // Both processes are one conversation.
        Client::old_by(keep.command(&["serve", "--session", "s"]), json!({}))
    })
}

fn mail() -> Value {
    json!({"integrity": "untrusted", "confidentiality": ["mail"]})
}

fn reads_and_dies() -> Served {
    let mut served = two_places();
    served.put("other/mail", "from anybody");
    served.steps(json!([{"op": "read", "at": "/other", "path": "mail"}]));
    let mut client = served.gone().unwrap();
    client.signal(Signal::KILL);
    client.code();
    let next = served.call(
        "raw_steps",
        json!({"steps": [{"op": "mkdir", "path": "x"}]}),
    );
    assert_eq!(*said(&next, "label"), mail());
    served.rest();
    let begun = served.endings(&["--tool", "raw_steps"]);
    assert_eq!(begun.last().unwrap()["label_before"], mail(), "{begun:#?}");
    served
}

fn opens_before() -> Served {
    let mut served = two_places();
    served.put("other/mail", "from anybody");
    served.put("data/out.txt", "");
    let result = served.call(
        "raw_steps",
        json!({"steps": [
            {"op": "open", "path": "out.txt", "flags": "write", "save": "w"},
            {"op": "read", "at": "/other", "path": "mail"},
            {"op": "fd-write", "at": "w", "text": "from anybody"},
        ]}),
    );
    assert_eq!(*said(&result, "label"), mail());
    served.rest();
    let written = served.records(&["--verb", "modify", "--kind", "outcome"]);
    assert_eq!(written[0]["label_after"], mail(), "{written:#?}");
    served
}

/// The operator takes the verbs away while a call has a file open with one, and a folder with another.
fn rules_change() -> Served {
    let mut served = Served::limited("cpu_ms = 60000\nwall_ms = 30000");
    let client = served.client();
    let calls = [
        client.begin("append_for_ever", json!({"path": "/data/open.txt"})),
        client.begin("write_for_ever", json!({"folder": "/data"})),
    ];
    client.hear("notifications/message");
    served.wait_for(|| served.has("data/file-5"));
    let text = served.get("toolkeep.toml");
    served.put("toolkeep.toml", text.replace(ALL, "[\"list\"]"));
    let client = served.client();
    for call in calls {
        let result = client.result(call);
        assert_eq!(code(&result), "denied", "{result:#}");
    }
    client.warning("is in use");
    served
}
