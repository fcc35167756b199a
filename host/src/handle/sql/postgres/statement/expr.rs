//! Expressions: every column in them is read, wherever it stands.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Ident,
    InTarget, Interval, Query, TrimWhereField, TypedString, Value,
};

use super::functions::bare;
use super::types::cast;
use super::words::{binary, constant, unary};
use super::{Reading, Result, none, plain, quoted, unknown};

/// The parts of a time that can be taken out of it.
const FIELDS: [&str; 22] = [
    "century",
    "day",
    "decade",
    "dow",
    "doy",
    "epoch",
    "hour",
    "isodow",
    "isoyear",
    "julian",
    "microseconds",
    "millennium",
    "milliseconds",
    "minute",
    "month",
    "quarter",
    "second",
    "timezone",
    "timezone_hour",
    "timezone_minute",
    "week",
    "year",
];

impl Reading<'_> {
    /// An expression as it is sent.
    pub(super) fn expr(&mut self, expr: &Expr) -> Result<String> {
        use Expr as E;
        match expr {
            E::Identifier(ident) => self.identifier(ident),
            E::CompoundIdentifier(parts) => self.compound(parts),
            E::Value(value) => constant(&value.value),
            E::Nested(inner) => Ok(format!("({})", self.expr(inner)?)),
            E::IsFalse(inner) => self.after(inner, "IS FALSE"),
            E::IsNotFalse(inner) => self.after(inner, "IS NOT FALSE"),
            E::IsTrue(inner) => self.after(inner, "IS TRUE"),
            E::IsNotTrue(inner) => self.after(inner, "IS NOT TRUE"),
            E::IsNull(inner) => self.after(inner, "IS NULL"),
            E::IsNotNull(inner) => self.after(inner, "IS NOT NULL"),
            E::IsUnknown(inner) => self.after(inner, "IS UNKNOWN"),
            E::IsNotUnknown(inner) => self.after(inner, "IS NOT UNKNOWN"),
            E::IsDistinctFrom(left, right) => self.between(left, "IS DISTINCT FROM", right),
            E::IsNotDistinctFrom(left, right) => self.between(left, "IS NOT DISTINCT FROM", right),
            E::BinaryOp { left, op, right } => self.between(left, binary(op)?, right),
            E::UnaryOp { op, expr } => Ok(format!("({} {})", unary(op)?, self.expr(expr)?)),
            E::In {
                expr,
                target,
                negated,
                global: false,
            } => self.is_in(expr, target, *negated),
            E::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let (expr, low, high) = (self.expr(expr)?, self.expr(low)?, self.expr(high)?);
                Ok(format!(
                    "({expr} {}BETWEEN {low} AND {high})",
                    not(*negated)
                ))
            }
            E::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => self.like(expr, *negated, "LIKE", pattern, escape_char.as_deref()),
            E::ILike {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => self.like(expr, *negated, "ILIKE", pattern, escape_char.as_deref()),
            E::SimilarTo {
                negated,
                expr,
                pattern,
                escape_char,
            } => self.like(
                expr,
                *negated,
                "SIMILAR TO",
                pattern,
                escape_char.as_deref(),
            ),
            E::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            } => self.compare_each(left, compare_op, "ANY", right),
            E::AllOp {
                left,
                compare_op,
                right,
            } => self.compare_each(left, compare_op, "ALL", right),
            E::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
            } => {
                let expr = self.expr(expr)?;
                Ok(format!("CAST({expr} AS {})", cast(data_type)?))
            }
            E::TypedString(TypedString {
                data_type,
                value,
                uses_odbc_syntax: false,
            }) => self.typed(data_type, &value.value),
            E::Interval(Interval {
                value,
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            }) => Ok(format!(
                "CAST({} AS pg_catalog.interval)",
                self.expr(value)?
            )),
            E::AtTimeZone {
                timestamp,
                time_zone,
            } => self.between(timestamp, "AT TIME ZONE", time_zone),
            E::Extract {
                field,
                syntax: _,
                expr,
            } => {
                let field = field.to_string().to_lowercase();
                none(!FIELDS.contains(&field.as_str()), "that part of a time")?;
                Ok(format!("EXTRACT({field} FROM {})", self.expr(expr)?))
            }
            E::Ceil { expr, field } => self.rounded("ceil", expr, field),
            E::Floor { expr, field } => self.rounded("floor", expr, field),
            E::Position { expr, r#in } => {
                let (what, place) = (self.expr(expr)?, self.expr(r#in)?);
                Ok(format!("POSITION(({what}) IN ({place}))"))
            }
            E::Substring {
                expr,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => {
                let mut text = format!("SUBSTRING({}", self.expr(expr)?);
                for (word, part) in [("FROM", substring_from), ("FOR", substring_for)] {
                    if let Some(part) = part {
                        text.push_str(&format!(" {word} {}", self.expr(part)?));
                    }
                }
                Ok(text + ")")
            }
            E::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters: None,
            } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "btrim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let mut text = format!("pg_catalog.{name}({}", self.expr(expr)?);
                if let Some(what) = trim_what {
                    text.push_str(&format!(", {}", self.expr(what)?));
                }
                Ok(text + ")")
            }
            E::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                let (expr, what) = (self.expr(expr)?, self.expr(overlay_what)?);
                let from = self.expr(overlay_from)?;
                let mut text = format!("OVERLAY({expr} PLACING {what} FROM {from}");
                if let Some(length) = overlay_for {
                    text.push_str(&format!(" FOR {}", self.expr(length)?));
                }
                Ok(text + ")")
            }
            E::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            E::Exists { subquery, negated } => Ok(format!(
                "({}EXISTS {})",
                not(*negated),
                self.subquery(subquery)?
            )),
            E::Subquery(query) => self.subquery(query),
            E::Tuple(values) => Ok(format!("ROW({})", self.list(values)?)),
            E::Array(array) if array.named => Ok(format!("ARRAY[{}]", self.list(&array.elem)?)),
            E::Function(function) => self.function(function),
            other => unknown(format!(
                "`{}`",
                crate::base::text::shorten(&other.to_string(), 80)
            )),
        }
    }

    /// Several expressions with commas between them.
    pub(super) fn list(&mut self, all: &[Expr]) -> Result<String> {
        let all = all.iter().map(|one| self.expr(one));
        Ok(all.collect::<Result<Vec<_>>>()?.join(", "))
    }

    fn identifier(&mut self, ident: &Ident) -> Result<String> {
        let name = plain(ident)?;
        if ident.quote_style.is_none()
            && let Some(bare) = bare(&name)
        {
            return Ok(bare);
        }
        self.reads(&name);
        Ok(quoted(&name))
    }

    fn compound(&mut self, parts: &[Ident]) -> Result<String> {
        let names = parts.iter().map(plain).collect::<Result<Vec<_>>>()?;
        let (from, name) = match names.as_slice() {
            [from, name] => (from, name),
            [schema, from, name] if schema == self.schema => (from, name),
            _ => return unknown("a name with that many dots"),
        };
        self.reads_from(from, name)?;
        Ok(format!("{}.{}", quoted(from), quoted(name)))
    }

    fn after(&mut self, inner: &Expr, words: &str) -> Result<String> {
        Ok(format!("({} {words})", self.expr(inner)?))
    }

    fn between(&mut self, left: &Expr, words: &str, right: &Expr) -> Result<String> {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        Ok(format!("({left} {words} {right})"))
    }

    pub(super) fn subquery(&mut self, query: &Query) -> Result<String> {
        Ok(format!("({})", self.query(query)?.text))
    }

    fn is_in(&mut self, expr: &Expr, target: &InTarget, negated: bool) -> Result<String> {
        let expr = self.expr(expr)?;
        let target = match target {
            InTarget::List(list) => format!("({})", self.list(list)?),
            InTarget::Subquery(query) => self.subquery(query)?,
            _ => return unknown("what `IN` looks into"),
        };
        Ok(format!("({expr} {}IN {target})", not(negated)))
    }

    fn like(
        &mut self,
        expr: &Expr,
        negated: bool,
        word: &str,
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Result<String> {
        let (expr, pattern) = (self.expr(expr)?, self.expr(pattern)?);
        let escape = match escape {
            Some(escape) => format!(" ESCAPE {}", self.expr(escape)?),
            None => String::new(),
        };
        Ok(format!("({expr} {}{word} {pattern}{escape})", not(negated)))
    }

    fn compare_each(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        word: &str,
        right: &Expr,
    ) -> Result<String> {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        Ok(format!("({left} {} {word} ({right}))", binary(op)?))
    }

    fn typed(&mut self, kind: &DataType, value: &Value) -> Result<String> {
        Ok(format!("CAST({} AS {})", constant(value)?, cast(kind)?))
    }

    fn rounded(&mut self, name: &str, expr: &Expr, field: &CeilFloorKind) -> Result<String> {
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {
                Ok(format!("pg_catalog.{name}({})", self.expr(expr)?))
            }
            _ => unknown(format!("`{name}` to a part")),
        }
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<String> {
        let mut text = "(CASE".to_owned();
        if let Some(operand) = operand {
            text.push_str(&format!(" {}", self.expr(operand)?));
        }
        for CaseWhen { condition, result } in conditions {
            let (when, then) = (self.expr(condition)?, self.expr(result)?);
            text.push_str(&format!(" WHEN {when} THEN {then}"));
        }
        if let Some(otherwise) = otherwise {
            text.push_str(&format!(" ELSE {}", self.expr(otherwise)?));
        }
        Ok(text + " END)")
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}
