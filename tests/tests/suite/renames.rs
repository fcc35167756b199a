//! Ways out by renames and listings, and what a refusal tells.

use serde_json::{Value, json};
use toolkeep_tests::SECRET;

use crate::case::Outcome::{Failed, Refused};
use crate::case::{Case, Promise};
use crate::served::{NO, Served};

const READ_ONLY_OTHER: &str =
    "[plugins.hostile.fs.other]\ndata = \"other\"\nallow = [\"list\", \"read\"]\n";

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("renames out of a grant without `delete`, and over a file without `modify`", Promise::DeleteIsNotWrite, Refused("not-granted"), rename_across),
    Case::new("renames or links from a read-only grant into a writable one (RUSTSEC-2026-0188)", Promise::DeleteIsNotWrite, Refused("not-granted"), from_read_only),
    Case::new("renames into a place with another label", Promise::LabelsLast, Refused("flow"), to_other_label),
    Case::new("renames a parent, to carry a denied folder out of its pattern", Promise::RealObject, Refused("pattern"), parent),
    Case::new("renames with slashes at the end", Promise::RealObject, Failed("not-folder"), trailing_slash),
    Case::new("lists names that a pattern denies", Promise::RefusalsTellNothing, Refused("pattern"), listing),
    Case::new("asks in every way whether a denied file is there", Promise::RefusalsTellNothing, Refused("pattern"), existence),
];

fn rename_across() -> Served {
    let mut served = Served::granting(
        "[plugins.hostile.fs.other]\ndata = \"other\"\nallow = [\"read\", \"create\"]\n",
    );
    served.put("data/a.txt", "a");
    served.put("data/b.txt", "b");
    served.put("other/o.txt", "o");
    served.put("other/p.txt", "p");
    served.answers(
        json!([
            // From a grant that does not give delete.
            {"op": "rename", "at": "/other", "path": "o.txt", "to": "stolen.txt"},
            // Over a file in a grant that does not give modify.
            {"op": "rename", "path": "a.txt", "to_at": "/other", "to": "p.txt"},
            // Into one that gives create.
            {"op": "rename", "path": "b.txt", "to_at": "/other", "to": "new.txt"},
        ]),
        &[NO, NO, "ok"],
    );
    assert_eq!(
        ["other/o.txt", "other/p.txt"].map(|f| served.get(f)),
        ["o", "p"]
    );
    assert_eq!(
        ["data/a.txt", "other/new.txt"].map(|f| served.get(f)),
        ["a", "b"]
    );
    served
}

/// Whoever gets a read-only file into a writable grant can write it there.
fn from_read_only() -> Served {
    let mut served = Served::granting(READ_ONLY_OTHER);
    served.put("other/o.txt", "o");
    served.put("other/folder/o.txt", "o");
    served.put("data/a.txt", "a");
    served.refuses(&[
        json!({"op": "link", "at": "/other", "path": "o.txt", "to": "mine.txt"}),
        json!({"op": "link", "at": "/other", "path": "folder/o.txt", "to": "mine.txt"}),
        json!({"op": "rename", "at": "/other", "path": "o.txt", "to": "mine.txt"}),
        json!({"op": "rename", "at": "/other", "path": "folder", "to": "mine"}),
        json!({"op": "rename", "path": "a.txt", "to_at": "/other", "to": "o.txt"}),
        json!({"op": "rename", "path": "a.txt", "to_at": "/other", "to": "new.txt"}),
        json!({"op": "link", "path": "a.txt", "to_at": "/other", "to": "new.txt"}),
    ]);
    assert_eq!(
        ["other/o.txt", "other/folder/o.txt"].map(|f| served.get(f)),
        ["o", "o"]
    );
    assert!(!served.has("data/mine.txt") && !served.has("data/mine"));
    served
}

fn to_other_label() -> Served {
    let all = toolkeep_tests::ALL;
    let mut served = Served::new(&format!(
        "[data.data]\ndir = \"data\"\nlabel = [\"hr\"]\n[data.other]\ndir = \"other\"\n\
         [plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {all}\n\
         [plugins.hostile.fs.other]\ndata = \"other\"\nallow = {all}\n"
    ));
    served.put("data/salaries", "many");
    served.put("data/folder/salaries", "many");
    served.refuses(&[
        json!({"op": "rename", "path": "salaries", "to_at": "/other", "to": "salaries"}),
        json!({"op": "rename", "path": "folder", "to_at": "/other", "to": "folder"}),
    ]);
    assert!(served.has("data/salaries") && !served.has("other/salaries"));
    served
}

fn parent() -> Served {
    let mut served = Served::granting("except = [\"top/private\", \"**/.git\"]\n");
    served.put("data/top/private/secret.txt", SECRET);
    served.put("data/top/public.txt", "public");
    served.put("data/repo/.git/config", SECRET);
    served.put("data/free/x.txt", "x");
    let rename = |path: &str, to: &str| json!({"op": "rename", "path": path, "to": to});
    served.refuses(&[
        rename("top", "moved"),
        rename("top/", "moved/"),
        rename("./top/.", "moved"),
        rename("top/private", "mine"),
        rename("top/private/", "mine"),
        rename("top/private/secret.txt", "mine.txt"),
        rename("repo", "mine"),
        // Into the exception, too.
        rename("free", "top/private/free"),
        rename("free/x.txt", "free/.git"),
        json!({"op": "read", "path": "top/private/secret.txt"}),
    ]);
    served.answers(
        json!([rename("free", "moved"), {"op": "list", "path": "top"}, {"op": "list", "path": "repo"}]),
        &["ok", "ok public.txt", "ok"],
    );
    assert_eq!(served.get("data/top/private/secret.txt"), SECRET);
    assert_eq!(served.get("data/repo/.git/config"), SECRET);
    assert_eq!(served.get("data/moved/x.txt"), "x");
    served
}

