//! Files are moved, exchanged or tampered with while the program runs.

use std::fs;

use rusqlite::Connection;
use serde_json::json;
use toolkeep_tests::{Keep, hostile, plugin};

use super::{close, is_whole, looking, serve, step, writing};

#[test]
fn a_log_in_whose_place_another_stands_is_not_written_to() {
    let keep = Keep::granting("");
    let other = Keep::granting("");
    for keep in [&keep, &other] {
        keep.lives();
        Connection::open(keep.path("state/audit.db"))
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
    }
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    let (log, away) = (keep.path("state/audit.db"), keep.path("away.db"));
    for another in [true, false] {
        fs::rename(&log, &away).unwrap();
        if another {
            fs::copy(other.path("state/audit.db"), &log).unwrap();
        }
        assert_ne!(step(&mut client, writing("not")), "ok");
        assert!(!keep.has("data/not"));
        assert_eq!(step(&mut client, looking()), "record-failed");
        fs::rename(&away, &log).unwrap();
        let came = step(&mut client, writing(&format!("after-{another}")));
        assert_eq!(came, "ok");
    }
    let told = close(client);
    assert!(told.contains("was moved, removed or replaced"), "{told}");
    is_whole(&keep);
    keep.lives();
}

#[test]
fn a_state_folder_that_is_taken_away_allows_nothing_until_it_is_back() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    fs::rename(keep.path("state"), keep.path("away")).unwrap();
    assert_ne!(step(&mut client, writing("not")), "ok");
    assert!(!step(&mut client, looking()).starts_with("ok"));
    assert!(!keep.has("data/not"));
    // Nothing is made in its place.
    assert!(!keep.has("state"));
    fs::rename(keep.path("away"), keep.path("state")).unwrap();
    assert_eq!(step(&mut client, writing("after")), "ok");
    close(client);
    is_whole(&keep);
}

/// Whoever can write the state folder can plant them. They do nothing, and the log's are told.
#[test]
fn triggers_planted_in_the_store_do_nothing() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    let sql = |file: &str, sql: &str| {
        let db = Connection::open(keep.path("state").join(file)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    sql(
        "audit.db",
        "CREATE TRIGGER ignored BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END;
         CREATE TRIGGER gone AFTER INSERT ON record BEGIN DELETE FROM record WHERE seq = new.seq; END;",
    );
    sql(
        "state.db",
        r#"CREATE TRIGGER forgets AFTER INSERT ON session BEGIN
             UPDATE session SET label = '{"integrity":"trusted","confidentiality":[]}'; END;
           DELETE FROM session;"#,
    );
    assert_eq!(step(&mut client, writing("with")), "ok");
    close(client);
    // And for who starts now.
    let mut anew = serve(&keep, "t");
    assert_eq!(step(&mut anew, writing("anew")), "ok");
    for _ in 0..2 {
        assert!(step(&mut anew, looking()).starts_with("ok"));
    }
    close(anew);
    let labels = keep.records(&["--session", "t", "--handle", "tool", "--kind", "intent"]);
    let last = labels.last().unwrap()["label_before"].clone();
    assert_eq!(last["confidentiality"], json!(["private"]), "{last}");
    let ran = keep.run(&["audit", "verify"]).expect(5);
    for name in ["ignored", "gone"] {
        assert!(
            ran.stderr
                .contains(&format!("`{name}` does not belong there")),
            "{ran:?}"
        );
    }
    sql("audit.db", "DROP TRIGGER ignored; DROP TRIGGER gone");
    is_whole(&keep);
}

/// A keep whose plugin is a file of its own, to be exchanged.
fn own_plugin(more: &str) -> Keep {
    let keep = Keep::granting(more);
    let config = keep.get("toolkeep.toml");
    let path = format!("{:?}", hostile().display().to_string());
    keep.put("toolkeep.toml", config.replace(&path, "\"own.wasm\""));
    fs::copy(hostile(), keep.path("own.wasm")).unwrap();
    keep
}

#[test]
fn a_plugin_file_that_is_exchanged_or_removed_changes_nothing_for_who_runs() {
    let keep = own_plugin("");
    let own = keep.path("own.wasm");
    let mut warm = serve(&keep, "warm");
    let mut cold = serve(&keep, "cold");
    assert_eq!(step(&mut warm, writing("a")), "ok");
    cold.lives();
    let digests = || {
        let records = keep.records(&["--handle", "tool", "--kind", "intent"]);
        let mut digests: Vec<String> = records
            .iter()
            .map(|record| record["plugin_digest"].to_string())
            .collect();
        digests.dedup();
        digests
    };
    let was = digests();
    for other in [
        Some(fs::read(plugin("plugins/echo")).unwrap()),
        Some(b"nonsense".to_vec()),
        None,
    ] {
        fs::remove_file(&own).unwrap();
        if let Some(bytes) = &other {
            fs::write(&own, bytes).unwrap();
        }
        // What was loaded goes on; what was only described is not taken from another file.
        assert!(step(&mut warm, looking()).starts_with("ok"));
        assert_eq!(step(&mut cold, looking()), "unusable");
        // Who starts now says what is wrong, to what, and what to do.
        let ran = keep
            .run(&["call", "raw_steps", "{\"steps\": []}"])
            .expect(2);
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
        if other.is_none() {
            assert!(
                ran.stderr.contains("own.wasm") && ran.stderr.contains("build it"),
                "{ran:?}"
            );
            fs::write(&own, "").unwrap();
        }
    }
    assert_eq!(digests(), was);
    // Back again, and all is well for everybody.
    fs::copy(hostile(), &own).unwrap();
    assert!(step(&mut cold, looking()).starts_with("ok"));
    assert_eq!(digests(), was);
    close(warm);
    close(cold);
    is_whole(&keep);
}

#[test]
fn a_plugin_that_is_pinned_is_not_started_from_another_file() {
    let digest = toolkeep::base::digest::Digest::of(&fs::read(hostile()).unwrap());
    let keep = own_plugin("");
    let config = keep.get("toolkeep.toml");
    let pinned = format!("\"own.wasm\"\ndigest = \"{digest}\"");
    keep.put("toolkeep.toml", config.replace("\"own.wasm\"", &pinned));
    keep.lives();
    let mut bytes = fs::read(hostile()).unwrap();
    // One more empty custom section: the same code, another file.
    bytes.extend([0, 2, 1, b'x']);
    fs::write(keep.path("own.wasm"), bytes).unwrap();
    let ran = keep.run(&["call", "noop"]).expect(2);
    assert!(ran.stderr.contains("correct `digest`"), "{ran:?}");
}
