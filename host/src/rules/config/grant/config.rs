//! Grants of config: `[plugins.NAME.config.NEED]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{VerbLists, lists};
use crate::base::id::Name;
use crate::base::label::Label;
use crate::base::text;
use crate::rules::config::data::{label, local_label};
use crate::rules::manifest::key_fault;
use crate::rules::problem::Line;
use crate::rules::read::{Reader, Table};
use crate::rules::verb::{Handle, Verb, Verbs};

/// What an operator gives for a need of config.
#[derive(Clone, Debug)]
pub struct ConfigGrant {
    /// The values, by key.
    pub values: BTreeMap<String, String>,
    /// What may be done with them: read.
    pub lists: VerbLists,
    /// What a call becomes by reading one.
    pub label: Label,
    /// Where `values` is.
    pub values_line: Line,
}

/// Reads `[plugins.NAME.config]`.
pub(super) fn read(reader: &mut Reader<'_>, table: &Table<'_>) -> BTreeMap<Name, Arc<ConfigGrant>> {
    let mut grants = BTreeMap::new();
    for (index, (need, table)) in reader.tables(table, "config").into_iter().enumerate() {
        if index > 0 {
            let message = "a plugin has one config need at most, and this is another";
            reader.problem(table.at(), message, None);
        }
        let name = reader.name(need.text, need.at);
        let grant = one(reader, &table);
        if let (Some(name), Some(grant)) = (name, grant) {
            grants.insert(name, Arc::new(grant));
        }
    }
    grants
}

fn one(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<ConfigGrant> {
    reader.only(table, &["values", "allow", "label"]);
    let lists = if table.has("allow") {
        lists(reader, table, Handle::Config)?
    } else {
        VerbLists {
            table: table.shown(),
            line: reader.line(table.at()),
            allow: Verbs::one(Verb::Read),
            ask: Verbs::NONE,
            allow_line: None,
            ask_line: None,
        }
    };
    reader.require(table, "values");
    let inner = reader.table(table, "values")?;
    let mut values = BTreeMap::new();
    for entry in inner.entries() {
        if let Some(fault) = key_fault(entry.key) {
            let key = text::visible(entry.key);
            reader.problem(
                entry.at,
                format!("the key `{key}` in {} {fault}", inner.shown()),
                None,
            );
        }
        if let Some(value) = reader.any_text(&inner, entry.key) {
            values.insert(entry.key.to_owned(), value.text.to_owned());
        }
    }
    if inner.entries().next().is_none() {
        let message = format!("`values` in {} is empty", table.shown());
        let help = "give at least one value, or take the table out".to_owned();
        reader.problem(inner.at(), message, Some(help));
    }
    let label = label(reader, table, "label", &local_label());
    Some(ConfigGrant {
        values,
        lists,
        label: label?,
        values_line: reader.line(inner.at()),
    })
}
