//! Write an AI agent's tool as a Rust function, and build it into a Toolkeep plugin.
//!
//! This page is a tour of ten minutes. `toolkeep new NAME` makes a project to try things in.
//!
//! # A tool is a function
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
//! This is a whole plugin. Its package has `crate-type = ["cdylib"]` and beside its `Cargo.toml` a
//! manifest `plugin.toml`:
//!
//! ```toml
//! name = "echo"
//! version = "0.1.0"
//! description = "Gives back what it is given"
//! ```
//!
//! `toolkeep build` compiles it for `wasm32-wasip2` and packs it into one file. The model sees the
//! function's name and the doc comments: they tell it when to use the tool and what to fill in, so that
//! none may be missing. [`tool`] says what else is taken from a function; [`tools!`] names all tools of
//! the plugin.
//!
//! # Arguments
//!
//! An argument is of any type that serde can read and schemars can describe. The schema is made from it,
//! and what does not fit the schema never reaches the function.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use toolkeep_sdk::{Bytes, Tool, tool};
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! #[serde(rename_all = "lowercase")]
//! enum Urgency {
//!     /// Whenever there is time.
//!     Low,
//!     /// Before anything else.
//!     High,
//! }
//!
//! /// Sends a letter.
//! #[tool(destructive)]
//! fn send(
//!     /// Who gets it.
//!     #[arg(role = "destination")]
//!     to: String,
//!     /// What it says.
//!     #[arg(role = "content")]
//!     text: String,
//!     /// How soon.
//!     #[arg(default = Urgency::Low)]
//!     urgency: Urgency,
//!     /// Files to send with it, by their names.
//!     #[arg(default = BTreeMap::new(), role = "content")]
//!     files: BTreeMap<String, Bytes>,
//!     /// Who it is from, if that is to be said.
//!     from: Option<String>,
//! ) -> String {
//!     let from = from.unwrap_or_else(|| "nobody".to_owned());
//!     format!("from {from} to {to}: {} bytes, {} files", text.len(), files.len())
//! }
//!
//! # fn main() {
//! let sent = send::call(r#"{"to": "ada", "text": "hello"}"#);
//! assert_eq!(sent, Ok("from nobody to ada: 5 bytes, 0 files".into()));
//! # }
//! ```
//!
//! An `Option` may be left out; so may what has a default, which the schema tells the model. The *role*
//! of an argument tells the host what it is to the deed: see [`tool`](macro@tool#arguments).
//!
//! # What a tool may touch
//!
//! Nothing, at first: it can compute, tell the time and take random numbers. What it needs beyond that
//! stands in its manifest, with a reason:
//!
//! ```toml
//! [needs.fs.logs]
//! verbs = ["read"]
//! why = "reads the logs that are searched"
//! ```
//!
//! The operator grants a real folder for it. Then files are plain [`std::fs`], with that folder mounted
//! under the need's name, here `/logs`. Values that the operator wrote are in [`config`], values that the
//! plugin keeps by key in [`kv`], databases in [`sql`]; [`http`] sends requests. A tool does no
//! checks of its own: whatever it opens, keeping it in is the host's part.
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
//! Every error becomes a [`Failure`] with `?`. What the host refused shows as
//! [`PermissionDenied`](std::io::ErrorKind::PermissionDenied), and is kept apart: the call was refused,
//! and did not merely fail.
//!
//! ```
//! use toolkeep_sdk::{Failure, Json, tool};
//!
//! /// Finds the lines of a log that contain a text.
//! #[tool(read_only)]
//! fn search(
//!     /// The day, such as `monday`.
//!     #[arg(role = "object")]
//!     day: String,
//!     /// The text.
//!     text: String,
//! ) -> Result<Json<Vec<String>>, Failure> {
//!     if text.is_empty() {
//!         return Err(Failure::bad_arguments("there is nothing to look for"));
//!     }
//!     let log = std::fs::read_to_string(format!("/logs/{day}.log"))?;
//!     Ok(Json(log.lines().filter(|line| line.contains(&text)).map(str::to_owned).collect()))
//! }
//! ```
//!
//! # Work that takes long
//!
//! [`report`] tells those who watch what the tool is doing; that is never part of the answer.
//! [`cancelled`] says whether the answer is still wanted. There is one instance for each call and it may
//! block: no tool is `async`, and nothing is kept from one call to the next.
//!
//! # Testing
//!
//! A tool stays an ordinary function: call it from a test. [`Tool::call`] runs it the way the host
//! does. Outside a component [`report`] says nothing, [`config`] is empty, and nothing is
//! [`cancelled`].

