//! A request's head: what of it the guest may say, and what it says about its length.

use http::Method;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, HeaderMap};

use super::destination::{BadTarget, Target};
use crate::rules::verb::Verb;

/// Headers that are about one connection, or about a proxy: none of a guest's business. Where two programs
/// read them differently, the rest of a body becomes another request.
const OF_THE_CONNECTION: [&str; 10] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why a head is not sent. The text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHead {
    #[error(transparent)]
    Target(#[from] BadTarget),
    #[error("the guest set the header `{0}`, which is the host's")]
    Forbidden(&'static str),
    #[error("the request says its length twice, or not as a number")]
    Length,
}

/// What a method is as a verb; none where it is none that can be granted. Methods are told apart by case.
pub(super) fn verb(method: &Method) -> Option<Verb> {
    Some(match method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => Verb::Get,
        "POST" => Verb::Post,
        "PUT" => Verb::Put,
        "PATCH" => Verb::Patch,
        "DELETE" => Verb::Delete,
        "PROPFIND" => Verb::Propfind,
        "PROPPATCH" => Verb::Proppatch,
        "MKCOL" => Verb::Mkcol,
        "COPY" => Verb::Copy,
        "MOVE" => Verb::Move,
        "LOCK" => Verb::Lock,
        "UNLOCK" => Verb::Unlock,
        "REPORT" => Verb::Report,
        "SEARCH" => Verb::Search,
        "QUERY" => Verb::Query,
        _ => return None,
    })
}

/// Takes out of `headers` what the host says itself. Gives the length that the body was said to have.
pub(super) fn clean(headers: &mut HeaderMap, target: &Target) -> Result<Option<u64>, BadHead> {
    for name in OF_THE_CONNECTION {
        if headers.contains_key(name) {
            return Err(BadHead::Forbidden(name));
        }
    }
    for value in headers.get_all(HOST) {
        target.check_host_header(value.as_bytes())?;
    }
    headers.remove(HOST);
    // Bodies are sent when they come; nothing waits for a `100`.
    headers.remove(EXPECT);
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => None,
        (Some(one), None) => Some(length(one.as_bytes()).ok_or(BadHead::Length)?),
        _ => return Err(BadHead::Length),
    };
    headers.remove(CONTENT_LENGTH);
    Ok(length)
}

fn length(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(headers: &[(&str, &str)]) -> Result<Option<u64>, BadHead> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, value.parse().unwrap());
        }
        let target = Target::parse("https", "example.org", "/").unwrap();
        let length = clean(&mut map, &target)?;
        assert!(!map.contains_key(HOST) && !map.contains_key(CONTENT_LENGTH));
        Ok(length)
    }

    #[test]
    fn the_host_says_what_is_the_hosts() {
        assert_eq!(head(&[]), Ok(None));
        assert_eq!(head(&[("host", "EXAMPLE.org:443"), ("x", "y")]), Ok(None));
        assert_eq!(head(&[("content-length", "12")]), Ok(Some(12)));
        for name in OF_THE_CONNECTION {
            assert_eq!(head(&[(name, "x")]), Err(BadHead::Forbidden(name)));
        }
        let other = Err(BadHead::Target(BadTarget::OtherHost));
        assert_eq!(head(&[("host", "other.example")]), other);
        assert_eq!(head(&[("host", "example.org"), ("host", "b")]), other);
        for bad in ["", "+1", "1 ", "1,1", "-1", "0x1", "99999999999999999999"] {
            assert_eq!(
                head(&[("content-length", bad)]),
                Err(BadHead::Length),
                "{bad}"
            );
        }
        let twice = head(&[("content-length", "1"), ("content-length", "1")]);
        assert_eq!(twice, Err(BadHead::Length));
    }

    #[test]
    fn methods_are_verbs_by_their_exact_names() {
        assert_eq!(verb(&Method::HEAD), Some(Verb::Get));
        assert_eq!(verb(&Method::DELETE), Some(Verb::Delete));
        let named = |name: &str| verb(&Method::from_bytes(name.as_bytes()).unwrap());
        assert_eq!(named("PROPFIND"), Some(Verb::Propfind));
        for none in ["get", "Get", "CONNECT", "TRACE", "BREW", "PRI"] {
            assert_eq!(named(none), None, "{none}");
        }
    }
}
