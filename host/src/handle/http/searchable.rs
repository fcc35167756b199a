//! Whether an echo could be found in a response: only where it comes whole and as it is.

use http::header::{CONTENT_ENCODING, HeaderMap, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderName, StatusCode};

/// Whether a response to a request that carried a secret can be searched for it: not compressed, by its
/// content's coding or by the connection's, and not a part of something.
pub(super) fn is_searchable(head: &Parts) -> bool {
    let part = [StatusCode::PARTIAL_CONTENT, StatusCode::IM_USED].contains(&head.status);
    !part
        && only(&head.headers, &CONTENT_ENCODING, "identity")
        && only(&head.headers, &TRANSFER_ENCODING, "chunked")
}

/// Whether all that `name` says, if anything, is `word`.
fn only(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers.get_all(name).iter().all(|value| {
        let value = value.to_str().unwrap_or("?");
        let mut words = value.split(',').map(str::trim);
        words.all(|said| said.is_empty() || said.eq_ignore_ascii_case(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searchable(status: u16, headers: &[(&str, &str)]) -> bool {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        is_searchable(&response.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn whole_and_plain_ones_are() {
        assert!(searchable(200, &[]));
        assert!(searchable(404, &[("content-encoding", "Identity")]));
        assert!(searchable(200, &[("transfer-encoding", "chunked")]));
        assert!(searchable(200, &[("content-encoding", "")]));
        assert!(!searchable(206, &[]));
        assert!(!searchable(226, &[]));
        for coding in ["gzip", "br", "identity, gzip", "x-unheard-of", "\u{e9}"] {
            assert!(
                !searchable(200, &[("content-encoding", coding)]),
                "{coding}"
            );
            assert!(
                !searchable(200, &[("transfer-encoding", coding)]),
                "{coding}"
            );
        }
        let twice = [
            ("content-encoding", "identity"),
            ("content-encoding", "gzip"),
        ];
        assert!(!searchable(200, &twice));
        assert!(!searchable(200, &[("transfer-encoding", "gzip, chunked")]));
    }
}
