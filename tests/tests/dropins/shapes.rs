//! What a tool says of itself, brought into one form, so that what means the same is the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::differences::{Pair, Pairs};

/// All that can be compared of two lists of tools.
pub fn compare(reference: &[Value], ours: &[Value], pairs: &mut Pairs) {
    let (theirs, own) = (aspects(reference), aspects(ours));
    let names: std::collections::BTreeSet<&String> = theirs.keys().chain(own.keys()).collect();
    for name in names {
        let of = |aspects: &BTreeMap<String, Value>| aspects.get(name).cloned().unwrap_or_default();
        let pair = Pair {
            reference: of(&theirs),
            ours: of(&own),
        };
        pairs.insert(name.clone(), pair);
    }
    // What the reference server does not hint is left open, and ours may say it.
    for tool in reference {
        let name = format!("{}: annotations", tool["name"].as_str().unwrap());
        if let Some(pair) = pairs.get_mut(&name)
            && let (Some(theirs), Some(own)) =
                (pair.reference.as_object(), pair.ours.as_object_mut())
        {
            own.retain(|hint, _| theirs.contains_key(hint));
        }
    }
}

fn aspects(tools: &[Value]) -> BTreeMap<String, Value> {
    let mut aspects = BTreeMap::new();
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        let mut add = |aspect: &str, value: Value| {
            aspects.insert(format!("{name}: {aspect}"), value);
        };
        add("title", tool["title"].clone());
        add("annotations", tool["annotations"].clone());
        add(
            "output schema",
            shape(&tool["outputSchema"], &tool["outputSchema"]),
        );
        let input = &tool["inputSchema"];
        let mut required: Vec<&str> = input["required"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| name.as_str().unwrap())
            .collect();
        required.sort_unstable();
        add("required", json!(required));
        add("unknown arguments", input["additionalProperties"].clone());
        for (argument, schema) in input["properties"].as_object().into_iter().flatten() {
            add(&format!("argument {argument}"), shape(schema, input));
        }
    }
    aspects
}

/// A schema without what is for people, and with what it refers to in place of the reference.
fn shape(schema: &Value, root: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get("$ref") {
                let target = root.pointer(to.trim_start_matches('#')).unwrap();
                return shape(target, root);
            }
            let is_prose = |key: &str, value: &Value| {
                ["description", "title", "$schema"].contains(&key) && value.is_string()
            };
            members
                .iter()
                .filter(|(key, value)| !is_prose(key, value) && *key != "$defs")
                .map(|(key, value)| (key.clone(), shape(value, root)))
                .collect()
        }
        Value::Array(items) => items.iter().map(|item| shape(item, root)).collect(),
        other => other.clone(),
    }
}
