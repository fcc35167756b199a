//! The repositories that both servers for Git look into, and what both are asked.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Takes this machine's own settings of Git out of a command's environment.
pub fn alone(command: &mut Command) -> &mut Command {
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("HOME", "/nowhere")
        .env("LC_ALL", "C.UTF-8")
}

fn git(folder: &Path, args: &[&str]) {
    // Each commit is a minute younger than the one before.
    static MINUTE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let minute = MINUTE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let date = format!("{} +0530", 1_700_000_000 + minute * 60);
    let mut command = Command::new("git");
    let out = alone(command.args(args).current_dir(folder))
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .env("GIT_AUTHOR_NAME", "Zoë Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_COMMITTER_NAME", "Bob")
        .env("GIT_COMMITTER_EMAIL", "bob@example.org")
        .output()
        .unwrap();
    let may_fail = args.first() == Some(&"merge");
    assert!(out.status.success() || may_fail, "git {args:?}: {out:?}");
}

fn put(folder: &Path, below: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(below);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn code(count: usize) -> String {
    let body = |n| {
        format!("fn number_{n}() {{\n    let a = {n};\n    let b = a * 2;\n    print(b);\n}}\n\n")
    };
    (0..count).map(body).collect()
}

/// Makes all repositories in `root`.
pub fn plant(root: &Path) {
    let work = root.join("work");
    fs::create_dir(&work).unwrap();
    git(&work, &["init", "-q", "-b", "main"]);
    put(&work, "README.md", "# Work\n\nText.\n");
    put(&work, "src/code.rs", code(8));
    put(&work, "src/moved.rs", code(12));
    put(&work, "src/same.rs", code(3));
    put(&work, "gone.txt", "soon gone\n");
    put(&work, "binary.bin", b"a\0b\xff");
    put(&work, "latin.txt", b"caf\xe9\n");
    put(&work, "odd name \u{e9}.txt", "odd\n");
    put(&work, "no-end", "no line end");
    put(&work, "empty", "");
    put(&work, ".gitignore", "*.log\n/build/\n");
    std::os::unix::fs::symlink("README.md", work.join("link")).unwrap();
    git(&work, &["add", "."]);
    git(
        &work,
        &["commit", "-qm", "First\n\nWith a body.\n  Indented.\n"],
    );
    git(&work, &["tag", "-a", "v1", "-m", "The first version"]);
    git(&work, &["branch", "old"]);
    put(
        &work,
        "src/code.rs",
        code(8).replace("= 3", "= 33").replace("= 6;", "= 66;"),
    );
    git(&work, &["rm", "-q", "gone.txt"]);
    git(&work, &["mv", "src/same.rs", "src/renamed.rs"]);
    git(&work, &["mv", "src/moved.rs", "lib.rs"]);
    put(
        &work,
        "lib.rs",
        code(12).replace("print", "println").replace("= 5", "= 55"),
    );
    put(&work, "binary.bin", b"a\0c");
    put(&work, "latin.txt", b"caf\xe9s\n");
    put(&work, "no-end", "no line end\nbut another");
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "Second: rename & change"]);
    // All of it in a pack, and references too.
    git(&work, &["gc", "-q"]);
    git(&work, &["switch", "-qc", "topic"]);
    put(&work, "topic.txt", "topic\n");
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "On a topic"]);
    git(&work, &["switch", "-q", "main"]);
    put(&work, "main.txt", "main\n");
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "On main"]);
    git(&work, &["merge", "-q", "--no-edit", "topic"]);

    let clone = root.join("clone");
    git(root, &["clone", "-q", "work", "clone"]);
    put(&clone, "more.txt", "more\n");
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "-qm", "Ahead"]);

    put(&work, "src/code.rs", code(9).replace("= 3", "= 34"));
    git(&work, &["add", "src/code.rs"]);
    git(&work, &["mv", "lib.rs", "library.rs"]);
    put(&work, "README.md", "# Work\n\nOther text.\nAnd more.\n");
    put(&work, "src/code.rs", code(10));
    fs::remove_file(work.join("src/renamed.rs")).unwrap();
    put(&work, "binary.bin", b"d\0");
    put(&work, "odd name \u{e9}.txt", "odder\n");
    fs::remove_file(work.join("link")).unwrap();
    std::os::unix::fs::symlink("lib.rs", work.join("link")).unwrap();
    put(&work, "new/deep/file", "new\n");
    put(&work, "new.txt", "new\n");
    put(&work, "a.log", "ignored\n");
    put(&work, "build/out", "ignored\n");

    let empty = root.join("empty");
    fs::create_dir(&empty).unwrap();
    git(&empty, &["init", "-q", "-b", "main"]);
    let staged = root.join("staged");
    fs::create_dir(&staged).unwrap();
    git(&staged, &["init", "-q", "-b", "main"]);
    put(&staged, "a", "a\n");
    git(&staged, &["add", "."]);

    git(root, &["clone", "-q", "work", "detached"]);
    let detached = root.join("detached");
    git(&detached, &["switch", "-q", "--detach", "HEAD~1"]);
    put(&detached, "untracked", "");

    git(root, &["clone", "-q", "work", "conflict"]);
    let conflict = root.join("conflict");
    git(&conflict, &["switch", "-qc", "other"]);
    put(&conflict, "README.md", "# Other\n");
    git(&conflict, &["commit", "-qam", "Other"]);
    git(&conflict, &["switch", "-q", "main"]);
    put(&conflict, "README.md", "# Ours\n");
    git(&conflict, &["commit", "-qam", "Ours"]);
    git(&conflict, &["merge", "-q", "other"]);
    put(root, "plain/file", "no repository\n");
}

