//! One argument of a tool.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, FnArg, Ident, Pat, PatType, Type};

use crate::docs;
use crate::errors::Errors;

/// Lint attributes, which stay on the argument.
const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// One argument of a tool, as a property of its input schema.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    ty: Type,
    description: String,
    /// What serde and schemars are to know about it.
    attributes: Vec<Attribute>,
}

impl Argument {
    /// Reads an argument and takes off it what the compiler allows only on fields. None if it
    /// cannot be an argument of a tool; `errors` says why.
    pub(crate) fn take(argument: &mut FnArg, errors: &mut Errors) -> Option<Self> {
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
        let attributes = take_attributes(typed, errors);
        let ident = ident(typed, errors)?;
        check_type(&ident, &typed.ty, errors);
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
            ident,
            ty: (*typed.ty).clone(),
            description,
            attributes,
        })
    }

    /// The argument as a field of a struct that serde and schemars can derive from.
    pub(crate) fn field(&self) -> TokenStream {
        let Self {
            ident,
            ty,
            description,
            attributes,
        } = self;
        quote! {
            #[schemars(description = #description)]
            #(#attributes)*
            #ident: #ty
        }
    }
}

/// Takes the doc comments, and what is meant for serde and schemars, off an argument; gives the
/// latter.
fn take_attributes(typed: &mut PatType, errors: &mut Errors) -> Vec<Attribute> {
    let mut moved = Vec::new();
    for attribute in std::mem::take(&mut typed.attrs) {
        let path = attribute.path();
        if path.is_ident("serde") || path.is_ident("schemars") {
            moved.push(attribute);
        } else if LINTS.iter().any(|lint| path.is_ident(lint)) {
            typed.attrs.push(attribute);
        } else if !path.is_ident("doc") {
            errors.at(
                &attribute,
                "a tool's argument takes a doc comment, `#[serde(...)]` and `#[schemars(...)]`, \
                 nothing else",
            );
        }
    }
    moved
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

/// Refuses types that could only end in an error that nobody understands.
fn check_type(ident: &Ident, ty: &Type, errors: &mut Errors) {
    match ty {
        Type::Reference(reference) => errors.at(
            reference,
            format!("the argument `{ident}` must own what it holds: `String` for `&str`, `Vec<T>` for `&[T]`"),
        ),
        Type::ImplTrait(_) => errors.at(
            ty,
            format!("the argument `{ident}` needs a type with a name: its schema is made from it"),
        ),
        _ => {}
    }
}
