//! What a conversation has seen outlives the process, and is shared by all of them.

use serde_json::{Value, json};
use toolkeep_tests::{Keep, Ran};

fn keep() -> Keep {
    let keep = Keep::new(
        "[data.notes]\ndir = \"data\"\nlabel = [\"untrusted\", \"mail\"]\n\
         [plugins.notes]\npath = {notes}\n[plugins.notes.fs.notebook]\ndata = \"notes\"\n\
         allow = [\"list\", \"read\", \"create\"]\n",
    );
    keep.put("data/a.md", "a");
    keep
}

fn read(keep: &Keep, session: &str) -> Ran {
    keep.run(&[
        "call",
        "--json",
        "read_note",
        r#"{"name":"a"}"#,
        "--session",
        session,
    ])
}

/// A call that sees nothing itself.
fn write(keep: &Keep, session: &str, name: &str) -> Ran {
    let arguments = json!({"name": name, "text": "x"}).to_string();
    keep.run(&[
        "call",
        "--json",
        "write_note",
        &arguments,
        "--session",
        session,
    ])
}

/// What the session had seen before its newest call began.
fn before(keep: &Keep, session: &str) -> Value {
    let entries = keep.records(&["--session", session, "--handle", "tool", "--kind", "intent"]);
    entries.last().unwrap()["label_before"].clone()
}

fn sql(keep: &Keep, sql: &str) {
    let db = rusqlite::Connection::open(keep.path("state/state.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

#[test]
fn two_processes_share_what_their_session_has_seen() {
    let keep = keep();
    let clean = json!({"integrity": "trusted", "confidentiality": []});
    let seen = json!({"integrity": "untrusted", "confidentiality": ["mail"]});
    write(&keep, "s", "b").expect(0);
    assert_eq!(before(&keep, "s"), clean);
    read(&keep, "s").expect(0);
    let reply = write(&keep, "s", "c").expect(0).json();
    assert_eq!((before(&keep, "s"), &reply["label"]), (seen.clone(), &seen));
    // Another conversation, and the same one of somebody else, have seen nothing.
    write(&keep, "t", "d").expect(0);
    assert_eq!(before(&keep, "t"), clean);
    let eve = ["--session", "s", "--as", "eve"];
    let arguments = r#"{"name":"e","text":"x"}"#;
    let args = [&["call", "write_note", arguments], &eve[..]].concat();
    keep.run(&args).expect(0);
    assert_eq!(before(&keep, "s"), clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_host_sees_what_others_raise_and_forgets_when_a_session_ends() {
    let keep = keep();
    let host = keep.host();
    let session = keep.session(&host, "s");
    assert_eq!(session.label().unwrap().to_string(), "trusted public");
    read(&keep, "s").expect(0);
    assert_eq!(session.label().unwrap().to_string(), "untrusted mail");
    host.end_session(session.id(), session.principal())
        .await
        .unwrap();
    drop(session);
    let anew = keep.session(&host, "s");
    assert_eq!(anew.label().unwrap().to_string(), "trusted public");
    write(&keep, "s", "b").expect(0);
    assert_eq!(before(&keep, "s")["integrity"], "trusted");
}

#[test]
fn a_conversation_of_one_call_is_over_with_it() {
    let keep = keep();
    let rows = || {
        let db = rusqlite::Connection::open(keep.path("state/state.db")).unwrap();
        let count = "SELECT count(*) FROM session";
        db.query_row(count, [], |row| row.get::<_, u32>(0)).unwrap()
    };
    keep.run(&["call", "read_note", r#"{"name":"a"}"#])
        .expect(0);
    assert_eq!(rows(), 0);
    read(&keep, "s").expect(0);
    assert_eq!(rows(), 1);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_clean() {
    let keep = keep();
    read(&keep, "s").expect(0);
    for broken in [
        "UPDATE session SET label = 'clean'",
        "UPDATE session SET label = '{\"integrity\":\"trusted\"}'",
        "ALTER TABLE session RENAME TO gone",
    ] {
        sql(&keep, broken);
        let ran = write(&keep, "s", "b").expect(3);
        let reasons = ran.json()["error"]["refusals"][0]["reasons"].clone();
        assert_eq!(reasons[0]["code"], "state-failed", "{broken}");
    }
    assert!(!keep.has("data/b.md"));
}

/// As docs/threat-model.md says: who can write the state folder can make a session forget.
#[test]
fn whoever_can_write_the_state_folder_can_make_a_session_forget() {
    let keep = keep();
    read(&keep, "s").expect(0);
    sql(&keep, "DELETE FROM session");
    write(&keep, "s", "b").expect(0);
    assert_eq!(before(&keep, "s")["integrity"], "trusted");
    // But not what was recorded of it.
    let read = ["--session", "s", "--verb", "read", "--kind", "outcome"];
    let entries = keep.records(&read);
    assert_eq!(
        entries[0]["label_after"]["integrity"], "untrusted",
        "{entries:#?}"
    );
    keep.run(&["audit", "verify"]).expect(0);
}