#[doc(hidden)]
pub mod __private;
mod bytes;
mod cancellation;
pub mod config;
mod content;
mod failure;
pub mod http;
mod json;
pub mod kv;
mod output;
pub mod report;
mod schema;
pub mod sql;
mod tool;

pub use bytes::Bytes;
pub use cancellation::cancelled;
/// A picture or a sound, with its media type.
///
/// ```
/// use toolkeep_sdk::Blob;
///
/// let picture = Blob::new(b"GIF89a", "image/gif");
/// assert_eq!(picture.data.len(), 6);
/// ```
pub use content::Blob;
/// Text, a picture, a sound or a resource: what an answer is made of.
///
/// ```
/// use toolkeep_sdk::{Content, tool};
///
/// /// Shows the weather.
/// #[tool(read_only)]
/// fn weather() -> Vec<Content> {
///     vec![Content::text("sunny"), Content::image(b"GIF89a", "image/gif")]
/// }
/// ```
pub use content::Content;
/// A document that is given back whole, under a name.
///
/// ```
/// use toolkeep_sdk::{Content, EmbeddedResource, ResourceBody};
///
/// let resource = EmbeddedResource {
///     uri: "note:todo".to_owned(),
///     mime_type: Some("text/markdown".to_owned()),
///     body: ResourceBody::Text("- buy milk".to_owned()),
/// };
/// assert!(matches!(Content::from(resource), Content::Resource(_)));
/// ```
pub use content::EmbeddedResource;
/// The text or the bytes of an [`EmbeddedResource`].
///
/// ```
/// use toolkeep_sdk::ResourceBody;
///
/// let text = ResourceBody::Text("- buy milk".to_owned());
/// let bytes = ResourceBody::Blob(vec![1, 2, 3]);
/// assert_ne!(text, bytes);
/// ```
pub use content::ResourceBody;
/// A document that is only named, for whoever wants to fetch it.
///
/// ```
/// use toolkeep_sdk::{Content, ResourceLink};
///
/// let link = ResourceLink {
///     uri: "note:todo".to_owned(),
///     name: "the list of what is to be done".to_owned(),
///     description: None,
///     mime_type: Some("text/markdown".to_owned()),
/// };
/// assert!(matches!(Content::from(link), Content::Link(_)));
/// ```
pub use content::ResourceLink;
pub use failure::Failure;
pub use json::Json;
pub use output::IntoOutput;
/// A whole answer: its parts, and the same as structured data.
///
/// ```
/// use toolkeep_sdk::{Content, Output};
///
/// let output = Output {
///     content: vec![Content::text("3 notes")],
///     structured: Some(r#"{"notes": 3}"#.to_owned()),
/// };
/// assert_eq!(Output::from("3 notes").content, output.content);
/// ```
pub use output::Output;
/// All that is known of a tool without running it: what [`Tool::describe`] gives.
///
/// ```
/// use toolkeep_sdk::{Tool, tool};
///
/// /// Tells the time.
/// #[tool(read_only, title = "Clock")]
/// fn clock() -> String {
///     format!("{:?}", std::time::SystemTime::now())
/// }
///
/// # fn main() {
/// let definition = clock::describe();
/// assert_eq!(definition.name, "clock");
/// assert_eq!(definition.title.as_deref(), Some("Clock"));
/// # }
/// ```
pub use tool::Definition;
/// What `read_only` and its like in `#[tool(...)]` come to.
///
/// ```
/// use toolkeep_sdk::{Tool, tool};
///
/// /// Adds a line to the journal.
/// #[tool(non_destructive)]
/// fn jot() {}
///
/// # fn main() {
/// let hints = jot::describe().hints;
/// assert!(hints.non_destructive && !hints.read_only);
/// # }
/// ```
pub use tool::Hints;
pub use tool::Tool;

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
/// # Arguments
///
/// `#[arg(...)]` takes these words, with commas between them, beside an argument's doc comment.
///
/// | word | meaning |
/// |---|---|
/// | `default = VALUE` | what it is where it is left out; the schema tells the model |
/// | `role = "destination"` | who or where something goes to |
/// | `role = "object"` | which thing the tool acts on |
/// | `role = "content"` | what is written, sent or said |
///
/// The default is any expression of the argument's type, or a text for whatever can be made of a `&str`.
/// The roles stand in the input schema as `x-toolkeep-role`, for the host and for those who decide on
/// the tool. The model cannot change them.
///
/// An argument may also have `#[serde(...)]` and `#[schemars(...)]`, as a field of a struct may: to
/// have another name in JSON, say, or a range.
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
