//! Changing files and folders, and what came of it.

use serde_json::{Value, json};

use super::{Call, add};
use crate::tree::huge;

pub fn writing(calls: &mut Vec<Call>) {
    for (name, path, content) in [
        ("a new file", "ROOT/new/../made.txt", "made\n"),
        ("over a longer one", "ROOT/over/short.txt", "x"),
        (
            "over one of another spelling",
            "over/decompos\u{e9}d.txt",
            "over\n",
        ),
        (
            "Unicode",
            "over/ünïcode 😀.txt",
            "grüße 日本語 مرحبا 👩‍👩‍👧‍👦 e\u{301}\0\u{feff}",
        ),
        ("nothing", "over/empty.txt", ""),
        ("with CRLF", "over/crlf.txt", "a\r\nb\r\n"),
        ("with a path that ends in a slash", "over/slash.txt/", "x"),
        ("where no folder is", "ROOT/missing/x.txt", "x"),
        ("over a folder", "ROOT/bare", "x"),
        ("below a file", "ROOT/plain.txt/x", "x"),
        ("outside", "/etc/toolkeep-tests", "x"),
        ("beside", "ROOT/../beside.txt", "x"),
        ("through a link that leads out", "ROOT/links/out", "x"),
        ("through a link", "ROOT/links/to-folder/written.txt", "x"),
    ] {
        add(
            calls,
            "write_file",
            name,
            json!({"path": path, "content": content}),
        );
    }
    let arguments = json!({"path": "over/huge.txt", "content": huge()});
    add(calls, "write_file", "more than 5 MB", arguments);
}

pub fn editing(calls: &mut Vec<Call>) {
    let main = "ROOT/edit/main.rs";
    let numbers = "ROOT/edit/numbers.txt";
    for (name, path, edits) in [
        ("one line", main, json!([["let a = 1;", "let a = 2;"]])),
        (
            "several",
            main,
            json!([
                ["let a = 2;", "let a = 3;\n    let c = 4;"],
                ["let b = 2;", "let b = c;"]
            ]),
        ),
        (
            "overlapping",
            main,
            json!([
                ["let c = 4;", "let c = 5;"],
                ["c = 5;\n    if a", "c = 6;\n    if c"]
            ]),
        ),
        (
            "with other white space",
            main,
            json!([[
                "if c > 0 {\n  println!(\"{a}\");\n}",
                "if c > 1 {\n  println!(\"{c}\");\n    more();\n}"
            ]]),
        ),
        (
            "with tabs",
            main,
            json!([["    let b = c;\n    return b;", "let b = d;\n    return d;"]]),
        ),
        ("that does not match", main, json!([["no such text", "x"]])),
        (
            "where the second does not match",
            main,
            json!([["fn main", "fn start"], ["nor\r\nthis", "x"]]),
        ),
        ("none", main, json!([])),
        (
            "that changes nothing",
            main,
            json!([["fn main", "fn main"]]),
        ),
        ("an empty old text", main, json!([["", "// first\n"]])),
        ("that deletes", main, json!([["// first\n", ""]])),
        (
            "with signs of a pattern",
            "ROOT/edit/dollar.txt",
            json!([["price: x", "price: $& $1 $$ \\n"]]),
        ),
        (
            "of the first of two",
            "ROOT/edit/repeat.txt",
            json!([["a\nb", "b\na"], ["b\nc", "x\ny"]]),
        ),
        (
            "far apart",
            numbers,
            json!([
                ["line 3\n", "LINE 3\n"],
                ["line 13\n", "LINE 13\n"],
                ["line 40\n", ""],
                ["line 49\n", "one\ntwo\n"]
            ]),
        ),
        (
            "of the last line",
            numbers,
            json!([["line 59\n", "line 59"]]),
        ),
        (
            "at the end",
            numbers,
            json!([["line 59", "line 59\nline 60\n"]]),
        ),
        (
            "of many lines",
            "ROOT/edit/alphas.txt",
            json!([["alpha\nalpha\nalpha\n", "beta\nalpha\ngamma\n"]]),
        ),
        (
            "with CRLF",
            "ROOT/edit/crlf.txt",
            json!([["one\r\ntwo", "1\r\n2"]]),
        ),
        (
            "without an end",
            "ROOT/edit/no-end.txt",
            json!([["two", "2\n3"]]),
        ),
        (
            "with fences",
            "ROOT/edit/fences.md",
            json!([["old", "````\nnew"]]),
        ),
        (
            "Unicode",
            "ROOT/edit/unicode.txt",
            json!([["日本語", "日本 👩‍👩‍👧‍👦"], ["ü", "u\u{308}"]]),
        ),
        (
            "of an empty file",
            "ROOT/edit/empty.txt",
            json!([["", "first\n"]]),
        ),
        (
            "of a file that is empty and does not match",
            "ROOT/one-line-end.txt",
            json!([["x", "y"]]),
        ),
        ("of a folder", "ROOT/edit", json!([["a", "b"]])),
        ("of a missing file", "ROOT/missing.txt", json!([["a", "b"]])),
        ("outside", "/etc/hostname", json!([["a", "b"]])),
        (
            "through a link",
            "ROOT/apart/link",
            json!([["target", "end"]]),
        ),
        (
            "of what is not UTF-8",
            "ROOT/apart/latin1.txt",
            json!([["gr", "GR"]]),
        ),
    ] {
        let edits: Value = edits
            .as_array()
            .unwrap()
            .iter()
            .map(|edit| json!({"oldText": edit[0], "newText": edit[1]}))
            .collect();
        let dry = json!({"path": path, "edits": edits, "dryRun": true});
        add(calls, "edit_file", &format!("{name}, dry"), dry);
        add(
            calls,
            "edit_file",
            name,
            json!({"path": path, "edits": edits}),
        );
    }
}

