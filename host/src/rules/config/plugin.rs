//! One plugin of the operator's file: `[plugins.NAME]` and all below it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::read::{Reader, Table, Word};
use super::data::Data;
use super::grant::{self, Declared, Grants, VerbLists};
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
    /// All that it is given.
    pub grants: Grants,
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
    let places = Declared {
        good: data,
        declared,
    };
    for (name, table) in reader.tables(root, "plugins") {
        if let Some(plugin) = one(reader, &name, &table, places, base) {
            all.insert(plugin.name.clone(), Arc::new(plugin));
        }
    }
    all
}

fn one(
    reader: &mut Reader<'_>,
    name: &Word<'_>,
    table: &Table<'_>,
    places: Declared<'_>,
    base: Limits,
) -> Option<Plugin> {
    let own = ["path", "digest", "limits", "tools"];
    let known: Vec<&str> = own.into_iter().chain(Grants::KEYS).collect();
    reader.only(table, &known);
    let name = reader.name(name.text, name.at);
    let path = reader.required_text(table, "path");
    let digest = pin(reader, table);
    let limits = limits::read(reader, table, base);
    let grants = Grants::read(reader, table, places);
    let mut tools = BTreeMap::new();
    for (name, table) in reader.tables(table, "tools") {
        tools.extend(grant::narrowing(reader, &name, &table));
    }
    Some(Plugin {
        name: name?,
        path: path?.text.to_owned(),
        digest,
        limits,
        grants,
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
