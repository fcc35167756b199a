//! What the host knows of a tool.

use crate::__private::Entry;
pub use crate::__private::bindings::exports::toolkeep::tool::tools::{Hints, Tool as Definition};
use crate::{Failure, Output};

/// One callable function of a plugin. [`#[tool]`](macro@crate::tool) implements it, for an empty type
/// that has the function's name.
///
/// ```
/// use toolkeep_sdk::{Failure, Tool, tool};
///
/// /// Gives back the text it was given.
/// #[tool(read_only)]
/// fn echo(
///     /// The text to give back.
///     text: String,
/// ) -> String {
///     text
/// }
///
/// # fn main() {
/// assert_eq!(echo::NAME, "echo");
/// assert_eq!(echo::describe().description, "Gives back the text it was given.");
/// assert_eq!(echo::call(r#"{"text": "hello"}"#), Ok("hello".into()));
/// assert!(matches!(echo::call("{}"), Err(Failure::BadArguments(_))));
/// # }
/// ```
pub trait Tool {
    /// Its name, unique in the plugin: `[A-Za-z0-9_-]{1,64}`.
    const NAME: &'static str;

    #[doc(hidden)]
    const ENTRY: Entry = Entry::new(Self::NAME, Self::describe, Self::call);

    /// All that the host and the model know of it before it runs.
    fn describe() -> Definition;

    /// Runs it. `arguments` is a JSON object that satisfies the input schema.
    ///
    /// # Errors
    ///
    /// [`Failure::BadArguments`] if `arguments` is anything else; whatever the function gives as an
    /// error otherwise.
    fn call(arguments: &str) -> Result<Output, Failure>;
}
