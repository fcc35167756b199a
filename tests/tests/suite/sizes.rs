//! Too much of everything: memory, results, random bytes, words, descriptors, files and disk.

use std::process::Command;

use serde_json::{Value, json};
use toolkeep_tests::by_hand::{described, memories, tables, with_module};
use toolkeep_tests::rpc::{Client, code, text};
use toolkeep_tests::{Keep, hostile};

use crate::ambient::beside;
use crate::case::Outcome::{Failed, Harmless, Refused, Stopped};
use crate::case::{Case, Promise};
use crate::served::{NO, Served, results};

const ENDS: Promise = Promise::CallEnds;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("grows its memory to 8 GiB", ENDS, Stopped("memory-limit"), memory).within(512),
    Case::new("has many large memories", ENDS, Stopped("memory-limit"), large_memories),
    Case::new("has more memories than a component may have", ENDS, Stopped("unusable"), many_memories),
    Case::new("has many large tables", ENDS, Stopped("trap"), large_tables),
    Case::new("has more instances than a component may have", ENDS, Stopped("unusable"), many_instances),
    Case::new("gives back 100 MB", ENDS, Stopped("data-limit"), big_result).within(256),
    Case::new("fails with 100 MB of words", ENDS, Stopped("data-limit"), big_failure).within(512),
    Case::new("gives back a little more than it may", ENDS, Stopped("output-limit"), output),
    Case::new("gives back a million parts", ENDS, Stopped("data-limit"), parts).within(256),
    Case::new("asks for 1 GiB of random bytes at once", ENDS, Stopped("trap"), random),
    Case::new("asks for random bytes again and again", ENDS, Harmless("it gets them, and the host keeps none"), random_again),
    Case::new("asks the host to read, write and skip 8 EiB", ENDS, Stopped("trap"), huge_sizes),
    Case::new("floods log, progress, standard output and standard error", ENDS, Harmless("what is beyond the limits is dropped"), floods),
    Case::new("floods a client that does not read", ENDS, Harmless("it waits for no client"), deaf),
    Case::new("opens 100,000 descriptors", ENDS, Stopped("handle-limit"), descriptors),
    Case::new("takes all descriptors of the host, in calls side by side", ENDS, Stopped("handle-limit"), all_descriptors),
    Case::new("makes 100,000 files", ENDS, Refused("limit"), files),
    Case::new("looks 100,000 times", ENDS, Refused("limit"), looks),
    Case::new("lists and renames a folder of 100,000 files", ENDS, Refused("unreachable"), large_folder),
    Case::new("fills the disk", ENDS, Failed("write"), disk),
];

fn memory() -> Served {
    let mut served = Served::granting("");
    served.stops("grow", json!({"mib": 8192}), "memory-limit");
    let result = served.call("grow", json!({"mib": 100}));
    assert_eq!(text(&result), "took 100 MiB");
    served
}

fn odd() -> Vec<u8> {
    described(&std::fs::read(hostile()).unwrap(), "odd", |_| ())
}

fn large_memories() -> Served {
    // 3 × 100 MiB, and 256 MiB in all is what a call may have.
    let mut served = beside(&with_module(&odd(), &memories(1, 1600), 3), "");
    served.stops("odd", json!({}), "memory-limit");
    served
}

fn many_memories() -> Served {
    let mut served = beside(&with_module(&odd(), &memories(1, 1), 50), "");
    served.stops("odd", json!({}), "unusable");
    served
}

fn large_tables() -> Served {
    let mut served = beside(&with_module(&odd(), &tables(1, 50_000), 3), "");
    served.stops("odd", json!({}), "trap");
    served
}

fn many_instances() -> Served {
    let mut served = beside(&with_module(&odd(), &tables(0, 0), 200), "");
    served.stops("odd", json!({}), "unusable");
    served
}

fn big_result() -> Served {
    let mut served = Served::granting("");
    served.stops("big_result", json!({"bytes": 100_000_000}), "data-limit");
    served
}

fn big_failure() -> Served {
    let mut served = Served::granting("");
    served.stops("big_failure", json!({"bytes": 100_000_000}), "data-limit");
    served
}