pub fn making_and_moving(calls: &mut Vec<Call>) {
    for (name, path) in [
        ("one", "ROOT/made"),
        ("again", "ROOT/made"),
        ("several", "made/a/b/ü/😀"),
        ("where a file is", "ROOT/plain.txt"),
        ("below a file", "ROOT/plain.txt/x"),
        ("outside", "/etc/toolkeep-tests"),
        ("through a link that leads out", "ROOT/links/absolute/x"),
        ("in a folder of another spelling", "ROOT/a\u{308}mter/neu"),
    ] {
        add(calls, "create_directory", name, json!({"path": path}));
    }
    for (name, source, destination) in [
        ("a file", "ROOT/move/a.txt", "ROOT/move/c.txt"),
        ("onto a file", "ROOT/move/b.txt", "ROOT/move/c.txt"),
        ("onto itself", "ROOT/move/b.txt", "ROOT/move/b.txt"),
        ("onto a folder", "ROOT/move/b.txt", "ROOT/move/folder"),
        ("a folder", "move/folder", "move/renamed"),
        ("a folder into itself", "move/renamed", "move/renamed/x"),
        (
            "into a missing folder",
            "ROOT/move/b.txt",
            "ROOT/missing/b.txt",
        ),
        ("below a file", "ROOT/move/b.txt", "ROOT/plain.txt/b.txt"),
        ("a missing file", "ROOT/move/missing", "ROOT/move/d"),
        ("one of another spelling", "move/cafe\u{301}", "move/tea"),
        ("in from outside", "/etc/hostname", "ROOT/move/hostname"),
        ("out", "ROOT/move/b.txt", "ROOT/../b.txt"),
        ("a link", "ROOT/apart/link", "ROOT/apart/moved"),
    ] {
        let arguments = json!({"source": source, "destination": destination});
        add(calls, "move_file", name, arguments);
    }
}

/// What came of all that.
pub fn looking_after(calls: &mut Vec<Call>) {
    for path in [
        "ROOT/made.txt",
        "over/ünïcode 😀.txt",
        "edit/main.rs",
        "edit/crlf.txt",
    ] {
        let arguments = json!({"path": path});
        add(
            calls,
            "read_text_file",
            &format!("{path} in the end"),
            arguments,
        );
    }
    for path in ["ROOT/made", "ROOT/move", "ROOT/over"] {
        let arguments = json!({"path": path});
        add(
            calls,
            "directory_tree",
            &format!("{path} in the end"),
            arguments,
        );
    }
}
