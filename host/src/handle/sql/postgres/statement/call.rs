//! Calls of functions, and what comes along with them.

use sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, OrderByExpr, OrderByOptions, OrderBySort, WindowFrame,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::functions::{bare, called};
use super::{Reading, Result, none, unknown};

impl Reading<'_> {
    /// A call of a function, if it is one of those that may be called.
    pub(super) fn function(&mut self, function: &Function) -> Result<String> {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        none(*uses_odbc_syntax, "`{fn …}`")?;
        none(
            *parameters != FunctionArguments::None,
            "parameters of a function",
        )?;
        none(null_treatment.is_some(), "`RESPECT NULLS`")?;
        let parts = super::parts(name)?;
        let known = match parts.as_slice() {
            [name] => name,
            [schema, name] if schema == "pg_catalog" => name,
            _ => return unknown(format!("function `{name}`")),
        };
        if *args == FunctionArguments::None
            && let Some(bare) = bare(known)
        {
            return Ok(bare);
        }
        let Some(called) = called(known) else {
            return unknown(format!("function `{known}`"));
        };
        let FunctionArguments::List(args) = args else {
            return unknown(format!("what `{known}` is called with"));
        };
        let mut text = format!("{called}({})", self.arguments(args, known)?);
        if !within_group.is_empty() {
            let order = self.order(within_group)?;
            text.push_str(&format!(" WITHIN GROUP (ORDER BY {order})"));
        }
        if let Some(filter) = filter {
            text.push_str(&format!(" FILTER (WHERE {})", self.expr(filter)?));
        }
        match over {
            None => {}
            Some(WindowType::WindowSpec(spec)) => {
                text.push_str(&format!(" OVER ({})", self.window(spec)?));
            }
            Some(WindowType::NamedWindow(_)) => return unknown("a window with a name"),
        }
        Ok(text)
    }

    fn arguments(&mut self, list: &FunctionArgumentList, name: &str) -> Result<String> {
        let FunctionArgumentList {
            duplicate_treatment,
            args,
            clauses,
        } = list;
        let mut text = match duplicate_treatment {
            None => "",
            Some(DuplicateTreatment::All) => "ALL ",
            Some(DuplicateTreatment::Distinct) => "DISTINCT ",
        }
        .to_owned();
        let mut shown = Vec::new();
        for arg in args {
            shown.push(match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr)?,
                // Counts rows, and reads none of their columns.
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {
                    "*".to_owned()
                }
                _ => return unknown(format!("what `{name}` is called with")),
            });
        }
        text.push_str(&shown.join(", "));
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(order) => {
                    text.push_str(&format!(" ORDER BY {}", self.order(order)?));
                }
                _ => return unknown(format!("what `{name}` is called with")),
            }
        }
        Ok(text)
    }

    fn window(&mut self, spec: &WindowSpec) -> Result<String> {
        let WindowSpec {
            window_name,
            partition_by,
            order_by,
            window_frame,
        } = spec;
        none(window_name.is_some(), "a window with a name")?;
        let mut text = Vec::new();
        if !partition_by.is_empty() {
            text.push(format!("PARTITION BY {}", self.list(partition_by)?));
        }
        if !order_by.is_empty() {
            text.push(format!("ORDER BY {}", self.order(order_by)?));
        }
        if let Some(WindowFrame {
            units,
            start_bound,
            end_bound,
        }) = window_frame
        {
            let units = match units {
                WindowFrameUnits::Rows => "ROWS",
                WindowFrameUnits::Range => "RANGE",
                WindowFrameUnits::Groups => "GROUPS",
            };
            let start = self.bound(start_bound)?;
            text.push(match end_bound {
                None => format!("{units} {start}"),
                Some(end) => format!("{units} BETWEEN {start} AND {}", self.bound(end)?),
            });
        }
        Ok(text.join(" "))
    }

    fn bound(&mut self, bound: &WindowFrameBound) -> Result<String> {
        let (distance, word) = match bound {
            WindowFrameBound::CurrentRow => return Ok("CURRENT ROW".to_owned()),
            WindowFrameBound::Preceding(distance) => (distance, "PRECEDING"),
            WindowFrameBound::Following(distance) => (distance, "FOLLOWING"),
        };
        Ok(match distance {
            None => format!("UNBOUNDED {word}"),
            Some(distance) => format!("{} {word}", self.expr(distance)?),
        })
    }

    /// What rows are put in order by.
    pub(super) fn order(&mut self, all: &[OrderByExpr]) -> Result<String> {
        let mut shown = Vec::new();
        for OrderByExpr {
            expr,
            options: OrderByOptions { sort, nulls_first },
            with_fill,
        } in all
        {
            none(with_fill.is_some(), "`WITH FILL`")?;
            let sort = match sort {
                None => "",
                Some(OrderBySort::Asc) => " ASC",
                Some(OrderBySort::Desc) => " DESC",
                Some(OrderBySort::Using(_)) => return unknown("`ORDER BY … USING`"),
            };
            let nulls = match nulls_first {
                None => "",
                Some(true) => " NULLS FIRST",
                Some(false) => " NULLS LAST",
            };
            shown.push(format!("{}{sort}{nulls}", self.expr(expr)?));
        }
        Ok(shown.join(", "))
    }
}
