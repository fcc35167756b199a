//! What a statement wants of a database.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::Name;
use crate::gate::pass::Pass;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verb, Verbs};

/// How the record names the table of a statement that has none.
const NO_TABLE: &str = "(no table)";

/// The most that an access may say of columns, in bytes.
const MAX_COLUMNS: usize = 8 * 1024;

/// What a statement wants, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants(BTreeMap<String, Want>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Want {
    verbs: Verbs,
    columns: BTreeSet<String>,
}

impl Wants {
    /// Adds a verb for `table`, as the database names it; an empty name of a column is none.
    pub fn add(&mut self, table: &str, verb: Verb, column: Option<&str>) {
        let want = self.0.entry(table.to_owned()).or_insert_with(|| Want {
            verbs: Verbs::NONE,
            columns: BTreeSet::new(),
        });
        want.verbs = want.verbs.with(verb);
        if let Some(column) = column.filter(|column| !column.is_empty()) {
            want.columns.insert(column.to_lowercase());
        }
    }

    /// All verbs.
    pub fn verbs(&self) -> Verbs {
        let verbs = self.0.values().map(|want| want.verbs);
        verbs.fold(Verbs::NONE, Verbs::union)
    }

    /// Whether it names more columns than can be judged and put on record.
    pub fn is_too_large(&self) -> bool {
        let bytes = |want: &Want| want.columns.iter().map(String::len).sum::<usize>();
        self.0.values().any(|want| bytes(want) > MAX_COLUMNS)
    }

    /// Whether `passes` are for all of it.
    pub fn are_covered(&self, passes: &[Pass]) -> bool {
        if self.0.is_empty() {
            return !passes.is_empty();
        }
        self.0.iter().all(|(name, want)| {
            passes.iter().any(|pass| {
                let access = pass.access();
                let Object::Table { table, columns, .. } = &access.object else {
                    return false;
                };
                access.handle == Handle::Sql
                    && table == name
                    && want.verbs.without(access.verbs).is_empty()
                    && want.columns.iter().all(|column| columns.contains(column))
            })
        })
    }

    /// One access for each table. A statement without any computes, and sees what it computes.
    pub fn accesses(&self, need: &Name, data: &Name) -> Vec<Access> {
        let access = |table: &str, verbs, columns: Vec<String>| Access {
            handle: Handle::Sql,
            need: need.clone(),
            verbs,
            object: Object::Table {
                data: data.clone(),
                table: table.to_owned(),
                columns,
            },
            is_folder: false,
        };
        if self.0.is_empty() {
            return vec![access(NO_TABLE, Verbs::one(Verb::Select), Vec::new())];
        }
        let each = self.0.iter();
        each.map(|(table, want)| access(table, want.verbs, want.columns.iter().cloned().collect()))
            .collect()
    }
}

#[cfg(test)]
impl std::fmt::Display for Wants {
    /// `t: select (a, b); u: delete`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (table, want)) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { "; " };
            write!(f, "{before}{table}: {}", want.verbs)?;
            if !want.columns.is_empty() {
                let columns: Vec<&str> = want.columns.iter().map(String::as_str).collect();
                write!(f, " ({})", columns.join(", "))?;
            }
        }
        Ok(())
    }
}
