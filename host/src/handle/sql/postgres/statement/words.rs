//! Constants and operators.

use sqlparser::ast::{BinaryOperator, UnaryOperator, Value};

use super::{Result, literal, unknown};

/// A constant or a parameter as it is sent.
pub(super) fn constant(value: &Value) -> Result<String> {
    match value {
        Value::Null => Ok("NULL".to_owned()),
        Value::Boolean(true) => Ok("TRUE".to_owned()),
        Value::Boolean(false) => Ok("FALSE".to_owned()),
        Value::SingleQuotedString(text) => literal(text),
        Value::Number(number, false)
            if number.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && number
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-')) =>
        {
            Ok(number.clone())
        }
        Value::Placeholder(name) => match name.strip_prefix('$').map(str::parse::<u16>) {
            Some(Ok(number)) if number > 0 => Ok(format!("${number}")),
            _ => unknown(format!("the parameter `{name}`: they are `$1`, `$2`, …")),
        },
        _ => unknown("a text in other quotes than `'`: give it as a parameter"),
    }
}

/// The sign of an operator with one side.
pub(super) fn unary(op: &UnaryOperator) -> Result<&'static str> {
    match op {
        UnaryOperator::Plus => Ok("+"),
        UnaryOperator::Minus => Ok("-"),
        UnaryOperator::Not => Ok("NOT"),
        UnaryOperator::BitwiseNot => Ok("~"),
        _ => unknown(format!("the operator `{op}`")),
    }
}

/// PostgreSQL's own operators; those of others are not in the search path.
pub(super) fn binary(op: &BinaryOperator) -> Result<&'static str> {
    use BinaryOperator as O;
    Ok(match op {
        O::Plus => "+",
        O::Minus => "-",
        O::Multiply => "*",
        O::Divide => "/",
        O::Modulo => "%",
        O::StringConcat => "||",
        O::Gt => ">",
        O::Lt => "<",
        O::GtEq => ">=",
        O::LtEq => "<=",
        O::Eq => "=",
        O::NotEq => "<>",
        O::And => "AND",
        O::Or => "OR",
        O::BitwiseOr => "|",
        O::BitwiseAnd => "&",
        O::PGBitwiseXor => "#",
        O::PGBitwiseShiftLeft => "<<",
        O::PGBitwiseShiftRight => ">>",
        O::PGExp | O::BitwiseXor => "^",
        O::PGOverlap => "&&",
        O::PGRegexMatch => "~",
        O::PGRegexIMatch => "~*",
        O::PGRegexNotMatch => "!~",
        O::PGRegexNotIMatch => "!~*",
        O::PGLikeMatch => "~~",
        O::PGILikeMatch => "~~*",
        O::PGNotLikeMatch => "!~~",
        O::PGNotILikeMatch => "!~~*",
        O::PGStartsWith => "^@",
        O::Arrow => "->",
        O::LongArrow => "->>",
        O::HashArrow => "#>",
        O::HashLongArrow => "#>>",
        O::AtAt => "@@",
        O::AtArrow => "@>",
        O::ArrowAt => "<@",
        O::HashMinus => "#-",
        O::AtQuestion => "@?",
        O::Question => "?",
        O::QuestionAnd => "?&",
        O::QuestionPipe => "?|",
        _ => return unknown(format!("the operator `{op}`")),
    })
}
