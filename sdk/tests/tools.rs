//! What `#[tool]` makes of functions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeMap;
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolkeep_sdk::{
    Blob, Content, Definition, Failure, Hints, Json, Output, ResourceLink, Tool, tool, tools,
};

// Here nothing is exported; but the names are checked and everything is type-checked.
tools![
    plain,
    rich,
    words,
    sum,
    tree,
    numbers,
    fails,
    denied,
    nested::same_name
];

/// Does nothing.
///
/// But it does so
/// on several lines.
#[tool]
fn plain() {}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Metre,
    Mile,
}

#[derive(Deserialize, JsonSchema)]
struct Point {
    /// To the right.
    x: f64,
    /// Upwards.
    y: f64,
}

/// Takes all kinds of arguments.
#[tool(name = "rich-one", title = "Rich", non_destructive, idempotent)]
fn rich(
    /// Where.
    at: Point,
    /// In which unit.
    unit: Option<Unit>,
    /// How often.
    #[serde(default = "twice")]
    #[schemars(range(min = 1, max = 9))]
    times: u8,
    /// A name that is a word of Rust,
    /// on two lines.
    r#type: String,
    /// Called like the function.
    mut rich: Vec<String>,
    #[allow(unused_variables)]
    /// Not used.
    unused: BTreeMap<String, bool>,
) -> String {
    rich.push(r#type);
    let unit = match unit {
        Some(Unit::Metre) => "m",
        Some(Unit::Mile) => "mi",
        None => "",
    };
    format!("{}{unit} {}{unit} {times} {}", at.x, at.y, rich.join(","))
}

fn twice() -> u8 {
    2
}

/// Splits.
#[tool(read_only)]
fn words(
    /// What to split.
    text: String,
) -> Json<Vec<String>> {
    Json(text.split_whitespace().map(str::to_owned).collect())
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    /// All together.
    sum: i64,
    /// Left out where there is nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
}

/// Adds.
#[tool(destructive)]
fn sum(
    /// What to add.
    numbers: Vec<i64>,
) -> Result<Json<Sum>, String> {
    let sum = numbers.iter().sum();
    if sum < 0 {
        return Err(format!("{sum} is less than nothing"));
    }
    Ok(Json(Sum { sum, remark: None }))
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Tree {
    children: Vec<Tree>,
}

/// Takes and gives a type that holds itself.
#[tool(read_only)]
fn tree(
    /// Grows.
    tree: Tree,
) -> Json<Vec<Tree>> {
    Json(vec![tree.clone(), tree])
}

/// Gives several parts.
#[tool(read_only)]
fn numbers() -> Vec<Content> {
    vec![
        "one".into(),
        Content::image([2], "image/png"),
        Content::audio([3], "audio/wav"),
        ResourceLink {
            uri: "four:4".to_owned(),
            name: "four".to_owned(),
            description: None,
            mime_type: None,
        }
        .into(),
    ]
}

/// Fails.
#[tool]
fn fails(
    /// In which way.
    way: String,
) -> Result<Output, Failure> {
    match way.as_str() {
        "arguments" => Err(Failure::bad_arguments("no such way")),
        "io" => Err(io::Error::other("disk is full"))?,
        "denied" => Err(io::Error::from(io::ErrorKind::PermissionDenied))?,
        _ => Ok(Content::text("or not").into()),
    }
}

/// Is refused something.
#[tool]
fn denied() -> io::Result<&'static str> {
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "not yours"))
}

mod nested {
    /// Lives in a module.
    #[toolkeep_sdk::tool(name = "other_name")]
    pub fn same_name() -> &'static str {
        "nested"
    }
}

fn input(tool: &Definition) -> Value {
    serde_json::from_str(&tool.input_schema).unwrap()
}

fn output(tool: &Definition) -> Value {
    serde_json::from_str(tool.output_schema.as_deref().unwrap()).unwrap()
}

#[test]
fn the_least_tool() {
    let expected = Definition {
        name: "plain".to_owned(),
        title: None,
        description: "Does nothing.\n\nBut it does so\non several lines.".to_owned(),
        input_schema: r#"{"additionalProperties":false,"type":"object"}"#.to_owned(),
        output_schema: None,
        hints: Hints {
            read_only: false,
            non_destructive: false,
            idempotent: false,
        },
    };
    assert_eq!(plain::describe(), expected);
    assert_eq!(plain::call("{}"), Ok(Output::from(Vec::new())));
}

#[test]
fn every_argument_is_described() {
    let tool = rich::describe();
    assert_eq!(tool.name, "rich-one");
    assert_eq!(tool.title.as_deref(), Some("Rich"));
    let expected = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["at", "type", "rich", "unused"],
        "properties": {
            "at": {
                "type": "object",
                "description": "Where.",
                "required": ["x", "y"],
                "properties": {
                    "x": {"type": "number", "format": "double", "description": "To the right."},
                    "y": {"type": "number", "format": "double", "description": "Upwards."},
                },
            },
            "unit": {
                "description": "In which unit.",
                "type": ["string", "null"],
                "enum": ["metre", "mile", null],
            },
            "times": {
                "type": "integer",
                "format": "uint8",
                "minimum": 1,
                "maximum": 9,
                "default": 2,
                "description": "How often.",
            },
            "type": {
                "type": "string",
                "description": "A name that is a word of Rust,\non two lines.",
            },
            "rich": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Called like the function.",
            },
            "unused": {
                "type": "object",
                "additionalProperties": {"type": "boolean"},
                "description": "Not used.",
            },
        },
    });
    assert_eq!(input(&tool), expected);
}

