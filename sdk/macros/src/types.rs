//! Which types an argument may have, as far as that can be told from how they are written.

use syn::punctuated::Punctuated;
use syn::{GenericArgument, Ident, PathArguments, PathSegment, Token, Type};

use crate::errors::Errors;

/// Maps, by their usual names.
const MAPS: [&str; 3] = ["BTreeMap", "HashMap", "IndexMap"];

/// Types that are written as something else than a string in JSON, so that none can be a key.
const NO_KEYS: [&str; 20] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
    "u64", "u128", "usize", "Vec", "Option", "Bytes", "Value",
];

/// Refuses types that could only end in an error that nobody understands, or in a schema that does not
/// tell a model what to fill in.
pub(crate) fn check(ident: &Ident, ty: &Type, errors: &mut Errors) {
    let says = match ty {
        Type::Array(array) => return check(ident, &array.elem, errors),
        Type::Group(group) => return check(ident, &group.elem, errors),
        Type::Paren(paren) => return check(ident, &paren.elem, errors),
        Type::Path(path) => {
            for segment in &path.path.segments {
                check_segment(ident, segment, errors);
            }
            return;
        }
        Type::Reference(_) | Type::Slice(_) => {
            "must own what it holds: `String` for `&str`, `Vec<T>` for `&[T]`"
        }
        Type::ImplTrait(_) => "needs a type with a name: its schema is made from it",
        Type::TraitObject(_) => {
            "needs a type with fields or variants: its schema is made from it, and `dyn` says nothing of them"
        }
        Type::Tuple(_) => {
            "needs names for its parts, since the model fills them in by name: use a struct for a tuple"
        }
        Type::Ptr(_) | Type::FnPtr(_) => "cannot be a pointer: the model fills it in with JSON",
        Type::Never(_) => "needs a type that has values",
        Type::Infer(_) => "needs a type that is written out: its schema is made from it",
        // Nothing is known of these before the compiler has looked at them.
        _ => return,
    };
    errors.at(ty, format!("the argument `{ident}` {says}"));
}

fn check_segment(ident: &Ident, segment: &PathSegment, errors: &mut Errors) {
    let PathArguments::AngleBracketed(list) = &segment.arguments else {
        return;
    };
    let types = types(&list.args);
    let name = segment.ident.to_string();
    if MAPS.contains(&name.as_str())
        && let Some(key) = types.first()
        && !can_be_key(key)
    {
        errors.at(
            key,
            format!("the keys of the argument `{ident}` have to be strings, as in all JSON: `{name}<String, T>`"),
        );
    }
    for ty in types {
        check(ident, ty, errors);
    }
}

fn types(arguments: &Punctuated<GenericArgument, Token![,]>) -> Vec<&Type> {
    arguments
        .iter()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
        .collect()
}

fn can_be_key(ty: &Type) -> bool {
    match last(ty) {
        Some(segment) => !NO_KEYS.contains(&segment.ident.to_string().as_str()),
        // Whatever is wrong with it is told by itself.
        None => true,
    }
}

/// Whether `ty` is written as an `Option`.
pub(crate) fn is_option(ty: &Type) -> bool {
    last(ty).is_some_and(|segment| segment.ident == "Option")
}

fn last(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
    }
}
