//! One plugin of the operator's file: `[plugins.NAME]` and all below it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::read::{Reader, Table, Word};
use super::data::Data;
use super::grant::{self, ConfigGrant, FsGrant, VerbLists};
use super::limits::{self, Limits};
use crate::base::digest::Digest;
use crate::base::id::{Name, ToolName};
use crate::rules::problem::Line;

/// A plugin that the operator loads, and all that it is given.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The operator's name for it.
    pub name: Name,
    /// Its file, as the operator wrote it; relative to the config file's own folder.
    pub path: String,
    /// The digest that its file must have, where the operator pinned one.
    pub digest: Option<Digest>,
    /// What one of its calls may use up.
    pub limits: Limits,
    /// Grants of folders, by need.
    pub fs: BTreeMap<Name, Arc<FsGrant>>,
    /// Grants of config, by need; one at most.
    pub config: BTreeMap<Name, Arc<ConfigGrant>>,
    /// Tools that are narrowed below the grants.
    pub tools: BTreeMap<ToolName, Arc<VerbLists>>,
    /// Where it starts.
    pub line: Line,
}

/// Reads all of `[plugins]`. `declared` are the names of all places, `data` those that are right.
pub(super) fn read(
    reader: &mut Reader<'_>,
    root: &Table<'_>,
    data: &BTreeMap<Name, Arc<Data>>,
    declared: &[&str],
    base: Limits,
) -> BTreeMap<Name, Arc<Plugin>> {
    let mut all = BTreeMap::new();
    for (name, table) in reader.tables(root, "plugins") {
        if let Some(plugin) = one(reader, &name, &table, data, declared, base) {
            all.insert(plugin.name.clone(), Arc::new(plugin));
        }
    }
    all
}

fn one(
    reader: &mut Reader<'_>,
    name: &Word<'_>,
    table: &Table<'_>,
    data: &BTreeMap<Name, Arc<Data>>,
    declared: &[&str],
    base: Limits,
) -> Option<Plugin> {
    reader.only(
        table,
        &["path", "digest", "limits", "fs", "config", "tools"],
    );
    let name = reader.name(name.text, name.at);
    let path = reader.required_text(table, "path");
    let digest = pin(reader, table);
    let limits = limits::read(reader, table, base);
    let fs = fs_grants(reader, table, data, declared);
    let config = config_grants(reader, table);
    let mut tools = BTreeMap::new();
    for (name, table) in reader.tables(table, "tools") {
        tools.extend(grant::narrowing(reader, &name, &table));
    }
    Some(Plugin {
        name: name?,
        path: path?.text.to_owned(),
        digest,
        limits,
        fs,
        config,
        tools,
        line: reader.line(table.at()),
    })
}

fn pin(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Digest> {
    let word = reader.text(table, "digest")?;
    word.text
        .parse()
        .map_err(|error| {
            let message = format!("`digest` in {} is no digest", table.shown());
            reader.problem(word.at, message, Some(format!("{error}")));
        })
        .ok()
}

fn fs_grants(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    data: &BTreeMap<Name, Arc<Data>>,
    declared: &[&str],
) -> BTreeMap<Name, Arc<FsGrant>> {
    let mut grants: BTreeMap<Name, Arc<FsGrant>> = BTreeMap::new();
    for (need, table) in reader.tables(table, "fs") {
        let name = reader.name(need.text, need.at);
        let grant = grant::fs(reader, &table, need.text, data, declared);
        let (Some(name), Some(grant)) = (name, grant) else {
            continue;
        };
        let other = grants
            .iter()
            .find(|(_, other)| grant::is_nested(&other.mount, &grant.mount));
        if let Some((other_name, other)) = other {
            let at = table.get("mount").map_or(table.at(), |entry| entry.at);
            let message = format!(
                "the mount `{}` of `{name}` and the mount `{}` of `{other_name}` lie in one \
                 another",
                grant.mount, other.mount
            );
            let help = format!("the other is at {}", other.lists.line);
            reader.problem(at, message, Some(help));
        }
        grants.insert(name, Arc::new(grant));
    }
    grants
}

fn config_grants(reader: &mut Reader<'_>, table: &Table<'_>) -> BTreeMap<Name, Arc<ConfigGrant>> {
    let mut grants = BTreeMap::new();
    for (index, (need, table)) in reader.tables(table, "config").into_iter().enumerate() {
        if index > 0 {
            let message = "a plugin has one config need at most, and this is another";
            reader.problem(table.at(), message, None);
        }
        let name = reader.name(need.text, need.at);
        let grant = grant::config(reader, &table);
        if let (Some(name), Some(grant)) = (name, grant) {
            grants.insert(name, Arc::new(grant));
        }
    }
    grants
}
