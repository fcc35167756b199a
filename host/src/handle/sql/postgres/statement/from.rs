//! What stands after `FROM`.

use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, TableAlias, TableAliasColumnDef, TableFactor,
    TableWithJoins,
};

use super::scope::Item;
use super::{Reading, Result, none, plain, quoted, single, unknown};
use crate::rules::verb::Verb;

impl Reading<'_> {
    /// The tables after `FROM`.
    pub(super) fn from(&mut self, all: &[TableWithJoins]) -> Result<String> {
        let all = all.iter().map(|one| self.joined(one));
        Ok(all.collect::<Result<Vec<_>>>()?.join(", "))
    }

    fn joined(&mut self, table: &TableWithJoins) -> Result<String> {
        let TableWithJoins { relation, joins } = table;
        let mut text = self.factor(relation)?;
        for Join {
            relation,
            global,
            join_operator,
        } in joins
        {
            none(*global, "`GLOBAL JOIN`")?;
            let (words, constraint) = match join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) => ("JOIN", on),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("LEFT JOIN", on),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT JOIN", on),
                JoinOperator::FullOuter(on) => ("FULL JOIN", on),
                JoinOperator::CrossJoin(on) => ("CROSS JOIN", on),
                _ => return unknown("a join of that kind"),
            };
            let relation = self.factor(relation)?;
            text = match constraint {
                JoinConstraint::None => format!("{text} {words} {relation}"),
                JoinConstraint::On(on) => {
                    format!("{text} {words} {relation} ON {}", self.expr(on)?)
                }
                JoinConstraint::Using(columns) => {
                    let columns = columns.iter().map(single).collect::<Result<Vec<_>>>()?;
                    for column in &columns {
                        self.reads(column);
                    }
                    format!("{text} {words} {relation} USING {}", column_list(&columns))
                }
                JoinConstraint::Natural => {
                    // Whatever the tables have in common.
                    self.reads_everything()?;
                    format!("{text} NATURAL {words} {relation}")
                }
                JoinConstraint::UsingAlias(..) => return unknown("`USING (…) AS`"),
            };
        }
        Ok(text)
    }

    fn factor(&mut self, factor: &TableFactor) -> Result<String> {
        match factor {
            TableFactor::Table {
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
            } if with_hints.is_empty() && partitions.is_empty() && index_directives.is_empty() => {
                let alias = alias.as_ref().map(|alias| self.alias(alias)).transpose()?;
                let cte = match super::parts(name)?.as_slice() {
                    [name] => self
                        .ctes
                        .iter()
                        .rev()
                        .find(|cte| cte.name == *name)
                        .cloned(),
                    _ => None,
                };
                if let Some(cte) = cte {
                    let (shown, renamed) = alias.unwrap_or((cte.name.clone(), Vec::new()));
                    let columns = renamed_columns(&renamed, cte.columns);
                    self.innermost()?
                        .push(Item::query(Some(shown.clone()), columns));
                    let renamed = column_list(&renamed);
                    return Ok(format!(
                        "{} AS {}{renamed}",
                        quoted(&cte.name),
                        quoted(&shown)
                    ));
                }
                let table = self.table_name(name)?;
                let (shown, renamed) = alias.unwrap_or((table.clone(), Vec::new()));
                none(!renamed.is_empty(), "new names for a table's columns")?;
                self.names_table(&table)?;
                self.wants.add(&table, Verb::Select, None);
                self.innermost()?.push(Item::table(shown.clone(), &table));
                Ok(format!("{} AS {}", self.full(&table), quoted(&shown)))
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample: None,
            } => {
                let part = self.query(subquery)?;
                let lateral = if *lateral { "LATERAL " } else { "" };
                let Some(alias) = alias else {
                    self.innermost()?.push(Item::query(None, part.columns));
                    return Ok(format!("{lateral}({})", part.text));
                };
                let (name, renamed) = self.alias(alias)?;
                let columns = renamed_columns(&renamed, part.columns);
                self.innermost()?
                    .push(Item::query(Some(name.clone()), columns));
                let renamed = column_list(&renamed);
                Ok(format!(
                    "{lateral}({}) AS {}{renamed}",
                    part.text,
                    quoted(&name)
                ))
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => Ok(format!("({})", self.joined(table_with_joins)?)),
            _ => unknown("rows that are none of a table: of a function, a sample, and the like"),
        }
    }

    /// The name of something after `AS`, and those of its columns.
    pub(super) fn alias(&self, alias: &TableAlias) -> Result<(String, Vec<String>)> {
        let TableAlias {
            explicit: _,
            name,
            columns,
            at,
        } = alias;
        none(at.is_some(), "`AT` of a table")?;
        let columns = columns
            .iter()
            .map(|TableAliasColumnDef { name, data_type }| {
                none(data_type.is_some(), "types of a table's columns")?;
                plain(name)
            });
        Ok((plain(name)?, columns.collect::<Result<_>>()?))
    }
}

/// The names of the columns, where new ones are given. Of those that the new ones do not reach nothing is
/// known then: a name that is none would be taken for a call of a function.
pub(super) fn renamed_columns(
    renamed: &[String],
    columns: Option<Vec<String>>,
) -> Option<Vec<String>> {
    if renamed.is_empty() {
        columns
    } else {
        Some(renamed.to_vec())
    }
}

/// Names in parentheses; nothing where there are none.
pub(super) fn column_list(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("({})", names.join(", "))
}
