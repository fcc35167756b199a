//! Reading `plugin.toml`.

use std::collections::{BTreeMap, BTreeSet};

use super::{ConfigNeed, Manifest, Needs, PlaceNeed, key_fault, prose_fault, version_fault};
use crate::base::id::Name;
use crate::base::text;
use crate::rules::problem::Problems;
use crate::rules::read::{Reader, Table};
use crate::rules::verb::Handle;

impl Manifest {
    /// Reads a `plugin.toml`.
    ///
    /// # Errors
    /// All that is wrong with it, with lines.
    pub fn parse_toml(file_name: &str, text: &str) -> Result<Self, Problems> {
        let mut reader = Reader::new(file_name, text);
        let document = reader.parse()?;
        let root = document.root();
        reader.only(&root, &["name", "version", "description", "needs"]);
        let name = reader.required_name(&root, "name");
        let version = prose(&mut reader, &root, "version", version_fault);
        let description = prose(&mut reader, &root, "description", prose_fault);
        let needs = needs(&mut reader, &root);
        let manifest =
            name.zip(version)
                .zip(description)
                .map(|(((name, _), version), description)| Self {
                    name,
                    version,
                    description,
                    needs,
                });
        reader.finish(manifest)
    }
}

/// The required text under `key`, in which `fault` finds nothing wrong.
fn prose(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    key: &str,
    fault: fn(&str) -> Option<&'static str>,
) -> Option<String> {
    let word = reader.required_text(table, key)?;
    if let Some(fault) = fault(word.text) {
        reader.problem(
            word.at,
            format!("`{key}` in {} {fault}", table.shown()),
            None,
        );
        return None;
    }
    Some(word.text.to_owned())
}

fn needs(reader: &mut Reader<'_>, root: &Table<'_>) -> Needs {
    let mut needs = Needs::default();
    let Some(table) = reader.table(root, "needs") else {
        return needs;
    };
    reader.only(&table, &["fs", "config", "http", "kv", "sql"]);
    needs.fs = places(reader, &table, Handle::Fs);
    needs.http = places(reader, &table, Handle::Http);
    needs.kv = places(reader, &table, Handle::Kv);
    needs.sql = places(reader, &table, Handle::Sql);
    for (index, (name, table)) in reader.tables(&table, "config").into_iter().enumerate() {
        if index > 0 {
            let help = "a plugin has one config: put all keys into one need".to_owned();
            reader.problem(table.at(), "there is more than one config need", Some(help));
        }
        reader.only(&table, &["keys", "why", "optional"]);
        let name = reader.name(name.text, name.at);
        let keys = config_keys(reader, &table);
        let why = prose(reader, &table, "why", prose_fault);
        let optional = reader.flag(&table, "optional");
        if let (Some(name), Some(why)) = (name, why) {
            needs.config.insert(
                name,
                ConfigNeed {
                    keys,
                    why,
                    optional,
                },
            );
        }
    }
    needs
}

/// The needs of places under `handle`.
fn places(reader: &mut Reader<'_>, table: &Table<'_>, handle: Handle) -> BTreeMap<Name, PlaceNeed> {
    let mut needs = BTreeMap::new();
    for (name, table) in reader.tables(table, handle.as_str()) {
        reader.only(&table, &["verbs", "why", "optional", "many"]);
        let name = reader.name(name.text, name.at);
        reader.require(&table, "verbs");
        let verbs = reader.verbs(&table, "verbs", &[handle]);
        let why = prose(reader, &table, "why", prose_fault);
        let optional = reader.flag(&table, "optional");
        let many = reader.flag(&table, "many");
        if let (Some(name), Some(verbs), Some(why)) = (name, verbs, why) {
            needs.insert(
                name,
                PlaceNeed {
                    verbs,
                    why,
                    optional,
                    many,
                },
            );
        }
    }
    needs
}

fn config_keys(reader: &mut Reader<'_>, table: &Table<'_>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    reader.require(table, "keys");
    for word in reader.words(table, "keys").unwrap_or_default() {
        match key_fault(word.text) {
            Some(fault) => {
                let message = format!(
                    "the key `{}` in {} {fault}",
                    text::visible(word.text),
                    table.shown()
                );
                reader.problem(word.at, message, None);
            }
            None => {
                keys.insert(word.text.to_owned());
            }
        }
    }
    keys
}