fn output() -> Served {
    let mut served = Served::limited("output_bytes = 1000");
    served.stops("big_result", json!({"bytes": 1100}), "output-limit");
    served.stops("big_failure", json!({"bytes": 1100}), "output-limit");
    let result = served.call("big_result", json!({"bytes": 900}));
    assert_eq!(text(&result).len(), 900);
    served
}

fn parts() -> Served {
    let mut served = Served::granting("");
    served.stops("many_parts", json!({"parts": 1_000_000}), "data-limit");
    served
}

fn random() -> Served {
    let mut served = Served::granting("");
    served.stops("random", json!({"bytes": 1 << 30}), "trap");
    served.stops("random", json!({"bytes": u64::MAX}), "trap");
    let result = served.call("random", json!({"bytes": 1 << 20}));
    assert_eq!(text(&result), "1048576 bytes");
    served
}

fn random_again() -> Served {
    let mut served = Served::limited("cpu_ms = 60000\nwall_ms = 60000");
    let result = served.call("random_again", json!({"bytes": 1 << 20, "times": 128}));
    assert_eq!(text(&result), "134217728 bytes");
    served
}

fn huge_sizes() -> Served {
    let mut served = Served::granting("");
    let mut done = |what: &str| served.call("huge_sizes", json!({ "what": what }));
    for what in ["zeroes", "print-zeroes"] {
        assert_eq!(code(&done(what)), "trap", "{what}");
    }
    // What is there, and no more, is moved.
    for what in ["read", "stream"] {
        assert_eq!(results(&done(what)), ["ok 4 bytes"], "{what}");
    }
    for what in ["read-at", "size", "skip", "splice"] {
        let told = results(&done(what)).concat();
        assert!(told.len() < 200, "{what}: {told}");
    }
    served
}

fn floods() -> Served {
    let mut served = Served::granting("");
    let flood = json!({"lines": 100_000, "bytes": 100});
    assert_eq!(text(&served.call("flood", flood)), "said it all");
    let heard = std::mem::take(&mut served.client().heard);
    let bytes: usize = heard.iter().map(|message| message.to_string().len()).sum();
    assert!(
        heard.len() <= 2000 && bytes < 1 << 20,
        "{} {bytes}",
        heard.len()
    );
    let printed = served.call("print_flood", json!({"lines": 100_000}));
    assert_eq!(text(&printed), "printed it all");
    let heard = std::mem::take(&mut served.client().heard);
    assert!(heard.len() <= 2000, "{}", heard.len());
    // A line without an end.
    let result = served.call("flood", json!({"lines": 10, "bytes": 1_500_000}));
    assert_eq!(text(&result), "said it all");
    served
}

fn deaf() -> Served {
    let mut served = Served::limited("cpu_ms = 60000\nwall_ms = 60000").started(Client::deaf);
    const CALLS: usize = 100;
    let client = served.client();
    for _ in 0..CALLS {
        client.begin("flood", json!({"lines": 1000, "bytes": 200}));
    }
    let ended = |keep: &Keep| {
        let filter = ["--tool", "flood", "--handle", "tool"];
        let shown = keep.run(&[&["audit", "show", "--json"], &filter[..]].concat());
        let ends = |line: &&str| line.contains("\"outcome\":{");
        shown.code == 0 && shown.stdout.lines().filter(ends).count() == CALLS
    };
    // Every call comes to its end, though nobody hears of it.
    served.wait_for(|| ended(&served));
    let client = served.client();
    client.listen();
    served
}

fn descriptors() -> Served {
    let mut served = Served::granting("");
    served.put("data/a.txt", "a");
    let hoard = json!({"path": "/data/a.txt", "times": 100_000});
    served.stops("hoard", hoard, "handle-limit");
    served.rest();
    let opened = served
        .records(&["--handle", "fs", "--kind", "outcome"])
        .len();
    assert!((1..=300).contains(&opened), "{opened}");
    served
}

/// What a shell gives every program that nobody thought about.
const USUAL_DESCRIPTORS: &str = "ulimit -S -n 1024";

