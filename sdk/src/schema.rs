//! Schemas from types, and arguments by them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::{DeserializeOwned, Error as _};

use crate::Failure;

/// The input schema made from the arguments `T`.
pub fn input_schema<T: JsonSchema>() -> String {
    text(generate::<T>(
        SchemaSettings::draft2020_12().for_deserialize(),
    ))
}

/// The schema of `T` as it is written.
pub(crate) fn of_output<T: JsonSchema>() -> Schema {
    generate::<T>(SchemaSettings::draft2020_12().for_serialize())
}

/// Whether all that satisfies `schema` is an object.
pub(crate) fn is_object(schema: &Schema) -> bool {
    schema
        .get("type")
        .is_some_and(|kind| kind.as_str() == Some("object"))
}

/// A schema as JSON.
pub(crate) fn text(schema: Schema) -> String {
    schema.to_value().to_string()
}

/// A schema without what a model has no use for: the dialect's address, the name of a Rust type, and
/// references where the thing itself can stand.
fn generate<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let mut schema = settings
        .with(|settings| {
            settings.meta_schema = None;
            settings.inline_subschemas = true;
        })
        .into_generator()
        .into_root_schema_for::<T>();
    schema.remove("title");
    schema
}

/// The arguments `T` in a JSON object.
///
/// # Errors
///
/// [`Failure::BadArguments`], with where and why, if they are not there.
pub fn parse_arguments<T: DeserializeOwned>(arguments: &str) -> Result<T, Failure> {
    let mut json = serde_json::Deserializer::from_str(arguments);
    // serde would take a list for a struct as well, by position.
    let parsed = if arguments.trim_start().starts_with('{') {
        serde_path_to_error::deserialize(&mut json)
            .map_err(|error| (error.path().to_string(), error.into_inner()))
    } else {
        let error = serde_json::Error::custom("expected a JSON object");
        Err((".".to_owned(), error))
    };
    parsed
        .and_then(|parsed| match json.end() {
            Ok(()) => Ok(parsed),
            Err(error) => Err((".".to_owned(), error)),
        })
        .map_err(|(path, error)| Failure::BadArguments(explain(&path, &error)))
}

/// What is wrong with the arguments, and where.
fn explain(path: &str, error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if error.is_data() {
        // The model knows names, not lines and columns.
        let place = format!(" at line {} column {}", error.line(), error.column());
        if let Some(rest) = text.strip_suffix(&place) {
            text = rest.to_owned();
        }
    }
    // A name on the outermost level is in the text already.
    let named = text.starts_with("unknown field") && !path.contains(['.', '[']);
    if path == "." || named {
        text
    } else {
        format!("`{path}`: {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        text: String,
        lines: Option<Vec<u32>>,
    }

    fn bad(arguments: &str) -> String {
        match parse_arguments::<Arguments>(arguments) {
            Err(Failure::BadArguments(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn takes_arguments() {
        let arguments = parse_arguments(r#" {"text": "a", "lines": [1]} "#);
        let expected = Arguments {
            text: "a".to_owned(),
            lines: Some(vec![1]),
        };
        assert_eq!(arguments, Ok(expected));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        assert_eq!(bad("{}"), "missing field `text`");
        assert_eq!(
            bad(r#"{"text": 1}"#),
            "`text`: invalid type: integer `1`, expected a string"
        );
        assert_eq!(
            bad(r#"{"text": "a", "lines": [1, -1]}"#),
            "`lines[1]`: invalid value: integer `-1`, expected u32"
        );
        assert_eq!(
            bad(r#"{"text": "a", "txet": "b"}"#),
            "unknown field `txet`, expected `text` or `lines`"
        );
        assert_eq!(bad(r#"["a", [1]]"#), "expected a JSON object");
        assert_eq!(bad(""), "expected a JSON object");
        assert_eq!(
            bad(r#"{"text": "a"} {}"#),
            "trailing characters at line 1 column 15"
        );
    }
}
