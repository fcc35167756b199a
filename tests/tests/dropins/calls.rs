//! What both servers for file systems are asked, in this order. `ROOT` in an argument is the folder that
//! both see.

use serde_json::{Value, json};

use crate::tree::huge;

/// One call, with a name of its own.
pub struct Call {
    pub name: String,
    pub tool: &'static str,
    pub arguments: Value,
}

/// All calls. What changes a file comes after what looks at it.
pub fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    looking_at_one(&mut calls);
    reading(&mut calls);
    reading_parts(&mut calls);
    reading_several(&mut calls);
    listing(&mut calls);
    searching(&mut calls);
    writing(&mut calls);
    editing(&mut calls);
    making_and_moving(&mut calls);
    looking_after(&mut calls);
    wrong_arguments(&mut calls);
    calls
}

/// Adds a call whose name says the tool and `name`.
fn add(calls: &mut Vec<Call>, tool: &'static str, name: &str, arguments: Value) {
    calls.push(Call {
        name: format!("{tool}: {name}"),
        tool,
        arguments,
    });
}

/// Adds a call for each path, named by it.
fn each(calls: &mut Vec<Call>, tool: &'static str, paths: &[&str]) {
    for path in paths {
        add(calls, tool, path, json!({"path": path}));
    }
}

/// First, since listing a folder would change when it was accessed.
fn looking_at_one(calls: &mut Vec<Call>) {
    add(calls, "list_allowed_directories", "", json!({}));
    each(
        calls,
        "get_file_info",
        &[
            "ROOT/dated.txt",
            "dated-folder",
            "ROOT/missing",
            "ROOT/dated.txt/below",
            "/etc/hostname",
        ],
    );
}

fn reading(calls: &mut Vec<Call>) {
    each(
        calls,
        "read_text_file",
        &[
            "ROOT/plain.txt",
            "ROOT/no-end.txt",
            "ROOT/empty.txt",
            "ROOT/one-line-end.txt",
            "ROOT/crlf.txt",
            "ROOT/mixed.txt",
            "ROOT/bom.txt",
            "ROOT/odd-spaces.txt",
            "ROOT/unicode.txt",
            "ROOT/binary.bin",
            "ROOT/latin1.txt",
            "ROOT/huge.txt",
            "ROOT/closed.txt",
            "ROOT/100% sure? #1 [a] 'q' \"d\" ~x^.dat",
            "ROOT/with space/a file.txt",
            "ROOT/back\\slash.txt",
            "ROOT/new\nline.txt",
            "-dash",
            ".hidden",
            "ROOT/caf\u{e9}.txt",
            "ROOT/cafe\u{301}.txt",
            "ROOT/caf\u{e9}s.txt",
            "ROOT/a\u{308}mter/straße.txt",
            "ROOT/both-\u{e5}",
            "ROOT/both-a\u{30a}",
            "ROOT/both-\u{212b}",
            "ROOT/שלום.txt",
            "😀.txt",
            // Paths.
            "plain.txt",
            "./project/../plain.txt",
            "ROOT//plain.txt/",
            "ROOT/./project/src/../../plain.txt",
            "ROOT",
            "",
            ".",
            "ROOT/project",
            "ROOT/missing.txt",
            "ROOT/missing/too.txt",
            "ROOT/plain.txt/below",
            "ROOT/missing-\u{e9}/x-\u{e9}",
            // Ways out.
            "/etc/passwd",
            "../outside.txt",
            "ROOT/../outside.txt",
            "ROOT-and-more/x",
            "~/x",
            "~",
            "C:\\Users\\x",
            "c:/x",
            "ROOT/nul\0byte",
            // Links.
            "ROOT/links/to-file",
            "ROOT/links/to-folder/src/lib.rs",
            "ROOT/links/out",
            "ROOT/links/absolute/hostname",
            "ROOT/links/lost",
            "ROOT/links/loop",
        ],
    );
    let long = format!("ROOT/{}", "x".repeat(300));
    add(
        calls,
        "read_text_file",
        "a name too long",
        json!({"path": long}),
    );
    each(
        calls,
        "read_file",
        &["ROOT/unicode.txt", "ROOT/missing.txt"],
    );
    add(
        calls,
        "read_file",
        "head",
        json!({"path": "plain.txt", "head": 2}),
    );
    each(
        calls,
        "read_media_file",
        &[
            "ROOT/picture.PNG",
            "ROOT/sound.mp3",
            "ROOT/vector.svg",
            "ROOT/archive.tar.gz",
            "ROOT/binary.bin",
            "ROOT/empty.txt",
            ".hidden",
            "ROOT/100% sure? #1 [a] 'q' \"d\" ~x^.dat",
            "ROOT/back\\slash.txt",
            "ROOT/new\nline.txt",
            "ROOT/caf\u{e9}s.txt",
            "ROOT/project",
            "ROOT/missing.png",
            "/etc/hostname",
        ],
    );
}

