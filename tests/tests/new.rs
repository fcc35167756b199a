//! `toolkeep new`: what it makes is tested, built and called as it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use toolkeep_tests::{Ran, command, source};

/// The program in a folder.
fn toolkeep(folder: &Path, args: &[&str]) -> Ran {
    Ran::of(command(args).current_dir(folder), None)
}

/// What a command says that may have to compile much, and so takes as long as it takes.
fn long(command: &mut Command) -> String {
    let output = command.env_remove("CARGO_TARGET_DIR").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// A folder in which all projects share what cargo builds, between runs of the tests too.
fn workshop() -> TempDir {
    let root = TempDir::new().unwrap();
    let exe = std::env::current_exe().unwrap();
    let target = exe.ancestors().nth(3).unwrap().join("tmp/new");
    // JSON's way to write a text is one of TOML's.
    let text = format!("build.target-dir = {}\n", json!(target));
    std::fs::create_dir(root.path().join(".cargo")).unwrap();
    std::fs::write(root.path().join(".cargo/config.toml"), text).unwrap();
    root
}

/// All files below a folder, with what is in them.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_project_is_tested_built_and_called() {
    let root = workshop();
    let ran = toolkeep(root.path(), &["new", "word-count"]).expect(0);
    assert_eq!(ran.stdout, "word-count\n");
    for says in [
        "cd word-count && cargo test",
        "toolkeep build",
        "toolkeep call count_words '{\"file\": \"hello.txt\"}'",
    ] {
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
    let project = root.path().join("word-count");
    // The versions that the house's own plugins are built with, so that nothing new is fetched.
    let lock = source().join("plugins/notes/Cargo.lock");
    std::fs::copy(lock, project.join("Cargo.lock")).unwrap();

    let tested = long(Command::new("cargo").arg("test").current_dir(&project));
    assert!(tested.contains("1 passed"), "{tested}");
    let built = long(command(&["build"]).current_dir(&project));
    assert!(built.contains("1 tool: count_words"), "{built}");
    toolkeep(&project, &["check"]).expect(0);
    let called = toolkeep(
        &project,
        &["call", "count_words", r#"{"file": "hello.txt"}"#],
    );
    let counts: Value = serde_json::from_str(&called.expect(0).stdout).unwrap();
    assert_eq!(counts, json!({"lines": 1, "words": 4, "characters": 19}));

    let out = toolkeep(
        &project,
        &["call", "count_words", r#"{"file": "../plugin.toml"}"#],
    );
    assert_eq!(out.code, 3, "{out:?}");
    toolkeep(&project, &["audit", "verify"]).expect(0);
}

#[test]
fn nothing_is_overwritten() {
    let root = TempDir::new().unwrap();
    toolkeep(root.path(), &["new", "words"]).expect(0);
    std::fs::write(root.path().join("words/src/lib.rs"), "my work").unwrap();
    std::fs::create_dir(root.path().join("empty")).unwrap();
    std::fs::write(root.path().join("file"), "mine").unwrap();
    std::os::unix::fs::symlink("nowhere", root.path().join("link")).unwrap();
    let before = files(&root.path().join("words"));
    for args in [
        &["new", "words"][..],
        &["new", "other", "--at", "words"],
        &["new", "empty"],
        &["new", "file"],
        &["new", "link"],
    ] {
        let ran = toolkeep(root.path(), args).expect(2);
        assert!(ran.stderr.contains("exists already"), "{ran:?}");
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(files(&root.path().join("words")), before);
    assert_eq!(files(&root.path().join("empty")), []);
    assert!(!root.path().join("nowhere").exists());
    // Elsewhere it goes, and makes the folders above.
    toolkeep(root.path(), &["new", "words", "--at", "a/b"]).expect(0);
    assert!(root.path().join("a/b/plugin.toml").is_file());
}

#[test]
fn a_bad_name_makes_nothing() {
    let root = TempDir::new().unwrap();
    for name in [
        "Words",
        "2words",
        "a b",
        "../words",
        "fn",
        "std",
        "",
        "wörter",
        "a\u{1b}[2J",
    ] {
        let ran = toolkeep(root.path(), &["new", name]).expect(2);
        assert!(ran.stderr.starts_with("error: `"), "{ran:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
    assert_eq!(files(root.path()), []);
}
