//! A person's answers, with the real program on a real terminal: how a key is made, what it is asked, and
//! what counts as an answer.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;
use toolkeep::base::clock::Timestamp;
use toolkeep::store::approvals::key::KeyFile;
use toolkeep::store::approvals::{Answer, Approvals, Decision, Found, Question};
use toolkeep_tests::terminal::Terminal;
use toolkeep_tests::{Keep, Ran, scrub};

const PASSPHRASE: &str = "correct horse";

/// Notes, of which none is changed or deleted unasked.
const CONFIG: &str = r#"[data.notes]
dir = "data"

[plugins.notes]
path = {notes}

[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "create"]
ask = ["modify", "delete"]
"#;

/// A keep with three notes, and nobody who may answer.
fn keep() -> Keep {
    let keep = Keep::new(CONFIG);
    for name in ["a", "b", "c"] {
        keep.put(&format!("data/{name}.md"), name);
    }
    keep
}

/// The text of Ada's key file. Making one takes a while, so all tests share it.
fn key_file() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("approver.key");
        KeyFile::create(&path, "ada", PASSPHRASE).unwrap();
        std::fs::read_to_string(path).unwrap()
    })
}

fn verifier(key_file: &str) -> &str {
    key_file.lines().next().unwrap()
}

/// A keep where Ada may answer, and has her key in its place.
fn answered_by_ada() -> Keep {
    let keep = keep();
    keep.put("config/toolkeep/approver.key", key_file());
    let key = verifier(key_file());
    keep.configure(&format!("{CONFIG}[approvals]\nkeys = [\"{key}\"]\n"));
    keep
}

/// The hostile plugin, which may do all but delete unasked.
fn asking_before_delete() -> Keep {
    let keep = Keep::granting("");
    let config = keep.get("toolkeep.toml");
    let config = config.replace(", \"delete\"]", "]\nask = [\"delete\"]");
    keep.put("toolkeep.toml", config);
    keep
}

fn delete(keep: &Keep, name: &str) -> Ran {
    keep.call("delete_note", &json!({ "name": name }))
}

/// The question that a refused deletion left.
fn asked(keep: &Keep, name: &str) -> String {
    let ran = delete(keep, name).expect(4);
    let refusals = ran.json()["error"]["refusals"].clone();
    refusals[0]["approval"].as_str().unwrap().to_owned()
}

fn on_terminal(keep: &Keep, args: &[&str]) -> Terminal {
    Terminal::start(&keep.command(args))
}

/// Ada answers a question.
#[track_caller]
fn answer(keep: &Keep, word: &str, id: &str) -> String {
    let mut terminal = on_terminal(keep, &["approvals", word, id]);
    terminal.expect("passphrase of").type_line(PASSPHRASE);
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    shown
}

