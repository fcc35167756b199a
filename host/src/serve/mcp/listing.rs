//! What clients are told of the tools.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::Value;

use crate::api::host::ToolEntry;
use crate::base::text::{visible, visible_lines};

/// A tool for a client's list. Its annotations are guarantees: the host holds the tool to them.
pub(super) fn tool(entry: &ToolEntry<'_>) -> Tool {
    let info = entry.info;
    let effects = entry.effects;
    let mut tool = Tool::new(
        entry.name.to_owned(),
        visible_lines(&info.description),
        object(&info.input_schema),
    );
    tool.title = info.title.as_deref().map(visible);
    tool.output_schema = info.output_schema.as_deref().map(object);
    tool.annotations = Some(ToolAnnotations::from_raw(
        tool.title.clone(),
        Some(!effects.changes),
        Some(effects.destroys),
        Some(info.hints.idempotent || !effects.changes),
        Some(effects.outside),
    ));
    tool
}

fn object(schema: &Value) -> Arc<JsonObject> {
    let mut schema = schema.clone();
    drop_own_formats(&mut schema);
    show_prose(&mut schema);
    Arc::new(match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    })
}

/// Makes visible what a client may show to a person. Names and values stay as they are: calls are held
/// against them.
fn show_prose(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(prose) if PROSE.contains(&key.as_str()) => {
                        *prose = visible_lines(prose);
                    }
                    member if !DATA.contains(&key.as_str()) => show_prose(member),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(show_prose),
        _ => {}
    }
}

/// What of a schema is written for readers.
const PROSE: [&str; 3] = ["title", "description", "$comment"];

/// What stands there is data, and no schema.
const DATA: [&str; 4] = ["const", "default", "enum", "examples"];

/// Takes out the formats by which Rust's number types are told: they are no part of JSON Schema, and
/// clients that check schemas complain of each to whoever sits in front of them.
fn drop_own_formats(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let own = |format: &str| {
                let bits = format.trim_start_matches('u').strip_prefix("int");
                bits.is_some_and(|bits| bits.bytes().all(|digit| digit.is_ascii_digit()))
                    || ["float", "double"].contains(&format)
            };
            if members
                .get("format")
                .and_then(Value::as_str)
                .is_some_and(own)
            {
                members.remove("format");
            }
            for (key, member) in members {
                if !DATA.contains(&key.as_str()) {
                    drop_own_formats(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_own_formats),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_people_may_read_is_made_visible() {
        let mut schema = json!({
            "title": "a\u{1b}[2J",
            "properties": {"to\u{202e}": {"description": "b\nc\u{202e}", "enum": ["\u{202e}"]}},
        });
        show_prose(&mut schema);
        let expected = json!({
            "title": "a\\u{1b}[2J",
            "properties": {"to\u{202e}": {"description": "b\nc\\u{202e}", "enum": ["\u{202e}"]}},
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn formats_of_our_own_are_left_out() {
        let mut schema = json!({
            "properties": {
                "count": {"type": "integer", "format": "uint64", "default": {"format": "uint"}},
                "size": {"anyOf": [{"type": "integer", "format": "uint"}, {"type": "number", "format": "double"}]},
                "day": {"type": "string", "format": "date"},
                "format": {"type": "string", "enum": ["uint", "int"]},
                "point": {"type": "string", "format": "interval"},
            },
        });
        drop_own_formats(&mut schema);
        let expected = json!({
            "properties": {
                "count": {"type": "integer", "default": {"format": "uint"}},
                "size": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
                "day": {"type": "string", "format": "date"},
                "format": {"type": "string", "enum": ["uint", "int"]},
                "point": {"type": "string", "format": "interval"},
            },
        });
        assert_eq!(schema, expected);
    }
}
