//! What the author says in `#[tool(...)]`.

use proc_macro2::TokenStream;
use syn::LitStr;

use crate::errors::Errors;
use crate::words;

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
        let mut destructive = None;
        for (word, meta) in words::parse([tokens], &WORDS, errors) {
            match word.as_str() {
                "name" => options.name = words::text(&meta, &word, errors),
                "title" => options.title = words::text(&meta, &word, errors),
                "read_only" => options.read_only = words::alone(&meta, &word, errors),
                "non_destructive" => options.non_destructive = words::alone(&meta, &word, errors),
                "idempotent" => options.idempotent = words::alone(&meta, &word, errors),
                _ => destructive = words::alone(&meta, &word, errors).then_some(meta),
            }
        }
        if let Some(meta) = destructive {
            for (given, word) in [
                (options.read_only, "read_only"),
                (options.non_destructive, "non_destructive"),
            ] {
                if given {
                    errors.at(&meta, format!("`destructive` contradicts `{word}`"));
                }
            }
        }
        // What changes nothing also deletes nothing, and does so again and again.
        options.non_destructive |= options.read_only;
        options.idempotent |= options.read_only;
        options
    }
}
