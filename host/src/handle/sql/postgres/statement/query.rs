//! Queries.

use sqlparser::ast::{
    Cte as CteQuery, CteAsMaterialized, Distinct, Expr, Fetch, GroupByExpr, LimitClause, Offset,
    OrderBy, OrderByKind, Query, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, SetOperator, SetQuantifier, Statement, Values, WildcardAdditionalOptions, With,
};

use super::from::{column_list, renamed_columns};
use super::scope::Cte;
use super::{Reading, Result, none, plain, quoted, unknown};

/// A query that was understood.
pub(super) struct Part {
    /// As it is sent.
    pub(super) text: String,
    /// The names of its columns, so far as they have any; none where the tables are not known.
    pub(super) columns: Option<Vec<String>>,
}

impl Reading<'_> {
    pub(super) fn query(&mut self, query: &Query) -> Result<Part> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        none(
            !locks.is_empty(),
            "`FOR UPDATE` and the like: they lock rows",
        )?;
        let other = for_clause.is_some() || settings.is_some() || format_clause.is_some();
        none(
            other || !pipe_operators.is_empty(),
            "what follows the query",
        )?;
        let known = self.ctes.len();
        let with = match with {
            Some(with) => self.with(with)?,
            None => String::new(),
        };
        let changes = matches!(
            **body,
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_)
        );
        let rest = order_by.is_some() || limit_clause.is_some() || fetch.is_some();
        none(changes && rest, "what follows the statement")?;
        let part = match &**body {
            SetExpr::Select(select) => self.select(select, order_by.as_ref())?,
            other => {
                let mut part = self.set(other)?;
                if let Some(order) = order_by {
                    // Here only the names and numbers of what comes out can stand.
                    part.text
                        .push_str(&self.within(|this| this.order_by(order))?);
                }
                part
            }
        };
        let limit = self.limit(limit_clause.as_ref(), fetch.as_ref())?;
        self.ctes.truncate(known);
        Ok(Part {
            text: format!("{with}{}{limit}", part.text),
            columns: part.columns,
        })
    }

    fn with(&mut self, with: &With) -> Result<String> {
        let With {
            with_token: _,
            recursive,
            cte_tables,
        } = with;
        let mut shown = Vec::new();
        for cte in cte_tables {
            let CteQuery {
                alias,
                query,
                from,
                materialized,
                closing_paren_token: _,
            } = cte;
            none(from.is_some(), "`FROM` of a `WITH`")?;
            let (name, renamed) = self.alias(alias)?;
            let own = Cte {
                name: name.clone(),
                columns: Some(renamed.clone()),
            };
            if *recursive {
                if renamed.is_empty() {
                    let text = "name the columns: `WITH RECURSIVE name(column, …)`";
                    return self.invalid(text.to_owned());
                }
                self.ctes.push(own);
            }
            let part = self.query(query)?;
            if !*recursive {
                self.ctes.push(Cte {
                    name: name.clone(),
                    columns: renamed_columns(&renamed, part.columns),
                });
            }
            let materialized = match materialized {
                None => "",
                Some(CteAsMaterialized::Materialized) => "MATERIALIZED ",
                Some(CteAsMaterialized::NotMaterialized) => "NOT MATERIALIZED ",
            };
            let columns = column_list(&renamed);
            shown.push(format!(
                "{}{columns} AS {materialized}({})",
                quoted(&name),
                part.text
            ));
        }
        let recursive = if *recursive { "RECURSIVE " } else { "" };
        Ok(format!("WITH {recursive}{} ", shown.join(", ")))
    }

    fn set(&mut self, body: &SetExpr) -> Result<Part> {
        match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => {
                let part = self.query(query)?;
                Ok(Part {
                    text: format!("({})", part.text),
                    columns: part.columns,
                })
            }
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let op = match op {
                    SetOperator::Union => "UNION",
                    SetOperator::Except => "EXCEPT",
                    SetOperator::Intersect => "INTERSECT",
                    SetOperator::Minus => return unknown("`MINUS`"),
                };
                let quantifier = match set_quantifier {
                    SetQuantifier::None | SetQuantifier::Distinct => "",
                    SetQuantifier::All => " ALL",
                    _ => return unknown("`BY NAME`"),
                };
                let (left, right) = (self.set(left)?, self.set(right)?);
                Ok(Part {
                    text: format!("({}) {op}{quantifier} ({})", left.text, right.text),
                    columns: left.columns,
                })
            }
            SetExpr::Values(values) => self.values(values, false),
            SetExpr::Insert(Statement::Insert(insert)) => self.insert(insert),
            SetExpr::Update(Statement::Update(update)) => self.update(update),
            SetExpr::Delete(Statement::Delete(delete)) => self.delete(delete),
            _ => unknown("a query of that kind"),
        }
    }

    /// `VALUES`; `DEFAULT` may stand for one where it is `for_insert`.
    pub(super) fn values(&mut self, values: &Values, for_insert: bool) -> Result<Part> {
        let Values {
            explicit_row,
            value_keyword,
            rows,
        } = values;
        none(*explicit_row || *value_keyword, "`VALUES` of another kind")?;
        let mut shown = Vec::new();
        let mut width = 0;
        for row in rows {
            let row = &row.content;
            width = row.len();
            let each = row.iter().map(|value| match value {
                Expr::Identifier(_) if for_insert => self.value_or_default(value),
                value => self.expr(value),
            });
            shown.push(format!(
                "({})",
                each.collect::<Result<Vec<_>>>()?.join(", ")
            ));
        }
        Ok(Part {
            text: format!("VALUES {}", shown.join(", ")),
            columns: Some((1..=width).map(|at| format!("column{at}")).collect()),
        })
    }

    fn select(&mut self, select: &Select, order: Option<&OrderBy>) -> Result<Part> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        none(into.is_some(), "`SELECT … INTO`, which makes a table")?;
        none(!named_window.is_empty(), "a window with a name")?;
        let other = !optimizer_hints.is_empty()
            || select_modifiers.is_some()
            || top.is_some()
            || exclude.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != SelectFlavor::Standard;
        none(other, "what is in the `SELECT`")?;
        self.within(|this| {
            let mut rest = String::new();
            if !from.is_empty() {
                rest.push_str(&format!(" FROM {}", this.from(from)?));
            }
            this.complete();
            if let Some(selection) = selection {
                rest.push_str(&format!(" WHERE {}", this.expr(selection)?));
            }
            match group_by {
                GroupByExpr::Expressions(all, modifiers) if modifiers.is_empty() => {
                    if !all.is_empty() {
                        rest.push_str(&format!(" GROUP BY {}", this.list(all)?));
                    }
                }
                _ => return unknown("`GROUP BY` of that kind"),
            }
            if let Some(having) = having {
                rest.push_str(&format!(" HAVING {}", this.expr(having)?));
            }
            let distinct = match distinct {
                None => String::new(),
                Some(Distinct::All) => "ALL ".to_owned(),
                Some(Distinct::Distinct) => "DISTINCT ".to_owned(),
                Some(Distinct::On(all)) => format!("DISTINCT ON ({}) ", this.list(all)?),
            };
            let (shown, columns) = this.items_of(projection)?;
            if let Some(order) = order {
                rest.push_str(&this.order_by(order)?);
            }
            Ok(Part {
                text: format!("SELECT {distinct}{shown}{rest}"),
                columns,
            })
        })
    }

    /// What comes out of a query, or of `RETURNING`.
    pub(super) fn items_of(
        &mut self,
        items: &[SelectItem],
    ) -> Result<(String, Option<Vec<String>>)> {
        let mut shown = Vec::new();
        let mut columns = Some(Vec::new());
        for item in items {
            let (text, more) = match item {
                SelectItem::UnnamedExpr(expr) => {
                    let text = self.expr(expr)?;
                    (text, Some(Vec::from_iter(name_of(expr))))
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let alias = plain(alias)?;
                    let text = format!("{} AS {}", self.expr(expr)?, quoted(&alias));
                    (text, Some(vec![alias]))
                }
                SelectItem::Wildcard(options) => {
                    bare_star(options)?;
                    ("*".to_owned(), self.reads_star(None)?)
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(from),
                    options,
                ) => {
                    bare_star(options)?;
                    let from = match super::parts(from)?.as_slice() {
                        [from] => from.clone(),
                        [schema, from] if schema == self.schema => from.clone(),
                        _ => return unknown("a name with that many dots"),
                    };
                    (
                        format!("{}.*", quoted(&from)),
                        self.reads_star(Some(&from))?,
                    )
                }
                _ => return unknown("what is selected: `(…).*` and the like"),
            };
            shown.push(text);
            columns = columns.zip(more).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        }
        Ok((shown.join(", "), columns))
    }

    fn order_by(&mut self, order: &OrderBy) -> Result<String> {
        let OrderBy { kind, interpolate } = order;
        none(interpolate.is_some(), "`INTERPOLATE`")?;
        match kind {
            OrderByKind::Expressions(all) => Ok(format!(" ORDER BY {}", self.order(all)?)),
            OrderByKind::All(_) => unknown("`ORDER BY ALL`"),
        }
    }

    fn limit(&mut self, limit: Option<&LimitClause>, fetch: Option<&Fetch>) -> Result<String> {
        let mut text = String::new();
        match limit {
            None => {}
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) if limit_by.is_empty() => {
                none(limit.is_some() && fetch.is_some(), "two limits")?;
                if let Some(limit) = limit {
                    text.push_str(&format!(" LIMIT ({})", self.expr(limit)?));
                }
                if let Some(Offset { value, rows: _ }) = offset {
                    text.push_str(&format!(" OFFSET ({})", self.expr(value)?));
                }
            }
            Some(_) => return unknown("a limit of that kind"),
        }
        if let Some(Fetch {
            with_ties,
            percent,
            quantity,
        }) = fetch
        {
            none(*with_ties || *percent, "`FETCH` of that kind")?;
            let limit = match quantity {
                Some(limit) => self.expr(limit)?,
                None => "1".to_owned(),
            };
            text.push_str(&format!(" LIMIT ({limit})"));
        }
        Ok(text)
    }
}

fn bare_star(options: &WildcardAdditionalOptions) -> Result<()> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let more = opt_ilike.is_some()
        || opt_exclude.is_some()
        || opt_except.is_some()
        || opt_replace.is_some()
        || opt_rename.is_some()
        || opt_alias.is_some();
    none(more, "what follows `*`")
}

/// The name that PostgreSQL gives to what has none; where that takes more to tell, none.
fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => plain(ident).ok(),
        Expr::CompoundIdentifier(parts) => plain(parts.last()?).ok(),
        Expr::Nested(inner) => name_of(inner),
        Expr::Function(function) => super::parts(&function.name).ok()?.pop(),
        _ => None,
    }
}
