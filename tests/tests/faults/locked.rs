//! Another process keeps the store locked for longer than anybody waits.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use toolkeep_tests::Keep;

use super::{close, ended, is_whole, looking, serve, step, writing};

/// Longer than the program waits for the database.
const LONG: Duration = Duration::from_secs(6);

fn lock(keep: &Keep, file: &str) -> Connection {
    let db = Connection::open(keep.path("state").join(file)).unwrap();
    db.busy_timeout(LONG).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

#[test]
fn while_the_log_is_locked_no_effect_happens_and_no_answer_is_lost() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    let db = lock(&keep, "audit.db");
    let began = Instant::now();
    // The spool answers for what only looks, until the database was tried in vain.
    let mut answered: Vec<u64> = (0..5)
        .map(|_| client.begin("raw_steps", looking()))
        .collect();
    // But what takes longer than a few milliseconds, as anything can, waits behind its own beginning.
    answered.retain(|call| client.result(*call)["isError"] == false);
    let mut round = 0;
    while began.elapsed() < LONG {
        round += 1;
        let look = client.begin("raw_steps", looking());
        let write = client.begin("raw_steps", writing(&format!("not-{round}")));
        if client.result(look)["isError"] == false {
            answered.push(look);
        }
        let written = client.result(write);
        assert_eq!(written["isError"], true, "{written:#}");
    }
    drop(db);
    assert_eq!(step(&mut client, writing("after")), "ok");
    let told = close(client);
    assert!(told.contains("another process keeps it locked"), "{told}");
    let mut files: Vec<_> = std::fs::read_dir(keep.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["after", "before"]);
    let ended = ended(&keep, "s");
    assert!(answered.iter().all(|call| ended.contains(call)));
    is_whole(&keep);
}

#[test]
fn while_the_state_is_locked_nothing_new_is_shown_to_a_session() {
    let keep = Keep::granting("");
    let mut knows = serve(&keep, "knows");
    assert_eq!(step(&mut knows, writing("a")), "ok");
    assert!(step(&mut knows, looking()).starts_with("ok"));
    let mut fresh = serve(&keep, "fresh");
    let db = lock(&keep, "state.db");
    // What it has seen before is in the store already.
    assert!(step(&mut knows, looking()).starts_with("ok"));
    let began = Instant::now();
    let came = step(&mut fresh, looking());
    assert!(!came.starts_with("ok"), "{came}");
    assert!(began.elapsed() < LONG * 3);
    drop(db);
    assert!(step(&mut fresh, looking()).starts_with("ok"));
    close(fresh);
    close(knows);
    is_whole(&keep);
}

/// A second program can't even start while the log is locked, and says why.
#[test]
fn who_starts_meanwhile_says_why_not() {
    let keep = Keep::granting("");
    keep.lives();
    let db = lock(&keep, "audit.db");
    let ran = keep.run(&["call", "noop"]);
    drop(db);
    if ran.code != 0 {
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(
            ran.stderr.contains("another process keeps it locked"),
            "{ran:?}"
        );
        assert!(ran.stderr.contains("hint: "), "{ran:?}");
    }
    keep.lives();
}
