//! What the author says of an argument in `#[arg(...)]`, and to serde in `#[serde(...)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, Token, Type};

use crate::errors::Errors;
use crate::{types, words};

/// Every word of `#[arg(...)]`.
const WORDS: [&str; 2] = ["default", "role"];

/// What an argument can be to the deed of its tool.
const ROLES: [&str; 3] = ["destination", "object", "content"];

/// The keyword of the input schema that tells the host an argument's role.
const ROLE_KEYWORD: &str = "x-toolkeep-role";

/// What the author said in `#[arg(...)]`.
#[derive(Default)]
pub(crate) struct Words {
    default: Option<Expr>,
    role: Option<String>,
}

impl Words {
    /// Reads the words in all `#[arg(...)]` of an argument; what is wrong with them goes to `errors`.
    pub(crate) fn parse(
        attributes: &[Attribute],
        ident: &Ident,
        ty: &Type,
        errors: &mut Errors,
    ) -> Self {
        let mut read = Self::default();
        let mut lists = Vec::new();
        for attribute in attributes {
            match &attribute.meta {
                Meta::List(list) => lists.push(list.tokens.clone()),
                Meta::Path(_) | Meta::NameValue(_) => errors.at(
                    attribute,
                    "`#[arg(...)]` takes words in brackets: `#[arg(default = 10, role = \"object\")]`",
                ),
            }
        }
        for (word, meta) in words::parse(lists, &WORDS, errors) {
            match word.as_str() {
                "role" => read.role = role(&meta, errors),
                _ => read.default = default(&meta, ident, ty, errors),
            }
        }
        read
    }

    /// Whether there is a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// What serde and schemars are told of it.
    pub(crate) fn attributes(&self, ident: &Ident) -> TokenStream {
        let default = self.default.as_ref().map(|_| {
            let function = default_name(ident).to_string();
            quote!(#[serde(default = #function)])
        });
        let role = self
            .role
            .as_ref()
            .map(|role| quote!(#[schemars(extend(#ROLE_KEYWORD = #role))]));
        quote!(#default #role)
    }

    /// The function that makes the default value, which the schema tells the model.
    pub(crate) fn function(&self, ident: &Ident, ty: &Type) -> Option<TokenStream> {
        let default = self.default.as_ref()?;
        let name = default_name(ident);
        let value = match default {
            // A text is whatever can be made of a text.
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => {
                quote_spanned!(text.span()=> ::toolkeep_sdk::__private::OfText::of_text(#text))
            }
            value => quote!(#value),
        };
        let told = quote_spanned! {ty.span()=>
            ::toolkeep_sdk::__private::default::<#ty>
        };
        Some(quote! {
            fn #name() -> #ty {
                let value: #ty = #value;
                #told(value)
            }
        })
    }
}

fn default_name(ident: &Ident) -> Ident {
    quote::format_ident!("default_of_{ident}")
}

/// The value in `default = VALUE`.
fn default(meta: &Meta, ident: &Ident, ty: &Type, errors: &mut Errors) -> Option<Expr> {
    let Meta::NameValue(pair) = meta else {
        errors.at(meta, "`default` takes a value: `default = 10`");
        return None;
    };
    if types::is_option(ty) {
        errors.at(
            meta,
            format!("the argument `{ident}` has a default, so it is always there: give it the type in the `Option`"),
        );
        return None;
    }
    Some(pair.value.clone())
}

/// The role in `role = "..."`.
fn role(meta: &Meta, errors: &mut Errors) -> Option<String> {
    let text = words::text(meta, "role", errors)?;
    let role = text.value();
    if ROLES.contains(&role.as_str()) {
        return Some(role);
    }
    errors.at(text, words::unknown("role", &role, &ROLES));
    None
}

/// The argument's name in JSON where `#[serde(rename = "...")]` gives another one. Words of serde that
/// would take the argument away from the model go to `errors`.
pub(crate) fn renamed(attributes: &[Attribute], errors: &mut Errors) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        let Meta::List(list) = &attribute.meta else {
            continue;
        };
        let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
        // What cannot be read is told by serde.
        for meta in parser.parse2(list.tokens.clone()).into_iter().flatten() {
            let is = |word: &str| meta.path().is_ident(word);
            if is("skip") || is("skip_deserializing") {
                errors.at(
                    &meta,
                    "an argument that the model cannot fill in is none: make it a constant",
                );
            } else if is("flatten") {
                errors.at(&meta, "arguments stand side by side already: take each field as an argument of its own, or leave `flatten` out");
            } else if let Meta::NameValue(pair) = &meta
                && is("rename")
                && let Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) = &pair.value
            {
                name = Some(text.value());
            }
        }
    }
    name
}
