//! What the object of an access says: whether the grant is for it, and whether it is there at all.

use super::Reasons;
use crate::base::text::visible;
use crate::rules::access::{Access, Object};
use crate::rules::config::FsGrant;
use crate::rules::pattern::escape;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{ReasonCode, Verdict};

/// Whether the grant is for this path. A folder that only leads to paths which the grant is for may
/// be looked at, and no more.
pub(super) fn judge_path(access: &Access, grant: &FsGrant, reasons: &mut Reasons) {
    let data = match &access.object {
        Object::Path { data, .. } | Object::Unreachable { data, .. } => data,
        _ => return, // told by `judge_object`
    };
    let lists = &grant.lists;
    if *data != grant.data.name {
        let text = format!(
            "{} at {} is for [data.{}], not for [data.{data}]",
            lists.table, lists.line, grant.data.name
        );
        reasons.deny(ReasonCode::NoGrant, text);
    }
    let Object::Path { path, .. } = &access.object else {
        return;
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

/// Whether there is anything real that the access is about, of the kind that the handle has.
pub(super) fn judge_object(access: &Access, reasons: &mut Reasons) {
    let text = match (access.handle, &access.object) {
        (_, Object::Unreachable { asked, why, .. }) => format!("`{}` {why}", visible(asked)),
        (Handle::Fs, Object::Path { path, .. }) if is_resolved(path) => return,
        (Handle::Tool, Object::Tool(_)) | (Handle::Config, Object::Key(_)) => return,
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
