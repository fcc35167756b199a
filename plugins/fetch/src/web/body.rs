//! From the bytes of a body to text.

use std::io::Read;

use encoding_rs::{Encoding, UTF_8};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use toolkeep_sdk::http;

/// A body without its packing, of at most `limit` bytes.
pub(super) fn unpack(bytes: Vec<u8>, packing: &str, limit: u64) -> Result<Vec<u8>, http::Error> {
    let read: Box<dyn Read> = match packing.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(bytes),
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(bytes.as_slice())),
        // Some servers leave the frame out that belongs around it.
        "deflate" if bytes.first().is_some_and(|first| first & 0x0f == 8) => {
            Box::new(ZlibDecoder::new(bytes.as_slice()))
        }
        "deflate" => Box::new(DeflateDecoder::new(bytes.as_slice())),
        other => {
            let text = format!("it is packed with `{other}`");
            return Err(http::Error::Unreadable(text));
        }
    };
    let mut out = Vec::new();
    read.take(limit.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(|error| http::Error::Unreadable(error.to_string()))?;
    if out.len() as u64 > limit {
        return Err(http::Error::TooLarge);
    }
    Ok(out)
}

/// A body as text, in the encoding that its type names or else UTF-8. What does not belong there is shown as `�`.
pub(super) fn decode(bytes: &[u8], content_type: &str) -> String {
    let mut parameters = content_type.split(';').skip(1);
    let label = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches(['"', '\'']))
    });
    let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let (text, _) = encoding.unwrap_or(UTF_8).decode_without_bom_handling(bytes);
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn bodies_are_unpacked() {
        let text = "hello ".repeat(1000).into_bytes();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        for (packed, packing) in [
            (text.clone(), ""),
            (gzip.clone(), "GZip"),
            (zlib.finish().unwrap(), "deflate"),
            (raw.finish().unwrap(), "deflate"),
        ] {
            assert_eq!(unpack(packed, packing, 6000).unwrap(), text, "{packing}");
        }
        let large = unpack(gzip.clone(), "gzip", 5999);
        assert_eq!(large.unwrap_err(), http::Error::TooLarge);
        assert!(unpack(gzip.clone(), "br", 6000).is_err());
        assert!(unpack(b"no gzip".to_vec(), "gzip", 6000).is_err());
    }

    #[test]
    fn bytes_are_read_as_their_type_says() {
        assert_eq!(decode("é".as_bytes(), "text/html"), "é");
        assert_eq!(decode(b"\xe9", "text/html; charset=\"ISO-8859-1\""), "é");
        assert_eq!(decode(b"\xe9", "text/html;charset=unheard-of"), "\u{fffd}");
        assert_eq!(decode(b"\x82\xa0", "text/plain; Charset=shift_jis"), "あ");
    }
}
