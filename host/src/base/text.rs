//! Text from outside, made safe to show; and the nearest right word for a wrong one.

use std::fmt::Write as _;

/// Whether a character could disturb a log line, a terminal or a reader: control, bidirectional,
/// invisible or line-breaking characters.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// `text` with every unsafe character written as `\u{..}` (`\n`, `\t` and `\r` as such), so that it
/// stays on one line and shows what it really is.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_unsafe(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// As [`visible`], but lines stay lines and tabs stay tabs: for text that may have several lines.
pub fn visible_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if is_unsafe(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// At most `max` characters of `text`, with `…` where something was cut.
pub fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
    }
}

/// The longest word that is compared with others: it takes time as its length times theirs.
const MAX_WORD: usize = 128;

/// The one of `known` that is nearest to `wrong`, if any is near enough to be what was meant
/// (at most a third of its letters differ).
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > MAX_WORD {
        return None;
    }
    known
        .into_iter()
        .map(|word| (distance(wrong, word), word))
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

/// Whether `wrong` is `right` but for at most one slip of the finger: a letter more, less, other, or
/// swapped with its neighbour.
pub fn is_slip(wrong: &str, right: &str) -> bool {
    distance(wrong, right) <= 1
}

/// The optimal string alignment distance: insertions, deletions, substitutions and swaps of
/// neighbours that turn one text into the other.
fn distance(a: &str, b: &str) -> usize {
    strsim::osa_distance(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unsafe_stays() {
        let text = "a\u{1b}[2J\u{202e}b\nc\u{0}\u{200b}";
        assert_eq!(visible(text), "a\\u{1b}[2J\\u{202e}b\\nc\\u{0}\\u{200b}");
        assert!(!visible(text).chars().any(is_unsafe));
        assert_eq!(visible_lines("a\nb\u{7}"), "a\nb\\u{7}");
    }

    #[test]
    fn shortens_at_character_borders() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöü", 2), "äö…");
    }

    #[test]
    fn a_slip_is_one_letter() {
        for wrong in [
            "untrused",
            "untrsuted",
            "untrustedd",
            "untrustet",
            "untrusted",
        ] {
            assert!(is_slip(wrong, "untrusted"), "{wrong}");
        }
        assert!(!is_slip("trusted", "untrusted"));
    }

    #[test]
    fn finds_the_nearest_word() {
        let verbs = ["list", "read", "create", "modify", "delete"];
        assert_eq!(nearest("raed", verbs), Some("read"));
        assert_eq!(nearest("deletes", verbs), Some("delete"));
        assert_eq!(nearest("frobnicate", verbs), None);
    }
}
