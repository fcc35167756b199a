//! The status of the working tree, in the words of `git status`.

use gix::Repository;
use gix::bstr::{BString, ByteSlice as _};
use gix::dir::entry::Kind;
use gix::remote::Direction;
use gix::status::index_worktree::Item;
use gix::status::plumbing::index_as_worktree::{Change, Conflict, EntryStatus};
use toolkeep_sdk::Failure;

use crate::paths::shown;
use crate::renames::changes;
use crate::repository::{failure, text};
use crate::snapshot::{head, index, items};

/// What differs, each as a line.
#[derive(Default)]
struct Lines {
    staged: Vec<String>,
    unmerged: Vec<String>,
    unstaged: Vec<String>,
    untracked: Vec<String>,
    has_deleted: bool,
}

pub fn status(repo: &Repository) -> Result<String, Failure> {
    let mut out = place(repo)?;
    let is_unborn = repo.head().map_err(failure)?.is_unborn();
    if is_unborn {
        out.push_str("\nNo commits yet\n\n");
    }
    let is_merging = repo.git_dir().join("MERGE_HEAD").exists();
    let lines = Lines::of(repo)?;
    if is_merging && lines.unmerged.is_empty() {
        out.push_str("All conflicts fixed but you are still merging.\n  (use \"git commit\" to conclude merge)\n\n");
    } else if is_merging {
        out.push_str("You have unmerged paths.\n  (fix conflicts and run \"git commit\")\n  (use \"git merge --abort\" to abort the merge)\n\n");
    }
    let unstage = match (is_merging, is_unborn) {
        (true, _) => "",
        (_, true) => "  (use \"git rm --cached <file>...\" to unstage)\n",
        _ => "  (use \"git restore --staged <file>...\" to unstage)\n",
    };
    let add = if lines.has_deleted { "add/rm" } else { "add" };
    let sections = [
        (
            "Changes to be committed:",
            unstage.to_owned(),
            &lines.staged,
        ),
        (
            "Unmerged paths:",
            "  (use \"git add <file>...\" to mark resolution)\n".to_owned(),
            &lines.unmerged,
        ),
        (
            "Changes not staged for commit:",
            format!(
                "  (use \"git {add} <file>...\" to update what will be committed)\n  (use \"git restore <file>...\" to discard changes in working directory)\n"
            ),
            &lines.unstaged,
        ),
        (
            "Untracked files:",
            "  (use \"git add <file>...\" to include in what will be committed)\n".to_owned(),
            &lines.untracked,
        ),
    ];
    for (title, hint, lines) in sections {
        if !lines.is_empty() {
            out.push_str(&format!("{title}\n{hint}"));
            lines
                .iter()
                .for_each(|line| out.push_str(&format!("\t{line}\n")));
            out.push('\n');
        }
    }
    let is_committable = !lines.staged.is_empty() || is_merging && lines.unmerged.is_empty();
    if !is_committable {
        out.push_str(lines.summary(is_unborn));
        return Ok(out);
    }
    // The reference server takes the last line end away.
    out.pop();
    Ok(out)
}

/// Which branch it is, and how it stands to the one that it follows.
fn place(repo: &Repository) -> Result<String, Failure> {
    let head = repo.head().map_err(failure)?;
    let Some(name) = head.referent_name() else {
        let id = head.id().map(|id| id.shorten_or_id().to_string());
        return Ok(format!("HEAD detached at {}\n", id.unwrap_or_default()));
    };
    let mut out = format!("On branch {}\n", text(name.shorten()));
    let followed = repo.branch_remote_tracking_ref_name(name, Direction::Fetch);
    let (Some(Ok(followed)), Some(own)) = (followed, head.id()) else {
        return Ok(out);
    };
    let short = text(followed.shorten());
    let Ok(Some(mut reference)) = repo.try_find_reference(&followed) else {
        out.push_str(&format!(
            "Your branch is based on '{short}', but the upstream is gone.\n  (use \"git branch --unset-upstream\" to fixup)\n\n"
        ));
        return Ok(out);
    };
    let theirs = reference.peel_to_id().map_err(failure)?.detach();
    let own = own.detach();
    let count = |tip, hidden| -> Result<usize, Failure> {
        let walk = repo
            .rev_walk([tip])
            .with_hidden([hidden])
            .all()
            .map_err(failure)?;
        Ok(walk.filter(Result::is_ok).count())
    };
    let (ahead, behind) = (count(own, theirs)?, count(theirs, own)?);
    let commits = |count| if count == 1 { "commit" } else { "commits" };
    out.push_str(&match (ahead, behind) {
        (0, 0) => format!("Your branch is up to date with '{short}'.\n\n"),
        (ahead, 0) => format!(
            "Your branch is ahead of '{short}' by {ahead} {}.\n  (use \"git push\" to publish your local commits)\n\n",
            commits(ahead)
        ),
        (0, behind) => format!(
            "Your branch is behind '{short}' by {behind} {}, and can be fast-forwarded.\n  (use \"git pull\" to update your local branch)\n\n",
            commits(behind)
        ),
        (ahead, behind) => format!(
            "Your branch and '{short}' have diverged,\nand have {ahead} and {behind} different commits each, respectively.\n  (use \"git pull\" if you want to integrate the remote branch with yours)\n\n"
        ),
    });
    Ok(out)
}

