//! Looking at files: what is known of them, and what is in them.

use serde_json::json;

use super::{Call, add, each};

/// First, since listing a folder would change when it was accessed.
pub fn looking_at_one(calls: &mut Vec<Call>) {
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

pub fn reading(calls: &mut Vec<Call>) {
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

pub fn reading_parts(calls: &mut Vec<Call>) {
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

pub fn reading_several(calls: &mut Vec<Call>) {
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