#[test]
fn arguments_reach_the_function() {
    let arguments =
        r#"{"at": {"x": 1, "y": 2.5}, "unit": "mile", "type": "b", "rich": ["a"], "unused": {}}"#;
    assert_eq!(rich::call(arguments), Ok("1mi 2.5mi 2 a,b".into()));
    let at = Point { x: 1.0, y: 0.0 };
    let direct = rich(at, None, 3, "t".to_owned(), Vec::new(), BTreeMap::new());
    assert_eq!(direct, "1 0 3 t");
}

#[test]
fn wrong_arguments_are_told_apart() {
    let bad = |text: &str| Err(Failure::bad_arguments(text));
    assert_eq!(words::call("{}"), bad("missing field `text`"));
    assert_eq!(
        words::call(r#"{"text": null}"#),
        bad("`text`: invalid type: null, expected a string")
    );
    assert_eq!(
        words::call(r#"{"text": "", "more": 1}"#),
        bad("unknown field `more`, expected `text`")
    );
    assert_eq!(
        plain::call(r#"{"more": 1}"#),
        bad("unknown field `more`, there are no fields")
    );
}

#[test]
fn data_has_a_schema_and_a_text_copy() {
    let expected = json!({
        "type": "object",
        "required": ["sum"],
        "properties": {
            "sum": {"type": "integer", "format": "int64", "description": "All together."},
            "remark": {
                "type": ["string", "null"],
                "description": "Left out where there is nothing to say.",
            },
        },
    });
    assert_eq!(output(&sum::describe()), expected);
    let json = r#"{"sum":3}"#;
    let given = Output {
        content: vec![Content::text(json)],
        structured: Some(json.to_owned()),
    };
    assert_eq!(sum::call(r#"{"numbers": [1, 2]}"#), Ok(given));
    assert_eq!(
        sum::call(r#"{"numbers": [-1]}"#),
        Err(Failure::failed("-1 is less than nothing"))
    );
}

#[test]
fn what_is_no_object_is_put_into_one() {
    let expected = json!({
        "type": "object",
        "required": ["result"],
        "properties": {"result": {"type": "array", "items": {"type": "string"}}},
    });
    assert_eq!(output(&words::describe()), expected);
    let given = words::call(r#"{"text": "a b"}"#).unwrap();
    assert_eq!(given.structured.as_deref(), Some(r#"{"result":["a","b"]}"#));
}

#[test]
fn types_that_hold_themselves_refer_to_definitions_that_are_there() {
    let tool = tree::describe();
    for schema in [input(&tool), output(&tool)] {
        assert_eq!(
            schema["$defs"]["Tree"]["properties"]["children"]["items"]["$ref"],
            json!("#/$defs/Tree"),
            "{schema}"
        );
    }
}

#[test]
fn parts_stay_in_order() {
    let expected = [
        Content::Text("one".to_owned()),
        Content::Image(Blob::new([2], "image/png")),
        Content::Audio(Blob::new([3], "audio/wav")),
        Content::Link(ResourceLink {
            uri: "four:4".to_owned(),
            name: "four".to_owned(),
            description: None,
            mime_type: None,
        }),
    ];
    assert_eq!(numbers::call("{}").unwrap().content, expected);
    assert_eq!(numbers::describe().output_schema, None);
}

#[test]
fn failures_are_kept_apart() {
    let call = |way: &str| fails::call(&json!({ "way": way }).to_string());
    assert_eq!(
        call("arguments"),
        Err(Failure::bad_arguments("no such way"))
    );
    assert_eq!(call("io"), Err(Failure::failed("disk is full")));
    assert!(matches!(call("denied"), Err(Failure::Refused(_))));
    assert_eq!(call("none"), Ok("or not".into()));
    assert_eq!(denied::call("{}"), Err(Failure::refused("not yours")));
}

#[test]
fn hints_are_what_the_author_said() {
    let hints = |read_only, non_destructive, idempotent| Hints {
        read_only,
        non_destructive,
        idempotent,
    };
    assert_eq!(rich::describe().hints, hints(false, true, true));
    assert_eq!(sum::describe().hints, hints(false, false, false));
    // What changes nothing is the others as well.
    assert_eq!(words::describe().hints, hints(true, true, true));
}

#[test]
fn a_tool_may_live_in_a_module_and_have_another_name() {
    assert_eq!(nested::same_name::NAME, "other_name");
    assert_eq!(nested::same_name::call("{}"), Ok("nested".into()));
}