fn reading_parts(calls: &mut Vec<Call>) {
    for (path, numbers) in [
        ("plain.txt", &[1.0, 2.0, 5.0, 6.0, 99.0, 0.0, -2.0, 1.5][..]),
        ("no-end.txt", &[1.0, 3.0, 4.0]),
        ("crlf.txt", &[2.0]),
        ("mixed.txt", &[3.0]),
        ("empty.txt", &[1.0]),
        ("one-line-end.txt", &[1.0, 2.0]),
        ("unicode.txt", &[3.0]),
        ("huge.txt", &[3.0, 50_000.0]),
        ("latin1.txt", &[2.0]),
        ("binary.bin", &[1.0]),
        ("project", &[1.0]),
        ("missing", &[1.0]),
    ] {
        for number in numbers {
            for part in ["head", "tail"] {
                let name = format!("{part} {number} of {path}");
                add(
                    calls,
                    "read_text_file",
                    &name,
                    json!({"path": path, part: number}),
                );
            }
        }
    }
    let both = json!({"path": "plain.txt", "head": 1, "tail": 1});
    add(calls, "read_text_file", "head and tail", both);
    let neither = json!({"path": "plain.txt", "head": 0, "tail": 2});
    add(calls, "read_text_file", "head nought and tail", neither);
}

fn reading_several(calls: &mut Vec<Call>) {
    for (name, paths) in [
        (
            "some",
            json!(["ROOT/plain.txt", "no-end.txt", "ROOT/empty.txt"]),
        ),
        (
            "with faults",
            json!([
                "plain.txt",
                "missing",
                "project",
                "/etc/passwd",
                "unicode.txt"
            ]),
        ),
        ("one twice", json!(["plain.txt", "plain.txt"])),
        ("none", json!([])),
    ] {
        add(calls, "read_multiple_files", name, json!({"paths": paths}));
    }
}

fn listing(calls: &mut Vec<Call>) {
    each(
        calls,
        "list_directory",
        &[
            "ROOT",
            "",
            "ROOT/project/",
            "ROOT/bare",
            "ROOT/bare/empty",
            "ROOT/links",
            "ROOT/links/to-folder",
            "ROOT/odd",
            "ROOT/plain.txt",
            "ROOT/missing",
            "ROOT/a\u{308}mter",
            "/",
        ],
    );
    each(
        calls,
        "list_directory_with_sizes",
        &[
            "ROOT/sizes",
            "ROOT",
            "ROOT/bare/empty",
            "ROOT/links",
            "ROOT/plain.txt",
            "ROOT/missing",
        ],
    );
    for by in ["name", "size"] {
        let arguments = json!({"path": "ROOT/sizes", "sortBy": by});
        add(
            calls,
            "list_directory_with_sizes",
            &format!("by {by}"),
            arguments,
        );
    }
    each(
        calls,
        "directory_tree",
        &[
            "ROOT/project",
            "ROOT/bare",
            "ROOT/bare/empty",
            "ROOT/links",
            "project/src",
            "ROOT/links/to-folder/docs",
            "ROOT/plain.txt",
            "ROOT/missing",
            "/etc",
        ],
    );
    for patterns in [
        json!(["target", "node_modules", ".git"]),
        json!(["*.md"]),
        json!(["**/*.md"]),
        json!(["**/a/**"]),
        json!(["src/a"]),
        json!(["{target,docs}", "[.]git"]),
        json!(["*"]),
        json!([]),
        json!(["er", "c.tx?"]),
    ] {
        let name = format!("without {patterns}");
        let arguments = json!({"path": "ROOT/project", "excludePatterns": patterns});
        add(calls, "directory_tree", &name, arguments);
    }
}

