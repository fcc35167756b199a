//! Statements that change rows.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, DoUpdate, Expr, FromTable, Insert,
    OnConflict, OnConflictAction, OnInsert, SelectItem, SetExpr, TableAliasWithoutColumns,
    TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

use super::query::Part;
use super::scope::Item;
use super::{Reading, Result, none, plain, quoted, single, unknown};
use crate::rules::verb::Verb;

impl Reading<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) -> Result<Part> {
        let Insert {
            insert_token: _,
            optimizer_hints,
            or,
            ignore,
            into,
            table,
            table_alias,
            columns,
            by_name,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            overriding,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        let other = !optimizer_hints.is_empty()
            || or.is_some()
            || *ignore
            || !*into
            || *by_name
            || *overwrite
            || !assignments.is_empty()
            || partitioned.is_some()
            || !after_columns.is_empty()
            || overriding.is_some()
            || *has_table_keyword
            || output.is_some()
            || *replace_into
            || priority.is_some()
            || insert_alias.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || multi_table_insert_type.is_some()
            || !multi_table_into_clauses.is_empty()
            || !multi_table_when_clauses.is_empty()
            || multi_table_else_clause.is_some();
        none(other, "what is in the `INSERT`")?;
        let TableObject::TableName(table) = table else {
            return unknown("an `INSERT` into no table");
        };
        let table = self.table_name(table)?;
        self.names_table(&table)?;
        self.wants.add(&table, Verb::Insert, None);
        let name = match table_alias {
            None => table.clone(),
            Some(TableAliasWithoutColumns { explicit: _, alias }) => plain(alias)?,
        };
        let mut text = format!("INSERT INTO {} AS {}", self.full(&table), quoted(&name));
        if !columns.is_empty() {
            let columns = columns.iter().map(|column| Ok(quoted(&single(column)?)));
            text.push_str(&format!(
                " ({})",
                columns.collect::<Result<Vec<_>>>()?.join(", ")
            ));
        }
        match source {
            None => text.push_str(" DEFAULT VALUES"),
            Some(query) => {
                let is_plain = query.with.is_none()
                    && query.order_by.is_none()
                    && query.limit_clause.is_none()
                    && query.fetch.is_none()
                    && query.locks.is_empty();
                let part = match &*query.body {
                    SetExpr::Values(values) if is_plain => self.values(values, true)?,
                    _ => self.query(query)?,
                };
                text.push_str(&format!(" {}", part.text));
            }
        }
        let returned = self.within(|this| {
            this.innermost()?.push(Item::table(name, &table));
            this.complete();
            match on {
                None => {}
                Some(OnInsert::OnConflict(conflict)) => {
                    text.push_str(&this.on_conflict(&table, conflict)?);
                }
                Some(_) => return unknown("`ON DUPLICATE KEY`"),
            }
            this.returning(returning.as_deref())
        })?;
        Ok(returned.after(text))
    }

