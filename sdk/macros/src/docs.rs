//! Doc comments as text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::errors::Errors;

/// The text of the doc comments among `attributes`; none if there is none, or only blanks.
pub(crate) fn text(attributes: &[Attribute], errors: &mut Errors) -> Option<String> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        match &attribute.meta {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(line),
                    ..
                }) => lines.extend(line.value().split('\n').map(unindented)),
                other => errors.at(
                    other,
                    "a tool's description must be plain text, known without running a macro",
                ),
            },
            // `#[doc(hidden)]` and the like describe nothing.
            Meta::Path(_) | Meta::List(_) => {}
        }
    }
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// A line without the one blank that stands between `///` and the text.
fn unindented(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}