fn searching(calls: &mut Vec<Call>) {
    for pattern in [
        "**/*.rs",
        "*.rs",
        "*",
        "**",
        "**/*",
        "src/*",
        "src/**",
        "**/a",
        "**/*.{md,txt}",
        "**/[ab].*",
        "**/[!a].*",
        "**/?.md",
        "*.MD",
        "**/*.MD",
        ".*",
        "**/.*/**",
        "docs/*.md",
        "nothing",
        "!docs",
        "./docs",
        "docs/",
        "/docs",
        "",
    ] {
        let arguments = json!({"path": "ROOT/project", "pattern": pattern});
        add(calls, "search_files", &format!("`{pattern}`"), arguments);
    }
    for (pattern, excluded) in [
        ("**/*", json!(["src", ".git/**"])),
        ("**/*.rs", json!(["**/deep/**"])),
        ("**/*", json!(["**/*.md", "{target,node_modules}"])),
        ("**", json!(["**"])),
    ] {
        let name = format!("`{pattern}` without {excluded}");
        let arguments = json!({"path": "project", "pattern": pattern, "excludePatterns": excluded});
        add(calls, "search_files", &name, arguments);
    }
    for (name, path, pattern) in [
        ("names of all kinds", "ROOT", "*.txt"),
        ("an accent", "ROOT", "*é*"),
        ("a smile", "ROOT", "😀*"),
        ("in a folder of links", "ROOT/links", "**"),
        ("through a link", "ROOT/links/to-folder", "*.toml"),
        ("in a file", "ROOT/plain.txt", "*"),
        ("nowhere", "ROOT/missing", "*"),
        ("outside", "/etc", "*"),
        ("an extended glob", "ROOT/project", "@(src|docs)"),
        ("a range of numbers", "ROOT/sizes", "a{9..10}"),
        ("a class of letters", "ROOT/sizes", "[[:upper:]]*"),
    ] {
        add(
            calls,
            "search_files",
            name,
            json!({"path": path, "pattern": pattern}),
        );
    }
}

fn writing(calls: &mut Vec<Call>) {
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

fn editing(calls: &mut Vec<Call>) {
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

fn making_and_moving(calls: &mut Vec<Call>) {
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
fn looking_after(calls: &mut Vec<Call>) {
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

fn wrong_arguments(calls: &mut Vec<Call>) {
    for (tool, name, arguments) in [
        ("read_text_file", "no path", json!({})),
        ("read_text_file", "a number for a path", json!({"path": 5})),
        (
            "read_text_file",
            "a text for a number",
            json!({"path": "plain.txt", "head": "2"}),
        ),
        (
            "read_text_file",
            "null for a number",
            json!({"path": "plain.txt", "tail": null}),
        ),
        (
            "read_text_file",
            "an unknown argument",
            json!({"path": "plain.txt", "lines": 2}),
        ),
        (
            "read_media_file",
            "a list for a path",
            json!({"path": ["plain.txt"]}),
        ),
        (
            "read_multiple_files",
            "a text for a list",
            json!({"paths": "plain.txt"}),
        ),
        (
            "read_multiple_files",
            "a number in a list",
            json!({"paths": ["plain.txt", 1]}),
        ),
        ("write_file", "no content", json!({"path": "made.txt"})),
        (
            "write_file",
            "a number for content",
            json!({"path": "made.txt", "content": 1}),
        ),
        ("edit_file", "no edits", json!({"path": "plain.txt"})),
        (
            "edit_file",
            "an edit without a text",
            json!({"path": "plain.txt", "edits": [{"oldText": "a"}]}),
        ),
        (
            "edit_file",
            "one edit for a list",
            json!({"path": "plain.txt", "edits": {"oldText": "a", "newText": "b"}}),
        ),
        (
            "edit_file",
            "a text for a yes",
            json!({"path": "plain.txt", "edits": [], "dryRun": "yes"}),
        ),
        (
            "edit_file",
            "an unknown argument in an edit",
            json!({"path": "plain.txt", "edits": [{"oldText": "one", "newText": "1", "all": true}], "dryRun": true}),
        ),
        (
            "list_directory_with_sizes",
            "an unknown order",
            json!({"path": "", "sortBy": "date"}),
        ),
        (
            "directory_tree",
            "a text for patterns",
            json!({"path": "", "excludePatterns": "x"}),
        ),
        (
            "move_file",
            "no destination",
            json!({"source": "plain.txt"}),
        ),
        ("search_files", "no pattern", json!({"path": ""})),
        ("get_file_info", "no path", json!({})),
    ] {
        add(calls, tool, name, arguments);
    }
}