fn sql(keep: &Keep, sql: &str) {
    let db = rusqlite::Connection::open(keep.path("state/state.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

fn question(keep: &Keep, id: &str) -> Question {
    let approvals = Approvals::open(&keep.state()).unwrap();
    match approvals.find(id, Timestamp::now()).unwrap() {
        Found::One(found) => found.question,
        other => panic!("{other:?}"),
    }
}

/// What a person reads on a screen, without what differs from run to run.
fn screen(shown: &str, keep: &Keep, verifier: &str) -> String {
    scrub(&shown.replace(verifier, "[KEY]"), keep)
}

#[test]
fn from_no_key_to_one_approved_call() {
    let keep = keep();
    let refused = keep
        .run(&["call", "delete_note", r#"{"name": "a"}"#])
        .expect(4);
    assert!(
        refused.stderr.contains("toolkeep approvals init"),
        "{refused:?}"
    );

    let mut terminal = on_terminal(&keep, &["approvals", "init"]);
    terminal
        .expect("a passphrase for your key: ")
        .type_line(PASSPHRASE);
    terminal
        .expect("the same once more: ")
        .type_line(PASSPHRASE);
    let (code, made) = terminal.end();
    assert_eq!(code, 0, "{made}");
    assert!(!made.contains(PASSPHRASE), "{made}");
    let file = keep.get("config/toolkeep/approver.key");
    let key = verifier(&file);
    assert!(key.starts_with("ada+"), "{key}");
    insta::assert_snapshot!("making_a_key", screen(&made, &keep, key));

    keep.configure(&format!("{CONFIG}[approvals]\nkeys = [\"{key}\"]\n"));
    let refused = keep
        .run(&["call", "delete_note", r#"{"name": "a"}"#, "--session", "s"])
        .expect(4);
    insta::assert_snapshot!("a_call_that_nobody_answered", scrub(&refused.stderr, &keep));

    let id = asked(&keep, "a");
    assert!(
        refused
            .stderr
            .contains(&format!("`toolkeep approvals approve {id}`"))
    );
    let shown = answer(&keep, "approve", &id);
    insta::assert_snapshot!("approving_on_a_terminal", screen(&shown, &keep, key));
    assert!(keep.has("data/a.md"));

    delete(&keep, "a").expect(0);
    assert!(!keep.has("data/a.md"));
    // Once.
    keep.put("data/a.md", "a");
    assert_ne!(asked(&keep, "a"), id);
    assert!(keep.has("data/a.md"));

    let used = keep.records(&["--verb", "delete", "--verdict", "allow"]);
    let by = format!("{id} by ada");
    assert!(
        used.len() == 2 && used.iter().all(|entry| entry["approval"] == *by),
        "{used:#?}"
    );
    let told = keep
        .run(&["audit", "show", "--verb", "delete", "--why"])
        .expect(0);
    assert!(
        told.stdout.contains(&format!("answered in {by}")),
        "{told:?}"
    );
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn an_approval_covers_what_was_asked_and_nothing_else() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    answer(&keep, "approve", &id);
    delete(&keep, "b").expect(4);
    keep.run(&["call", "delete_note", r#"{"name": "a"}"#, "--as", "eve"])
        .expect(4);
    keep.run(&[
        "call",
        "delete_note",
        r#"{"name": "a"}"#,
        "--agent",
        "helper",
    ])
    .expect(4);
    keep.call("write_note", &json!({"name": "a", "text": "x"}))
        .expect(4);
    for name in ["a", "b"] {
        assert_eq!(keep.get(&format!("data/{name}.md")), name);
    }
    // In whatever session.
    keep.run(&[
        "call",
        "delete_note",
        r#"{"name":"a"}"#,
        "--session",
        "other",
    ])
    .expect(0);
}

#[test]
fn a_no_is_final_and_signed_for_too() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    answer(&keep, "deny", &id);
    for _ in 0..2 {
        let ran = delete(&keep, "a").expect(3);
        let reason = &ran.json()["error"]["refusals"][0]["reasons"][1];
        assert_eq!(
            (&reason["code"], &reason["text"]),
            (&json!("declined"), &json!("`ada` declined it"))
        );
    }
    let ran = keep.run(&["approvals", "approve", &id]).expect(1);
    assert!(ran.stderr.contains("it was answered already"), "{ran:?}");
    delete(&keep, "b").expect(4);
}

#[test]
fn an_answer_of_nobody_who_may_answer_does_not_count() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    // Eve has the store, and a key of her own under Ada's name.
    keep.put("config/eve/.keep", "");
    let eve = KeyFile::create(&keep.path("config/eve/key"), "ada", "battery staple").unwrap();
    let secret = eve.unlock("battery staple").unwrap().unwrap();
    let now = Timestamp::now();
    let asked = question(&keep, &id);
    let answer = Answer {
        approval: asked.approval.clone(),
        digest: asked.digest,
        decision: Decision::Approve,
        at: now,
        expires: now.after(std::time::Duration::from_secs(600)),
    };
    let note = secret.sign(&answer).unwrap();
    let approvals = Approvals::open(&keep.state()).unwrap();
    assert!(approvals.answer(&answer, &note, now).unwrap());
    delete(&keep, "a").expect(4);
    let shown = keep.run(&["approvals", "list", "--all"]).expect(0);
    assert!(
        shown.stdout.contains("by nobody who may answer"),
        "{shown:?}"
    );
    // The program says so before it asks her for a passphrase.
    let file = keep.path("config/eve/key").display().to_string();
    let waiting = self::asked(&keep, "b");
    let ran = keep
        .run(&["approvals", "approve", &waiting, "--key", &file])
        .expect(3);
    assert!(ran.stderr.contains("is not among `keys`"), "{ran:?}");
}

#[test]
fn rows_made_up_in_the_store_do_not_count() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    let row = format!("WHERE id = '{id}'");
    for forged in [
        format!("UPDATE approval SET state = 'answered' {row}"),
        format!("UPDATE approval SET host = 'approve' {row}"),
        format!("UPDATE approval SET host = NULL, note = 'approve' {row}"),
    ] {
        sql(&keep, &forged);
        delete(&keep, "a").expect(4);
    }
    // A signature for one question, put on another.
    let good = asked(&keep, "b");
    answer(&keep, "approve", &good);
    let note = format!("(SELECT note FROM approval WHERE id = '{good}')");
    sql(&keep, &format!("UPDATE approval SET note = {note} {row}"));
    delete(&keep, "a").expect(4);
    // The signed text, edited.
    let bound = question(&keep, &asked(&keep, "a")).digest;
    let other = question(&keep, &good).digest;
    sql(
        &keep,
        &format!(
            "UPDATE approval SET bound = '{bound}', note = replace(note, '{other}', '{bound}') WHERE id = '{good}'"
        ),
    );
    delete(&keep, "a").expect(4);
    for name in ["a", "b"] {
        assert!(keep.has(&format!("data/{name}.md")));
    }
}

#[test]
fn what_is_shown_cannot_be_exchanged_for_what_is_approved() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    sql(
        &keep,
        "UPDATE approval SET question = replace(question, 'a.md', 'harmless.md')",
    );
    for word in ["show", "approve"] {
        let ran = keep.run(&["approvals", word, &id]).expect(5);
        assert!(ran.stderr.contains("was changed in the store"), "{ran:?}");
    }
    let ran = keep.run(&["approvals", "list"]).expect(0);
    assert!(ran.stderr.contains("was changed in the store"), "{ran:?}");
}

#[test]
fn an_answer_that_is_made_unused_again_is_found_in_the_record() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    answer(&keep, "approve", &id);
    delete(&keep, "a").expect(0);
    keep.put("data/a.md", "a");
    sql(&keep, "UPDATE approval SET state = 'answered'");
    let ran = delete(&keep, "a").expect(3);
    let reasons = ran.json()["error"]["refusals"][0]["reasons"].to_string();
    assert!(reasons.contains("\"spent\""), "{reasons}");
    assert!(keep.has("data/a.md"));
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn what_is_too_old_neither_waits_nor_counts() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    sql(&keep, "UPDATE approval SET expires = 1");
    let ran = keep.run(&["approvals", "approve", &id]).expect(1);
    assert!(ran.stderr.contains("it is too old"), "{ran:?}");
    let listed = keep.run(&["approvals", "list"]).expect(0);
    assert_eq!(listed.stdout, "");

    // An answer that Ada signed a while ago, in a row that says it counts for ever.
    let id = asked(&keep, "a");
    let asked = question(&keep, &id);
    let now = Timestamp::now().micros();
    let ago = |minutes: u64| Timestamp::from_micros(now - minutes * 60_000_000);
    let answer = Answer {
        approval: asked.approval,
        digest: asked.digest,
        decision: Decision::Approve,
        at: ago(20),
        expires: ago(5),
    };
    let key = KeyFile::read(&keep.path("config/toolkeep/approver.key")).unwrap();
    let note = key
        .unlock(PASSPHRASE)
        .unwrap()
        .unwrap()
        .sign(&answer)
        .unwrap();
    sql(
        &keep,
        &format!(
            "UPDATE approval SET state = 'answered', note = '{note}', expires = {} WHERE id = '{id}'",
            i64::MAX
        ),
    );
    delete(&keep, "a").expect(4);
}

#[test]
fn a_question_of_other_rules_cannot_be_answered() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    keep.put(
        "toolkeep.toml",
        format!("{}\n# changed\n", keep.get("toolkeep.toml")),
    );
    let ran = keep.run(&["approvals", "approve", &id]).expect(1);
    assert!(
        ran.stderr.contains("the operator's file changed"),
        "{ran:?}"
    );
}

#[test]
fn a_question_of_other_rules_is_void_and_said_to_be() {
    let keep = answered_by_ada();
    let [waiting, answered, used] = ["a", "b", "c"].map(|name| asked(&keep, name));
    for id in [&answered, &used] {
        answer(&keep, "approve", id);
    }
    delete(&keep, "c").expect(0);
    let one = keep.run(&["approvals", "list"]).expect(0);
    assert!(
        one.stdout.contains(&waiting) && one.stderr.is_empty(),
        "{one:?}"
    );
    keep.put(
        "toolkeep.toml",
        format!("{}\n# changed\n", keep.get("toolkeep.toml")),
    );
    let none = keep.run(&["approvals", "list"]).expect(0);
    assert_eq!(none.stdout, "");
    assert!(
        none.stderr.contains("nothing waits for an answer")
            && none
                .stderr
                .contains("asked before the operator's file changed: 1 question; `--all`"),
        "{none:?}"
    );
    let none = keep.run(&["approvals", "list", "--json"]).expect(0);
    assert_eq!(none.stdout, "");
    // One more, by the rules as they are now, and what is void beside it.
    let anew = asked(&keep, "a");
    let listed = keep.run(&["approvals", "list"]).expect(0);
    assert!(
        listed.stdout.contains(&anew) && !listed.stdout.contains(&waiting),
        "{listed:?}"
    );
    let all = keep.run(&["approvals", "list", "--all"]).expect(0);
    let state = |id: &str| {
        let row = all.stdout.lines().find(|row| row.starts_with(id)).unwrap();
        row.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(
        [&waiting, &answered, &used, &anew].map(|id| state(id)),
        ["void", "void:", "used:", "waits"]
    );
    let shown = keep.run(&["approvals", "show", &answered]).expect(0);
    assert!(shown.stdout.contains("void: approve by ada"), "{shown:?}");
    assert!(
        shown.stderr.contains("so no answer to it counts"),
        "{shown:?}"
    );
    let show = |id: &str| {
        let shown = keep.run(&["approvals", "show", id, "--json"]).expect(0);
        shown.json()["void"].clone()
    };
    assert_eq!(
        [&waiting, &answered, &used, &anew].map(|id| show(id)),
        [true, true, false, false]
    );
    // Neither is answered twice by that.
    let ran = keep.run(&["approvals", "approve", &answered]).expect(1);
    assert!(ran.stderr.contains("asked anew"), "{ran:?}");
}

#[test]
fn of_many_processes_one_gets_the_approval() {
    let keep = answered_by_ada();
    let write = [
        "call",
        "--json",
        "write_note",
        r#"{"name":"a","text":"new"}"#,
    ];
    let ran = keep.run(&write).expect(4);
    let id = ran.json()["error"]["refusals"][0]["approval"].clone();
    answer(&keep, "approve", id.as_str().unwrap());
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| keep.run(&write).code))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(
        codes.iter().filter(|code| **code == 0).count(),
        1,
        "{codes:?}"
    );
    assert!(codes.iter().all(|code| [0, 4].contains(code)), "{codes:?}");
    let intents = keep.records(&["--verb", "modify", "--kind", "intent"]);
    assert_eq!(intents.len(), 1, "{intents:#?}");
    keep.run(&["audit", "verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_not_flooded_with_questions() {
    let keep = answered_by_ada();
    let host = keep.host();
    let session = keep.session(&host, "s");
    let mut last = None;
    for number in 0..101 {
        let name = format!("n{number}");
        keep.put(&format!("data/{name}.md"), "x");
        let failed = session
            .call("delete_note", json!({ "name": name }))
            .await
            .unwrap_err();
        let toolkeep::api::error::CallError::Unanswered { refusals, .. } = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(refusals[0].approval.is_some(), number < 100, "{number}");
        last = refusals[0].reasons.last().map(|reason| reason.text.clone());
    }
    assert!(last.unwrap().ends_with("too many questions wait already"));
    let listed = keep.run(&["approvals", "list", "--json"]).expect(0);
    assert_eq!(listed.stdout.lines().count(), 100);
}

#[test]
fn one_call_asks_for_eight_things_at_most() {
    let keep = asking_before_delete();
    let mut steps = Vec::new();
    for number in 0..10 {
        keep.put(&format!("data/{number}"), "x");
        steps.push(json!({"op": "unlink", "path": number.to_string()}));
    }
    let ran = keep.call("raw_steps", &json!({ "steps": steps })).expect(0);
    let refusals = ran.json()["refusals"].clone();
    let waiting = |refusal: &Value| refusal["approval"].is_string();
    let refusals = refusals.as_array().unwrap();
    assert_eq!(refusals.len(), 10);
    assert_eq!(
        refusals.iter().filter(|refusal| waiting(refusal)).count(),
        8
    );
    let listed = keep.run(&["approvals", "list", "--json"]).expect(0);
    assert_eq!(listed.stdout.lines().count(), 8);
    // The tool got by without; what it could not do can be answered all the same.
    let steps = json!({"steps": [{"op": "unlink", "path": "0"}]}).to_string();
    let ran = keep.run(&["call", "raw_steps", &steps]).expect(0);
    assert!(ran.stderr.contains("toolkeep approvals init"), "{ran:?}");
}

#[test]
fn a_wrong_passphrase_answers_nothing() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    let mut terminal = on_terminal(&keep, &["approvals", "approve", &id]);
    terminal
        .expect("passphrase of `ada`")
        .type_line("Correct horse");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("the passphrase is wrong"), "{shown}");
    assert_eq!(asked(&keep, "a"), id);
}

#[test]
fn a_key_is_made_with_care() {
    let keep = keep();
    let init = ["approvals", "init", "--name", "ada"];
    let mut terminal = on_terminal(&keep, &init);
    terminal.expect("a passphrase").type_line("short");
    assert_eq!(terminal.end().0, 1);
    let mut terminal = on_terminal(&keep, &init);
    terminal.expect("a passphrase").type_line(PASSPHRASE);
    terminal.expect("once more").type_line("another horse");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "{shown}");
    assert!(!keep.has("config/toolkeep/approver.key"));

    keep.put("config/toolkeep/approver.key", "something of mine");
    let (code, shown) = on_terminal(&keep, &init).end();
    assert_eq!(code, 2, "{shown}");
    assert!(shown.contains("is never overwritten"), "{shown}");
    assert_eq!(
        keep.get("config/toolkeep/approver.key"),
        "something of mine"
    );
    let named = ["approvals", "init", "--key", "k", "--name", "a+b"];
    let mut terminal = on_terminal(&keep, &named);
    terminal.expect("a passphrase").type_line(PASSPHRASE);
    terminal.expect("once more").type_line(PASSPHRASE);
    let (code, shown) = terminal.end();
    assert_eq!(code, 2, "{shown}");
}

/// The program with no terminal at all, whatever these tests run on, and with everything that it asks for
/// on standard input.
fn without_terminal(keep: &Keep, args: &[&str]) -> Ran {
    let command = keep.command(args);
    let mut detached = Command::new("setsid");
    detached.arg("--wait").arg(command.get_program()).args(args);
    detached.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => detached.env(name, value),
            None => detached.env_remove(name),
        };
    }
    let input = format!("y\n{PASSPHRASE}\n{PASSPHRASE}\n");
    Ran::of(&mut detached, Some(input.as_bytes()))
}

