//! The oldest records go to archives, whatever becomes of the process that brings them there.

use std::collections::BTreeSet;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use toolkeep_tests::Keep;

use super::full::with_little_room;
use super::killed::Moments;
use super::{close, is_whole, serve, writing};

/// A keep whose record may have 1 MiB, and whose checkpoints are kept elsewhere too.
fn small() -> Keep {
    Keep::granting(
        "[audit]\narchive_bytes = \"1 MiB\"\ncheckpoint_every = 50\ncheckpoint_after_ms = 20\n\
         checkpoint_to = \"outside/checkpoints\"\n",
    )
}

/// The files in the folder of archives.
fn archives(keep: &Keep) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(keep.path("state/archive")) else {
        return BTreeSet::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".db") || name.ends_with(".partial"))
        .collect()
}

fn finished(keep: &Keep) -> Vec<String> {
    let archives = archives(keep).into_iter();
    archives.filter(|name| name.ends_with(".db")).collect()
}

/// Many records by one call.
fn looking_often() -> Value {
    let step = json!({"op": "stat", "path": "before"});
    json!({"steps": vec![step; 100]})
}

fn verify(keep: &Keep, more: &[&str]) -> toolkeep_tests::Ran {
    let held = "outside/checkpoints";
    let args = ["audit", "verify", "--json", "--checkpoint", held];
    keep.run(&[&args, more].concat())
}

#[test]
fn whenever_it_is_killed_while_it_archives_nothing_is_lost() {
    let keep = small();
    let mut moments = Moments::new();
    let mut answered = 0;
    for round in 0..5 {
        let mut client = serve(&keep, "s");
        client.call("raw_steps", writing(&format!("file-{round}")));
        let before = archives(&keep);
        for call in 0.. {
            // Each has an entry for each step, and one or two of its own.
            client.call("raw_steps", looking_often());
            answered += 100;
            if archives(&keep) != before {
                break;
            }
            assert!(call < 300, "nothing is archived");
        }
        if round < 4 {
            std::thread::sleep(moments.next(Duration::from_millis(60)));
            client.signal(Signal::KILL);
            client.end();
        } else {
            assert_eq!(close(client), "");
        }
        let whole = is_whole(&keep);
        assert_eq!(whole["from"], 0, "{whole:#}");
        assert!(whole["records"].as_u64().unwrap() > answered, "{whole:#}");
        let held = verify(&keep, &[]).expect(0).json();
        assert!(held["external"]["agreed"].as_u64() > Some(0), "{held:#}");
        let stats = keep.records(&["--verb", "stat"]).len() as u64;
        assert!(stats >= answered, "{stats} of {answered}");
    }
    // Commands that live for one call bring to its end what was begun.
    for _ in 0..100 {
        if finished(&keep) == archives(&keep).into_iter().collect::<Vec<_>>() {
            break;
        }
        keep.lives();
    }
    assert!(finished(&keep).len() > 1, "{:?}", archives(&keep));
    keep.lives();
}

#[test]
fn an_archive_may_be_moved_away_and_put_back() {
    let keep = small();
    let mut client = serve(&keep, "s");
    client.call("raw_steps", writing("before"));
    while finished(&keep).len() < 2 {
        client.call("raw_steps", looking_often());
    }
    close(client);
    let all = keep.records(&[]);
    let first = finished(&keep).remove(0);
    let end: usize = first[13..25].parse().unwrap();
    let here = keep.path(&format!("state/archive/{first}"));
    let away = keep.path("outside/moved.db");
    std::fs::rename(&here, &away).unwrap();

    let told = verify(&keep, &[]).expect(5);
    let json: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(
        (&json["sound"], &json["from"]),
        (&json!(false), &json!(end))
    );
    let named = format!("records 0 to {} are archived and not here", end - 1);
    assert!(told.stderr.contains(&named), "{told:?}");
    let told = keep.run(&["audit", "verify"]).expect(5);
    assert!(told.stdout.contains("INCOMPLETE"), "{told:?}");
    verify(&keep, &["--from", &(end - 1).to_string()]).expect(5);
    let rest = verify(&keep, &["--from", &end.to_string()])
        .expect(0)
        .json();
    assert_eq!(rest["records"], all.len() - end, "{rest:#}");

    let shown = keep.run(&["audit", "show", "--json"]).expect(0);
    assert!(shown.stderr.contains(&named), "{:?}", shown.stderr);
    assert_eq!(shown.stdout.lines().count(), all.len() - end);
    let shown = keep.run(&["audit", "show", "--last", "3"]).expect(0);
    assert_eq!(shown.stderr, "");
    assert_eq!(keep.records(&["--last", "3"]), all[all.len() - 3..]);

    // By itself, with nothing of the keep but the checkpoints.
    let moved = ["--archive", "outside/moved.db"];
    let alone = verify(&keep, &moved).expect(0).json();
    assert_eq!(
        (&alone["from"], &alone["records"]),
        (&json!(0), &json!(end))
    );
    assert!(alone["external"]["agreed"].as_u64() > Some(0), "{alone:#}");
    let tampered = |file: &Path, sql: &str| {
        let db = rusqlite::Connection::open(file).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1);
    };
    let change = "UPDATE record SET body = replace(body, 'stat', 'read') WHERE seq = 70";
    let undo = "UPDATE record SET body = replace(body, 'read', 'stat') WHERE seq = 70";
    tampered(&away, change);
    let broken = verify(&keep, &moved).expect(5);
    assert!(broken.stderr.contains("record 70"), "{broken:?}");

    std::fs::rename(&away, &here).unwrap();
    let broken = verify(&keep, &[]).expect(5);
    assert!(broken.stderr.contains("record 70"), "{broken:?}");
    tampered(&here, undo);
    verify(&keep, &[]).expect(0);
    assert_eq!(keep.records(&[]), all);
    is_whole(&keep);
}

/// How much of a disk is left free.
const LEFT: u64 = 900 << 10;

/// Nothing is archived then, and nobody else has trouble.
#[test]
fn a_disk_without_room_for_an_archive_hurts_nobody() {
    let keep = small();
    let Some((mut client, state)) = with_little_room(&keep, "48m") else {
        return;
    };
    client.call("raw_steps", writing("before"));
    let mut filler = std::fs::File::create(format!("{state}/filler")).unwrap();
    // More than the 1 MiB from which on an archive is due.
    for _ in 0..40 {
        // Room for what a call records, and not for an archive of half of 1 MiB and as much again.
        let disk = rustix::fs::statvfs(state.as_str()).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        if free > LEFT {
            let more = vec![0; (free - LEFT) as usize];
            filler.seek(SeekFrom::End(0)).unwrap();
            filler.write_all(&more).unwrap();
        } else {
            let filled = filler.metadata().unwrap().len();
            filler.set_len(filled.saturating_sub(LEFT - free)).unwrap();
        }
        client.call("raw_steps", looking_often());
    }
    assert!(client.warning("disk is full").contains("archive"));
    filler.set_len(0).unwrap();
    let folder = format!("{state}/archive");
    let is_there = || {
        let entries = std::fs::read_dir(&folder).unwrap();
        entries
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|end| end == "db"))
    };
    let calls = (0..100).take_while(|_| {
        client.call("raw_steps", looking_often());
        !is_there()
    });
    assert!(calls.count() < 100, "nothing is archived");
    close(client);
}
