//! The plain words of JSON Schema, and a naive reading of them to compare with.

use serde_json::{Map, Value};

use super::input::Input;
use super::json;

const WORDS: &[&str] = &[
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "allOf",
    "oneOf",
    "not",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
];
const TYPES: &[&str] = &[
    "object", "array", "string", "integer", "number", "boolean", "null",
];
const KEYS: &[&str] = &["a", "b", "c"];

/// A schema of plain words, not deeper than `depth`.
pub(crate) fn schema(input: &mut Input<'_>, depth: usize) -> Value {
    if depth == 0 || input.once_in(12) {
        return Value::Bool(!input.once_in(4));
    }
    let mut words = Map::new();
    for _ in 0..=input.below(3) {
        let word = input.word(WORDS);
        words.insert(word.to_owned(), meaning(input, word, depth));
    }
    Value::Object(words)
}

/// Arguments that have a chance to fit.
pub(crate) fn arguments(input: &mut Input<'_>) -> Value {
    json::value(input, KEYS, TYPES, 3)
}

fn meaning(input: &mut Input<'_>, word: &str, depth: usize) -> Value {
    match word {
        "type" => Value::from(input.word(TYPES)),
        "properties" => {
            let keys = KEYS.iter().take(input.below(4));
            let members = keys.map(|key| ((*key).to_owned(), schema(input, depth - 1)));
            Value::Object(members.collect())
        }
        "required" => KEYS.iter().skip(input.below(4)).copied().collect(),
        "additionalProperties" | "items" | "not" => schema(input, depth - 1),
        "anyOf" | "allOf" | "oneOf" => (0..=input.below(3))
            .map(|_| schema(input, depth - 1))
            .collect(),
        "enum" => (0..=input.below(3)).map(|_| arguments(input)).collect(),
        "const" => arguments(input),
        _ => Value::from(input.below(6)),
    }
}

/// Whether `value` fits, as the standard has it.
pub(crate) fn fits(schema: &Value, value: &Value) -> bool {
    match schema {
        Value::Object(words) => (words.iter()).all(|(word, with)| holds(words, word, with, value)),
        schema => schema == &Value::Bool(true),
    }
}

fn holds(words: &Map<String, Value>, word: &str, with: &Value, value: &Value) -> bool {
    let all = || with.as_array().into_iter().flatten();
    let count = || with.as_u64().unwrap_or_default() as usize;
    let limit = || with.as_f64().unwrap_or_default();
    match (word, value) {
        ("type", _) => is(with, value),
        ("enum", _) => all().any(|one| same(one, value)),
        ("const", _) => same(with, value),
        ("not", _) => !fits(with, value),
        ("anyOf", _) => all().any(|one| fits(one, value)),
        ("allOf", _) => all().all(|one| fits(one, value)),
        ("oneOf", _) => all().filter(|one| fits(one, value)).count() == 1,
        ("properties", Value::Object(members)) => (members.iter())
            .all(|(key, member)| with.get(key).is_none_or(|schema| fits(schema, member))),
        ("required", Value::Object(members)) => all()
            .filter_map(Value::as_str)
            .all(|key| members.contains_key(key)),
        ("additionalProperties", Value::Object(members)) => {
            let named = |key: &str| words.get("properties").and_then(|all| all.get(key));
            (members.iter()).all(|(key, member)| named(key).is_some() || fits(with, member))
        }
        ("items", Value::Array(items)) => items.iter().all(|item| fits(with, item)),
        ("minItems", Value::Array(items)) => items.len() >= count(),
        ("maxItems", Value::Array(items)) => items.len() <= count(),
        ("minLength", Value::String(text)) => text.chars().count() >= count(),
        ("maxLength", Value::String(text)) => text.chars().count() <= count(),
        ("minimum", Value::Number(number)) => number.as_f64() >= Some(limit()),
        ("maximum", Value::Number(number)) => number.as_f64() <= Some(limit()),
        // A word for another kind of value.
        _ => true,
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    let whole = |number: f64| number.fract() == 0.0;
    match value {
        Value::Null => kind == "null",
        Value::Bool(_) => kind == "boolean",
        Value::String(_) => kind == "string",
        Value::Array(_) => kind == "array",
        Value::Object(_) => kind == "object",
        Value::Number(number) => {
            kind == "number" || kind == "integer" && number.as_f64().is_some_and(whole)
        }
    }
}

/// Whether two values are the same: to JSON Schema, 1 and 1.0 are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let there = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(there)
        }
        (one, other) => one == other,
    }
}
