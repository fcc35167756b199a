//! The macros of `toolkeep-sdk`, which re-exports and documents them. Use that crate.

mod arg;
mod argument;
mod docs;
mod errors;
mod options;
mod registry;
mod tool;
mod types;
mod words;

use proc_macro::TokenStream;

/// Makes a tool of a function: its name, doc comment and arguments become what the model sees.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(options.into(), item.into()).into()
}

/// Names the tools of a plugin and exports them.
#[proc_macro]
pub fn tools(input: TokenStream) -> TokenStream {
    registry::expand(input.into()).into()
}
