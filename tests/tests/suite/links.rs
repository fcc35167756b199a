//! Ways out by a path's text, by links, and by what is no file.

use std::fs;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use serde_json::{Value, json};
use toolkeep_tests::{ALL, SECRET};

use crate::case::Outcome::Refused;
use crate::case::{Case, Promise};
use crate::served::{NO, Served};

const REAL: Promise = Promise::RealObject;
const UNREACHABLE: crate::case::Outcome = Refused("unreachable");

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("names paths with `..`", REAL, UNREACHABLE, dots),
    Case::new("names absolute paths", REAL, UNREACHABLE, absolute),
    Case::new("names paths in `/proc/self`", REAL, UNREACHABLE, proc_self),
    Case::new("follows a link to a file outside", REAL, UNREACHABLE, linked_file),
    Case::new("follows a linked folder outside", REAL, UNREACHABLE, linked_folder),
    Case::new("follows links that never end", REAL, UNREACHABLE, linked_loop),
    Case::new("follows a link into a denied folder", REAL, Refused("pattern"), linked_denied),
    Case::new("makes a symbolic link", REAL, Refused("not-granted"), makes_link),
    Case::new("makes a hard link, in one grant and across two", REAL, Refused("not-granted"), makes_hard_link),
    Case::new("opens, renames and deletes fifos, devices and sockets", REAL, UNREACHABLE, special),
    Case::new("swaps a folder and a file for links, in calls side by side", REAL, Refused("pattern"), swaps).within(256),
    Case::new("names a denied file by look-alikes of its name", REAL, Refused("pattern"), look_alikes),
];

/// Everything that can be done to a path.
const OPS: [&str; 10] = [
    "read", "stat", "hash", "write", "mkdir", "unlink", "rmdir", "readlink", "times", "list",
];

/// A host on which nothing that is done to `paths` works.
fn out(prepare: impl Fn(&Served), paths: &[&str]) -> Served {
    let mut served = Served::granting("");
    served.put("data/folder/a.txt", "a");
    prepare(&served);
    let mut steps = Vec::new();
    for path in paths {
        for op in OPS {
            steps.push(json!({"op": op, "path": path, "text": "overwritten"}));
        }
        for flags in ["directory read", "truncate", "create exclusive write"] {
            steps.push(json!({"op": "open", "path": path, "flags": flags}));
        }
        steps.push(json!({"op": "rename", "path": path, "to": "stolen"}));
        steps.push(json!({"op": "rename", "path": "folder/a.txt", "to": path}));
        steps.push(json!({"op": "link", "path": path, "to": "stolen"}));
    }
    served.refuses(&steps);
    served.rest();
    assert_eq!(served.get("outside/secret.txt"), SECRET);
    assert_eq!(fs::read_dir(served.path("outside")).unwrap().count(), 1);
    assert!(served.has("data/folder/a.txt") && !served.has("data/stolen"));
    let refusals = served.records(&["--kind", "refusal"]);
    assert_eq!(refusals.len(), steps.len());
    served
}

fn dots() -> Served {
    let mut served = out(
        |_| (),
        &[
            "..",
            "../outside/secret.txt",
            "./../outside/secret.txt",
            "folder/../../outside/secret.txt",
            "folder/./../../data/../outside/secret.txt",
            "../data/folder/a.txt",
        ],
    );
    // Out of the folder that it holds, though not out of the grant: a descriptor is a hard ceiling.
    served.answers(
        json!([
            {"op": "open", "path": "folder", "save": "f", "flags": "read directory"},
            {"op": "read", "at": "f", "path": "../../outside/secret.txt"},
            {"op": "read", "at": "f", "path": "../folder/a.txt"},
            {"op": "read", "at": "f", "path": ".."},
        ]),
        &["ok", NO, NO, NO],
    );
    served
}

fn absolute() -> Served {
    out(
        |_| (),
        &["/data/folder/a.txt", "//etc/passwd", "/", "/etc/passwd"],
    )
}

fn proc_self() -> Served {
    let links = |served: &Served| {
        served.link("/proc/self", "data/proc");
        served.link("/proc/self/root", "data/root");
        served.link("/proc/self/fd/0", "data/fd");
    };
    out(
        links,
        &[
            "/proc/self/environ",
            "proc/environ",
            "proc/fd",
            "root/etc/passwd",
        ],
    )
}

