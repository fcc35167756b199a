//! Echoes: what comes back is searched for the secrets that went out.
//!
//! A value is found as it is, escaped as in URLs and JSON, in base64 (at any place in what was encoded) and
//! in hexadecimal. Other codings (compressed, reversed, cut into pieces) are not found: a server that gets
//! a secret is trusted with it, and this is a second wall against one that is careless.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use http::header::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

/// Coded forms that are shorter than this are not searched for: they would be found in anything.
const SHORTEST: usize = 6;

/// What is searched for.
#[derive(Default)]
pub struct Mask {
    needles: Vec<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Mask {
    /// Searches for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it searches for nothing.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Searches for `value` too, in all its forms.
    pub fn add(&mut self, value: &str) {
        let bytes = value.as_bytes();
        self.needle(bytes.to_vec());
        self.coded(percent(bytes, false).into_bytes());
        self.coded(percent(bytes, true).into_bytes());
        self.coded(form(bytes).into_bytes());
        self.coded(json(value).into_bytes());
        for lower in [true, false] {
            let hex = bytes.iter().map(|b| match lower {
                true => format!("{b:02x}"),
                false => format!("{b:02X}"),
            });
            self.coded(hex.collect::<String>().into_bytes());
        }
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            // Where it stands in what was encoded decides on its form: three there are. Letters that
            // depend on the neighbours too are left out.
            for before in 0..3_usize {
                let mut padded = Zeroizing::new(vec![0u8; before]);
                padded.extend_from_slice(bytes);
                let coded = engine.encode(&*padded).into_bytes();
                let first = (before * 8).div_ceil(6);
                let last = padded.len() * 8 / 6;
                if let Some(inner) = coded.get(first..last) {
                    self.coded(inner.to_vec());
                }
            }
        }
    }

    fn coded(&mut self, needle: Vec<u8>) {
        if needle.len() >= SHORTEST {
            self.needle(needle);
        }
    }

    fn needle(&mut self, needle: Vec<u8>) {
        let needle = Zeroizing::new(needle);
        if !needle.is_empty() && !self.needles.contains(&needle) {
            self.needles.push(needle);
        }
    }

    /// Masks the values of `headers`, each by as many stars as it has bytes to hide.
    pub fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(masked) = self.whole(value.as_bytes()) {
                // Stars can stand in any header; should they not, nothing does.
                *value = HeaderValue::from_bytes(&masked)
                    .unwrap_or_else(|_| HeaderValue::from_static("***"));
            }
        }
        // A name cannot be masked in place; a header whose name is a secret goes.
        let echo = |name: &&http::HeaderName| self.whole(name.as_str().as_bytes()).is_some();
        let names: Vec<_> = headers.keys().filter(echo).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }

    /// `text` masked; none where there is nothing to hide.
    fn whole(&self, text: &[u8]) -> Option<Vec<u8>> {
        let hidden = self.hidden(text);
        let any = hidden.contains(&true);
        any.then(|| shown(text, &hidden).collect())
    }

    /// For each byte of `text`, whether it is part of a needle.
    fn hidden(&self, text: &[u8]) -> Vec<bool> {
        let mut hidden = vec![false; text.len()];
        for needle in &self.needles {
            let Some(first) = needle.first() else {
                continue;
            };
            let mut from = 0;
            while let Some(found) = text
                .get(from..)
                .and_then(|rest| rest.iter().position(|byte| byte == first))
            {
                let at = from.saturating_add(found);
                if text.get(at..).is_some_and(|rest| rest.starts_with(needle)) {
                    let end = at.saturating_add(needle.len());
                    if let Some(part) = hidden.get_mut(at..end) {
                        part.fill(true);
                    }
                }
                from = at.saturating_add(1);
            }
        }
        hidden
    }

    /// How many bytes at the end of `text` could be the beginning of a needle.
    fn open_end(&self, text: &[u8]) -> usize {
        let longest = self.needles.iter().map(|needle| needle.len()).max();
        let most = longest.unwrap_or(0).saturating_sub(1).min(text.len());
        let begins = |tail: &[u8]| {
            let mut needles = self.needles.iter();
            needles.any(|needle| needle.len() > tail.len() && needle.starts_with(tail))
        };
        (1..=most)
            .rev()
            .find(|length| {
                let from = text.len().saturating_sub(*length);
                text.get(from..).is_some_and(begins)
            })
            .unwrap_or(0)
    }
}

fn shown<'a>(text: &'a [u8], hidden: &'a [bool]) -> impl Iterator<Item = u8> + 'a {
    let pairs = text.iter().zip(hidden);
    pairs.map(|(byte, hidden)| if *hidden { b'*' } else { *byte })
}

/// A body that comes piece by piece.
pub struct Masked {
    mask: Arc<Mask>,
    /// The end of the last piece, which could be the beginning of a secret, and what of it is part of
    /// one already.
    kept: Vec<u8>,
    hidden: Vec<bool>,
}

