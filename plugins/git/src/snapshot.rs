//! What files there are: in a commit, in the index, in the working tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use gix::bstr::{BString, ByteSlice as _};
use gix::status::index_worktree::Item;
use gix::status::plumbing::index_as_worktree::{Change, EntryStatus};
use gix::{ObjectId, Repository};
use toolkeep_sdk::Failure;

use crate::repository::{data, failure};

/// A file, link or submodule.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is, as Git has it: `0o100644`, say.
    pub mode: u32,
    pub id: ObjectId,
    /// What is in it, where that is not in the repository.
    pub content: Option<Vec<u8>>,
}

/// Files by their paths.
pub type Snapshot = BTreeMap<BString, Entry>;

pub const LINK: u32 = 0o120_000;
pub const SUBMODULE: u32 = 0o160_000;

impl Entry {
    fn new(mode: u32, id: ObjectId) -> Self {
        Self {
            mode,
            id,
            content: None,
        }
    }

    /// What is in it.
    pub fn bytes(&self, repo: &Repository) -> Result<Vec<u8>, Failure> {
        match &self.content {
            Some(content) => Ok(content.clone()),
            None if self.mode == SUBMODULE => {
                Ok(format!("Subproject commit {}\n", self.id).into_bytes())
            }
            None => data(repo, self.id),
        }
    }
}

/// What the commit has that is checked out; nothing before the first.
pub fn head(repo: &Repository) -> Result<Snapshot, Failure> {
    tree(
        repo,
        repo.head_tree_id_or_empty().map_err(failure)?.detach(),
    )
}

/// What a tree has.
pub fn tree(repo: &Repository, id: ObjectId) -> Result<Snapshot, Failure> {
    if id == repo.empty_tree().id {
        return Ok(Snapshot::new());
    }
    let tree = repo.find_tree(id).map_err(failure)?;
    let entries = tree.traverse().breadthfirst.files().map_err(failure)?;
    Ok(entries
        .into_iter()
        .filter(|entry| !entry.mode.is_tree())
        .map(|entry| {
            (
                entry.filepath,
                Entry::new(u32::from(entry.mode.value()), entry.oid),
            )
        })
        .collect())
}

/// What is staged.
pub fn index(repo: &Repository) -> Result<Snapshot, Failure> {
    let index = repo.index_or_empty().map_err(failure)?;
    let entries = index.entries().iter();
    Ok(entries
        // What is in conflict is staged by nobody.
        .filter(|entry| entry.stage_raw() == 0)
        .map(|entry| {
            let path = entry.path(&index).to_owned();
            (path, Entry::new(entry.mode.bits(), entry.id))
        })
        .collect())
}

/// What is in conflict.
pub fn unmerged(repo: &Repository) -> Result<BTreeSet<BString>, Failure> {
    let index = repo.index_or_empty().map_err(failure)?;
    let entries = index.entries().iter();
    let unmerged = entries.filter(|entry| entry.stage_raw() != 0);
    Ok(unmerged
        .map(|entry| entry.path(&index).to_owned())
        .collect())
}

/// How the working tree differs from the index.
pub fn items(repo: &Repository) -> Result<Vec<Item>, Failure> {
    let platform = repo.status(gix::progress::Discard).map_err(failure)?;
    let items = platform
        .index_worktree_rewrites(None)
        .index_worktree_submodules(None)
        .into_index_worktree_iter(Vec::new())
        .map_err(failure)?;
    items.map(|item| item.map_err(failure)).collect()
}

/// What of all that is tracked stands in the working tree.
pub fn worktree(repo: &Repository) -> Result<Snapshot, Failure> {
    let mut files = index(repo)?;
    for item in items(repo)? {
        let Item::Modification {
            entry,
            rela_path,
            status,
            ..
        } = item
        else {
            continue;
        };
        match status {
            EntryStatus::Change(Change::Removed) => {
                files.remove(&rela_path);
            }
            EntryStatus::Change(Change::Modification { .. }) => {
                let mode = entry.mode.bits();
                files.insert(rela_path.clone(), on_disk(repo, &rela_path, mode)?);
            }
            EntryStatus::Change(Change::Type { worktree_mode }) => {
                let mode = worktree_mode.bits();
                files.insert(rela_path.clone(), on_disk(repo, &rela_path, mode)?);
            }
            _ => {}
        }
    }
    Ok(files)
}

/// A file as it would be staged now.
fn on_disk(repo: &Repository, path: &BString, mode: u32) -> Result<Entry, Failure> {
    let top = repo
        .workdir()
        .ok_or_else(|| Failure::failed("there is no working tree"))?;
    let relative = gix::path::from_bstr(path.as_bstr()).map_err(failure)?;
    let full = top.join(&relative);
    let content = if mode == LINK {
        let target = std::fs::read_link(&full)?;
        gix::path::into_bstr(target)
            .map_err(failure)?
            .into_owned()
            .into()
    } else {
        let file = std::fs::File::open(&full)?;
        let (mut pipeline, index) = repo.filter_pipeline(None).map_err(failure)?;
        let mut staged = pipeline
            .convert_to_git(file, &relative, &index)
            .map_err(failure)?;
        let mut content = Vec::new();
        staged.read_to_end(&mut content)?;
        content
    };
    let id = gix::objs::compute_hash(repo.object_hash(), gix::objs::Kind::Blob, &content)
        .map_err(failure)?;
    Ok(Entry {
        mode,
        id,
        content: Some(content),
    })
}
