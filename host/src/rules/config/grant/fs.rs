//! Grants of folders: `[plugins.NAME.fs.NEED]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Declared, Grant, Placed};
use crate::base::id::Name;
use crate::base::text;
use crate::rules::read::{Reader, Table};
use crate::rules::verb::Handle;

/// What an operator gives for a need of a folder.
#[derive(Clone, Debug)]
pub struct FsGrant {
    /// The place, the verbs and the paths.
    pub grant: Grant,
    /// Where the guest finds it: an absolute path, without `.`, `..` or a trailing `/`.
    pub mount: String,
}

impl Placed for FsGrant {
    fn grant(&self) -> &Grant {
        &self.grant
    }
}

/// Reads `[plugins.NAME.fs]`.
pub(super) fn read(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    places: Declared<'_>,
) -> BTreeMap<Name, Arc<FsGrant>> {
    let mut grants: BTreeMap<Name, Arc<FsGrant>> = BTreeMap::new();
    for (need, table) in reader.tables(table, "fs") {
        let name = reader.name(need.text, need.at);
        let grant = one(reader, &table, need.text, places);
        let (Some(name), Some(grant)) = (name, grant) else {
            continue;
        };
        let other = grants
            .iter()
            .find(|(_, other)| is_nested(&other.mount, &grant.mount));
        if let Some((other_name, other)) = other {
            let at = table.get("mount").map_or(table.at(), |entry| entry.at);
            let message = format!(
                "the mount `{}` of `{name}` and the mount `{}` of `{other_name}` lie in one \
                 another",
                grant.mount, other.mount
            );
            let help = format!("the other is at {}", other.grant.lists.line);
            reader.problem(at, message, Some(help));
        }
        grants.insert(name, Arc::new(grant));
    }
    grants
}

fn one(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    need: &str,
    places: Declared<'_>,
) -> Option<FsGrant> {
    let grant = super::common(reader, table, Handle::Fs, places, &["mount"]);
    let mount = mount(reader, table, need);
    Some(FsGrant {
        grant: grant?,
        mount: mount?,
    })
}

/// Where the guest finds the folder; `/NEED` if nothing is said.
fn mount(reader: &mut Reader<'_>, table: &Table<'_>, need: &str) -> Option<String> {
    if !table.has("mount") {
        return Some(format!("/{need}"));
    }
    let word = reader.text(table, "mount")?;
    let path = word.text;
    let odd = |part: &str| matches!(part, "" | "." | "..") || part.chars().any(text::is_unsafe);
    let good = path == "/"
        || path
            .strip_prefix('/')
            .is_some_and(|rest| !rest.split('/').any(odd));
    if !good {
        let message = format!(
            "`mount` in {} is `{}`, and must be an absolute path without `.`, `..`, `//` or a \
             trailing `/`",
            table.shown(),
            text::visible(path)
        );
        reader.problem(word.at, message, None);
        return None;
    }
    Some(path.to_owned())
}

/// Whether one mount is the other, or lies in it.
pub(in crate::rules::config) fn is_nested(one: &str, two: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        let outer = outer.trim_end_matches('/');
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, two) || within(two, one)
}