impl Lines {
    fn of(repo: &Repository) -> Result<Self, Failure> {
        let mut lines = Self::default();
        let items = items(repo)?;
        let mut unmerged: Vec<BString> = Vec::new();
        let mut untracked: Vec<BString> = Vec::new();
        for item in items {
            match item {
                Item::Modification {
                    rela_path, status, ..
                } => match status {
                    EntryStatus::Conflict { summary, .. } => {
                        let line = format!("{:<17}{}", conflict(summary), shown(&rela_path));
                        lines.unmerged.push(line);
                        unmerged.push(rela_path);
                    }
                    EntryStatus::Change(change) => {
                        let word = match change {
                            Change::Removed => "deleted:",
                            Change::Type { .. } => "typechange:",
                            _ => "modified:",
                        };
                        lines.has_deleted |= word == "deleted:";
                        lines
                            .unstaged
                            .push(format!("{word:<12}{}", shown(&rela_path)));
                    }
                    EntryStatus::NeedsUpdate(_) => {}
                    EntryStatus::IntentToAdd => {
                        lines
                            .unstaged
                            .push(format!("{:<12}{}", "new file:", shown(&rela_path)));
                    }
                },
                Item::DirectoryContents { entry, .. } => {
                    if entry.status == gix::dir::entry::Status::Untracked {
                        let is_folder =
                            matches!(entry.disk_kind, Some(Kind::Directory | Kind::Repository));
                        let mut path = entry.rela_path;
                        if is_folder && !path.ends_with_str("/") {
                            path.push(b'/');
                        }
                        untracked.push(path);
                    }
                }
                Item::Rewrite { .. } => {}
            }
        }
        untracked.sort();
        lines.untracked = untracked.iter().map(|path| shown(path)).collect();
        let (old, new) = (head(repo)?, index(repo)?);
        for change in changes(repo, &old, &new)? {
            if change.path().is_some_and(|path| unmerged.contains(path)) {
                continue;
            }
            let line = match (change.old, change.new) {
                (None, Some((path, _))) => format!("{:<12}{}", "new file:", shown(path)),
                (Some((path, _)), None) => format!("{:<12}{}", "deleted:", shown(path)),
                (Some((from, _)), Some((to, _))) if from != to => {
                    format!("{:<12}{} -> {}", "renamed:", shown(from), shown(to))
                }
                (Some((_, old)), Some((path, new))) => {
                    let is_other = old.mode & 0o170_000 != new.mode & 0o170_000;
                    let word = if is_other { "typechange:" } else { "modified:" };
                    format!("{word:<12}{}", shown(path))
                }
                (None, None) => continue,
            };
            lines.staged.push(line);
        }
        Ok(lines)
    }

    /// What to do where nothing would be committed.
    fn summary(&self, is_unborn: bool) -> &'static str {
        if !self.unstaged.is_empty() || !self.unmerged.is_empty() {
            "no changes added to commit (use \"git add\" and/or \"git commit -a\")"
        } else if !self.untracked.is_empty() {
            "nothing added to commit but untracked files present (use \"git add\" to track)"
        } else if is_unborn {
            "nothing to commit (create/copy files and use \"git add\" to track)"
        } else {
            "nothing to commit, working tree clean"
        }
    }
}

fn conflict(what: Conflict) -> &'static str {
    match what {
        Conflict::BothDeleted => "both deleted:",
        Conflict::AddedByUs => "added by us:",
        Conflict::DeletedByThem => "deleted by them:",
        Conflict::AddedByThem => "added by them:",
        Conflict::DeletedByUs => "deleted by us:",
        Conflict::BothAdded => "both added:",
        Conflict::BothModified => "both modified:",
    }
}