/// Each call keeps within its own limit, and together they want more than the system gives the host.
fn all_descriptors() -> Served {
    let mut served =
        Served::granting("").started_by(|_, command| after(USUAL_DESCRIPTORS, &command));
    served.put("data/a.txt", "a");
    let client = served.client();
    let hold = json!({"path": "/data/a.txt", "times": 240, "ms": 2000});
    let calls: Vec<u64> = (0..8).map(|_| client.begin("hold", hold.clone())).collect();
    client.hear("notifications/message");
    // Those who want little are served meanwhile.
    let fine = client.call("noop", json!({}));
    assert_eq!(text(&fine), "fine");
    let write = json!({"steps": [{"op": "write", "path": "b.txt", "text": "b"}]});
    let written = client.call("raw_steps", write);
    let held: Vec<Value> = calls.into_iter().map(|id| client.result(id)).collect();
    assert_eq!(results(&written), ["ok"], "{held:#?}");
    served.stops(
        "hoard",
        json!({"path": "/data/a.txt", "times": 300}),
        "handle-limit",
    );
    served
}

/// `command` in a shell that did `first` before.
pub fn after(first: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{first}\nexec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

fn files() -> Served {
    let mut served = Served::limited("accesses = 1000");
    let many = json!({"folder": "/data", "files": 100_000});
    served.stops("write_many", many, "denied");
    let made = std::fs::read_dir(served.path("data")).unwrap().count();
    assert!((100..=1000).contains(&made), "{made}");
    served
}

fn looks() -> Served {
    let mut served = Served::limited("accesses = 1000");
    served.stops(
        "touch_many",
        json!({"path": "/data", "times": 100_000}),
        "denied",
    );
    served.rest();
    let records = served.records(&["--tool", "touch_many"]).len();
    assert!(records < 1010, "{records}");
    served
}

fn large_folder() -> Served {
    let mut served =
        Served::granting("except = [\"**/never\"]\n[plugins.hostile.limits]\ncpu_ms = 60000\n");
    let folder = served.path("data/large");
    std::fs::create_dir(&folder).unwrap();
    for n in 0..100_000 {
        std::fs::File::create(folder.join(n.to_string())).unwrap();
    }
    // The answer would be too long; the listing itself is none of the host's worry.
    let result = served.call(
        "raw_steps",
        json!({"steps": [{"op": "list", "path": "large"}]}),
    );
    let listed = result["structuredContent"]["results"][0]
        .as_str()
        .map_or(0, str::len);
    assert!(listed > 500_000 || result["isError"] == true, "{listed}");
    served.refuses(&[json!({"op": "rename", "path": "large", "to": "moved"})]);
    assert!(served.has("data/large/99999"));
    served
}

/// A disk of 2 MiB under the place: a small file system where that can be mounted, else a limit on how
/// large a file may get, which is met in the same way.
fn disk() -> Served {
    let mut served = Served::granting("").started_by(|_, command| {
        let mount = "mount -t tmpfs -o size=2m none data";
        match namespace() {
            Some(mut unshare) => {
                let inner = after(mount, &command);
                unshare.arg(inner.get_program()).args(inner.get_args());
                copy_surroundings(&inner, &mut unshare);
                unshare
            }
            None => after("trap '' XFSZ; ulimit -f 4096", &command),
        }
    });
    let result = served.call("fill_up", json!({"path": "/data/big", "mib": 64}));
    assert_eq!(code(&result), "failed", "{result:#}");
    assert!(text(&result).starts_with("after "), "{result:#}");
    // And there is room again once it is gone.
    let again = json!([
        {"op": "unlink", "path": "big"},
        {"op": "write", "path": "small", "text": "x"},
    ]);
    assert_eq!(served.steps(again), ["ok", "ok"]);
    assert_eq!(
        served.steps(json!([{"op": "read", "path": "../outside/secret.txt"}])),
        [NO]
    );
    served
}

/// What runs a command with mounts of its own, where the system lets us.
fn namespace() -> Option<Command> {
    let works = |flags: &[&str]| {
        let tried = Command::new("unshare").args(flags).arg("true").output();
        tried.is_ok_and(|ran| ran.status.success())
    };
    let flags = [&["--mount"][..], &["--mount", "--map-root-user"]];
    let flags = flags.into_iter().find(|flags| works(flags))?;
    let mut command = Command::new("unshare");
    command.args(flags);
    Some(command)
}

fn copy_surroundings(from: &Command, to: &mut Command) {
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
}