fn trailing_slash() -> Served {
    let mut served = Served::granting("");
    served.put("data/a.txt", "a");
    served.put("data/b.txt", "b");
    served.put("data/folder/x", "x");
    served.answers(
        json!([
            {"op": "rename", "path": "a.txt/", "to": "c.txt"},
            {"op": "rename", "path": "a.txt", "to": "c.txt/"},
            {"op": "rename", "path": "a.txt", "to": "b.txt/"},
            {"op": "read", "path": "a.txt/"},
            {"op": "stat", "path": "a.txt/"},
            {"op": "write", "path": "new/", "text": "x"},
            {"op": "rename", "path": "folder/", "to": "moved/"},
        ]),
        &[
            "err not-directory",
            "err not-directory",
            "err not-directory",
            "err not-directory",
            "err not-directory",
            "err is-directory",
            "ok",
        ],
    );
    let unlinked = served.steps(json!([{"op": "unlink", "path": "a.txt/"}]));
    assert_ne!(unlinked, ["ok"]);
    assert_eq!(
        ["data/a.txt", "data/b.txt"].map(|f| served.get(f)),
        ["a", "b"]
    );
    assert_eq!(served.get("data/moved/x"), "x");
    // A link with a slash behind it is the folder that it leads to.
    served.link("../outside", "data/way");
    served.refuses(&[
        json!({"op": "rename", "path": "way/", "to": "mine"}),
        json!({"op": "rename", "path": "moved", "to": "way/"}),
        json!({"op": "list", "path": "way/"}),
        json!({"op": "open", "path": "way/", "flags": "directory read"}),
    ]);
    served
}

fn listing() -> Served {
    let mut served = Served::granting(
        "only = [\"public/**\", \"*.md\"]\nexcept = [\"public/hidden\", \"x.md\"]\n",
    );
    for file in [
        "public/a",
        "public/hidden/b",
        "private/c",
        "a.md",
        "x.md",
        "b.txt",
    ] {
        served.put(&format!("data/{file}"), "text");
    }
    served.answers(
        json!([
            {"op": "list"},
            {"op": "list", "path": "public"},
            {"op": "read", "path": "a.md"},
            {"op": "read", "path": "public/a"},
        ]),
        &["ok a.md public", "ok a", "ok text", "ok text"],
    );
    served.refuses(&[
        json!({"op": "list", "path": "private"}),
        json!({"op": "list", "path": "public/hidden"}),
        json!({"op": "read", "path": "x.md"}),
        json!({"op": "read", "path": "b.txt"}),
        json!({"op": "read", "path": "public/hidden/b"}),
    ]);
    served
}

/// Whoever may not see a path learns nothing from how it is refused.
fn existence() -> Served {
    let mut served = Served::granting("except = [\"private\"]\n");
    served.put("data/private/there/file", SECRET);
    served.put("data/private/file", SECRET);
    served.link("file", "data/private/link");
    served.link("../../outside", "data/private/out");
    served.put("data/free.txt", "free");
    let long = "n".repeat(300);
    // What is there, and beside it what is not.
    let pairs = [
        ("private/file", "private/elif"),
        ("private/there", "private/ereht"),
        ("private/there/", "private/ereht/"),
        ("private/there/file", "private/ereht/file"),
        ("private/there/nothing", "private/ereht/nothing"),
        ("private/file/below", "private/elif/below"),
        ("private/link", "private/knil"),
        ("private/out", "private/tuo"),
        ("private/out/secret.txt", "private/tuo/secret.txt"),
        ("private/there/../file", "private/ereht/../elif"),
        (
            &format!("private/there/{long}"),
            &format!("private/ereht/{long}"),
        ),
    ];
    for (there, absent) in pairs {
        let (one, two) = (served.steps(asking(there)), served.steps(asking(absent)));
        assert_eq!(one, two, "{there} {absent}");
    }
    assert_eq!(served.get("data/free.txt"), "free");
    assert_eq!(served.get("data/private/file"), SECRET);
    served
}

fn asking(path: &str) -> Value {
    let mut steps: Vec<Value> = [
        "read", "write", "stat", "hash", "list", "mkdir", "rmdir", "unlink", "readlink", "times",
        "symlink",
    ]
    .iter()
    .map(|op| json!({"op": op, "path": path, "to": "x"}))
    .collect();
    for flags in [
        "read directory",
        "create exclusive write",
        "read nofollow",
        "truncate",
    ] {
        steps.push(json!({"op": "open", "path": path, "flags": flags}));
    }
    steps.push(json!({"op": "stat", "path": path, "flags": "nofollow"}));
    steps.push(json!({"op": "rename", "path": path, "to": "mine"}));
    steps.push(json!({"op": "rename", "path": "free.txt", "to": path}));
    steps.push(json!({"op": "link", "path": path, "to": "mine"}));
    json!(steps)
}
