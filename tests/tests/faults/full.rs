//! The disk has no room for the record any more, and then has again.

use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, prlimit};
use serde_json::json;
use toolkeep_tests::rpc::Client;
use toolkeep_tests::{Keep, Ran};

use super::{close, ended, is_whole, looking, serve, shake_hands, step, writing};

/// Lets no file of the server grow beyond so many bytes, or any.
fn limit(client: &Client, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(client.pid()), Resource::Fsize, limit).unwrap();
}

/// While nothing can be recorded.
#[track_caller]
fn nothing_happens(keep: &Keep, client: &mut Client) {
    for path in ["not-1", "not-2"] {
        let came = step(client, writing(path));
        assert!(
            ["denied", "record-failed", "access"].contains(&came.as_str()),
            "{came}"
        );
        assert!(!keep.has(&format!("data/{path}")));
    }
    assert_eq!(step(client, looking()), "record-failed");
}

#[test]
fn no_file_may_grow_and_then_may_again() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    for round in 0..2 {
        limit(&client, Some(1));
        nothing_happens(&keep, &mut client);
        limit(&client, None);
        assert_eq!(step(&mut client, writing(&format!("after-{round}"))), "ok");
    }
    close(client);
    is_whole(&keep);
}

/// What was answered for by the spool outlives the server, although the database never took it.
#[test]
fn a_database_that_is_full_loses_nothing_that_was_answered() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    // The spool is shorter than that, the database's log is not.
    limit(&client, Some(60_000));
    let mut answered = Vec::new();
    let mut withheld = false;
    for _ in 0..40 {
        let call = client.begin("raw_steps", looking());
        let result = client.result(call);
        if result["isError"] == false {
            assert!(!withheld, "an answer after one that was withheld");
            answered.push(call);
        } else {
            withheld = true;
        }
    }
    assert!(withheld);
    client.signal(Signal::KILL);
    client.end();
    let ended = ended(&keep, "s");
    assert!(
        answered.iter().all(|call| ended.contains(call)),
        "{answered:?} {ended:?}"
    );
    is_whole(&keep);
    keep.lives();
}

#[test]
fn a_guest_that_writes_beyond_the_size_of_files_ends_nobody_else() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    limit(&client, Some(16 << 20));
    let beyond = json!({"op": "write", "path": "big", "text": "x", "size": 20 << 20});
    let came = step(&mut client, json!({"steps": [beyond]}));
    assert!(came.starts_with("err "), "{came}");
    assert_eq!(step(&mut client, writing("after")), "ok");
    close(client);
    is_whole(&keep);
}

/// A server whose state folder is a file system of its own of this size, and that folder as seen from here:
/// only where this user may mount one.
pub(super) fn with_little_room(keep: &Keep, size: &str) -> Option<(Client, String)> {
    let mount =
        format!("mount -t tmpfs -o size={size} none state && cp -a spare/. state && exec \"$@\"");
    let tried = Ran::of(
        Command::new("unshare").args([
            "--map-root-user",
            "--mount",
            "mount",
            "-t",
            "tmpfs",
            "none",
            "/mnt",
        ]),
        None,
    );
    if tried.code != 0 {
        println!(
            "skipped: this user may not mount a file system: {}",
            tried.stderr
        );
        return None;
    }
    keep.put("spare/readme", "");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &mount, "sh"]);
    let inner = keep.command(&["serve", "--session", "s"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.current_dir(keep.path(""));
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut client = Client::silent_by(command);
    shake_hands(&mut client);
    let state = format!(
        "/proc/{}/root{}",
        client.pid().as_raw_nonzero(),
        keep.state().display()
    );
    Some((client, state))
}

#[test]
fn a_file_system_that_is_full() {
    let keep = Keep::granting("");
    let Some((mut client, state)) = with_little_room(&keep, "3m") else {
        return;
    };
    assert_eq!(step(&mut client, writing("before")), "ok");
    let filler = format!("{state}/filler");
    let mut size = 4 << 20;
    while size >= 512 {
        // As much as goes in, to the last block.
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&filler)
            .unwrap();
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
    // What the database has room for in its files is used up first.
    let mut refused = false;
    for n in 0..500 {
        let came = step(&mut client, writing(&format!("full-{n}")));
        if came != "ok" {
            assert!(!keep.has(&format!("data/full-{n}")), "{came}");
            refused = true;
            break;
        }
    }
    assert!(refused, "the disk was never full");
    nothing_happens(&keep, &mut client);
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(step(&mut client, writing("after")), "ok");
    // The record is only in there.
    let copied = Ran::of(
        Command::new("cp").args(["-a", &state, keep.path("copy").to_str().unwrap()]),
        None,
    );
    copied.expect(0);
    close(client);
    keep.run(&["audit", "verify", "--state", "copy"]).expect(0);
    let shown = keep
        .run(&[
            "audit", "show", "--json", "--state", "copy", "--kind", "intent", "--verb", "create",
        ])
        .expect(0);
    for entry in std::fs::read_dir(keep.path("data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(shown.stdout.contains(&format!("\"data:{name}\"")), "{name}");
    }
}
