//! `tools!`: the tools of a plugin become its exports.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Path, Token};

use crate::errors::Errors;

/// The code that stands in place of `tools![...]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let parsed = Punctuated::<Path, Token![,]>::parse_terminated.parse2(input);
    let tools: Vec<Path> = match parsed {
        Ok(tools) => tools.into_iter().collect(),
        Err(error) => {
            let says = "tools are named by their functions, with commas between them: `tools![first, second]`";
            return syn::Error::new(error.span(), says).into_compile_error();
        }
    };
    let mut errors = Errors::default();
    for (index, tool) in tools.iter().enumerate() {
        if tools
            .iter()
            .take(index)
            .any(|earlier| text(earlier) == text(tool))
        {
            errors.at(tool, format!("`{}` is named twice", text(tool)));
        }
    }
    if let Some(errors) = errors.into_code() {
        return errors;
    }
    if tools.is_empty() {
        let error = "a plugin has at least one tool: `tools![first, second]`";
        return syn::Error::new(proc_macro2::Span::call_site(), error).into_compile_error();
    }
    let unique = unique(&tools);
    quote! {
        // A second list in one plugin would have the same name.
        #[doc(hidden)]
        #[allow(dead_code, clippy::empty_enums)]
        enum ToolsOfThisPlugin {}

        const _: () = {
            #(#unique)*

            // Named tools count as used, in unit tests too: so only a forgotten one is warned of.
            #[allow(dead_code)]
            static TOOLS: &[::toolkeep_sdk::__private::Entry] =
                &[#(<#tools as ::toolkeep_sdk::Tool>::ENTRY),*];

            struct Plugin;

            impl ::toolkeep_sdk::__private::Guest for Plugin {
                fn describe() -> ::std::vec::Vec<::toolkeep_sdk::Definition> {
                    ::toolkeep_sdk::__private::describe(TOOLS)
                }

                fn call(
                    name: ::std::string::String,
                    arguments: ::std::string::String,
                ) -> ::core::result::Result<
                    ::toolkeep_sdk::Output,
                    ::toolkeep_sdk::__private::WitFailure,
                > {
                    ::toolkeep_sdk::__private::call(TOOLS, &name, &arguments)
                }
            }

            // Elsewhere, in unit tests say, there is nothing that could take the exports.
            #[cfg(target_family = "wasm")]
            ::toolkeep_sdk::__private::export!(
                Plugin with_types_in ::toolkeep_sdk::__private::bindings
            );
        };
    }
}

/// Checks, run by the compiler, that no two tools have one name.
fn unique(tools: &[Path]) -> Vec<TokenStream> {
    let mut checks = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        for earlier in tools.iter().take(index) {
            let message = format!(
                "the tools `{}` and `{}` have one name; rename one with `#[tool(name = \"...\")]`",
                text(earlier),
                text(tool)
            );
            checks.push(quote_spanned! {tool.span()=>
                const _: () = ::core::assert!(
                    !::toolkeep_sdk::__private::same(
                        <#earlier as ::toolkeep_sdk::Tool>::NAME,
                        <#tool as ::toolkeep_sdk::Tool>::NAME,
                    ),
                    #message
                );
            });
        }
    }
    checks
}

/// A path as its author wrote it.
fn text(path: &Path) -> String {
    let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
    segments.join("::")
}
