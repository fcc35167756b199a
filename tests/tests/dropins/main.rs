//! The plugins that stand in for reference servers, against those servers themselves: one client asks both
//! the same, and they have to answer the same, but for what `tests/dropins/differences.toml` lists.

mod calls;
mod databases;
mod differences;
mod folders;
mod memories;
mod pages;
mod repositories;
mod shapes;
mod sides;
mod times;
mod tree;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use toolkeep_tests::{ALL, Keep, clients};

use differences::Comparison;
use sides::Sides;
use tree::Picture;

/// The reference server for file systems, on these folders.
fn reference_for_files(folders: &[&Path]) -> Command {
    let server = "@modelcontextprotocol/server-filesystem/dist/index.js";
    let mut command = Command::new("node");
    command
        .arg(clients::node_modules().join(server))
        .args(folders)
        // Times in UTC, and names in the order that people who write English expect.
        .env("TZ", "UTC")
        .env("LC_ALL", "en_US.UTF-8");
    command
}

/// Makes sure that both left the same behind.
#[track_caller]
fn same(theirs: &Picture, ours: &Picture) {
    let names = |tree: &Picture| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(theirs), names(ours));
    for (path, content) in theirs {
        assert!(ours[path] == *content, "{path} differs");
    }
}

#[test]
fn files_answers_as_the_reference_server_does() {
    let theirs = TempDir::new().unwrap();
    let root = theirs.path().join("root");
    let root_text = root.to_str().unwrap();
    let keep = Keep::new(&format!(
        "[data.files]\ndir = \"data\"\n[plugins.files]\npath = {{files}}\n\
         [plugins.files.limits]\noutput_bytes = \"32 MiB\"\nargument_bytes = \"32 MiB\"\n\
         [plugins.files.fs.files]\ndata = \"files\"\nallow = {ALL}\nmount = {root_text:?}\n"
    ));
    tree::plant(&root);
    tree::plant(&keep.path("data"));
    let mut sides = Sides::start(reference_for_files(&[&root]), &keep);
    let calls = calls::calls();
    assert!(calls.len() >= 120);
    for call in &calls {
        let text = call.arguments.to_string().replace("ROOT", root_text);
        let arguments: Value = serde_json::from_str(&text).unwrap();
        sides.call(&call.name, call.tool, &arguments);
    }
    println!("files: {} calls", calls.len());
    differences::check(Comparison::Files, sides.pairs);
    same(&tree::picture(&root), &tree::picture(&keep.path("data")));
}

#[test]
fn time_answers_as_the_reference_server_does() {
    let keep = Keep::new(
        "[plugins.time]\npath = {time}\n\
         [plugins.time.config.local]\nvalues = { timezone = \"Asia/Tokyo\" }\n",
    );
    let mut reference = Command::new(clients::python("time"));
    reference
        .args(["-m", "mcp_server_time", "--local-timezone", "Asia/Tokyo"])
        // The database of time zones that the lock file names, not that of this machine.
        .env("PYTHONTZPATH", "");
    let mut sides = Sides::start(reference, &keep);
    let calls = times::calls();
    for (name, tool, arguments) in &calls {
        sides.call_within_a_second(name, tool, arguments);
    }
    println!("time: {} calls", calls.len());
    differences::check(Comparison::Time, sides.pairs);
}

#[test]
fn memory_answers_as_the_reference_server_does() {
    let theirs = TempDir::new().unwrap();
    let keep = Keep::new(
        "[data.memory]\nkv = \"sqlite:memory.db\"\n[plugins.memory]\npath = {memory}\n\
         [plugins.memory.kv.graph]\ndata = \"memory\"\n\
         allow = [\"list\", \"get\", \"create\", \"modify\", \"delete\"]\n",
    );
    let server = "@modelcontextprotocol/server-memory/dist/index.js";
    let mut reference = Command::new("node");
    reference
        .arg(clients::node_modules().join(server))
        .env("MEMORY_FILE_PATH", theirs.path().join("memory.jsonl"));
    let mut sides = Sides::start(reference, &keep);
    let calls = memories::calls();
    for (name, tool, arguments) in &calls {
        sides.call(name, tool, arguments);
    }
    println!("memory: {} calls", calls.len());
    differences::check(Comparison::Memory, sides.pairs);
}

