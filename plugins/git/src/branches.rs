//! Branches.

use std::collections::BTreeMap;

use gix::{ObjectId, Repository};
use toolkeep_sdk::Failure;

use crate::repository::{failure, text};

/// All branches of a kind that have one commit and have not another one, one a line.
pub fn list(
    repo: &Repository,
    kind: &str,
    with: Option<&str>,
    without: Option<&str>,
) -> Result<String, Failure> {
    let (local, remote) = match kind {
        "local" => (true, false),
        "remote" => (false, true),
        "all" => (true, true),
        other => {
            let text = format!("Invalid branch type: {other}");
            return Err(Failure::bad_arguments(text));
        }
    };
    let commit = |name: Option<&str>| -> Result<Option<ObjectId>, Failure> {
        let Some(name) = name else { return Ok(None) };
        let found = repo.rev_parse_single(name).ok();
        let found = found.and_then(|id| id.object().ok()?.peel_to_commit().ok());
        let missing = || Failure::failed(format!("error: malformed object name {name}"));
        found.map(|commit| Some(commit.id)).ok_or_else(missing)
    };
    let (with, without) = (commit(with)?, commit(without)?);
    let wanted = |tip: ObjectId| -> Result<bool, Failure> {
        let has = |one: Option<ObjectId>| match one {
            Some(one) => has(repo, tip, one).map(Some),
            None => Ok(None),
        };
        Ok(has(with)? != Some(false) && has(without)? != Some(true))
    };
    let head = repo.head().map_err(failure)?;
    let current = head.referent_name().map(|name| text(name.as_bstr()));
    let mut lines = Vec::new();
    if local
        && head.is_detached()
        && let Some(id) = head.id()
        && wanted(id.detach())?
    {
        lines.push(format!("* (HEAD detached at {})", id.shorten_or_id()));
    }
    let mut found = BTreeMap::new();
    let references = repo.references().map_err(failure)?;
    for reference in references.all().map_err(failure)? {
        let mut reference = reference.map_err(|error| Failure::failed(error.to_string()))?;
        let name = text(reference.name().as_bstr());
        let shown = if let Some(short) = name.strip_prefix("refs/heads/").filter(|_| local) {
            short.to_owned()
        } else if let Some(short) = name.strip_prefix("refs/remotes/").filter(|_| remote) {
            let before = if local { "remotes/" } else { "" };
            format!("{before}{short}")
        } else {
            continue;
        };
        let target = reference
            .target()
            .try_name()
            .map(|name| text(name.as_bstr()));
        let Ok(id) = reference.peel_to_id() else {
            continue;
        };
        if !wanted(id.detach())? {
            continue;
        }
        let sign = if current.as_deref() == Some(name.as_str()) {
            '*'
        } else {
            ' '
        };
        let arrow = target.map(|target| {
            let short = ["refs/heads/", "refs/remotes/"];
            let short = short.iter().find_map(|start| target.strip_prefix(start));
            format!(" -> {}", short.unwrap_or(&target))
        });
        found.insert(name, format!("{sign} {shown}{}", arrow.unwrap_or_default()));
    }
    lines.extend(found.into_values());
    Ok(lines.join("\n"))
}

/// Whether `one` is among the commits that lead to `tip`.
fn has(repo: &Repository, tip: ObjectId, one: ObjectId) -> Result<bool, Failure> {
    for info in repo.rev_walk([tip]).all().map_err(failure)? {
        if info.map_err(failure)?.id == one {
            return Ok(true);
        }
    }
    Ok(false)
}
