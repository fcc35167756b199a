//! What a request carries, where a person is asked about it.

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::id::Name;
use crate::base::text;

/// How much of a body is shown, in bytes.
const BEGINNING: usize = 512;

/// The longest headers that a person is asked about, in bytes of [`Content::headers`].
const MAX_HEADERS: usize = 16 * 1024;

/// All that a request carries besides method and URL, as the guest gave it. Its fields stand in the order of
/// their names: an approval is bound to its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// How the body begins: its text, or where it is none, with `\xNN` for bytes.
    beginning: String,
    /// How many bytes the body has.
    bytes: u64,
    /// The body's digest.
    digest: Digest,
    /// The guest's headers, in the order in which they are sent: `name: value`, with `\xNN` for bytes that
    /// are no printable ASCII, and a `\` before `\` and quotes.
    headers: Vec<String>,
    /// The names of the secrets that the host adds. Their values are nowhere.
    secrets: Vec<Name>,
}

/// The headers are longer than a person can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its headers are longer than a person can be asked about")]
pub struct TooLong;

impl Content {
    /// Of `headers`, each a name and a value, and the whole `body`; `secrets` are the names of those that go
    /// along.
    ///
    /// # Errors
    /// [`TooLong`] where the headers have more than 16 KiB.
    pub fn new<'a>(
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        body: &[u8],
        secrets: Vec<Name>,
    ) -> Result<Self, TooLong> {
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {}", value.escape_ascii()))
            .collect();
        if headers.iter().map(String::len).sum::<usize>() > MAX_HEADERS {
            return Err(TooLong);
        }
        Ok(Self {
            beginning: beginning(body),
            bytes: body.len() as u64,
            digest: Digest::of(body),
            headers,
            secrets,
        })
    }

    /// For a person, a line each: what it is, and the text. Control characters are made visible, but nothing
    /// else of it can be told from what we say ourselves.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<_> = self
            .headers
            .iter()
            .map(|header| ("header", text::visible(header)))
            .collect();
        lines.extend(self.secrets.iter().map(|name| ("secret", name.to_string())));
        if self.bytes == 0 {
            lines.push(("body", "none".to_owned()));
            return lines;
        }
        lines.push(("body", format!("{} bytes, {}", self.bytes, self.digest)));
        lines.push(("begins", text::visible(&self.beginning)));
        lines
    }
}

fn beginning(body: &[u8]) -> String {
    let cut = body.get(..BEGINNING).unwrap_or(body);
    let whole = cut.len() == body.len();
    match std::str::from_utf8(cut) {
        Ok(text) => text.to_owned(),
        // Cut in the middle of a letter.
        Err(error) if !whole && error.error_len().is_none() => {
            let good = cut.get(..error.valid_up_to()).unwrap_or_default();
            String::from_utf8_lossy(good).into_owned()
        }
        Err(_) => cut.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(headers: &[(&str, &[u8])], body: &[u8]) -> Content {
        let secret = Name::new("token").unwrap();
        Content::new(headers.iter().copied(), body, vec![secret]).unwrap()
    }

    #[test]
    fn all_of_it_is_told() {
        let body = "{\"to\": \"eve\"}\n\u{202e}";
        let content = content(&[("accept", b"a\xff\\"), ("x", b"")], body.as_bytes());
        let lines = content.lines();
        let digest = Digest::of(body.as_bytes());
        let expected = [
            ("header", "accept: a\\xff\\\\".to_owned()),
            ("header", "x: ".to_owned()),
            ("secret", "token".to_owned()),
            ("body", format!("17 bytes, {digest}")),
            ("begins", "{\"to\": \"eve\"}\\n\\u{202e}".to_owned()),
        ];
        assert_eq!(lines, expected);
        assert_eq!(self::content(&[], b"").lines()[1].1, "none");
    }

    #[test]
    fn whatever_differs_is_another() {
        let one = content(&[("a", b"b")], b"body");
        for other in [
            content(&[("a", b"c")], b"body"),
            content(&[("a", b"b"), ("a", b"b")], b"body"),
            content(&[("a", b"b")], b"bodi"),
            content(&[], b"body"),
        ] {
            assert_ne!(one, other);
        }
        // Far behind what is shown.
        let long = |last: u8| {
            let mut body = vec![b'x'; 5_000];
            body.push(last);
            content(&[], &body)
        };
        assert_eq!(long(1).beginning, long(2).beginning);
        assert_ne!(long(1), long(2));
    }

    #[test]
    fn a_body_that_is_no_text_is_shown_as_bytes() {
        assert_eq!(content(&[], b"\xff\x00a").beginning, "\\xff\\x00a");
        let letters = "ö".repeat(400);
        let beginning = content(&[], format!("x{letters}").as_bytes()).beginning;
        assert_eq!(beginning, format!("x{}", "ö".repeat(255)));
        let value = vec![b'x'; MAX_HEADERS];
        let many = [("a", value.as_slice())];
        assert_eq!(
            Content::new(many.into_iter(), b"", Vec::new()),
            Err(TooLong)
        );
    }
}
