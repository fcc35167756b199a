//! One commit, file or folder.

use gix::Repository;
use gix::bstr::BString;
use gix::object::Kind;
use toolkeep_sdk::Failure;

use crate::diff::{hunks, is_binary};
use crate::history::date;
use crate::renames::changes;
use crate::repository::{commit, failure, find, text};
use crate::snapshot::{Snapshot, tree};

/// What `revision` stands for, as text.
pub fn show(repo: &Repository, revision: &str) -> Result<String, Failure> {
    let object = find(repo, revision)?.object().map_err(failure)?;
    match object.kind {
        Kind::Blob => return Ok(text(&object.data)),
        Kind::Tree => {
            let tree = object.into_tree();
            let names: Result<Vec<String>, Failure> = tree
                .iter()
                .map(|entry| {
                    let entry = entry.map_err(failure)?;
                    let end = if entry.mode().is_tree() { "/" } else { "" };
                    Ok(format!("{}{end}", text(entry.filename())))
                })
                .collect();
            return Ok(names?.join("\n"));
        }
        Kind::Commit | Kind::Tag => {}
    }
    let commit = commit(repo, revision)?;
    let author = commit.author().map_err(failure)?;
    let message = text(commit.message_raw().map_err(failure)?);
    let lines = message.trim_end_matches('\n').split('\n');
    let lines: String = lines.map(|line| format!("    {line}\n")).collect();
    let mut out = format!(
        "commit {}\nAuthor: {} <{}>\nDate:   {}\n\n{lines}",
        commit.id,
        text(author.name),
        text(author.email),
        date(author.time().map_err(failure)?, ""),
    );
    let new = tree(repo, commit.tree_id().map_err(failure)?.detach())?;
    let old = match commit.parent_ids().next() {
        Some(parent) => {
            let parent = parent.object().map_err(failure)?;
            let parent = parent.peel_to_tree().map_err(failure)?;
            tree(repo, parent.id)?
        }
        None => Snapshot::new(),
    };
    for change in changes(repo, &old, &new)? {
        let path = |side: &str, path: Option<&BString>| match path {
            Some(path) => format!("{side}/{}", text(path)),
            None => "/dev/null".to_owned(),
        };
        let a = path("a", change.old.map(|(path, _)| path));
        let b = path("b", change.new.map(|(path, _)| path));
        out.push_str(&format!("\n--- {a}\n+++ {b}\n"));
        let bytes = |side: Option<(&BString, &crate::snapshot::Entry)>| match side {
            Some((_, entry)) => entry.bytes(repo),
            None => Ok(Vec::new()),
        };
        let (before, after) = (bytes(change.old)?, bytes(change.new)?);
        if before == after {
            continue;
        }
        if is_binary(&before) || is_binary(&after) {
            out.push_str(&format!("Binary files {a} and {b} differ\n"));
        } else {
            out.push_str(&text(&hunks(&before, &after, 3)));
        }
    }
    Ok(out)
}
