//! What the macros' code calls. Not for anyone else: it changes without notice.

pub use schemars;
pub use serde;

pub use crate::schema::{input_schema, parse_arguments};
use crate::{Definition, Failure, Output};
use serde::de::DeserializeOwned;

#[allow(
    missing_docs,
    unsafe_code,
    unused,
    clippy::all,
    clippy::restriction,
    reason = "generated; crossing into the host takes unsafe code, all of which is in here"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: [
            "wit/io/0.2.0",
            "wit/clocks/0.2.0",
            "wit/http/0.2.0",
            "wit/config/0.2.0-rc.1",
            "wit/keyvalue/0.2.0-draft2",
            "wit/data/0.1.0",
            "wit/tool/0.1.0",
        ],
        // A plugin may use everything here; what it doesn't use is not in the built component.
        inline: "
            package toolkeep:sdk;

            world guest {
                include toolkeep:tool/plugin@0.1.0;
                import wasi:config/store@0.2.0-rc.1;
                import wasi:http/types@0.2.0;
                import wasi:http/outgoing-handler@0.2.0;
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import toolkeep:data/sql@0.1.0;
            }
        ",
        world: "toolkeep:sdk/guest",
        generate_all,
        additional_derives: [PartialEq, Eq],
        // A handle is equal to nothing, and a value may be a number that is no number.
        additional_derives_ignore: ["cas-error", "stream-error", "value"],
        pub_export_macro: true,
        default_bindings_module: "::toolkeep_sdk::__private::bindings",
    });
}

pub use bindings::export;
pub use bindings::exports::toolkeep::tool::tools::{Failure as WitFailure, Guest};

/// A tool, in the table that `tools!` makes.
pub struct Entry {
    name: &'static str,
    describe: fn() -> Definition,
    call: fn(&str) -> Result<Output, Failure>,
}

impl Entry {
    /// The entry of the tool called `name`.
    pub const fn new(
        name: &'static str,
        describe: fn() -> Definition,
        call: fn(&str) -> Result<Output, Failure>,
    ) -> Self {
        Self {
            name,
            describe,
            call,
        }
    }
}

/// Every tool, described.
pub fn describe(tools: &[Entry]) -> Vec<Definition> {
    tools.iter().map(|tool| (tool.describe)()).collect()
}

/// Runs the tool called `name`.
pub fn call(tools: &[Entry], name: &str, arguments: &str) -> Result<Output, WitFailure> {
    match tools.iter().find(|tool| tool.name == name) {
        Some(tool) => (tool.call)(arguments).map_err(Failure::into_wit),
        None => Err(WitFailure::BadArguments(format!(
            "no tool is called `{name}`"
        ))),
    }
}

/// What a model can fill in: a type that can be read from JSON, and whose schema can be made.
#[diagnostic::on_unimplemented(
    message = "a tool cannot take `{Self}` as an argument",
    label = "not something that a model can fill in",
    note = "derive `serde::Deserialize` and `schemars::JsonSchema` for a type of your own; for one of another crate, \
            see whether it has features for serde and schemars"
)]
pub trait Argument: DeserializeOwned + schemars::JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + schemars::JsonSchema> Argument for T {}

/// Compiles for what can be an argument.
pub fn is_argument<T: Argument>() {}

/// A value that the schema can tell the model.
#[diagnostic::on_unimplemented(
    message = "the default of an argument cannot be a `{Self}`",
    label = "cannot be written into the schema",
    note = "derive `serde::Serialize` for it: the schema tells the model the default"
)]
pub trait Told {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize> Told for T {}

/// What can be made of a text.
#[diagnostic::on_unimplemented(
    message = "a text cannot be the default of an argument of type `{Self}`",
    label = "not a `{Self}`"
)]
pub trait OfText {
    fn of_text(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: From<&'static str>> OfText for T {
    fn of_text(text: &'static str) -> Self {
        text.into()
    }
}

/// A default value as it is.
pub fn default<T: Told>(value: T) -> T {
    value
}

/// Whether two names are the same; `==` cannot be used by the compiler itself yet.
pub const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        match (a, b) {
            ([], []) => return true,
            ([x, rest_a @ ..], [y, rest_b @ ..]) if *x == *y => (a, b) = (rest_a, rest_b),
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn compares_names() {
        assert!(same("", ""));
        assert!(same("echo", "echo"));
        assert!(!same("echo", "echO"));
        assert!(!same("echo", "ech"));
        assert!(!same("ech", "echo"));
    }
}
