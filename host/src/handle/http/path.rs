//! Paths as servers read them: one spelling for each.

use super::destination::BadTarget;

/// A path and its query, normalised.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// Begins with `/`; no dot segments; letters, digits, `-`, `.`, `_` and `~` are not escaped, and
    /// escapes are in upper case.
    pub(super) path: String,
    /// As it was given.
    pub(super) query: Option<String>,
    /// Servers do not agree on what the path means.
    pub(super) ambiguous: bool,
}

/// Normalises `text`, a path with or without a query.
///
/// # Errors
/// [`BadTarget::BadPath`] where it cannot be sent as it is.
pub(super) fn normalise(text: &str) -> Result<Path, BadTarget> {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    // No space, no control characters: nothing that ends the request line. No `#`: what follows it
    // would not be sent. `\` is `/` to some.
    let plain = |b: u8| (b'!'..=b'~').contains(&b) && b != b'#';
    if !text.bytes().all(plain) || path.contains('\\') {
        return Err(BadTarget::BadPath);
    }
    if !(path.is_empty() || path.starts_with('/')) {
        return Err(BadTarget::BadPath);
    }
    let mut ambiguous = false;
    let mut segments: Vec<String> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let segment = unescape(part, &mut ambiguous)?;
        let last = parts.peek().is_none();
        // An empty one in the middle is kept, but some servers leave it out.
        ambiguous |= segment.is_empty() && !last;
        // `..;a=b` goes up, for some.
        ambiguous |= segment.starts_with(".;") || segment.starts_with("..;");
        match segment.as_str() {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => {
                segments.push(segment);
                continue;
            }
        }
        if last {
            segments.push(String::new());
        }
    }
    let path = format!("/{}", segments.join("/"));
    Ok(Path {
        path,
        query: query.map(str::to_owned),
        ambiguous,
    })
}

/// Undoes the escapes that mean nothing.
fn unescape(segment: &str, ambiguous: &mut bool) -> Result<String, BadTarget> {
    let mut out = String::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(char::from(byte));
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(bytes.next()), digit(bytes.next()));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(BadTarget::BadPath);
        };
        let value = u8::try_from(high * 16 + low).map_err(|_| BadTarget::BadPath)?;
        if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
            out.push(char::from(value));
        } else {
            // A slash that is none, an end that is none, an escape that is undone twice.
            *ambiguous |= b"/\\%;".contains(&value) || value.is_ascii_control();
            out.push_str(&format!("%{value:02X}"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_path() {
        let cases = [
            ("", "/", false),
            ("/", "/", false),
            ("/a/b", "/a/b", false),
            ("/a/b/", "/a/b/", false),
            ("/a/./b", "/a/b", false),
            ("/a/../b", "/b", false),
            ("/a/..", "/", false),
            ("/a/b/..", "/a/", false),
            ("/a/.", "/a/", false),
            ("/../../etc", "/etc", false),
            ("/a/%2e%2E/b", "/b", false),
            ("/a/.%2e/b", "/b", false),
            ("/%61dmin", "/admin", false),
            ("/a%7eb", "/a~b", false),
            ("/a%2fb", "/a%2Fb", true),
            ("/a%5cb", "/a%5Cb", true),
            ("/a%00b", "/a%00b", true),
            ("/%252e%252e/b", "/%252e%252e/b", true),
            ("//a", "//a", true),
            ("/a//b", "/a//b", true),
            ("/a/..;/b", "/a/..;/b", true),
            ("/a%20b", "/a%20b", false),
            ("/a%c3%a4", "/a%C3%A4", false),
        ];
        for (given, expected, ambiguous) in cases {
            let path = normalise(given).unwrap();
            assert_eq!(
                (path.path.as_str(), path.ambiguous),
                (expected, ambiguous),
                "{given}"
            );
        }
        let with = normalise("/a/../b?c=../d&e=%2e").unwrap();
        assert_eq!(with.query.as_deref(), Some("c=../d&e=%2e"));
        assert_eq!(normalise("?a").unwrap().path, "/");
    }

    #[test]
    fn what_cannot_be_sent_is_no_path() {
        for bad in [
            "a",
            "*",
            "http://other/",
            "/a b",
            "/a\r\nb",
            "/a\tb",
            "/a#b",
            "/a?b#c",
            "/a?b c",
            "/\\a",
            "/ä",
            "/%",
            "/%2",
            "/%zz",
            "/a\0",
            "/?\u{7f}",
        ] {
            assert_eq!(normalise(bad), Err(BadTarget::BadPath), "{bad:?}");
        }
    }
}