#[test]
fn sqlite_answers_as_the_reference_server_does() {
    let theirs = TempDir::new().unwrap();
    let keep = Keep::new(
        "[data.shop]\nsql = \"sqlite:shop.db\"\n[plugins.sqlite]\npath = {sqlite}\n\
         [plugins.sqlite.sql.database]\ndata = \"shop\"\n\
         allow = [\"select\", \"insert\", \"update\", \"delete\", \"ddl\"]\n",
    );
    keep.put("shop.db", "");
    let mut reference = Command::new(clients::python("sqlite"));
    reference
        .args(["-c", "import mcp_server_sqlite; mcp_server_sqlite.main()"])
        .arg("--db-path")
        .arg(theirs.path().join("shop.db"));
    let mut sides = Sides::start(reference, &keep);
    let calls = databases::calls();
    for (name, tool, arguments) in &calls {
        sides.call(name, tool, arguments);
    }
    println!("sqlite: {} calls", calls.len());
    differences::check(Comparison::Sqlite, sides.pairs);
}

#[test]
fn fetch_answers_as_the_reference_server_does() {
    let site = pages::Site::start();
    let keep = Keep::new(&format!(
        "[data.web]\nurl = \"http://*:{}\"\naddresses = [\"127.0.0.1\"]\n\
         [plugins.fetch]\npath = {{fetch}}\n\
         [plugins.fetch.http.web]\ndata = \"web\"\nallow = [\"get\"]\n",
        site.port
    ));
    let mut reference = Command::new(clients::python("fetch"));
    let agent = "Toolkeep/0.1.0 (Autonomous; +https://github.com/toolkeep/toolkeep)";
    reference
        .args(["-m", "mcp_server_fetch", "--allow-private-ips"])
        .args(["--user-agent", agent])
        // With Node.js on its path it would install packages while it runs.
        .env("PATH", "")
        .env("NO_PROXY", "*");
    let mut sides = Sides::start(reference, &keep);
    let calls = pages::calls();
    for (name, arguments) in &calls {
        let text = arguments.to_string().replace("SITE", &site.url(""));
        let arguments: Value = serde_json::from_str(&text).unwrap();
        sides.call(&format!("fetch: {name}"), "fetch", &arguments);
    }
    println!("fetch: {} calls", calls.len());
    differences::check(Comparison::Fetch, sides.pairs);
}

#[test]
fn git_answers_as_the_reference_server_does() {
    let temporary = TempDir::new().unwrap();
    let root = temporary.path().canonicalize().unwrap();
    repositories::plant(&root);
    let keep = Keep::new(&format!(
        "[data.work]\ndir = {root:?}\n[plugins.git]\npath = {{git}}\n\
         [plugins.git.fs.repository]\ndata = \"work\"\nmount = {root:?}\nallow = [\"list\", \"read\"]\n"
    ));
    let mut reference = Command::new(clients::python("git"));
    repositories::alone(reference.args(["-m", "mcp_server_git"]));
    let mut sides = Sides::start(reference, &keep);
    let calls = repositories::calls();
    for (name, tool, arguments) in &calls {
        let text = arguments
            .to_string()
            .replace("ROOT", root.to_str().unwrap());
        let arguments: Value = serde_json::from_str(&text).unwrap();
        sides.call(name, tool, &arguments);
    }
    println!("git: {} calls", calls.len());
    // The tools that change something are not among ours.
    let writing = [
        "git_add",
        "git_commit",
        "git_reset",
        "git_create_branch",
        "git_checkout",
    ];
    let mut pairs = sides.pairs;
    pairs.retain(|name, _| !writing.iter().any(|tool| name.starts_with(tool)));
    differences::check(Comparison::Git, pairs);
}
