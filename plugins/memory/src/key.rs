//! The keys of entities and relations: names as people wrote them, as far as a key can have them, so that
//! an operator can write patterns of them and read the record.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub const ENTITIES: &str = "entity/";
pub const RELATIONS: &str = "relation/";

/// The most bytes of one part of a key. Three of them, and what stands between, fit into one.
const PART: usize = 160;

pub fn entity(name: &str) -> String {
    format!("{ENTITIES}{}", part(name))
}

pub fn relation(from: &str, relation: &str, to: &str) -> String {
    format!("{RELATIONS}{}/{}/{}", part(from), part(relation), part(to))
}

/// `name` as one part of a key. No two names have the same.
fn part(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.') && !name.starts_with('.') {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    if out.is_empty() {
        return "%".to_owned();
    }
    if out.len() > PART {
        out.truncate(out.floor_char_boundary(PART - 70));
        out.push_str("%~");
        for byte in Sha256::digest(name) {
            let _ = write!(out, "{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        assert_eq!(entity("Ada Lovelace"), "entity/Ada Lovelace");
        assert_eq!(entity("a/b"), "entity/a%2Fb");
        assert_eq!(entity("日本"), "entity/日本");
        assert_eq!(relation("a", "knows", "b"), "relation/a/knows/b");
    }

    #[test]
    fn no_two_have_one_key() {
        let long = "x".repeat(500);
        let names = [
            "",
            "%",
            "%25",
            "a/b",
            "a%2Fb",
            ".",
            "..",
            "%2E",
            "a\nb",
            "a b",
            "a\u{202e}b",
            &long,
            &format!("{long}x"),
            &"é".repeat(300),
        ];
        let mut keys: Vec<String> = names.iter().map(|name| entity(name)).collect();
        for key in &keys {
            assert!(key.len() <= 200, "{key}");
            assert!(!key.chars().any(char::is_control), "{key}");
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), names.len());
        assert!(relation(&long, &long, &long).len() <= 512);
    }
}
