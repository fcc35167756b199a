//! Values on their way to the server and back. What has no type of its own here comes as the text that
//! PostgreSQL has for it, so that nothing is lost.

use std::error::Error;
use std::fmt::Write as _;

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};

use crate::handle::sql::value::Value;

type Boxed = Box<dyn Error + Sync + Send>;

/// A value that does not fit the parameter it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bytes can only be given for a `bytea`")]
pub(super) struct BadParam;

/// A value for a parameter. It goes as a text, which the server reads as whatever type it found for the
/// parameter.
#[derive(Debug)]
pub(super) struct Param<'a>(pub(super) &'a Value);

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) => write!(out, "{number}")?,
            Value::Real(number) => write!(out, "{number:?}")?,
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Blob(bytes) if *kind == Type::BYTEA => {
                out.extend_from_slice(b"\\x");
                for byte in bytes {
                    write!(out, "{byte:02x}")?;
                }
            }
            Value::Blob(_) => return Err(Box::new(BadParam)),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Whether values of that type can be read.
pub(super) fn is_known(kind: &Type) -> bool {
    matches!(kind.kind(), Kind::Enum(_))
        || [
            Type::BOOL,
            Type::INT2,
            Type::INT4,
            Type::INT8,
            Type::OID,
            Type::FLOAT4,
            Type::FLOAT8,
            Type::NUMERIC,
            Type::TEXT,
            Type::VARCHAR,
            Type::BPCHAR,
            Type::NAME,
            Type::CHAR,
            Type::UNKNOWN,
            Type::BYTEA,
            Type::DATE,
            Type::TIME,
            Type::TIMESTAMP,
            Type::TIMESTAMPTZ,
            Type::UUID,
            Type::JSON,
            Type::JSONB,
        ]
        .contains(kind)
}

/// One value of a row.
pub(super) struct Cell(pub(super) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        read(kind, raw)
            .map(Self)
            .ok_or_else(|| format!("a value of type `{kind}` cannot be read").into())
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        is_known(kind)
    }
}

fn read(kind: &Type, raw: &[u8]) -> Option<Value> {
    let text = |bytes: &[u8]| Some(Value::Text(str::from_utf8(bytes).ok()?.to_owned()));
    let two = || Some(i16::from_be_bytes(raw.try_into().ok()?));
    let four = || Some(i32::from_be_bytes(raw.try_into().ok()?));
    let eight = || Some(i64::from_be_bytes(raw.try_into().ok()?));
    Some(match *kind {
        Type::BOOL => Value::Integer(i64::from(*raw.first()? != 0)),
        Type::INT2 => Value::Integer(two()?.into()),
        Type::INT4 => Value::Integer(four()?.into()),
        Type::INT8 => Value::Integer(eight()?),
        Type::OID => Value::Integer(u32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::FLOAT4 => Value::Real(f32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::FLOAT8 => Value::Real(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::BYTEA => Value::Blob(raw.to_vec()),
        Type::NUMERIC => Value::Text(numeric(raw)?),
        Type::DATE => Value::Text(date(four()?)),
        Type::TIME => Value::Text(time(eight()?)),
        Type::TIMESTAMP => Value::Text(timestamp(eight()?)),
        Type::TIMESTAMPTZ => Value::Text(match timestamp(eight()?) {
            infinite if infinite.ends_with("infinity") => infinite,
            finite => match finite.strip_suffix(" BC") {
                Some(before) => format!("{before}+00 BC"),
                None => format!("{finite}+00"),
            },
        }),
        Type::UUID => Value::Text(uuid(raw)?),
        Type::JSONB => match raw.split_first()? {
            (1, json) => text(json)?,
            _ => return None,
        },
        _ => text(raw)?,
    })
}

/// Digits by four, with the place of the first, the sign, and how many stand after the point.
fn numeric(raw: &[u8]) -> Option<String> {
    let mut words = raw
        .chunks(2)
        .map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
    let mut next = || words.next().flatten();
    let (count, weight, sign, scale) = (next()?, next()?.cast_signed(), next()?, next()?);
    let mut out = match sign {
        0x0000 => String::new(),
        0x4000 => "-".to_owned(),
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let digits = (0..count).map(|_| next()).collect::<Option<Vec<u16>>>()?;
    let at = |place: i32| {
        let index = i32::from(weight).checked_sub(place)?;
        digits.get(usize::try_from(index).ok()?).copied()
    };
    if weight < 0 {
        out.push('0');
    }
    for place in (0..=i32::from(weight)).rev() {
        let four = at(place).unwrap_or(0);
        if place == i32::from(weight) {
            write!(out, "{four}").ok()?;
        } else {
            write!(out, "{four:04}").ok()?;
        }
    }
    if scale > 0 {
        let mut after = String::new();
        let mut place = -1;
        while after.len() < usize::from(scale) {
            write!(after, "{:04}", at(place).unwrap_or(0)).ok()?;
            place -= 1;
        }
        after.truncate(usize::from(scale));
        write!(out, ".{after}").ok()?;
    }
    Some(out)
}

/// Days since 2000-01-01.
fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (day, before) = civil(days.into());
            format!("{day}{before}")
        }
    }
}

/// Microseconds since 2000-01-01.
fn timestamp(micros: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => {
            let (day, before) = civil(micros.div_euclid(DAY));
            format!("{day} {}{before}", time(micros.rem_euclid(DAY)))
        }
    }
}

/// Microseconds since midnight.
fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let whole = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if fraction == 0 {
        return whole;
    }
    let fraction = format!("{fraction:06}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// The day that lies so many days after 2000-01-01, by the rules of our calendar, and ` BC` where it lies
/// before the year 1. The years are counted from the first of March, so that the odd day comes last.
fn civil(days: i64) -> (String, &'static str) {
    // From 0000-03-01.
    let days = days.saturating_add(730_425);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let rest = day - (365 * year + year / 4 - year / 100);
    let month = (5 * rest + 2) / 153;
    let day = rest - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    if year > 0 {
        (format!("{year:04}-{month:02}-{day:02}"), "")
    } else {
        (format!("{:04}-{month:02}-{day:02}", 1 - year), " BC")
    }
}

fn uuid(raw: &[u8]) -> Option<String> {
    let raw: [u8; 16] = raw.try_into().ok()?;
    let mut out = String::with_capacity(36);
    for (at, byte) in raw.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        write!(out, "{byte:02x}").ok()?;
    }
    Some(out)
}