#[test]
fn no_program_can_answer_in_a_person_s_place() {
    let keep = answered_by_ada();
    let id = asked(&keep, "a");
    for args in [
        &["approvals", "approve", &id][..],
        &["approvals", "deny", &id],
        &["approvals", "watch"],
        &["approvals", "init", "--key", "another.key"],
    ] {
        let ran = without_terminal(&keep, args).expect(4);
        assert!(ran.stderr.contains("no terminal"), "{ran:?}");
    }
    let ran = without_terminal(&keep, &["call", "delete_note", r#"{"name":"a"}"#]).expect(4);
    assert!(
        ran.stderr.contains(&format!("approvals approve {id}")),
        "{ran:?}"
    );
    assert!(keep.has("data/a.md") && !keep.has("another.key"));
}

#[test]
fn a_call_on_a_terminal_asks_there() {
    let keep = answered_by_ada();
    let call = |name: &str| {
        let arguments = json!({ "name": name }).to_string();
        on_terminal(
            &keep,
            &["call", "delete_note", &arguments, "--session", "s"],
        )
    };
    // Yes, with a slip of the finger.
    let mut terminal = call("a");
    terminal.expect("approve this once? [y/N] ").type_line("y");
    terminal
        .expect("passphrase of `ada`: ")
        .type_line("wrong horse");
    terminal.expect("the passphrase is wrong");
    terminal
        .expect("passphrase of `ada`: ")
        .type_line(PASSPHRASE);
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    insta::assert_snapshot!(
        "a_call_asks_on_a_terminal",
        screen(&shown, &keep, verifier(key_file()))
    );
    assert!(!keep.has("data/a.md"));
    let used = keep.records(&["--verb", "delete", "--kind", "intent"]);
    assert!(
        used[0]["approval"].as_str().unwrap().ends_with(" by ada"),
        "{used:#?}"
    );

    // Nothing: it can be answered later.
    let mut terminal = call("b");
    terminal.expect("[y/N] ").type_line("");
    let (code, shown) = terminal.end();
    assert_eq!(code, 4, "{shown}");
    let id = asked(&keep, "b");
    assert!(
        shown.contains(&format!("toolkeep approvals approve {id}")),
        "{shown}"
    );

    // No: it is final.
    let mut terminal = call("c");
    terminal.expect("[y/N] ").type_line("n");
    assert_eq!(terminal.end().0, 3);
    delete(&keep, "c").expect(3);
    assert!(keep.has("data/b.md") && keep.has("data/c.md"));
}

#[test]
fn a_call_asks_nobody_whose_answer_would_not_count() {
    let keep = keep();
    let call = ["call", "delete_note", r#"{"name": "a"}"#];
    for key in [None, Some(key_file())] {
        if let Some(key) = key {
            keep.put("config/toolkeep/approver.key", key);
        }
        let (code, shown) = on_terminal(&keep, &call).end();
        assert_eq!(code, 4, "{shown}");
        assert!(!shown.contains("[y/N]"), "{shown}");
        assert!(shown.contains("toolkeep approvals init"), "{shown}");
    }
}

#[test]
fn whoever_watches_is_shown_each_question_as_it_comes() {
    let keep = answered_by_ada();
    let first = asked(&keep, "a");
    let mut terminal = on_terminal(&keep, &["approvals", "watch"]);
    terminal.expect("passphrase of `ada`").type_line(PASSPHRASE);
    terminal.expect(&first).expect("[q]uit: ").type_line("y");
    terminal.expect(&format!("approved {first}"));
    let second = asked(&keep, "b");
    terminal
        .expect(&second)
        .expect("[q]uit: ")
        .type_line("what?");
    terminal.expect("[q]uit: ").type_line("n");
    terminal.expect(&format!("denied {second}"));
    let third = asked(&keep, "c");
    terminal.expect(&third).expect("[q]uit: ").type_line("s");
    keep.put("data/d.md", "d");
    let fourth = asked(&keep, "d");
    terminal.expect(&fourth).expect("[q]uit: ").type_line("q");
    assert_eq!(terminal.end().0, 0);
    delete(&keep, "a").expect(0);
    delete(&keep, "b").expect(3);
    assert_eq!(asked(&keep, "c"), third);
}

#[test]
fn questions_are_listed_and_shown_for_people_and_for_programs() {
    let keep = answered_by_ada();
    let listed = keep.run(&["approvals", "list"]).expect(0);
    assert_eq!(
        (listed.stdout.as_str(), listed.stderr.as_str()),
        ("", "nothing waits for an answer\n")
    );
    assert!(!keep.has("state/state.db"));
    let id = asked(&keep, "a");
    let listed = keep.run(&["approvals", "list"]).expect(0);
    insta::assert_snapshot!("questions_that_wait", scrub(&listed.stdout, &keep));
    let short = id.get(..12).unwrap();
    let shown = keep.run(&["approvals", "show", short]).expect(0);
    assert!(shown.stdout.contains(&id), "{shown:?}");
    let json = keep
        .run(&["approvals", "show", &id, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&json["id"], &json["state"], &json["answer"]),
        (&json!(id), &json!("pending"), &Value::Null)
    );
    assert_eq!(json["question"]["console_only"], false);
    answer(&keep, "approve", &id);
    let json = keep
        .run(&["approvals", "list", "--all", "--json"])
        .expect(0)
        .json();
    assert_eq!(json["answer"], json!({"decision": "approve", "by": "ada"}));
    assert_eq!(keep.run(&["approvals", "list"]).expect(0).stdout, "");
    for wrong in ["apr_zzz", "\u{1b}[31m", ""] {
        let ran = keep.run(&["approvals", "show", wrong]);
        let expected = if wrong.is_empty() { 0 } else { 2 };
        assert_eq!(ran.code, expected, "{ran:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
}

#[test]
fn nothing_that_a_guest_chose_looks_like_ours() {
    let keep = asking_before_delete();
    let name = "x\u{202e}\n  object      | data:harmless\u{1b}[2J";
    keep.put(&format!("data/{name}"), "x");
    let steps = json!({"steps": [{"op": "unlink", "path": name}]});
    let ran = keep.call("raw_steps", &steps).expect(0);
    let id = ran.json()["refusals"][0]["approval"].clone();
    let shown = keep.run(&["approvals", "show", id.as_str().unwrap()]);
    let shown = shown.expect(0).stdout;
    assert!(shown.contains("| data:x\\u{202e}\\n  object"), "{shown}");
    let objects = shown.lines().filter(|line| line.starts_with("  object"));
    assert_eq!(objects.count(), 1, "{shown}");
    for word in ["list", "show"] {
        let args = ["approvals", word, id.as_str().unwrap()];
        let args = if word == "list" { &args[..2] } else { &args };
        let ran = keep.run(args).expect(0);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{ran:?}");
    }
}

#[test]
fn no_grant_reaches_the_key() {
    let keep = Keep::new(
        "[data.data]\ndir = \"config\"\n[plugins.hostile]\npath = {hostile}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\n\
         allow = [\"list\", \"stat\", \"read\", \"create\", \"modify\", \"delete\"]\n",
    );
    keep.put("config/toolkeep/approver.key", key_file());
    keep.put("config/other", "x");
    let results = keep.steps(json!([
        {"op": "read", "path": "other"},
        {"op": "read", "path": "toolkeep/approver.key"},
        {"op": "unlink", "path": "toolkeep/approver.key"},
        {"op": "unlink", "path": "other"},
    ]));
    let ok: Vec<bool> = results
        .iter()
        .map(|result| result.starts_with("ok"))
        .collect();
    assert_eq!(ok, [true, false, false, true], "{results:?}");
    assert_eq!(keep.get("config/toolkeep/approver.key"), key_file());
}

#[test]
fn the_key_that_signs_checkpoints_answers_nothing() {
    let keep = answered_by_ada();
    delete(&keep, "a").expect(4);
    let own = keep.get("state/keys/checkpoint.pub");
    keep.configure(&format!(
        "{CONFIG}[approvals]\nkeys = [\"{}\"]\n",
        own.trim()
    ));
    let ran = delete(&keep, "a").expect(2);
    assert!(
        ran.stderr.contains("signs the log's checkpoints"),
        "{ran:?}"
    );
}

#[test]
fn check_tells_who_may_answer() {
    let keep = keep();
    let told = keep.run(&["check"]).expect(0);
    assert!(told.stdout.contains("nobody yet"), "{told:?}");
    let keep = answered_by_ada();
    let told = keep.run(&["check"]).expect(0);
    let told = screen(&told.stdout, &keep, verifier(key_file()));
    insta::assert_snapshot!("check_tells_who_may_answer", told);
    let json = keep.run(&["check", "--json"]).expect(0).json();
    assert_eq!(json["approvals"]["keys"], json!([verifier(key_file())]));
}