impl Masked {
    /// A body that is searched for what `mask` searches for.
    pub fn new(mask: Arc<Mask>) -> Self {
        Self {
            mask,
            kept: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// What is searched for.
    pub fn of(&self) -> &Mask {
        &self.mask
    }

    /// Takes the next piece, and gives what can be shown by now. All pieces together are as long as
    /// they were.
    pub fn push(&mut self, piece: &[u8]) -> Bytes {
        let mut text = std::mem::take(&mut self.kept);
        text.extend_from_slice(piece);
        let mut hidden = self.mask.hidden(&text);
        for (now, before) in hidden.iter_mut().zip(&self.hidden) {
            *now |= *before;
        }
        let ready = text.len().saturating_sub(self.mask.open_end(&text));
        self.kept = text.split_off(ready);
        self.hidden = hidden.split_off(ready);
        shown(&text, &hidden).collect::<BytesMut>().freeze()
    }

    /// There is no further piece: gives the rest.
    pub fn finish(&mut self) -> Bytes {
        let text = std::mem::take(&mut self.kept);
        let hidden = std::mem::take(&mut self.hidden);
        shown(&text, &hidden).collect::<BytesMut>().freeze()
    }
}

/// As in a URL.
pub(super) fn percent(bytes: &[u8], lower: bool) -> String {
    let one = |b: &u8| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(b) {
            char::from(*b).to_string()
        } else if lower {
            format!("%{b:02x}")
        } else {
            format!("%{b:02X}")
        }
    };
    bytes.iter().map(one).collect()
}

/// As in a form.
fn form(bytes: &[u8]) -> String {
    percent(bytes, false).replace("%20", "+")
}

/// As in a JSON text.
fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "s3cr3t/+ \"key\"";

    fn mask() -> Arc<Mask> {
        let mut mask = Mask::new();
        mask.add(VALUE);
        Arc::new(mask)
    }

    fn through(text: &[u8], piece: usize) -> Vec<u8> {
        let mut masked = Masked::new(mask());
        let mut out = Vec::new();
        for piece in text.chunks(piece) {
            out.extend_from_slice(&masked.push(piece));
        }
        out.extend_from_slice(&masked.finish());
        out
    }

    #[test]
    fn every_form_is_found_wherever_pieces_end() {
        let encoded = STANDARD_NO_PAD.encode(format!("user:{VALUE}"));
        let forms = [
            VALUE.to_owned(),
            "s3cr3t%2F%2B%20%22key%22".to_owned(),
            "s3cr3t%2f%2b%20%22key%22".to_owned(),
            "s3cr3t%2F%2B+%22key%22".to_owned(),
            r#"s3cr3t/+ \"key\""#.to_owned(),
            VALUE.bytes().map(|b| format!("{b:02x}")).collect(),
        ];
        for form in forms {
            let text = format!("before {form} after {form}");
            let stars = "*".repeat(form.len());
            let expected = format!("before {stars} after {stars}");
            for piece in 1..text.len() {
                let found = through(text.as_bytes(), piece);
                assert_eq!(String::from_utf8_lossy(&found), expected, "{piece}");
            }
        }
        // Of base64 those letters are hidden that no neighbour has a part in.
        for before in ["", "a", "ab", "user:"] {
            let text = STANDARD_NO_PAD.encode(format!("{before}{VALUE}more"));
            let found = String::from_utf8(through(text.as_bytes(), 7)).unwrap();
            let stars = found.matches('*').count();
            assert!(stars >= VALUE.len() * 8 / 6 - 1, "{found}");
            assert_eq!(found.len(), text.len());
        }
        assert!(!encoded.is_empty());
    }

    #[test]
    fn what_only_looks_like_it_is_kept() {
        for text in ["s3cr3t", "s3cr3t/+ s3cr3t/+ \"ke", "", "nothing at all"] {
            for piece in 1..8 {
                assert_eq!(through(text.as_bytes(), piece), text.as_bytes());
            }
        }
    }

    #[test]
    fn overlapping_values_are_hidden_whole() {
        let mut mask = Mask::new();
        mask.add("abcabd");
        mask.add("bdxyz");
        let mask = Arc::new(mask);
        let text = b"-abcabcabdxyz-";
        for piece in 1..text.len() {
            let mut masked = Masked::new(Arc::clone(&mask));
            let mut out = Vec::new();
            for piece in text.chunks(piece) {
                out.extend_from_slice(&masked.push(piece));
            }
            out.extend_from_slice(&masked.finish());
            assert_eq!(String::from_utf8_lossy(&out), "-abc*********-", "{piece}");
        }
    }

    #[test]
    fn headers_are_masked() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "location",
            HeaderValue::from_static("/?key=s3cr3t%2F%2B%20%22key%22"),
        );
        headers.insert("etag", HeaderValue::from_static("plain"));
        mask().headers(&mut headers);
        assert_eq!(headers["location"], "/?key=************************");
        assert_eq!(headers["etag"], "plain");
    }
}
