//! `#[tool]`: a function becomes a tool.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, Item, ItemFn, ReturnType, Safety, Signature, Type, parse_quote};

use crate::argument::Argument;
use crate::docs;
use crate::errors::Errors;
use crate::options::Options;

/// The code that stands in place of the annotated `item`.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return not_a_function(item, error),
    };
    let mut errors = Errors::default();
    for again in function
        .attrs
        .extract_if(.., |attribute| is_tool(attribute))
    {
        errors.at(again, "`#[tool]` stands twice on one function");
    }
    let options = Options::parse(options, &mut errors);
    let description = docs::text(&function.attrs, &mut errors);
    if description.is_none() {
        errors.at(
            &function.sig.ident,
            format!(
                "the tool `{}` needs a doc comment: it tells the model what the tool does and \
                 when to use it",
                function.sig.ident.unraw()
            ),
        );
    }
    check_signature(&function.sig, &mut errors);
    let arguments = Argument::take_all(function.sig.inputs.iter_mut(), &mut errors);
    let name = name(&function.sig.ident, &options, &mut errors);

    // In an `impl` there is no place for what follows.
    if function.sig.receiver().is_some() {
        let errors = errors.into_code();
        return quote!(#function #errors);
    }
    // A type may have the name of a function. So the tool goes wherever the function is imported,
    // and `tools!` finds it by that name.
    let (ident, vis) = (&function.sig.ident, &function.vis);
    let code = match errors.into_code() {
        // The stub spares the author a second error, that nothing here is a tool.
        Some(errors) => {
            let stub = stub(ident, &name);
            quote!(#errors #stub)
        }
        None => {
            let description = description.unwrap_or_default();
            implementation(&function.sig, &name, &description, &options, &arguments)
        }
    };
    quote! {
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::empty_enums)]
        #vis enum #ident {}

        const _: () = {
            #code
        };
    }
}

/// Whether an attribute is this very macro.
fn is_tool(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "tool")
}

/// `#[tool]` on something else.
fn not_a_function(item: TokenStream, error: syn::Error) -> TokenStream {
    let error = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(_)) | Err(_) => error,
        Ok(other) => syn::Error::new_spanned(other, "`#[tool]` goes on a function"),
    };
    let error = error.into_compile_error();
    quote!(#item #error)
}

/// Refuses functions that cannot be called with JSON.
fn check_signature(signature: &Signature, errors: &mut Errors) {
    if let Some(token) = &signature.asyncness {
        errors.at(
            token,
            "a tool cannot be `async`: each call has an instance of its own and may block",
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(token, "a tool cannot be `unsafe`: a model calls it");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a tool is an ordinary Rust function");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a tool has a fixed number of arguments");
    }
    let generics = &signature.generics;
    if !generics.params.is_empty() {
        errors.at(
            &generics.params,
            "a tool cannot be generic: its schema is made from its types",
        );
    } else if let Some(clause) = &generics.where_clause {
        errors.at(clause, "a tool cannot be generic: it needs no `where`");
    }
    if let ReturnType::Type(_, ty) = &signature.output
        && let Type::ImplTrait(_) = **ty
    {
        errors.at(
            ty,
            "a tool needs a return type with a name: its output schema is made from it",
        );
    }
}

/// The tool's name, as the model will see it.
fn name(ident: &Ident, options: &Options, errors: &mut Errors) -> String {
    let name = match &options.name {
        Some(name) => name.value(),
        None => ident.unraw().to_string(),
    };
    let right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(right) {
        let message = format!(
            "`{name}` cannot be the name of a tool: use 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `-`"
        );
        match &options.name {
            Some(name) => errors.at(name, message),
            None => errors.at(
                ident,
                format!("{message}, or add `#[tool(name = \"...\")]`"),
            ),
        }
    }
    name
}

/// An implementation that is never run.
fn stub(ident: &Ident, name: &str) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::toolkeep_sdk::Tool for #ident {
            const NAME: &'static str = #name;

            fn describe() -> ::toolkeep_sdk::Definition {
                loop {}
            }

            fn call(
                _: &str,
            ) -> ::core::result::Result<::toolkeep_sdk::Output, ::toolkeep_sdk::Failure> {
                loop {}
            }
        }
    }
}

/// What makes a tool of the function with this signature.
fn implementation(
    signature: &Signature,
    name: &str,
    description: &str,
    options: &Options,
    arguments: &[Argument],
) -> TokenStream {
    let ident = &signature.ident;
    let returned: Type = match &signature.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    // Errors about the returned type point at it.
    let output_schema = quote_spanned! {returned.span()=>
        <#returned as ::toolkeep_sdk::IntoOutput>::output_schema
    };
    let into_output = quote_spanned! {returned.span()=>
        <#returned as ::toolkeep_sdk::IntoOutput>::into_output
    };
    let fields = arguments.iter().map(Argument::field);
    let checks = arguments.iter().filter_map(Argument::check);
    let defaults = arguments.iter().filter_map(Argument::default);
    let idents = arguments.iter().map(|argument| &argument.ident);
    // Parameters stand for the types where they can: what is wrong with a type is then told by a trait of
    // ours, not by every line that is derived for it.
    let (parameters, types): (Vec<_>, Vec<_>) =
        arguments.iter().filter_map(Argument::parameter).unzip();
    let bounds: Vec<String> = parameters
        .iter()
        .map(|parameter| format!("{parameter}: ::toolkeep_sdk::__private::Argument"))
        .collect();
    let bounds = bounds.join(", ");
    let whole = quote!(ToolkeepArguments<#(#types),*>);
    let title = match &options.title {
        Some(title) => quote!(::core::option::Option::Some(::std::string::String::from(#title))),
        None => quote!(::core::option::Option::None),
    };
    let Options {
        read_only,
        non_destructive,
        idempotent,
        ..
    } = options;
    // An argument may be called like the function: so it is always taken from the struct.
    let values = idents.map(|ident| quote!(arguments.#ident).into_token_stream());
    let parsed = if arguments.is_empty() {
        quote!(_)
    } else {
        quote!(arguments)
    };
    quote! {
        #(#checks)*

        #[derive(
            ::toolkeep_sdk::__private::serde::Deserialize,
            ::toolkeep_sdk::__private::schemars::JsonSchema,
        )]
        #[serde(crate = "::toolkeep_sdk::__private::serde", deny_unknown_fields)]
        #[schemars(crate = "::toolkeep_sdk::__private::schemars")]
        #[serde(bound = #bounds)]
        #[schemars(bound = #bounds)]
        struct ToolkeepArguments<#(#parameters),*> {
            #(#fields,)*
        }

        #(#defaults)*

        #[automatically_derived]
        impl ::toolkeep_sdk::Tool for #ident {
            const NAME: &'static str = #name;

            fn describe() -> ::toolkeep_sdk::Definition {
                ::toolkeep_sdk::Definition {
                    name: ::std::string::String::from(#name),
                    title: #title,
                    description: ::std::string::String::from(#description),
                    input_schema: ::toolkeep_sdk::__private::input_schema::<#whole>(),
                    output_schema: #output_schema(),
                    hints: ::toolkeep_sdk::Hints {
                        read_only: #read_only,
                        non_destructive: #non_destructive,
                        idempotent: #idempotent,
                    },
                }
            }

            fn call(
                arguments: &str,
            ) -> ::core::result::Result<::toolkeep_sdk::Output, ::toolkeep_sdk::Failure> {
                let #parsed: #whole =
                    ::toolkeep_sdk::__private::parse_arguments(arguments)?;
                #into_output(#ident(#(#values),*))
            }
        }
    }
}
