//! The words in `#[tool(...)]`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Meta, Token};

use crate::errors::Errors;

/// Every word, in the order in which people list them.
const WORDS: [&str; 6] = [
    "read_only",
    "non_destructive",
    "destructive",
    "idempotent",
    "name",
    "title",
];

/// What the author said in `#[tool(...)]`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) read_only: bool,
    pub(crate) non_destructive: bool,
    pub(crate) idempotent: bool,
}

impl Options {
    /// Reads the words; what is wrong with them goes to `errors`.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let words = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(words) => words,
            Err(error) => {
                errors.push(error);
                return options;
            }
        };
        let mut seen: Vec<String> = Vec::new();
        let mut destructive = None;
        for meta in &words {
            let word = meta
                .path()
                .get_ident()
                .map(ToString::to_string)
                .unwrap_or_default();
            if !WORDS.contains(&word.as_str()) {
                errors.at(meta.path(), unknown(&word));
                continue;
            }
            if seen.contains(&word) {
                errors.at(meta, format!("`{word}` is given twice"));
                continue;
            }
            match word.as_str() {
                "name" => options.name = text(meta, &word, errors),
                "title" => options.title = text(meta, &word, errors),
                "read_only" => options.read_only = alone(meta, &word, errors),
                "non_destructive" => options.non_destructive = alone(meta, &word, errors),
                "idempotent" => options.idempotent = alone(meta, &word, errors),
                _ => destructive = alone(meta, &word, errors).then_some(meta),
            }
            seen.push(word);
        }
        if let Some(meta) = destructive {
            for (given, word) in [
                (options.read_only, "read_only"),
                (options.non_destructive, "non_destructive"),
            ] {
                if given {
                    errors.at(meta, format!("`destructive` contradicts `{word}`"));
                }
            }
        }
        // What changes nothing also deletes nothing, and does so again and again.
        options.non_destructive |= options.read_only;
        options.idempotent |= options.read_only;
        options
    }
}

/// The text in `word = "text"`, which may not be blank.
fn text(meta: &Meta, word: &str, errors: &mut Errors) -> Option<LitStr> {
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
fn alone(meta: &Meta, word: &str, errors: &mut Errors) -> bool {
    let alone = matches!(meta, Meta::Path(_));
    if !alone {
        errors.at(meta, format!("`{word}` stands alone, without a value"));
    }
    alone
}

/// What to say about a word that nobody knows.
fn unknown(word: &str) -> String {
    let nearest = WORDS
        .into_iter()
        .map(|known| (strsim::osa_distance(word, known), known))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min();
    match nearest {
        Some((_, known)) => format!("unknown word `{word}`; did you mean `{known}`?"),
        None => format!("unknown word `{word}`; known are `{}`", WORDS.join("`, `")),
    }
}
