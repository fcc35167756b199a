//! Which table a column is of. A name that could be a column of several tables counts as read from all of
//! them: too much may be wanted then, never too little.

use super::{Bad, Reading, Result, unknown};
use crate::rules::verb::Verb;

/// Columns that every table has.
const SYSTEM: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// What can be named in one query.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    pub(super) items: Vec<Item>,
    /// All of them can be named from here on. Before that, PostgreSQL may look past some of them.
    pub(super) complete: bool,
}

/// Something with columns.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The name it goes by; none where it has none.
    pub(super) name: Option<String>,
    pub(super) source: Source,
}

/// Where the columns come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A table, by its own name.
    Table(String),
    /// A query, whose own tables are judged where it stands. These are the columns, so far as they have
    /// names; none where the tables are not known.
    Query(Option<Vec<String>>),
}

/// What `WITH` names.
#[derive(Clone, Debug)]
pub(super) struct Cte {
    pub(super) name: String,
    pub(super) columns: Option<Vec<String>>,
}

impl Item {
    pub(super) fn table(name: String, table: &str) -> Self {
        Self {
            name: Some(name),
            source: Source::Table(table.to_owned()),
        }
    }

    pub(super) fn query(name: Option<String>, columns: Option<Vec<String>>) -> Self {
        Self {
            name,
            source: Source::Query(columns),
        }
    }
}

impl Reading<'_> {
    /// Takes note of a table that the statement names.
    pub(super) fn names_table(&mut self, table: &str) -> Result<()> {
        self.named.insert(table.to_owned());
        match self.catalog {
            Some(catalog) if catalog.is_ambiguous(table) => unknown(format!(
                "`{table}`, which has a name or columns that differ from others in capitals only"
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn innermost(&mut self) -> Result<&mut Vec<Item>> {
        match self.levels.last_mut() {
            Some(level) => Ok(&mut level.items),
            None => unknown("a table that is nowhere"),
        }
    }

    /// All tables of the innermost query are known now.
    pub(super) fn complete(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.complete = true;
        }
    }

    /// A name without a dot: a column of every table that has one of that name, or a whole row.
    pub(super) fn reads(&mut self, name: &str) {
        let mut read = Vec::new();
        let mut whole = Vec::new();
        let mut found = false;
        for level in self.levels.iter().rev() {
            for item in &level.items {
                let (is_column, surely) = match &item.source {
                    Source::Table(table) => (self.has(table, name), self.knows(table)),
                    Source::Query(columns) => {
                        let columns = columns.iter().flatten();
                        (columns.into_iter().any(|column| column == name), true)
                    }
                };
                found = found || is_column && surely && level.complete;
                match &item.source {
                    Source::Table(table) if is_column => read.push(table.clone()),
                    Source::Table(table) if item.name.as_deref() == Some(name) => {
                        whole.push(table.clone());
                    }
                    _ => {}
                }
            }
            if found {
                break;
            }
        }
        for table in read {
            self.wants.add(&table, Verb::Select, Some(name));
        }
        // A column comes before a row, in whatever query it is.
        if !found {
            for table in whole {
                self.reads_all(&table);
            }
        }
    }

    /// `from.name`. It has to be a column: where there is none of that name, PostgreSQL would take it for
    /// a call of a function.
    pub(super) fn reads_from(&mut self, from: &str, name: &str) -> Result<()> {
        let named: Vec<Source> = self.named(from);
        if named.is_empty() {
            return self.invalid(format!("there is no `{from}` here"));
        }
        for source in named {
            let good = match &source {
                Source::Table(table) => self.catalog.is_none() || self.has(table, name),
                Source::Query(None) => true,
                Source::Query(Some(columns)) => columns.iter().any(|column| column == name),
            };
            if !good {
                return self.invalid(format!("there is no column `{name}` in `{from}`"));
            }
            if let Source::Table(table) = &source
                && self.catalog.is_some()
            {
                self.wants.add(table, Verb::Select, Some(name));
            }
        }
        Ok(())
    }

    /// `*`, or `from.*`: the names of the columns.
    pub(super) fn reads_star(&mut self, from: Option<&str>) -> Result<Option<Vec<String>>> {
        let sources = match from {
            Some(from) => self.named(from),
            None => {
                let items = self.innermost()?;
                items.iter().map(|item| item.source.clone()).collect()
            }
        };
        if let (Some(from), true) = (from, sources.is_empty()) {
            return self.invalid(format!("there is no `{from}` here"));
        }
        let mut all = Some(Vec::new());
        for source in sources {
            let columns = match &source {
                Source::Table(table) => {
                    self.reads_all(table);
                    self.catalog.map(|_| self.columns(table).to_vec())
                }
                Source::Query(columns) => columns.clone(),
            };
            all = all.zip(columns).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        }
        Ok(all)
    }

    /// Every column of `table`.
    pub(super) fn reads_all(&mut self, table: &str) {
        self.wants.add(table, Verb::Select, None);
        for column in self.columns(table).to_vec() {
            self.wants.add(table, Verb::Select, Some(&column));
        }
    }

    /// Every column of every table of the innermost query.
    pub(super) fn reads_everything(&mut self) -> Result<()> {
        self.reads_star(None).map(|_| ())
    }

    /// Whether `table` has that column. One that is not there may have any.
    fn has(&self, table: &str, column: &str) -> bool {
        let Some(catalog) = self.catalog else {
            return false;
        };
        catalog.table(table).is_none_or(|table| {
            SYSTEM.contains(&column) || table.columns.iter().any(|known| known == column)
        })
    }

    fn columns(&self, table: &str) -> &[String] {
        let table = self.catalog.and_then(|catalog| catalog.table(table));
        table.map_or(&[], |table| &table.columns)
    }

    fn knows(&self, table: &str) -> bool {
        self.catalog
            .is_some_and(|catalog| catalog.table(table).is_some())
    }

    fn named(&self, name: &str) -> Vec<Source> {
        let mut all = Vec::new();
        for level in self.levels.iter().rev() {
            let same = level.items.iter();
            let same = same.filter(|item| item.name.as_deref() == Some(name));
            all.extend(same.map(|item| item.source.clone()));
            if level.complete && !all.is_empty() {
                break;
            }
        }
        all
    }

    /// Reads something in which the tables of one more query can be named.
    pub(super) fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.levels.len() > super::MAX_DEPTH {
            return Err(Bad::TooLarge);
        }
        self.levels.push(Level::default());
        let done = read(self);
        self.levels.pop();
        done
    }
}
