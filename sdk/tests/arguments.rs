//! What arguments may be: the schema of each kind, what reaches the function, and what is said of wrong
//! ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on may panic"
)]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolkeep_sdk::{Bytes, Failure, Json, Tool, tool};

fn schema<T: Tool>() -> Value {
    serde_json::from_str(&T::describe().input_schema).unwrap()
}

/// The schema of one argument.
fn property<T: Tool>(name: &str) -> Value {
    schema::<T>()["properties"][name].clone()
}

/// What the tool gives back, which is text.
fn text<T: Tool>(arguments: &Value) -> String {
    match T::call(&arguments.to_string()) {
        Ok(output) => format!("{:?}", output.content),
        Err(Failure::BadArguments(text)) => text,
        Err(other) => panic!("{other:?}"),
    }
}

/// What is said of wrong arguments.
fn bad<T: Tool>(arguments: &Value) -> String {
    match T::call(&arguments.to_string()) {
        Err(Failure::BadArguments(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Edit {
    /// What stands there.
    old_text: String,
    /// What is to stand there.
    new_text: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Order {
    /// From the first.
    FromStart,
    /// From the last.
    FromEnd,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Place {
    Line { number: u32 },
    Heading { title: String },
}

/// Edits a file.
#[tool]
fn edit(
    /// The file.
    #[arg(role = "object")]
    path: String,
    /// The edits, in order.
    #[arg(role = "content")]
    edits: Vec<Edit>,
) -> String {
    let edits = edits
        .iter()
        .map(|e| format!("{}>{}", e.old_text, e.new_text));
    format!("{path} {}", edits.collect::<Vec<_>>().join(","))
}

#[test]
fn structs_in_lists_are_told_in_full_and_wrong_ones_by_their_place() {
    assert_eq!(
        property::<edit>("edits"),
        json!({
            "type": "array",
            "description": "The edits, in order.",
            "x-toolkeep-role": "content",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["oldText", "newText"],
                "properties": {
                    "oldText": {"type": "string", "description": "What stands there."},
                    "newText": {"type": "string", "description": "What is to stand there."},
                },
            },
        })
    );
    let with = |edit: Value| {
        let good = json!({"oldText": "a", "newText": "b"});
        json!({"path": "p", "edits": [good, good, edit]})
    };
    assert_eq!(
        text::<edit>(&with(json!({"oldText": "c", "newText": "d"}))),
        r#"[Content::Text("p a>b,a>b,c>d")]"#
    );
    assert_eq!(
        bad::<edit>(&with(json!({"oldText": 1, "newText": "d"}))),
        "`edits[2].oldText`: invalid type: integer `1`, expected a string"
    );
    assert_eq!(
        bad::<edit>(&with(json!({"oldText": "c"}))),
        "`edits[2]`: missing field `newText`"
    );
    assert_eq!(
        bad::<edit>(&with(json!({"oldText": "c", "newText": "d", "text": 1}))),
        "`edits[2].text`: unknown field `text`, expected `oldText` or `newText`"
    );
    assert_eq!(
        bad::<edit>(&json!({"path": "p", "edits": {}})),
        "`edits`: invalid type: map, expected a sequence"
    );
}

#[test]
fn roles_stand_on_the_arguments_that_have_them() {
    assert_eq!(property::<edit>("path")["x-toolkeep-role"], "object");
    assert_eq!(property::<edit>("edits")["x-toolkeep-role"], "content");
    assert_eq!(property::<defaults>("order").get("x-toolkeep-role"), None);
}

/// Lists.
#[tool(read_only)]
fn defaults(
    /// How many at most.
    #[arg(default = 10)]
    limit: u32,
    /// In which order.
    #[arg(default = Order::FromEnd)]
    order: Order,
    /// What to put between them.
    #[arg(default = ", ", role = "destination")]
    between: String,
    /// Which to leave out.
    #[arg(default = vec![1, 2])]
    #[schemars(length(max = 3))]
    without: Vec<i8>,
    /// What to add.
    add: Option<f64>,
) -> String {
    format!("{limit} {order:?} {between:?} {without:?} {add:?}")
}

#[test]
fn defaults_are_told_and_used() {
    assert_eq!(
        schema::<defaults>(),
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "limit": {
                    "type": "integer", "format": "uint32", "minimum": 0,
                    "description": "How many at most.", "default": 10,
                },
                "order": {
                    "description": "In which order.", "default": "from-end",
                    "oneOf": [
                        {"type": "string", "const": "from-start", "description": "From the first."},
                        {"type": "string", "const": "from-end", "description": "From the last."},
                    ],
                },
                "between": {
                    "type": "string", "description": "What to put between them.",
                    "default": ", ", "x-toolkeep-role": "destination",
                },
                "without": {
                    "type": "array", "maxItems": 3, "description": "Which to leave out.",
                    "items": {"type": "integer", "format": "int8", "minimum": -128, "maximum": 127},
                    "default": [1, 2],
                },
                "add": {"type": ["number", "null"], "format": "double", "description": "What to add."},
            },
        })
    );
    assert_eq!(
        text::<defaults>(&json!({})),
        text::<defaults>(&json!({
            "limit": 10, "order": "from-end", "between": ", ", "without": [1, 2], "add": null,
        }))
    );
    assert!(text::<defaults>(&json!({"order": "from-start"})).contains("FromStart"));
    assert_eq!(
        bad::<defaults>(&json!({"order": "random"})),
        "`order`: unknown variant `random`, expected `from-start` or `from-end`"
    );
    // What is left out has a default; what is there has to be right.
    assert_eq!(
        bad::<defaults>(&json!({"limit": null})),
        "`limit`: invalid type: null, expected u32"
    );
    assert_eq!(
        bad::<defaults>(&json!({"without": [1, 300]})),
        "`without[1]`: invalid value: integer `300`, expected i8"
    );
}

/// Goes somewhere.
#[tool(read_only)]
fn go(
    /// Where to.
    to: Place,
) -> String {
    match to {
        Place::Line { number } => format!("to line {number}"),
        Place::Heading { title } => format!("to heading {title}"),
    }
}

#[test]
fn enums_with_fields_are_alternatives() {
    let variants = property::<go>("to")["oneOf"].clone();
    assert_eq!(
        variants,
        json!([
            {
                "type": "object",
                "required": ["kind", "number"],
                "properties": {
                    "kind": {"type": "string", "const": "line"},
                    "number": {"type": "integer", "format": "uint32", "minimum": 0},
                },
            },
            {
                "type": "object",
                "required": ["kind", "title"],
                "properties": {
                    "kind": {"type": "string", "const": "heading"},
                    "title": {"type": "string"},
                },
            },
        ])
    );
    let line = text::<go>(&json!({"to": {"kind": "line", "number": 3}}));
    assert!(line.contains("to line 3"), "{line}");
    let heading = text::<go>(&json!({"to": {"kind": "heading", "title": "t"}}));
    assert!(heading.contains("to heading t"), "{heading}");
    assert_eq!(
        bad::<go>(&json!({"to": {"kind": "page"}})),
        "`to.kind`: unknown variant `page`, expected `line` or `heading`"
    );
    assert_eq!(
        bad::<go>(&json!({"to": {"kind": "line"}})),
        "`to`: missing field `number`"
    );
}

/// Counts.
#[tool(read_only)]
fn tally(
    /// How many of what.
    counts: BTreeMap<String, u32>,
) -> Json<BTreeMap<String, u32>> {
    Json(counts)
}

#[test]
fn maps_have_any_keys_and_values_of_one_type() {
    assert_eq!(
        property::<tally>("counts"),
        json!({
            "type": "object",
            "description": "How many of what.",
            "additionalProperties": {"type": "integer", "format": "uint32", "minimum": 0},
        })
    );
    let output = tally::call(r#"{"counts": {"b": 2, "a": 1}}"#).unwrap();
    assert_eq!(output.structured.unwrap(), r#"{"a":1,"b":2}"#);
    assert_eq!(
        bad::<tally>(&json!({"counts": {"a": 1, "b": -1}})),
        "`counts.b`: invalid value: integer `-1`, expected u32"
    );
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Attachment {
    /// Its name.
    name: String,
    /// What is in it.
    data: Bytes,
}

/// Turns bytes around.
#[tool(read_only)]
fn turn(
    /// Bytes.
    data: Bytes,
    /// More of them.
    attachments: Vec<Attachment>,
) -> Json<Attachment> {
    let more = attachments.into_iter().flat_map(|more| more.data.0);
    Json(Attachment {
        name: "turned".to_owned(),
        data: data.iter().rev().copied().chain(more).collect(),
    })
}

#[test]
fn bytes_are_base64_text() {
    let bytes = json!({"type": "string", "contentEncoding": "base64", "description": "Bytes."});
    assert_eq!(property::<turn>("data"), bytes);
    let inside = &property::<turn>("attachments")["items"]["properties"]["data"];
    assert_eq!(inside["contentEncoding"], "base64");
    let given: Value = serde_json::from_str(&turn::describe().output_schema.unwrap()).unwrap();
    assert_eq!(given["properties"]["data"]["contentEncoding"], "base64");

    let more = json!({"name": "more", "data": "BA=="});
    let output = turn::call(&json!({"data": "AQID", "attachments": [more]}).to_string()).unwrap();
    assert_eq!(
        output.structured.unwrap(),
        r#"{"name":"turned","data":"AwIBBA=="}"#
    );
    assert_eq!(
        bad::<turn>(&json!({"data": "?", "attachments": []})),
        "`data`: expected bytes as base64 text"
    );
    let wrong = json!({"name": "more", "data": [1, 2]});
    assert_eq!(
        bad::<turn>(&json!({"data": "", "attachments": [wrong]})),
        "`attachments[0].data`: invalid type: sequence, expected a string"
    );
}
