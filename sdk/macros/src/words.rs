//! The words in `#[tool(...)]` and `#[arg(...)]`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Meta, Token};

use crate::errors::Errors;

/// The words in `lists` that are known and stand there once; what is wrong with the others goes to
/// `errors`.
pub(crate) fn parse(
    lists: impl IntoIterator<Item = TokenStream>,
    known: &[&str],
    errors: &mut Errors,
) -> Vec<(String, Meta)> {
    let mut words = Vec::new();
    for tokens in lists {
        match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(list) => words.extend(list),
            Err(error) => errors.push(error),
        }
    }
    let mut found: Vec<(String, Meta)> = Vec::new();
    for meta in words {
        let word = meta
            .path()
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        if !known.contains(&word.as_str()) {
            errors.at(meta.path(), unknown("word", &word, known));
        } else if found.iter().any(|(earlier, _)| *earlier == word) {
            errors.at(meta, format!("`{word}` is given twice"));
        } else {
            found.push((word, meta));
        }
    }
    found
}

/// The text in `word = "text"`, which may not be blank.
pub(crate) fn text(meta: &Meta, word: &str, errors: &mut Errors) -> Option<LitStr> {
    if let Meta::NameValue(pair) = meta
        && let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
    {
        if !text.value().trim().is_empty() {
            return Some(text.clone());
        }
        errors.at(text, format!("the {word} is empty"));
    } else {
        errors.at(meta, format!("`{word}` takes a text: `{word} = \"...\"`"));
    }
    None
}

/// Whether `word` stands alone, as it must.
pub(crate) fn alone(meta: &Meta, word: &str, errors: &mut Errors) -> bool {
    let alone = matches!(meta, Meta::Path(_));
    if !alone {
        errors.at(meta, format!("`{word}` stands alone, without a value"));
    }
    alone
}

/// What to say about a `word`, which is a `thing`, that is not among the known ones.
pub(crate) fn unknown(thing: &str, word: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|known| (strsim::osa_distance(word, known), known))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min();
    match nearest {
        Some((_, known)) => format!("unknown {thing} `{word}`; did you mean `{known}`?"),
        None => format!(
            "unknown {thing} `{word}`; known are `{}`",
            known.join("`, `")
        ),
    }
}
