//! Write an AI agent's tool as a Rust function, and build it into a Toolkeep plugin.
//!
//! ```
//! use toolkeep_sdk::{tool, tools};
//!
//! /// Gives back the text it was given.
//! #[tool(read_only)]
//! fn echo(
//!     /// The text to give back.
//!     text: String,
//! ) -> String {
//!     text
//! }
//!
//! tools![echo];
//! ```
//!
//! This is a whole plugin. Its package has `crate-type = ["cdylib"]`, a manifest `plugin.toml`, and
//! is built for the target `wasm32-wasip2`. [`tool`] says what makes a function a tool, [`tools`]
//! names those of the plugin.
//!
//! # What a tool may touch
//!
//! A plugin that was granted nothing can compute and nothing else. What it needs stands in its
//! manifest; then files are plain [`std::fs`], under the folder that is mounted for the need, and
//! values that the operator wrote are in [`config`]. What the host refuses shows as
//! [`PermissionDenied`](std::io::ErrorKind::PermissionDenied). A tool does no checks of its own:
//! keeping it in is the host's part.
//!
//! # What a tool gives back
//!
//! | returned | what the model gets |
//! |---|---|
//! | `String`, `&'static str` | text |
//! | `()` | nothing but that it went well |
//! | [`Json<T>`](Json) | structured output with a schema, and the same as text |
//! | [`Content`], `Vec<Content>` | text, pictures, sounds, resources |
//! | [`Output`] | all of that, put together by hand |
//! | `Result<_, Failure>` | any of the above, or a [`Failure`] |
//! | `Result<_, E>` for any `E: Display` | any of the above, or a failure with that text |
//!
//! # Testing
//!
//! A tool stays an ordinary function: call it from a test. [`Tool::call`] runs it the way the host
//! does. Outside a component, [`report`] says nothing and [`config`] is empty.

#[doc(hidden)]
pub mod __private;
mod bytes;
mod cancellation;
pub mod config;
mod content;
mod failure;
mod json;
mod output;
pub mod report;
mod schema;
mod tool;

pub use bytes::Bytes;
pub use cancellation::cancelled;
pub use content::{Blob, Content, EmbeddedResource, ResourceBody, ResourceLink};
pub use failure::Failure;
pub use json::Json;
pub use output::{IntoOutput, Output};
pub use tool::{Definition, Hints, Tool};

/// # What is taken from the function
///
/// | of the function | of the tool |
/// |---|---|
/// | name | name |
/// | doc comment, required | description |
/// | argument's name | property of the input schema |
/// | argument's doc comment, required | description of that property |
/// | argument's type: anything [`Deserialize`] + [`JsonSchema`] | schema of that property |
/// | argument of type `Option<T>` | the property may be left out |
/// | return type: anything [`IntoOutput`] | output schema, for [`Json`] |
///
/// An argument may also have `#[serde(...)]` and `#[schemars(...)]`, as a field of a struct may: to
/// give a default value, say, or a range.
///
/// # Words
///
/// `#[tool(...)]` takes these, with commas between them. The host holds the tool to what it hints.
///
/// | word | meaning |
/// |---|---|
/// | `read_only` | it changes nothing; so it is non-destructive and idempotent too |
/// | `non_destructive` | it only ever adds: it deletes nothing and overwrites nothing |
/// | `destructive` | it may delete and overwrite: the default, said aloud |
/// | `idempotent` | calling it again with the same arguments changes nothing more |
/// | `name = "..."` | another name than the function's |
/// | `title = "..."` | a short name for people |
///
/// # Examples
///
/// ```
/// use toolkeep_sdk::{Json, tool, tools};
///
/// #[derive(serde::Serialize, schemars::JsonSchema)]
/// struct Sum {
///     /// The numbers, added up.
///     sum: f64,
///     /// How many there were.
///     count: usize,
/// }
///
/// /// Adds up numbers.
/// #[tool(read_only, title = "Add up")]
/// fn add(
///     /// The numbers to add.
///     numbers: Vec<f64>,
///     /// What to start with: 0 if left out.
///     start: Option<f64>,
/// ) -> Result<Json<Sum>, String> {
///     if numbers.is_empty() {
///         return Err("there is nothing to add".to_owned());
///     }
///     Ok(Json(Sum {
///         sum: numbers.iter().sum::<f64>() + start.unwrap_or(0.0),
///         count: numbers.len(),
///     }))
/// }
///
/// tools![add];
/// ```
///
/// [`Deserialize`]: https://docs.rs/serde/1/serde/trait.Deserialize.html
/// [`JsonSchema`]: https://docs.rs/schemars/1/schemars/trait.JsonSchema.html
pub use toolkeep_sdk_macros::tool;

/// Each tool is named by the path of its function. Stands once in a plugin, at the top level of its
/// `lib.rs`. Two tools of one name are a compile error.
///
/// ```
/// mod text {
///     use toolkeep_sdk::tool;
///
///     /// Turns a text around.
///     #[tool(read_only)]
///     pub fn reverse(
///         /// The text.
///         text: String,
///     ) -> String {
///         text.chars().rev().collect()
///     }
/// }
///
/// toolkeep_sdk::tools![text::reverse];
/// ```
pub use toolkeep_sdk_macros::tools;
