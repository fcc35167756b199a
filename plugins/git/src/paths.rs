//! Paths as Git shows them.

/// A path, in quotes and escaped where it has something in it that could mislead.
pub fn shown(path: &[u8]) -> String {
    quoted("", path)
}

/// The same with something before it, such as `a/`.
pub fn quoted(prefix: &str, path: &[u8]) -> String {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && !b"\"\\".contains(byte);
    let mut out = String::with_capacity(path.len());
    for byte in path {
        match byte {
            byte if is_plain(byte) => out.push(char::from(*byte)),
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            7 => out.push_str("\\a"),
            8 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            11 => out.push_str("\\v"),
            12 => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    if path.iter().all(is_plain) {
        format!("{prefix}{out}")
    } else {
        format!("\"{prefix}{out}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        assert_eq!(shown(b"a b/c.txt"), "a b/c.txt");
        assert_eq!(quoted("a/", "é\t\"".as_bytes()), "\"a/\\303\\251\\t\\\"\"");
    }
}
