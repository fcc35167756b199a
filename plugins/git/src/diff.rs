//! Differences as `git diff` shows them.

mod lines;

use gix::bstr::BString;
use gix::prelude::ObjectIdExt as _;
use gix::{ObjectId, Repository};
use toolkeep_sdk::Failure;

use crate::paths::{quoted, shown};
use crate::renames::{Change, changes};
use crate::repository::{commit, failure, find, text};
use crate::snapshot::{Entry, Snapshot, tree, unmerged, worktree};

pub use lines::{hunks, is_binary};

/// All that differs between two snapshots. What is in conflict is only named.
pub fn diff(
    repo: &Repository,
    old: &Snapshot,
    new: &Snapshot,
    context: i64,
) -> Result<String, Failure> {
    let mut out = String::new();
    let unmerged = unmerged(repo)?;
    let (mut old, mut new) = (old.clone(), new.clone());
    old.retain(|path, _| !unmerged.contains(path));
    new.retain(|path, _| !unmerged.contains(path));
    let mut unmerged = unmerged.into_iter().peekable();
    let named = |path: &BString| format!("* Unmerged path {}\n", shown(path));
    for change in changes(repo, &old, &new)? {
        while let Some(path) = unmerged.next_if(|path| Some(path) < change.path()) {
            out.push_str(&named(&path));
        }
        show(repo, &change, context, &mut out)?;
    }
    unmerged.for_each(|path| out.push_str(&named(&path)));
    // The reference server has no line end after it.
    if out.ends_with('\n') {
        out.pop();
    }
    Ok(out)
}

/// What differs between the working tree and a commit, or between two.
pub fn diff_with(repo: &Repository, target: &str, context: i64) -> Result<String, Failure> {
    let of = |name: &str| -> Result<(Snapshot, ObjectId), Failure> {
        let commit = commit(repo, if name.is_empty() { "HEAD" } else { name })?;
        let id = commit.tree_id().map_err(failure)?.detach();
        Ok((tree(repo, id)?, commit.id))
    };
    if let Some((from, to)) = target.split_once("...") {
        let ((_, from), (new, to)) = (of(from)?, of(to)?);
        let base = repo.merge_base(from, to).map_err(failure)?;
        let base = base.ok_or_else(|| Failure::failed(format!("{target}: no merge base")))?;
        let base = base
            .object()
            .map_err(failure)?
            .peel_to_tree()
            .map_err(failure)?;
        return diff(repo, &tree(repo, base.id)?, &new, context);
    }
    if let Some((from, to)) = target.split_once("..") {
        return diff(repo, &of(from)?.0, &of(to)?.0, context);
    }
    find(repo, target)?;
    let mut old = of(target)?.0;
    let mut new = worktree(repo)?;
    // A file that was not changed since it was staged, and is as in the commit, is the same.
    old.retain(|path, entry| {
        let is_same = new
            .get(path)
            .is_some_and(|new| new.id == entry.id && new.mode == entry.mode);
        if is_same {
            new.remove(path);
        }
        !is_same
    });
    diff(repo, &old, &new, context)
}

fn show(repo: &Repository, change: &Change, context: i64, out: &mut String) -> Result<(), Failure> {
    if let (Some((path, before)), Some((_, after))) = (change.old, change.new)
        && before.mode & 0o170_000 != after.mode & 0o170_000
    {
        // What became something else went, and something else came.
        for (old, new) in [(Some((path, before)), None), (None, Some((path, after)))] {
            let half = Change {
                old,
                new,
                alike: None,
            };
            show(repo, &half, context, out)?;
        }
        return Ok(());
    }
    let (Some((from, _)), Some((to, _))) = (change.old.or(change.new), change.new.or(change.old))
    else {
        return Ok(());
    };
    let (a, b) = (quoted("a/", from), quoted("b/", to));
    out.push_str(&format!("diff --git {a} {b}\n"));
    let same_mode = match (change.old, change.new) {
        (Some((_, old)), Some((_, new))) if old.mode == new.mode => format!(" {:06o}", old.mode),
        (Some((_, old)), Some((_, new))) => {
            out.push_str(&format!(
                "old mode {:06o}\nnew mode {:06o}\n",
                old.mode, new.mode
            ));
            String::new()
        }
        (None, Some((_, new))) => {
            out.push_str(&format!("new file mode {:06o}\n", new.mode));
            String::new()
        }
        (Some((_, old)), None) => {
            out.push_str(&format!("deleted file mode {:06o}\n", old.mode));
            String::new()
        }
        (None, None) => String::new(),
    };
    if let Some(alike) = change.alike {
        out.push_str(&format!(
            "similarity index {alike}%\nrename from {}\nrename to {}\n",
            shown(from),
            shown(to)
        ));
    }
    let id = |side: Option<&Entry>| side.map(|entry| entry.id);
    let (old, new) = (
        change.old.map(|(_, old)| old),
        change.new.map(|(_, new)| new),
    );
    if id(old) == id(new) {
        return Ok(());
    }
    let length = short(repo, [id(old), id(new)]);
    let index = |id: Option<ObjectId>| match id {
        Some(id) => id.to_hex_with_len(length).to_string(),
        None => "0".repeat(length),
    };
    out.push_str(&format!(
        "index {}..{}{same_mode}\n",
        index(id(old)),
        index(id(new))
    ));
    let bytes = |entry: Option<&Entry>| entry.map_or(Ok(Vec::new()), |entry| entry.bytes(repo));
    let (before, after) = (bytes(old)?, bytes(new)?);
    let nothing = || "/dev/null".to_owned();
    let a = if old.is_some() { a } else { nothing() };
    let b = if new.is_some() { b } else { nothing() };
    if is_binary(&before) || is_binary(&after) {
        out.push_str(&format!("Binary files {a} and {b} differ\n"));
        return Ok(());
    }
    let hunks = hunks(&before, &after, context);
    if !hunks.is_empty() {
        // A name with a space in it has its end marked.
        let end = |name: &str| {
            if name.contains(' ') { "\t" } else { "" }
        };
        out.push_str(&format!("--- {a}{}\n+++ {b}{}\n", end(&a), end(&b)));
        out.push_str(&text(&hunks));
    }
    Ok(())
}

/// With how many digits numbers of objects are shown in this repository.
fn short(repo: &Repository, ids: [Option<ObjectId>; 2]) -> usize {
    let mut length = 7;
    for id in ids.into_iter().flatten() {
        if let Ok(short) = id.attach(repo).shorten() {
            length = length.max(short.hex_len());
        }
    }
    length
}
