//! The types that may be named. A cast can call what makes the type: `'x'::regclass` looks into the
//! catalogue.

use sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType, ExactNumberInfo, TimezoneInfo, TypeModifier,
};

use super::{Result, parts, unknown};

/// Types by the name that PostgreSQL itself gives them.
const KNOWN: [&str; 24] = [
    "bool",
    "bpchar",
    "bytea",
    "date",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int8",
    "interval",
    "json",
    "jsonb",
    "name",
    "numeric",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsvector",
    "uuid",
    "varchar",
];

/// Types that stand for a number that counts by itself, in a new table only.
const SERIAL: [&str; 3] = ["smallserial", "serial", "bigserial"];

/// As it is sent.
pub(super) fn cast(kind: &DataType) -> Result<String> {
    use DataType as T;
    let plain = |name: &str| Ok(format!("pg_catalog.{name}"));
    match kind {
        T::Boolean | T::Bool => plain("bool"),
        T::SmallInt(None) | T::Int2(None) => plain("int2"),
        T::Int(None) | T::Integer(None) | T::Int4(None) => plain("int4"),
        T::BigInt(None) | T::Int8(None) => plain("int8"),
        T::Real | T::Float4 => plain("float4"),
        T::DoublePrecision
        | T::Float8
        | T::Float(ExactNumberInfo::None)
        | T::Double(ExactNumberInfo::None) => plain("float8"),
        T::Numeric(info) | T::Decimal(info) | T::Dec(info) => Ok(match info {
            ExactNumberInfo::None => "pg_catalog.numeric".to_owned(),
            ExactNumberInfo::Precision(digits) => format!("pg_catalog.numeric({digits})"),
            ExactNumberInfo::PrecisionAndScale(digits, scale) => {
                format!("pg_catalog.numeric({digits}, {scale})")
            }
        }),
        T::Text => plain("text"),
        T::Varchar(length) | T::CharacterVarying(length) | T::CharVarying(length) => match length {
            None => plain("varchar"),
            Some(length) => Ok(format!("pg_catalog.varchar({})", characters(length)?)),
        },
        T::Char(length) | T::Character(length) => match length {
            // Without a length, in quotes, it would be another type.
            None => plain("bpchar(1)"),
            Some(length) => Ok(format!("pg_catalog.bpchar({})", characters(length)?)),
        },
        T::Bytea => plain("bytea"),
        T::Uuid => plain("uuid"),
        T::JSON => plain("json"),
        T::JSONB => plain("jsonb"),
        T::Date => plain("date"),
        T::Time(digits, zone) => timed("time", *digits, zone),
        T::Timestamp(digits, zone) => timed("timestamp", *digits, zone),
        T::Interval {
            fields: None,
            precision: None,
        } => plain("interval"),
        T::TsVector => plain("tsvector"),
        T::TsQuery => plain("tsquery"),
        T::Array(ArrayElemTypeDef::SquareBracket(inner, None)) => Ok(format!("{}[]", cast(inner)?)),
        T::Custom(name, modifiers) => {
            let parts = parts(name)?;
            let name = match parts.as_slice() {
                [name] => name,
                [schema, name] if schema == "pg_catalog" => name,
                _ => return unknown(format!("the type `{name}`")),
            };
            if !KNOWN.contains(&name.as_str()) {
                return unknown(format!("the type `{name}`"));
            }
            let digits = modifiers.iter().map(|modifier| match modifier {
                TypeModifier::Number(digits, _) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                    Ok(digits.as_str())
                }
                _ => unknown(format!("the type `{kind}`")),
            });
            let digits = digits.collect::<Result<Vec<_>>>()?.join(", ");
            if digits.is_empty() {
                plain(name)
            } else {
                Ok(format!("pg_catalog.{name}({digits})"))
            }
        }
        _ => unknown(format!("the type `{kind}`")),
    }
}

/// The type of a new column, as it is sent.
pub(super) fn column(kind: &DataType) -> Result<String> {
    if let DataType::Custom(name, modifiers) = kind
        && let [name] = parts(name)?.as_slice()
        && modifiers.is_empty()
        && let Some(serial) = SERIAL.iter().find(|serial| *serial == name)
    {
        return Ok((*serial).to_owned());
    }
    cast(kind)
}

fn characters(length: &CharacterLength) -> Result<u64> {
    match length {
        CharacterLength::IntegerLength { length, unit: None } => Ok(*length),
        _ => unknown("the length of a type"),
    }
}

fn timed(name: &str, digits: Option<u64>, zone: &TimezoneInfo) -> Result<String> {
    let zoned = match zone {
        TimezoneInfo::None | TimezoneInfo::WithoutTimeZone => "",
        TimezoneInfo::WithTimeZone | TimezoneInfo::Tz => "tz",
    };
    let digits = digits.map_or_else(String::new, |digits| format!("({digits})"));
    Ok(format!("pg_catalog.{name}{zoned}{digits}"))
}
