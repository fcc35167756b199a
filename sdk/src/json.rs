//! Structured output.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{Content, Failure, IntoOutput, Output, schema};

/// Data of any type that serde can write and schemars can describe, as the answer of a tool.
///
/// The type becomes the tool's output schema, its value the structured output, and the same JSON is
/// there as text for clients that read only text. Structured output is always an object: what is
/// none by itself (a list, a number, an enum) stands in one, under the key `result`.
///
/// ```
/// use toolkeep_sdk::{Json, Tool, tool};
///
/// /// Lists the words of a text.
/// #[tool(read_only)]
/// fn words(
///     /// The text.
///     text: String,
/// ) -> Json<Vec<String>> {
///     Json(text.split_whitespace().map(str::to_owned).collect())
/// }
///
/// # fn main() {
/// let output = words::call(r#"{"text": "two words"}"#).unwrap();
/// assert_eq!(output.structured.unwrap(), r#"{"result":["two","words"]}"#);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(
    /// The data.
    pub T,
);

// What is no object by itself, in one. A doc comment would get into the schema.
#[derive(Serialize, JsonSchema)]
struct Wrapped<T> {
    result: T,
}

impl<T: Serialize + JsonSchema> IntoOutput for Json<T> {
    fn output_schema() -> Option<String> {
        let own = schema::of_output::<T>();
        Some(if schema::is_object(&own) {
            schema::text(own)
        } else {
            schema::text(schema::of_output::<Wrapped<T>>())
        })
    }

    fn into_output(self) -> Result<Output, Failure> {
        let written = if schema::is_object(&schema::of_output::<T>()) {
            serde_json::to_string(&self.0)
        } else {
            serde_json::to_string(&Wrapped { result: self.0 })
        };
        let json = written.map_err(|error| {
            Failure::Failed(format!("the answer cannot be written as JSON: {error}"))
        })?;
        Ok(Output {
            content: vec![Content::Text(json.clone())],
            structured: Some(json),
        })
    }
}