fn linked_file() -> Served {
    let mut served = Served::granting("");
    served.link(served.path("outside/secret.txt"), "data/absolute");
    served.link("../outside/secret.txt", "data/relative");
    served.link("relative", "data/chain");
    let mut steps = Vec::new();
    for path in ["absolute", "relative", "chain"] {
        for op in ["read", "write", "stat", "hash", "times"] {
            steps.push(json!({"op": op, "path": path, "text": "overwritten"}));
        }
        steps.push(json!({"op": "open", "path": path, "flags": "truncate"}));
    }
    // Where an absolute link points is a path of the host's.
    steps.push(json!({"op": "readlink", "path": "absolute"}));
    served.refuses(&steps);
    assert_eq!(served.get("outside/secret.txt"), SECRET);
    served
}

fn linked_folder() -> Served {
    out(
        |served| {
            served.link("../outside", "data/way");
            served.link("/", "data/root");
        },
        &["way/secret.txt", "way/new", "root/etc/passwd"],
    )
}

fn linked_loop() -> Served {
    let mut served = Served::granting("");
    served.link("loop", "data/loop");
    served.link("loop-two", "data/loop-one");
    served.link("loop-one", "data/loop-two");
    served.refuses(&[
        json!({"op": "read", "path": "loop"}),
        json!({"op": "read", "path": "loop-one/x"}),
        json!({"op": "list", "path": "loop-two"}),
        json!({"op": "write", "path": "loop/x", "text": "x"}),
    ]);
    served
}

/// The link stays inside the place, so nothing but the judgement of where it leads stands in the way.
fn linked_denied() -> Served {
    let mut served = Served::granting("except = [\"private\"]\n");
    served.put("data/private/secret.txt", SECRET);
    served.link("private", "data/way");
    served.link("private/secret.txt", "data/file");
    served.link("../private", "data/down");
    fs::create_dir(served.path("data/folder")).unwrap();
    served.link("../way/secret.txt", "data/folder/back");
    served.refuses(&[
        json!({"op": "read", "path": "way/secret.txt"}),
        json!({"op": "read", "path": "file"}),
        json!({"op": "read", "path": "folder/back"}),
        json!({"op": "list", "path": "way"}),
        json!({"op": "write", "path": "file", "text": "x"}),
        json!({"op": "write", "path": "way/new", "text": "x"}),
        json!({"op": "unlink", "path": "way/secret.txt"}),
        json!({"op": "rename", "path": "way/secret.txt", "to": "stolen"}),
        json!({"op": "open", "path": "way", "flags": "directory read", "save": "w"}),
    ]);
    assert_eq!(served.get("data/private/secret.txt"), SECRET);
    served
}

fn makes_link() -> Served {
    let mut served = Served::granting("");
    served.put("data/a.txt", "a");
    served.refuses(&[
        json!({"op": "symlink", "path": "link", "to": "a.txt"}),
        json!({"op": "symlink", "path": "link", "to": "../outside/secret.txt"}),
        json!({"op": "symlink", "path": "link", "to": "/etc/passwd"}),
        json!({"op": "symlink", "path": "../link", "to": "a.txt"}),
    ]);
    assert!(!served.has("data/link") && !served.has("link"));
    served
}

fn makes_hard_link() -> Served {
    let mut served = Served::granting(&format!(
        "[plugins.hostile.fs.other]\ndata = \"other\"\nallow = {ALL}\n"
    ));
    served.put("data/a.txt", "a");
    served.link("../outside/secret.txt", "data/way");
    served.refuses(&[
        json!({"op": "link", "path": "a.txt", "to": "hard"}),
        json!({"op": "link", "path": "a.txt", "to_at": "/other", "to": "hard"}),
        json!({"op": "link", "path": "way", "to": "hard"}),
    ]);
    assert!(!served.has("data/hard") && !served.has("other/hard"));
    served
}

fn special() -> Served {
    let mut served = Served::granting("");
    let mode = Mode::from_raw_mode(0o666);
    let make = |name: &str, kind, device| mknodat(CWD, served.path(name), kind, mode, device);
    make("data/fifo", FileType::Fifo, 0).unwrap();
    let mut names = vec!["fifo", "socket"];
    // Only root may make devices.
    if make("data/zero", FileType::CharacterDevice, makedev(1, 5)).is_ok() {
        names.push("zero");
    }
    let socket = std::os::unix::net::UnixListener::bind(served.path("data/socket")).unwrap();
    let mut steps = Vec::new();
    for name in &names {
        for op in ["read", "write", "stat", "unlink", "times"] {
            steps.push(json!({"op": op, "path": name}));
        }
        steps.push(json!({"op": "rename", "path": name, "to": "x"}));
    }
    served.refuses(&steps);
    served.answers(json!([{"op": "list"}]), &["ok"]);
    drop(socket);
    assert!(names.iter().all(|name| served.has(&format!("data/{name}"))));
    served
}

