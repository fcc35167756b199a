//! What the object of an access says: whether the grant is for it, and whether it is there at all.

use super::Reasons;
use crate::base::text::visible;
use crate::rules::access::{Access, Object};
use crate::rules::config::{Grant, VerbLists};
use crate::rules::pattern::escape;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{ReasonCode, Verdict};

/// Whether the grant is for this object. A folder that only leads to paths which the grant is for may
/// be looked at, and no more.
pub(super) fn judge_place(access: &Access, grant: &Grant, reasons: &mut Reasons) {
    let Some(data) = access.data() else {
        return; // told by `judge_object`
    };
    let lists = &grant.lists;
    if *data != grant.data.name {
        let text = format!(
            "{} at {} is for [data.{}], not for [data.{data}]",
            lists.table, lists.line, grant.data.name
        );
        reasons.deny(ReasonCode::NoGrant, text);
    }
    let path = match &access.object {
        Object::Path { path, .. } => path.as_str(),
        Object::Entry { key, .. } => key.as_str(),
        Object::Request { url, .. } => match path_of(url) {
            Some(path) if !grant.patterns.is_empty() && !is_plain(path) => {
                let text = format!(
                    "`{}` has a path that servers read differently",
                    visible(url)
                );
                return reasons.deny(ReasonCode::Pattern, text);
            }
            Some(path) => path,
            None => return, // told by `judge_object`
        },
        _ => return,
    };
    let looking = Verbs::one(Verb::List).with(Verb::Stat);
    let only_looks = access.is_folder && access.verbs.without(looking).is_empty();
    let patterns = &grant.patterns;
    let admitted = if only_looks {
        patterns.leads(path)
    } else {
        patterns.admits(path)
    };
    if admitted {
        return;
    }
    let (key, line, text, remedy) = match patterns.excepting(path) {
        Some(pattern) => (
            "except",
            &grant.except_line,
            format!("`{}` is under `{}` in", visible(path), visible(pattern)),
            format!("take `{}` out of", visible(pattern)),
        ),
        None if path.is_empty() => {
            let text = format!("`only` in {} never gives the folder itself", lists.table);
            return reasons.deny(ReasonCode::Pattern, text);
        }
        None => (
            "only",
            &grant.only_line,
            format!("`{}` is under nothing in", visible(path)),
            format!("add `{}` to", visible(&escape(path))),
        ),
    };
    let line = line.as_ref().unwrap_or(&lists.line);
    reasons.with_remedy(
        Verdict::Deny,
        ReasonCode::Pattern,
        format!("{text} `{key}` of {} at {line}", lists.table),
        format!("{remedy} `{key}` in {} at {line}", lists.table),
    );
}

/// Whether the columns are among those that the grant names.
pub(super) fn judge_columns(
    access: &Access,
    columns: &[String],
    lists: &VerbLists,
    known: Option<&[String]>,
    reasons: &mut Reasons,
) {
    let Some(known) = known else { return };
    let of_columns = Verbs::one(Verb::Select)
        .with(Verb::Update)
        .with(Verb::Insert);
    if access.verbs.intersection(of_columns).is_empty() {
        return;
    }
    for column in columns.iter().filter(|column| !known.contains(column)) {
        let column = visible(column);
        reasons.with_remedy(
            Verdict::Deny,
            ReasonCode::Pattern,
            format!(
                "`{column}` is none of the `columns` of {} at {}",
                lists.table, lists.line
            ),
            format!(
                "add `{column}` to `columns` in {} at {}",
                lists.table, lists.line
            ),
        );
    }
}

/// The path of a URL, without its first `/` and without the query; none where it is no URL.
fn path_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    path.split(['?', '#']).next()
}

/// Whether all servers read the path as it stands: patterns could be got around otherwise.
fn is_plain(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let hidden = |hex: &str| {
        let byte = hex
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        // What need not be written so, what stands between parts, and what cannot be seen.
        byte.is_none_or(|b| {
            b.is_ascii_alphanumeric() || b.is_ascii_control() || b"-._~/\\%".contains(&b)
        })
    };
    let inner = path.strip_suffix('/').unwrap_or(&path);
    (inner.is_empty() || is_resolved(inner))
        && !path.contains(['\\', ';'])
        && !path.split('%').skip(1).any(hidden)
}

/// Whether there is anything real that the access is about, of the kind that the handle has.
pub(super) fn judge_object(access: &Access, reasons: &mut Reasons) {
    let text = match (access.handle, &access.object) {
        (_, Object::Unreachable { asked, why, .. }) => format!("`{}` {why}", visible(asked)),
        (Handle::Fs, Object::Path { path, .. }) if is_resolved(path) => return,
        (Handle::Tool, Object::Tool(_)) | (Handle::Config, Object::Key(_)) => return,
        (Handle::Http, Object::Request { url, .. }) if path_of(url).is_some() => return,
        (Handle::Kv, Object::Entry { .. }) | (Handle::Sql, Object::Table { .. }) => return,
        (Handle::Fs, Object::Path { path, .. }) => {
            format!("`{}` is not a resolved path", visible(path))
        }
        (handle, object) => format!("`{object}` is nothing that {handle} has"),
    };
    reasons.deny(ReasonCode::Unreachable, text);
}

/// Whether a path is as [`Object::Path`] promises: it would be matched wrongly otherwise.
fn is_resolved(path: &str) -> bool {
    path.is_empty() || !path.split('/').any(|part| matches!(part, "" | "." | ".."))
}
