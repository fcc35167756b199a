//! Text as people read it.

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization as _;

/// Without what is not seen, in one form, and with one space wherever there is white space.
pub fn normal(text: &str) -> String {
    let seen = text.chars().filter(|c| is_seen(*c)).nfkc();
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in seen {
        if c.is_whitespace() {
            space = true;
        } else {
            if space && !out.is_empty() {
                out.push(' ');
            }
            space = false;
            out.push(c);
        }
    }
    out
}

fn is_seen(c: char) -> bool {
    matches!(c, ' '..='~' | '\t' | '\n' | '\r' | '\u{c}')
        || !matches!(
            get_general_category(c),
            Category::Control
                | Category::Format
                | Category::Unassigned
                | Category::PrivateUse
                | Category::Surrogate
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_brought_into_one_form() {
        for (text, expected) in [
            ("", ""),
            (" \n\t ", ""),
            ("  a \u{a0}\r\n b  ", "a b"),
            ("so\u{ad}ft\u{200b}\u{feff}", "soft"),
            ("e\u{301} ﬀ Ⅳ １", "é ff IV 1"),
            ("a\u{1}\u{0}b\u{e000}", "ab"),
        ] {
            assert_eq!(normal(text), expected, "{text:?}");
        }
    }
}
