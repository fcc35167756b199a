//! The tables that there are, as far as judging needs to know.

use std::collections::{BTreeMap, BTreeSet};

/// The tables of one schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::handle::sql::postgres) struct Catalog {
    tables: BTreeMap<String, Relation>,
    /// The indexes, and the table of each.
    indexes: BTreeMap<String, String>,
    /// The names of the tables in small letters.
    folded: BTreeSet<String>,
    /// Names that differ in nothing but capitals, in small letters.
    twins: BTreeSet<String>,
}

/// A table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::handle::sql::postgres) struct Relation {
    /// The columns, in their order.
    pub(in crate::handle::sql::postgres) columns: Vec<String>,
    /// It is a view.
    pub(in crate::handle::sql::postgres) is_view: bool,
}

impl Catalog {
    /// Adds a table.
    pub(in crate::handle::sql::postgres) fn add(&mut self, name: String, table: Relation) {
        let folded = name.to_lowercase();
        if !self.folded.insert(folded.clone()) {
            self.twins.insert(folded);
        }
        self.tables.insert(name, table);
    }

    /// Adds an index of a table.
    pub(in crate::handle::sql::postgres) fn add_index(&mut self, name: String, table: String) {
        self.indexes.insert(name, table);
    }

    /// All tables.
    pub(in crate::handle::sql::postgres) fn tables(
        &self,
    ) -> impl Iterator<Item = (&String, &Relation)> {
        self.tables.iter()
    }

    /// The table called `name`.
    pub(in crate::handle::sql::postgres) fn table(&self, name: &str) -> Option<&Relation> {
        self.tables.get(name)
    }

    /// The table of the index called `name`.
    pub(super) fn table_of_index(&self, name: &str) -> Option<&str> {
        self.indexes.get(name).map(String::as_str)
    }

    /// Whether grants, in which capitals do not count, could mean another table or column.
    pub(super) fn is_ambiguous(&self, name: &str) -> bool {
        let columns = self
            .tables
            .get(name)
            .map_or(&[][..], |table| &table.columns);
        let folded: BTreeSet<String> = columns.iter().map(|name| name.to_lowercase()).collect();
        folded.len() < columns.len() || self.twins.contains(&name.to_lowercase())
    }
}
