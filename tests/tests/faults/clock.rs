//! The wall clock is set, to and fro. The program is told another time by a library that stands before the
//! system's: setting the real clock would be felt by everybody.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use toolkeep::base::clock::Timestamp;
use toolkeep::store::approvals::key::KeyFile;
use toolkeep::store::approvals::{Answer, Approvals, Decision, Found, Question};
use toolkeep_tests::rpc::Client;
use toolkeep_tests::{Keep, Ran, program};

use super::{close, is_whole, looking, step, writing};

const PASSPHRASE: &str = "correct horse";
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// The library, compiled once.
fn shim() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let source = toolkeep_tests::source().join("tests/tests/faults/clock.c");
        let made = program().with_file_name("toolkeep-test-clock.so");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]);
        Ran::of(compiler.arg(&made).arg(source), None).expect(0);
        made
    };
    MADE.get_or_init(make).clone()
}

/// `command` as it runs where the clock is off by what `keep`'s file says.
fn with_clock(keep: &Keep, mut command: Command) -> Command {
    command.env("LD_PRELOAD", shim());
    command.env("TEST_CLOCK", keep.path("clock"));
    command
}

/// Sets the clock of all that runs on `keep`, so many seconds from the real one.
fn set(keep: &Keep, seconds: i64) {
    keep.put("clock.new", seconds.to_string());
    std::fs::rename(keep.path("clock.new"), keep.path("clock")).unwrap();
}

fn run(keep: &Keep, args: &[&str]) -> Ran {
    Ran::of(&mut with_clock(keep, keep.command(args)), None)
}

fn label(keep: &Keep) -> Value {
    let records = keep.records(&["--session", "s", "--handle", "tool", "--kind", "intent"]);
    records.last().unwrap()["label_before"]["confidentiality"].clone()
}

#[test]
fn a_clock_that_is_set_back_spoils_no_record_and_no_session() {
    let keep = Keep::granting("");
    set(&keep, 0);
    let serve = || {
        Client::old_by(
            with_clock(&keep, keep.command(&["serve", "--session", "s"])),
            json!({}),
        )
    };
    let mut client = serve();
    assert_eq!(step(&mut client, writing("a")), "ok");
    assert!(step(&mut client, looking()).starts_with("ok"));
    for (n, seconds) in [-2 * HOUR, 48 * HOUR, -1000 * HOUR, -100 * 365 * 24 * HOUR]
        .into_iter()
        .enumerate()
    {
        set(&keep, seconds);
        assert_eq!(step(&mut client, writing(&format!("set-{n}"))), "ok");
        // The session still knows what it has seen, for who runs and for who starts.
        assert_eq!(label(&keep), json!(["private"]));
        let mut anew = serve();
        assert_eq!(step(&mut anew, writing(&format!("anew-{n}"))), "ok");
        assert_eq!(label(&keep), json!(["private"]));
        close(anew);
        is_whole(&keep);
    }
    close(client);
    is_whole(&keep);
    // The shim did what it is for.
    let times: Vec<u64> = keep
        .records(&[])
        .iter()
        .map(|record| record["time"].as_u64().unwrap())
        .collect();
    assert!(
        times.windows(2).any(|two| two[1] + 3_600_000_000 < two[0]),
        "{times:?}"
    );
}

/// Notes, of which none is deleted unasked, and Ada may answer.
fn asking() -> Keep {
    let keep = Keep::new(
        "[data.notes]\ndir = \"data\"\n[plugins.notes]\npath = {notes}\n\
         [plugins.notes.fs.notebook]\ndata = \"notes\"\nallow = [\"list\", \"read\"]\nask = [\"delete\"]\n",
    );
    keep.put("data/a.md", "a");
    let path = keep.path("config/toolkeep/approver.key");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    KeyFile::create(&path, "ada", PASSPHRASE).unwrap();
    let key = std::fs::read_to_string(path).unwrap();
    let key = key.lines().next().unwrap();
    let config = keep.get("toolkeep.toml");
    keep.put(
        "toolkeep.toml",
        format!("{config}[approvals]\nkeys = [\"{key}\"]\n"),
    );
    set(&keep, 0);
    keep
}

fn delete(keep: &Keep) -> Ran {
    run(keep, &["call", "--json", "delete_note", r#"{"name": "a"}"#])
}

/// Asks, and has Ada say yes, for ten minutes.
fn approved(keep: &Keep) {
    let ran = delete(keep).expect(4);
    let id = ran.json()["error"]["refusals"][0]["approval"]
        .as_str()
        .unwrap()
        .to_owned();
    let question: Question = match Approvals::open(&keep.state())
        .unwrap()
        .find(&id, Timestamp::now())
        .unwrap()
    {
        Found::One(found) => found.question,
        other => panic!("{other:?}"),
    };
    let now = Timestamp::now();
    let answer = Answer {
        approval: question.approval,
        digest: question.digest,
        decision: Decision::Approve,
        at: now,
        expires: Timestamp::from_micros(now.micros() + 600_000_000),
    };
    let key = KeyFile::read(&keep.path("config/toolkeep/approver.key")).unwrap();
    let note = key
        .unlock(PASSPHRASE)
        .unwrap()
        .unwrap()
        .sign(&answer)
        .unwrap();
    assert!(
        Approvals::open(&keep.state())
            .unwrap()
            .answer(&answer, &note, now)
            .unwrap()
    );
}

#[test]
fn an_approval_does_not_become_usable_again_by_it() {
    let keep = asking();
    approved(&keep);
    // Before it was given, and after it expired.
    for seconds in [-5 * MINUTE, 11 * MINUTE] {
        set(&keep, seconds);
        delete(&keep).expect(4);
    }
    // What was found expired stays so.
    set(&keep, 0);
    delete(&keep).expect(4);
    assert!(keep.has("data/a.md"));

    // What was used stays used.
    let keep = asking();
    approved(&keep);
    delete(&keep).expect(0);
    for seconds in [0, -MINUTE / 2, -5 * MINUTE, -48 * HOUR, MINUTE] {
        set(&keep, seconds);
        keep.put("data/a.md", "a");
        delete(&keep).expect(4);
        assert!(keep.has("data/a.md"), "{seconds}");
    }
    keep.run(&["audit", "verify"]).expect(0);
}
