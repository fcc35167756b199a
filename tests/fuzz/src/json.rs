//! Random JSON.

use serde_json::{Map, Number, Value};

use super::input::Input;

/// A value of these keys and texts, and others now and then, not deeper than `depth`.
pub(crate) fn value(input: &mut Input<'_>, keys: &[&str], texts: &[&str], depth: usize) -> Value {
    match input.below(if depth == 0 { 6 } else { 12 }) {
        0 => Value::Null,
        1 => Value::Bool(input.once_in(2)),
        2 => Value::from(i64::from(input.byte()) - 64),
        3 => number(input),
        4 => Value::from(input.text(8)),
        5 => Value::from(input.word(texts)),
        6 | 7 => (0..input.below(4))
            .map(|_| value(input, keys, texts, depth - 1))
            .collect(),
        _ => {
            let mut members = Map::new();
            for _ in 0..input.below(5) {
                let key = match input.once_in(8) {
                    true => input.text(6),
                    false => input.word(keys).to_owned(),
                };
                members.insert(key, value(input, keys, texts, depth - 1));
            }
            Value::Object(members)
        }
    }
}

fn number(input: &mut Input<'_>) -> Value {
    let odd = [0.5, -0.0, 1e300, -1e-300, 1e17, 0.1];
    match input.below(4) {
        0 => Value::from(u64::MAX),
        1 => Value::from(i64::MIN),
        2 => Value::from(1u64 << input.below(64)),
        _ => Number::from_f64(input.pick(&odd)).map_or(Value::Null, Value::Number),
    }
}

/// The pointers to all that a value is made of, itself first.
pub(crate) fn places(json: &Value) -> Vec<String> {
    fn walk(json: &Value, at: &str, out: &mut Vec<String>) {
        out.push(at.to_owned());
        match json {
            Value::Array(items) => {
                (items.iter().enumerate())
                    .for_each(|(index, item)| walk(item, &format!("{at}/{index}"), out));
            }
            Value::Object(members) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                (members.iter())
                    .for_each(|(key, item)| walk(item, &format!("{at}/{}", escaped(key)), out));
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(json, "", &mut out);
    out
}