/// What both are asked: a name of its own, the tool, and the arguments, in which `ROOT` is where the folders are.
pub fn calls() -> Vec<(String, &'static str, Value)> {
    let mut calls = Vec::new();
    let mut call = |tool: &'static str, repo: &str, more: Value| {
        let mut arguments = more;
        let name = format!("{tool}: {repo} {arguments}");
        arguments["repo_path"] = json!(format!("ROOT/{repo}"));
        calls.push((name, tool, arguments));
    };
    for repo in [
        "work",
        "clone",
        "empty",
        "staged",
        "detached",
        "conflict",
        "plain",
        "missing",
        "work/.git",
    ] {
        call("git_status", repo, json!({}));
        call("git_log", repo, json!({}));
        call("git_branch", repo, json!({"branch_type": "all"}));
        call("git_diff_staged", repo, json!({}));
        if repo != "conflict" {
            call("git_diff_unstaged", repo, json!({}));
        }
    }
    for lines in [0, 1, 10, 1000] {
        call("git_diff_unstaged", "work", json!({"context_lines": lines}));
        call("git_diff_staged", "work", json!({"context_lines": lines}));
    }
    for target in [
        "HEAD",
        "HEAD~1",
        "main",
        "topic",
        "old",
        "v1",
        "HEAD:src",
        "nowhere",
        "-p",
        "--output=x",
    ] {
        // A difference that is no UTF-8 the reference server never answers with.
        if !["old", "v1", "HEAD:src"].contains(&target) {
            call("git_diff", "work", json!({"target": target}));
        }
        call("git_show", "work", json!({"revision": target}));
    }
    for revision in [
        "HEAD~2",
        "HEAD^2",
        "v1^{}",
        "HEAD:README.md",
        "HEAD:",
        "HEAD:latin.txt",
        "HEAD:nothing",
        "old:src/code.rs",
    ] {
        call("git_show", "work", json!({"revision": revision}));
    }
    for count in [1, 2, 100, 0] {
        call("git_log", "work", json!({"max_count": count}));
    }
    for (start, end) in [
        ("2023-11-14T22:00:00+00:00", ""),
        ("", "2023-11-14T22:20:00+00:00"),
        ("2 weeks ago", ""),
        ("", "yesterday"),
        ("2023-11-14", "2024-01-15"),
        ("Jan 15 2023", ""),
        ("-1", ""),
    ] {
        let arguments = json!({"start_timestamp": start, "end_timestamp": end});
        call("git_log", "work", arguments);
    }
    for kind in ["local", "remote", "all", "none"] {
        if kind != "all" {
            call("git_branch", "clone", json!({"branch_type": kind}));
        }
        call(
            "git_branch",
            "work",
            json!({"branch_type": kind, "contains": "topic"}),
        );
        call(
            "git_branch",
            "work",
            json!({"branch_type": kind, "not_contains": "topic"}),
        );
    }
    call(
        "git_branch",
        "work",
        json!({"branch_type": "local", "contains": "nowhere"}),
    );
    call(
        "git_branch",
        "work",
        json!({"branch_type": "local", "contains": "-x"}),
    );
    call("git_status", "work", json!({"short": true}));
    call("git_log", "work", json!({"max_count": "two"}));
    call("git_show", "work", json!({}));
    calls
}
