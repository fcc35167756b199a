//! One argument of a tool.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Ident, Pat, PatType, Type};

use crate::arg::{self, Words};
use crate::errors::Errors;
use crate::{docs, types};

/// Lint attributes, which stay on the argument.
const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// One argument of a tool, as a property of its input schema.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    /// The property's name.
    name: String,
    ty: Type,
    /// A name for the parameter that stands for the type, where one does.
    parameter: Ident,
    description: String,
    words: Words,
    /// What serde and schemars are to know about it.
    attributes: Vec<Attribute>,
}

impl Argument {
    /// Reads all arguments and takes off them what the compiler allows only on fields.
    pub(crate) fn take_all<'a>(
        inputs: impl Iterator<Item = &'a mut FnArg>,
        errors: &mut Errors,
    ) -> Vec<Self> {
        let mut arguments: Vec<Self> = Vec::new();
        for input in inputs {
            let Some(argument) = Self::take(input, arguments.len(), errors) else {
                continue;
            };
            if arguments
                .iter()
                .any(|earlier| earlier.name == argument.name)
            {
                errors.at(
                    &argument.ident,
                    format!("two arguments are called `{}` in JSON", argument.name),
                );
            }
            arguments.push(argument);
        }
        arguments
    }

    /// Reads an argument. None if it cannot be one of a tool; `errors` says why.
    fn take(argument: &mut FnArg, index: usize, errors: &mut Errors) -> Option<Self> {
        let typed = match argument {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                receiver
                    .attrs
                    .retain(|attribute| !attribute.path().is_ident("doc"));
                errors.at(
                    receiver,
                    "a tool is a free function: each call runs in a fresh instance, so there is \
                     no `self` to keep",
                );
                return None;
            }
        };
        let description = docs::text(&typed.attrs, errors);
        let (words, attributes) = take_attributes(typed, errors);
        let ident = ident(typed, errors)?;
        types::check(&ident, &typed.ty, errors);
        let words = Words::parse(&words, &ident, &typed.ty, errors);
        let name = arg::renamed(&attributes, errors);
        let Some(description) = description else {
            errors.at(
                &*typed,
                format!(
                    "the argument `{ident}` needs a doc comment: it tells the model what to fill in"
                ),
            );
            return None;
        };
        Some(Self {
            name: name.unwrap_or_else(|| ident.unraw().to_string()),
            ident,
            ty: (*typed.ty).clone(),
            parameter: format_ident!("ToolkeepType{index}"),
            description,
            words,
            attributes,
        })
    }

    /// Whether a parameter can stand for its type: nothing is said of it that depends on the type.
    fn is_plain(&self) -> bool {
        self.attributes.is_empty() && !self.words.has_default()
    }

    /// The parameter that stands for its type, if one can, and that type.
    pub(crate) fn parameter(&self) -> Option<(Ident, &Type)> {
        self.is_plain().then(|| (self.parameter.clone(), &self.ty))
    }

    /// The argument as a field of a struct that serde and schemars can derive from.
    pub(crate) fn field(&self) -> TokenStream {
        let Self {
            ident,
            ty,
            description,
            attributes,
            ..
        } = self;
        let words = self.words.attributes(ident);
        let ty = match self.parameter() {
            Some((parameter, _)) => quote!(#parameter),
            None => quote!(#ty),
        };
        quote! {
            #[schemars(description = #description)]
            #words
            #(#attributes)*
            #ident: #ty
        }
    }

    /// A check, run by the compiler before all else, whose error says what its type lacks. What serde is
    /// told may make up for that.
    pub(crate) fn check(&self) -> Option<TokenStream> {
        let ty = &self.ty;
        self.attributes.is_empty().then(|| {
            quote_spanned! {ty.span()=>
                const _: fn() = ::toolkeep_sdk::__private::is_argument::<#ty>;
            }
        })
    }

    /// The function that makes its default value, if it has one.
    pub(crate) fn default(&self) -> Option<TokenStream> {
        self.words.function(&self.ident, &self.ty)
    }
}

/// Takes the doc comments and what is meant for this macro, serde and schemars off an argument; gives
/// the `#[arg(...)]`, then those for serde and schemars.
fn take_attributes(typed: &mut PatType, errors: &mut Errors) -> (Vec<Attribute>, Vec<Attribute>) {
    let (mut words, mut moved) = (Vec::new(), Vec::new());
    for attribute in std::mem::take(&mut typed.attrs) {
        let path = attribute.path();
        if path.is_ident("arg") {
            words.push(attribute);
        } else if path.is_ident("serde") || path.is_ident("schemars") {
            moved.push(attribute);
        } else if LINTS.iter().any(|lint| path.is_ident(lint)) {
            typed.attrs.push(attribute);
        } else if !path.is_ident("doc") {
            errors.at(
                &attribute,
                "a tool's argument takes a doc comment, `#[arg(...)]`, `#[serde(...)]` and \
                 `#[schemars(...)]`, nothing else",
            );
        }
    }
    (words, moved)
}

/// The name of an argument.
fn ident(typed: &PatType, errors: &mut Errors) -> Option<Ident> {
    match &*typed.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Some(pattern.ident.clone())
        }
        other => {
            errors.at(
                other,
                "a tool's argument needs a plain name, since the model fills it in by name",
            );
            None
        }
    }
}
