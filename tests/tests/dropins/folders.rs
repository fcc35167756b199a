//! The plugin `files` with several folders, each at the path where it really is, against the reference
//! server on the same folders.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use toolkeep_tests::rpc::Client;
use toolkeep_tests::{ALL, Keep};

use crate::calls::{self, Call};
use crate::differences::{self, Comparison, Pair};
use crate::tree::{self, Picture};
use crate::{reference_for_files, same, sides};

/// Makes the folders `one`, `other` and `post` in `root`, and what lies beside them.
fn plant(root: &Path) {
    for (path, content) in [
        ("one/a.txt", "a in one\n"),
        ("one/both.txt", "both in one\n"),
        ("one/folder/deep/x.txt", "x\n"),
        ("other/b.txt", "b in other\n"),
        ("other/both.txt", "both in other\n"),
        ("other/folder/y.txt", "y\n"),
        ("post/letter.txt", "not to be read\n"),
        ("one-more/c.txt", "never to be seen\n"),
        ("outside.txt", "never to be seen\n"),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    symlink("../other/b.txt", root.join("one/to-other")).unwrap();
    symlink("../outside.txt", root.join("other/out")).unwrap();
}

/// What both are asked, in this order. `ROOT` in an argument is where the folders are.
fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    let mut add = |tool, name: &str, arguments| calls::add(&mut calls, tool, name, arguments);
    add("list_allowed_directories", "all", json!({}));
    for path in [
        "ROOT/one/a.txt",
        "ROOT/other/b.txt",
        "ROOT/other/missing.txt",
        // Relative ones go on from the first folder.
        "both.txt",
        "b.txt",
        "../other/b.txt",
        "../one/../other/b.txt",
        // Out of all of them.
        "ROOT/outside.txt",
        "ROOT/one-more/c.txt",
        "ROOT/other/../outside.txt",
        "../outside.txt",
        "/etc/hostname",
        "ROOT/other/out",
        // From one folder into another.
        "ROOT/one/../other/b.txt",
        "ROOT/one/to-other",
        "ROOT/post/letter.txt",
    ] {
        add("read_text_file", path, json!({"path": path}));
    }
    let some = json!(["ROOT/one/a.txt", "ROOT/other/b.txt", "ROOT/outside.txt"]);
    add("read_multiple_files", "of each", json!({"paths": some}));
    for path in ["ROOT", "ROOT/one", "ROOT/other", "ROOT/post", "."] {
        add("list_directory", path, json!({"path": path}));
    }
    for path in ["ROOT/one", "ROOT/other", "ROOT"] {
        let arguments = json!({"path": path, "pattern": "**/*.txt"});
        add("search_files", path, arguments);
    }
    for path in [
        "ROOT/one/new.txt",
        "ROOT/other/new.txt",
        "ROOT/new.txt",
        "ROOT/other/out",
        "relative.txt",
    ] {
        let arguments = json!({"path": path, "content": "new\n"});
        add("write_file", path, arguments);
    }
    let edits = json!([{"oldText": "b in", "newText": "B in"}]);
    let edit = json!({"path": "ROOT/other/b.txt", "edits": edits});
    add("edit_file", "in the second", edit);
    for (name, source, destination) in [
        ("a file there", "ROOT/one/a.txt", "ROOT/other/a.txt"),
        ("a file back", "ROOT/other/a.txt", "ROOT/one/folder/a.txt"),
        ("a folder", "ROOT/one/folder", "ROOT/other/moved"),
        ("onto a file", "ROOT/one/both.txt", "ROOT/other/both.txt"),
        ("onto a folder", "ROOT/one/both.txt", "ROOT/other/folder"),
        ("to nowhere", "ROOT/one/both.txt", "ROOT/other/no/x.txt"),
        ("out", "ROOT/one/both.txt", "ROOT/both.txt"),
        ("in", "ROOT/outside.txt", "ROOT/other/outside.txt"),
        (
            "what may be read into what may not",
            "ROOT/other/new.txt",
            "ROOT/post/new.txt",
        ),
        (
            "what may not be read, inside of its folder",
            "ROOT/post/new.txt",
            "ROOT/post/newer.txt",
        ),
    ] {
        let arguments = json!({"source": source, "destination": destination});
        add("move_file", name, arguments);
    }
    calls
}

/// Moves that only the reference server makes.
fn moves() -> Vec<Call> {
    [
        ("a link there", "ROOT/one/to-other", "ROOT/other/link"),
        (
            "what may not be read",
            "ROOT/post/letter.txt",
            "ROOT/one/letter.txt",
        ),
        ("a whole folder", "ROOT/other", "ROOT/one/other"),
    ]
    .map(|(name, source, destination)| Call {
        name: format!("move_file: {name}"),
        tool: "move_file",
        arguments: json!({"source": source, "destination": destination}),
    })
    .into()
}

/// What a server says to all calls, by their names, and what it left behind before the [`moves`].
fn ask(client: &mut Client, root: &Path) -> (Vec<(String, Value)>, Picture) {
    let mut answer = |call: Call| {
        let text = call.arguments.to_string();
        let text = text.replace("ROOT", root.to_str().unwrap());
        let arguments = serde_json::from_str(&text).unwrap();
        (call.name, sides::result(client, call.tool, &arguments))
    };
    let mut answers: Vec<_> = calls().into_iter().map(&mut answer).collect();
    let left = tree::picture(root);
    answers.extend(moves().into_iter().map(answer));
    (answers, left)
}

#[test]
fn files_answers_as_the_reference_server_does_for_several_folders() {
    let temporary = TempDir::new().unwrap();
    let root = temporary.path().join("root");
    let [one, other, post] = ["one", "other", "post"].map(|name| root.join(name));

    plant(&root);
    let reference = reference_for_files(&[&one, &other, &post]);
    let mut reference = Client::old_by(reference, json!({}));
    let (theirs, their_left) = ask(&mut reference, &root);
    drop(reference);

    // Ours finds the same at the same paths, which are no other ones inside of the plugin.
    fs::remove_dir_all(&root).unwrap();
    plant(&root);
    let mut config = "[plugins.files]\npath = {files}\n".to_owned();
    for (need, data, folder, allow) in [
        ("files", "one", &one, ALL),
        ("files-other", "other", &other, ALL),
        (
            "files-post",
            "post",
            &post,
            r#"["list", "create", "modify", "delete"]"#,
        ),
    ] {
        config.push_str(&format!(
            "[data.{data}]\ndir = {folder:?}\n[plugins.files.fs.{need}]\ndata = \"{data}\"\n\
             mount = {folder:?}\nallow = {allow}\n"
        ));
    }
    let keep = Keep::new(&config);
    let mut client = sides::ours(&keep);
    let (ours, our_left) = ask(&mut client, &root);
    client.leave();

    let pairs = theirs.into_iter().zip(ours);
    let pairs = pairs.map(|((name, reference), (_, ours))| (name, Pair { reference, ours }));
    differences::check(Comparison::SeveralFolders, pairs.collect());
    same(&their_left, &our_left);
    // The moves that were refused changed nothing.
    assert!(our_left == tree::picture(&root));
    assert_eq!(our_left["/post/letter.txt"], b"not to be read\n");
}