    fn on_conflict(&mut self, table: &str, conflict: &OnConflict) -> Result<String> {
        let OnConflict {
            conflict_target,
            action,
        } = conflict;
        let mut text = " ON CONFLICT".to_owned();
        match conflict_target {
            None => {}
            Some(ConflictTarget::Columns { columns, predicate }) => {
                let columns = columns.iter().map(plain).collect::<Result<Vec<_>>>()?;
                for column in &columns {
                    // Whether there is such a row is told by it.
                    self.reads(column);
                }
                let shown: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
                text.push_str(&format!(" ({})", shown.join(", ")));
                if let Some(predicate) = predicate {
                    text.push_str(&format!(" WHERE {}", self.expr(predicate)?));
                }
            }
            Some(ConflictTarget::OnConstraint(_)) => {
                return unknown("`ON CONFLICT ON CONSTRAINT`: name the columns");
            }
        }
        match action {
            OnConflictAction::DoNothing => text.push_str(" DO NOTHING"),
            OnConflictAction::DoUpdate(DoUpdate {
                assignments,
                selection,
            }) => {
                // What would have been inserted, with the table's columns.
                let columns = self.catalog.map(|catalog| {
                    let table = catalog.table(table);
                    table.map(|table| table.columns.clone()).unwrap_or_default()
                });
                let excluded = Item::query(Some("excluded".to_owned()), columns);
                self.innermost()?.push(excluded);
                text.push_str(" DO UPDATE SET ");
                text.push_str(&self.assignments(table, assignments)?);
                if let Some(selection) = selection {
                    text.push_str(&format!(" WHERE {}", self.expr(selection)?));
                }
                self.innermost()?.pop();
            }
        }
        Ok(text)
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<Part> {
        let Update {
            update_token: _,
            optimizer_hints,
            table,
            on_cluster,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
            settings,
        } = update;
        let other = !optimizer_hints.is_empty()
            || on_cluster.is_some()
            || output.is_some()
            || or.is_some()
            || !order_by.is_empty()
            || limit.is_some()
            || settings.is_some();
        none(other, "what is in the `UPDATE`")?;
        self.within(|this| {
            let (table, shown) = this.target(table, Verb::Update)?;
            let mut text = format!("UPDATE {shown}");
            let from = match from {
                None => String::new(),
                Some(UpdateTableFromKind::AfterSet(from)) => {
                    format!(" FROM {}", this.from(from)?)
                }
                Some(UpdateTableFromKind::BeforeSet(_)) => {
                    return unknown("`FROM` before `SET`");
                }
            };
            this.complete();
            text.push_str(&format!(
                " SET {}{from}",
                this.assignments(&table, assignments)?
            ));
            if let Some(selection) = selection {
                text.push_str(&format!(" WHERE {}", this.expr(selection)?));
            }
            Ok(this.returning(returning.as_deref())?.after(text))
        })
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> Result<Part> {
        let Delete {
            delete_token: _,
            optimizer_hints,
            tables,
            from,
            on_cluster,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
            settings,
        } = delete;
        let other = !optimizer_hints.is_empty()
            || !tables.is_empty()
            || on_cluster.is_some()
            || output.is_some()
            || !order_by.is_empty()
            || limit.is_some()
            || settings.is_some();
        none(other, "what is in the `DELETE`")?;
        let FromTable::WithFromKeyword(from) = from else {
            return unknown("a `DELETE` without `FROM`");
        };
        let [table] = from.as_slice() else {
            return unknown("a `DELETE` from several tables");
        };
        self.within(|this| {
            let (_, shown) = this.target(table, Verb::Delete)?;
            let mut text = format!("DELETE FROM {shown}");
            if let Some(using) = using {
                text.push_str(&format!(" USING {}", this.from(using)?));
            }
            this.complete();
            if let Some(selection) = selection {
                text.push_str(&format!(" WHERE {}", this.expr(selection)?));
            }
            Ok(this.returning(returning.as_deref())?.after(text))
        })
    }

    /// The table that is changed: its name, and how it is sent.
    fn target(&mut self, target: &TableWithJoins, verb: Verb) -> Result<(String, String)> {
        let TableWithJoins { relation, joins } = target;
        none(!joins.is_empty(), "a change of joined tables")?;
        let TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints,
            version: None,
            with_ordinality: false,
            partitions,
            json_path: None,
            sample: None,
            index_directives,
            inheritance: None,
        } = relation
        else {
            return unknown("a change of what is no table");
        };
        let other =
            !with_hints.is_empty() || !partitions.is_empty() || !index_directives.is_empty();
        none(other, "what follows the table")?;
        let table = self.table_name(name)?;
        self.names_table(&table)?;
        self.wants.add(&table, verb, None);
        let shown = match alias {
            None => table.clone(),
            Some(alias) => {
                none(
                    !alias.columns.is_empty() || alias.at.is_some(),
                    "new names for columns",
                )?;
                plain(&alias.name)?
            }
        };
        self.innermost()?.push(Item::table(shown.clone(), &table));
        let text = format!("{} AS {}", self.full(&table), quoted(&shown));
        Ok((table, text))
    }

    fn assignments(&mut self, table: &str, all: &[Assignment]) -> Result<String> {
        let mut shown = Vec::new();
        for Assignment { target, value } in all {
            let AssignmentTarget::ColumnName(column) = target else {
                return unknown("`SET (…) = …`: set the columns one by one");
            };
            let column = single(column)?;
            self.wants.add(table, Verb::Update, Some(&column));
            let value = self.value_or_default(value)?;
            shown.push(format!("{} = {value}", quoted(&column)));
        }
        Ok(shown.join(", "))
    }

    /// A new value; `DEFAULT` is a word there, and no column.
    pub(super) fn value_or_default(&mut self, value: &Expr) -> Result<String> {
        match value {
            Expr::Identifier(ident)
                if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default") =>
            {
                Ok("DEFAULT".to_owned())
            }
            value => self.expr(value),
        }
    }

    fn returning(&mut self, items: Option<&[SelectItem]>) -> Result<Part> {
        let Some(items) = items else {
            return Ok(Part {
                text: String::new(),
                columns: Some(Vec::new()),
            });
        };
        let (shown, columns) = self.items_of(items)?;
        Ok(Part {
            text: format!(" RETURNING {shown}"),
            columns,
        })
    }
}

impl Part {
    fn after(self, text: String) -> Self {
        Self {
            text: text + &self.text,
            columns: self.columns,
        }
    }
}
