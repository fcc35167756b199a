//! Grants of databases: `[plugins.NAME.sql.NEED]`.

use std::collections::BTreeMap;

use super::lists::lists_or_nothing;
use super::{Declared, Grant, Placed, VerbLists};
use crate::base::text;
use crate::rules::read::{Reader, Table};
use crate::rules::verb::Handle;

/// What an operator gives for a need of a database.
#[derive(Clone, Debug)]
pub struct SqlGrant {
    /// The place, and what may be done with the tables that are not named below.
    pub grant: Grant,
    /// What may be done with single tables, by their names in small letters; nothing, where nothing is said.
    pub tables: BTreeMap<String, TableGrant>,
}

/// What may be done with one table, in place of what the grant says of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableGrant {
    /// What may be done.
    pub lists: VerbLists,
    /// The columns that may be selected and updated, in small letters; none: all of them.
    pub columns: Option<Vec<String>>,
}

impl SqlGrant {
    /// What is given of `table`.
    pub fn table(&self, table: &str) -> (&VerbLists, Option<&[String]>) {
        match self.tables.get(&table.to_lowercase()) {
            Some(given) => (&given.lists, given.columns.as_deref()),
            None => (&self.grant.lists, None),
        }
    }
}

impl Placed for SqlGrant {
    fn grant(&self) -> &Grant {
        &self.grant
    }
}

/// Reads one of `[plugins.NAME.sql]`.
pub(super) fn one(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    places: Declared<'_>,
) -> Option<SqlGrant> {
    let grant = super::common(reader, table, Handle::Sql, places, &["tables"]);
    for key in ["only", "except"] {
        if let Some(entry) = table.get(key) {
            let message = format!("`{key}` in {} says nothing of tables", table.shown());
            let help = format!("write {} for each table", nearer(table));
            reader.problem(entry.at, message, Some(help));
        }
    }
    let mut tables = BTreeMap::new();
    for (name, table) in reader.tables(table, "tables") {
        reader.only(&table, &["allow", "ask", "columns"]);
        if name.text.is_empty() || name.text.chars().any(text::is_unsafe) {
            let message = format!("{} has no name of a table", table.shown());
            reader.problem(name.at, message, None);
            continue;
        }
        let columns = reader.words(&table, "columns");
        let columns = columns.map(|words| {
            let words = words.into_iter();
            words.map(|word| word.text.to_lowercase()).collect()
        });
        if let Some(lists) = lists_or_nothing(reader, &table, Handle::Sql) {
            let key = name.text.to_lowercase();
            if tables.insert(key, TableGrant { lists, columns }).is_some() {
                let message = format!("{} is there twice: capitals do not count", table.shown());
                reader.problem(name.at, message, None);
            }
        }
    }
    Some(SqlGrant {
        grant: grant?,
        tables,
    })
}

fn nearer(table: &Table<'_>) -> String {
    let shown = table.shown();
    format!("{}.tables.TABLE]", shown.trim_end_matches(']'))
}