/// How long guests race with one another.
fn race() -> Duration {
    let wish = std::env::var("TOOLKEEP_SUITE_SECONDS").ok();
    let seconds = wish.map_or(4, |wish| wish.parse().expect("TOOLKEEP_SUITE_SECONDS"));
    Duration::from_secs(seconds)
}

/// Calls change what a path means while others read it, and the operator's side changes it too. What
/// comes back may be anything that was granted, and never a byte of what was not.
fn swaps() -> Served {
    let mut served = Served::granting("except = [\"private\"]\n");
    served.put("data/folder/x", "inside");
    served.put("data/private/x", SECRET);
    served.put("outside/x", SECRET);
    served.link("../outside", "data/link-out");
    served.link("private", "data/link-private");
    served.link("../outside/x", "data/link-file");
    served.put("data/file", "inside");
    served.put("data/third/x", "inside");
    let end = Instant::now() + race();
    let (mut inside, mut swapped) = (0, 0);
    while Instant::now() < end {
        let (read, swaps) = swap_for_a_while(&mut served);
        inside += read;
        swapped += swaps;
    }
    assert!(inside > 0, "nothing was ever read");
    assert!(swapped > 0, "nothing was ever swapped");
    served.refuses(&[json!({"op": "read", "path": "private/x"})]);
    assert_eq!(served.get("outside/x"), SECRET);
    served
}

/// Four seconds of it: how many readers read anything, and how often the swappers swapped.
fn swap_for_a_while(served: &mut Served) -> (usize, u64) {
    const MS: u64 = 4000;
    let swap = |name: &str, one: &str, two: &str| {
        let at = |name: &str| format!("/data/{name}");
        json!({"name": at(name), "one": at(one), "two": at(two), "ms": MS})
    };
    let watch = |path: &str| json!({"path": path, "ms": MS});
    let client = served.client();
    let swaps = [
        client.begin("swap", swap("now", "folder", "link-out")),
        client.begin("swap", swap("then", "file", "link-file")),
    ];
    let watches = ["/data/now/x", "/data/then", "/data/place/x"];
    let watches = watches.map(|path| client.begin("watch", watch(path)));
    // The operator's side swaps faster than any guest can, and into the denied folder too.
    let end = Instant::now() + Duration::from_millis(MS);
    let real = |name: &str| served.path(&format!("data/{name}"));
    let rename = |from: &str, to: &str| fs::rename(real(from), real(to)).unwrap();
    while Instant::now() < end {
        rename("third", "place");
        rename("place", "third");
        rename("link-private", "place");
        rename("place", "link-private");
    }
    let result = |served: &mut Served, id: u64| -> Value {
        let result = served.client().result(id);
        assert!(!result.to_string().contains(SECRET), "{result:#}");
        result
    };
    let mut inside = 0;
    for id in watches {
        inside += usize::from(result(served, id).to_string().contains("text: inside"));
    }
    let swapped = |id: u64| -> u64 {
        let result = result(served, id);
        toolkeep_tests::rpc::text(&result).parse().unwrap()
    };
    (inside, swaps.map(swapped).iter().sum())
}

/// Names that look like the denied one, or that some file systems take for it, are other names: what
/// they give is never what is denied.
fn look_alikes() -> Served {
    let mut served = Served::granting("except = [\"private\", \"caf\u{e9}.txt\"]\n");
    served.put("data/private/x", SECRET);
    served.put("data/caf\u{e9}.txt", SECRET);
    let mut steps = Vec::new();
    for name in [
        "PRIVATE",
        "Private",
        "pr\u{131}vate",
        "pr\u{456}vate",
        "\u{ff50}rivate",
        "private ",
        "private.",
        "private\u{200b}",
        "\u{feff}private",
        "private\u{0301}",
        "private\\",
    ] {
        steps.push(json!({"op": "read", "path": format!("{name}/x")}));
    }
    for name in [
        "cafe\u{301}.txt",
        "CAF\u{c9}.TXT",
        "caf\u{e9}.txt ",
        "caf\u{e9}.txt\u{200d}",
    ] {
        steps.push(json!({"op": "read", "path": name}));
    }
    for answer in served.steps(json!(steps)) {
        assert_eq!(answer, "err no-entry");
    }
    served.refuses(&[
        json!({"op": "read", "path": "private/x"}),
        json!({"op": "read", "path": "caf\u{e9}.txt"}),
        json!({"op": "rename", "path": "private", "to": "PRIVATE"}),
        json!({"op": "rename", "path": "caf\u{e9}.txt", "to": "cafe\u{301}.txt"}),
    ]);
    served.rest();
    // And on record they can be told apart.
    let shown = served.run(&["audit", "show"]).expect(0).stdout;
    assert!(shown.contains("private\\u{200b}/x"), "{shown}");
    served
}
