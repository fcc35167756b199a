//! URLs, as far as a request needs them.

use super::Error;

/// A URL in the parts that the host wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) tls: bool,
    pub(super) authority: String,
    /// The path, and the query where there is one.
    pub(super) path: String,
}

impl Url {
    /// Takes `text` apart. What no URL may contain (spaces, letters beyond ASCII) is escaped in path and
    /// query; the fragment is left out. Whether it leads anywhere is for the host to say.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::Invalid(format!("`{text}` {why}"));
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| bad("is no URL such as `https://example.org/`"))?;
        let tls = if scheme.eq_ignore_ascii_case("https") {
            true
        } else if scheme.eq_ignore_ascii_case("http") {
            false
        } else {
            return Err(bad("begins with neither `https://` nor `http://`"));
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.is_empty() {
            return Err(bad("has no host"));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            tls,
            authority: authority.to_owned(),
            path: format!("{slash}{}", escape(path)),
        })
    }

    /// Adds a pair to the query.
    pub(super) fn add_query(&mut self, name: &str, value: &str) {
        let sign = if self.path.contains('?') { '&' } else { '?' };
        self.path.push(sign);
        self.path.push_str(&encode(name));
        self.path.push('=');
        self.path.push_str(&encode(value));
    }
}

/// Escapes what cannot stand in a URL at all. What was escaped before stays so.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Escapes all that could mean something.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        let cases = [
            ("https://example.org", "example.org", "/"),
            (
                "HTTPS://example.org:8443/a/b?c=d#e",
                "example.org:8443",
                "/a/b?c=d",
            ),
            ("https://example.org?q", "example.org", "/?q"),
            ("https://example.org#f", "example.org", "/"),
            (
                "https://[::1]:80/ä b?ü=%20",
                "[::1]:80",
                "/%C3%A4%20b?%C3%BC=%20",
            ),
        ];
        for (text, authority, path) in cases {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.authority.as_str(), url.path.as_str()),
                (authority, path)
            );
            assert!(url.tls);
        }
        assert!(!Url::parse("http://a").unwrap().tls);
        for bad in [
            "",
            "example.org",
            "ftp://a",
            "https://",
            "https:///a",
            "//a",
        ] {
            assert!(matches!(Url::parse(bad), Err(Error::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn adds_to_the_query() {
        let mut url = Url::parse("https://a/b").unwrap();
        url.add_query("q", "a&b=c d/ü");
        url.add_query("x y", "");
        assert_eq!(url.path, "/b?q=a%26b%3Dc%20d%2F%C3%BC&x%20y=");
    }
}
