//! A call's arguments against a tool's schema: the one is the model's, the other its author's.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toolkeep::base::text::is_unsafe;
use toolkeep::fuzzing::{Fit, fit};

use super::input::Input;
use super::{json, schema};

const KEYWORDS: &[&str] = &[
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "prefixItems",
    "enum",
    "const",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$defs",
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$schema",
    "pattern",
    "patternProperties",
    "propertyNames",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "multipleOf",
    "uniqueItems",
    "contains",
    "minContains",
    "minItems",
    "maxProperties",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "unevaluatedItems",
    "format",
    "definitions",
    "description",
    "default",
    "a",
    "b",
    "c",
];

const WORDS: &[&str] = &[
    "object",
    "array",
    "string",
    "integer",
    "number",
    "boolean",
    "null",
    "a",
    "b",
    "#",
    "#/$defs/a",
    "#a",
    "#/properties/a",
    "#/properties/b/items",
    "#/definitions/b",
    "#/~1",
    "http://localhost/a.json",
    "a.json",
    "file:///etc/passwd",
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
    "^a+$",
    "(a|b|ab)*c",
    "(",
    "[a-z]{1,50}",
    "\\p{L}{40}",
    "(?=a)",
    "(a)\\1",
    "date-time",
    "regex",
    "uri",
];

/// Enough for a check that is given up after two seconds, on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(25);

/// A schema and arguments: two lines of text, or made of all that schemas are made of, or made of plain words,
/// for which it is known what fits.
pub fn arguments(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.below(3) {
        0 => {
            let mut lines = input.rest().splitn(2, |byte| *byte == b'\n');
            let mut json = || serde_json::from_slice::<Value>(lines.next()?).ok();
            if let (Some(schema), Some(arguments)) = (json(), json()) {
                check(&schema, &arguments);
            }
        }
        1 => {
            let mut schema = json!({"type": "object"});
            let members = schema.as_object_mut().expect("it is an object");
            for _ in 0..input.below(5) {
                let key = input.word(KEYWORDS);
                members.insert(key.to_owned(), json::value(&mut input, KEYWORDS, WORDS, 4));
            }
            let arguments = json::value(&mut input, &["a", "b", "c", "items"], WORDS, 5);
            check(&schema, &arguments);
        }
        _ => {
            let schema = schema::schema(&mut input, 4);
            let arguments = schema::arguments(&mut input);
            let told = check(&schema, &arguments);
            let right = match schema::fits(&schema, &arguments) {
                true => told == Fit::Fits,
                false => matches!(told, Fit::Misfit(_)),
            };
            assert!(right, "{told:?}: {schema} and {arguments}");
        }
    }
}

/// Asks whether they fit, in both ways in which that is found out.
fn check(schema: &Value, arguments: &Value) -> Fit {
    let runtime = runtime();
    let start = Instant::now();
    let bytes = arguments.to_string().len();
    let here = runtime.block_on(fit(schema, arguments, bytes));
    // As if there were so much that others would have to wait for it.
    let elsewhere = runtime.block_on(fit(schema, arguments, usize::MAX));
    let took = start.elapsed();
    assert!(took < PATIENCE, "{took:?} for {schema} and {arguments}");
    let same = match (&here, &elsewhere) {
        (Fit::TooLong, _) | (_, Fit::TooLong) => true,
        // Of several mistakes in a schema, which is told is chance.
        (Fit::BadSchema(_), Fit::BadSchema(_)) => true,
        (here, elsewhere) => here == elsewhere,
    };
    assert!(same, "{here:?} and {elsewhere:?}: {schema} and {arguments}");
    if let Fit::Misfit(why) | Fit::BadSchema(why) = &here {
        assert!(!why.is_empty() && why.len() < 8192, "{why}");
        assert!(!why.chars().any(is_unsafe), "{why:?}");
    }
    runtime.shutdown_background();
    here
}

/// What is needed to wait for something, and not for longer than it is worth.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made")
}
