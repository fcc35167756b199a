//! The record, attacked and overrun, through the program itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use toolkeep_tests::{Keep, Ran, start};

/// A keep with a record that has entries of every kind.
fn recorded() -> Keep {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    keep.steps(json!([
        {"op": "read", "path": "a.txt"},
        {"op": "stat", "path": "a.txt"},
        {"op": "write", "path": "b.txt", "text": "b"},
        {"op": "read", "path": "../outside/secret.txt"},
    ]));
    keep
}

fn database(state: &Path) -> Connection {
    Connection::open(state.join("audit.db")).unwrap()
}

/// A copy of the state folder, to be tampered with.
fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to.join("keys")).unwrap();
    // Everything into the one file first.
    database(from)
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    for file in ["audit.db", "keys/checkpoint.key", "keys/checkpoint.pub"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn verify(keep: &Keep, state: &str) -> Ran {
    keep.run(&["audit", "verify", "--state", state])
}

#[test]
fn every_kind_of_entry_is_there_and_sound() {
    let keep = recorded();
    let kinds: BTreeSet<String> = keep
        .records(&[])
        .iter()
        .map(|record| record["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["access", "intent", "outcome", "refusal"]
    );
    verify(&keep, "state").expect(0);
}

#[test]
fn any_column_of_any_row_that_is_changed_is_found_and_named() {
    let keep = recorded();
    let rows = keep.records(&[]).len();
    assert!(rows > 6, "{rows}");
    let changes = [
        ("body", "replace(body, 'hostile', 'hostilf')"),
        ("body", "replace(body, '\"v\":1', '\"v\":2')"),
        ("body", "body || ' '"),
        ("body", "replace(body, 'allow', 'deny')"),
        ("private", "replace(private, 'data', 'dada')"),
        ("private", "replace(private, 'ada', 'eve')"),
        ("private", "private || ' '"),
        ("leaf", "zeroblob(32)"),
        ("leaf", "substr(leaf, 1, 31)"),
        ("seq", "seq + 1000"),
    ];
    for seq in 0..rows {
        for (column, change) in changes {
            copy(&keep.state(), &keep.path("tampered"));
            let db = database(&keep.path("tampered"));
            let sql = format!(
                "UPDATE record SET {column} = {change} WHERE seq = {seq} AND {column} IS NOT {change}"
            );
            let changed = db.execute(&sql, []).unwrap();
            drop(db);
            if changed == 0 {
                continue;
            }
            let ran = verify(&keep, "tampered").expect(5);
            assert!(ran.stdout.contains("BROKEN"), "{ran:?}");
            assert!(
                [format!("record {seq}"), format!("records {seq} ")]
                    .iter()
                    .any(|named| ran.stderr.contains(named)),
                "{column} = {change} of {seq}: {ran:?}"
            );
        }
    }
    for change in [
        "DELETE FROM record WHERE seq = 3",
        "UPDATE tree_head SET size = size - 1",
        "UPDATE tree_head SET frontier = zeroblob(length(frontier))",
        "UPDATE checkpoint SET note = replace(note, 'toolkeep', 'toolkeeq')",
        "UPDATE checkpoint SET size = size + 1",
        "UPDATE meta SET value = value || 'x' WHERE name = 'origin'",
    ] {
        copy(&keep.state(), &keep.path("tampered"));
        assert!(
            database(&keep.path("tampered"))
                .execute(change, [])
                .unwrap()
                > 0,
            "{change}"
        );
        let ran = verify(&keep, "tampered");
        assert_eq!(ran.code, 5, "{change}: {ran:?}");
        assert!(ran.stderr.contains("error:"), "{change}: {ran:?}");
    }
    verify(&keep, "state").expect(0);
}

/// Someone who can write the database can make a shorter history that is sound in itself. A checkpoint
/// kept elsewhere finds it out.
#[test]
fn a_cut_or_another_history_is_found_by_a_checkpoint_kept_elsewhere() {
    let keep = recorded();
    copy(&keep.state(), &keep.path("before"));
    keep.call("noop", &json!({})).expect(0);
    let checkpoint = keep.run(&["audit", "checkpoint"]).expect(0);
    keep.put("checkpoint", &checkpoint.stdout);
    let against = |state: &str| {
        keep.run(&[
            "audit",
            "verify",
            "--state",
            state,
            "--checkpoint",
            "checkpoint",
            "--json",
        ])
    };
    let sound = against("state").expect(0).json();
    assert_eq!(
        (&sound["sound"], &sound["external"]["agreed"]),
        (&json!(true), &json!(1))
    );

    // An older copy put back in its place.
    verify(&keep, "before").expect(0);
    let cut = against("before").expect(5).json();
    assert_eq!(cut["sound"], false);
    assert!(cut["findings"].to_string().contains("cut"), "{cut}");

    // And grown again, by other calls.
    for _ in 0..3 {
        let ran = keep.run(&["call", "panics", "--state", "before"]);
        assert_eq!(ran.code, 1);
    }
    verify(&keep, "before").expect(0);
    let forked = against("before").expect(5);
    assert!(forked.stderr.contains("error:"), "{forked:?}");
    // Growth is no fork.
    keep.call("noop", &json!({})).expect(0);
    against("state").expect(0);
}

#[test]
fn checkpoints_also_go_to_a_second_place() {
    let keep = Keep::granting("[audit]\ncheckpoint_to = \"seen/checkpoints\"\n");
    keep.put("seen/readme", "");
    keep.put("data/a.txt", "a");
    keep.steps(json!([{"op": "read", "path": "a.txt"}]));
    keep.run(&["audit", "checkpoint"]).expect(0);
    let seen = keep.get("seen/checkpoints");
    assert!(seen.contains("\n\u{2014} toolkeep/"), "{seen}");
    let place = keep.path("seen/checkpoints");
    let against = || keep.run(&["audit", "verify", "--checkpoint", place.to_str().unwrap()]);
    let ran = against().expect(0);
    assert!(ran.stdout.contains("kept elsewhere agree"), "{ran:?}");
    // A forged note in it proves nothing, and is told.
    keep.put("seen/checkpoints", seen.replacen('\n', "\n1", 2));
    against().expect(5);
}

#[test]
fn a_killed_process_leaves_an_intent_for_all_that_it_did() {
    let keep = Keep::granting("");
    for round in 0..3 {
        let arguments = json!({"folder": "/data", "files": 100_000}).to_string();
        let mut child = start(
            &mut keep.command(&["call", "write_many", &arguments]),
            false,
        );
        let began = Instant::now();
        while std::fs::read_dir(keep.path("data")).unwrap().count() < 30 * (round + 1) {
            assert!(
                began.elapsed() < Duration::from_secs(40),
                "it writes nothing"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let intents: BTreeSet<String> = keep
        .records(&["--kind", "intent", "--verb", "create"])
        .iter()
        .map(|record| record["object"].as_str().unwrap().to_owned())
        .collect();
    let mut files = 0;
    for entry in std::fs::read_dir(keep.path("data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(intents.contains(&format!("data:{name}")), "{name}");
        files += 1;
    }
    assert!(files >= 90, "{files}");
    // That a call has no end is told, and is no fault of the record.
    let ran = keep.run(&["audit", "verify"]).expect(0);
    assert!(ran.stdout.contains("how it ended is unknown"), "{ran:?}");
    keep.lives();
}

#[test]
fn processes_share_a_record_and_lose_nothing() {
    let keep = Keep::granting("");
    let arguments = json!({"path": "/data", "times": 1200}).to_string();
    let children: Vec<_> = (0..2)
        .map(|_| {
            start(
                &mut keep.command(&["call", "touch_many", &arguments]),
                false,
            )
        })
        .collect();
    for child in children {
        let out = child.wait_with_output().unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
    let records = keep.records(&["--kind", "access", "--handle", "fs"]);
    let calls: BTreeSet<&str> = records
        .iter()
        .map(|r| r["call"].as_str().unwrap())
        .collect();
    assert_eq!(calls.len(), 2);
    for call in calls {
        let steps: BTreeSet<u64> = records
            .iter()
            .filter(|record| record["call"] == call)
            .map(|record| record["step"].as_u64().unwrap())
            .collect();
        assert_eq!(
            steps.len() as u64,
            *steps.last().unwrap(),
            "steps are missing"
        );
        assert!(steps.len() >= 1200, "{}", steps.len());
    }
    keep.lives();
}

/// Whoever records without end keeps nobody else from recording.
#[test]
fn busy_processes_do_not_starve_others() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "a");
    let busy = json!({"path": "/data/a.txt", "ms": 6000}).to_string();
    let children: Vec<_> = (0..3)
        .map(|_| start(&mut keep.command(&["call", "watch", &busy]), false))
        .collect();
    for number in 0..10 {
        let path = format!("{number}.txt");
        let got = keep.steps(json!([{"op": "write", "path": path, "text": "x"}]));
        assert_eq!(got, ["ok"], "{number}");
    }
    for child in children {
        let out = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{told}");
    }
    verify(&keep, "state").expect(0);
}

/// While nothing can be recorded nothing is done, and no answer is given.
#[test]
fn without_a_record_nothing_happens() {
    let keep = recorded();
    let db = database(&keep.state());
    let arguments = json!({"steps": [
        {"op": "write", "path": "new.txt", "text": "x"},
        {"op": "unlink", "path": "a.txt"},
        {"op": "write", "path": "a.txt", "text": "overwritten"},
    ]});
    // Held for longer than anybody waits for it.
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = keep.call("raw_steps", &arguments).expect(5);
    db.execute_batch("ROLLBACK").unwrap();
    drop(db);
    assert!(!ran.stderr.is_empty(), "{ran:?}");
    assert!(!keep.has("data/new.txt"));
    assert_eq!(keep.get("data/a.txt"), "a");
    keep.lives();
}

#[test]
fn a_record_that_fills_up_in_the_middle_stops_the_effects() {
    let keep = Keep::granting("");
    keep.lives();
    // No file may grow beyond what the record has now and a little more.
    let arguments = json!({"folder": "/data", "files": 5000}).to_string();
    let program = toolkeep_tests::program();
    let script = format!(
        "trap '' XFSZ; ulimit -f 600; exec {program:?} call --json write_many '{arguments}'"
    );
    let mut command = std::process::Command::new("bash");
    command
        .args(["-c", &script])
        .current_dir(keep.path(""))
        .env("TOOLKEEP_STATE", "state");
    let ran = Ran::of(&mut command, None);
    assert!([3, 5].contains(&ran.code), "{ran:?}");
    let files = std::fs::read_dir(keep.path("data")).unwrap().count();
    assert!(files < 5000, "{files}");
    let created = keep
        .records(&["--kind", "intent", "--verb", "create"])
        .len();
    assert!(created >= files, "{created} intents, {files} files");
    assert!(files > 0, "{ran:?}");
    keep.lives();
}

#[test]
fn what_cannot_be_opened_is_exit_5() {
    let keep = Keep::granting("");
    keep.put(
        "state/audit.db",
        "this is no database, but long enough to be looked at as one",
    );
    for args in [
        &["call", "noop"][..],
        &["audit", "show"],
        &["audit", "verify"],
        &["audit", "checkpoint"],
    ] {
        let ran = keep.run(args).expect(5);
        assert!(
            ran.stderr.starts_with("error: ") && ran.stderr.contains("hint: "),
            "{ran:?}"
        );
        assert_eq!(ran.stdout, "");
    }
    // A file where the folder should be.
    let keep = Keep::granting("");
    keep.put("file", "");
    keep.run(&["call", "noop", "--state", "file"]).expect(5);
}
