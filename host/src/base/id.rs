//! Names and identifiers. Each is checked where it enters, so that later code can rely on it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind}: {rule}", text = crate::base::text::visible(.text))]
pub struct BadName {
    kind: &'static str,
    rule: &'static str,
    text: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps `text`.
            ///
            /// # Errors
            /// Says the rule that `text` breaks.
            pub fn new(text: &str) -> Result<Self, BadName> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadName { kind: $kind, rule: $rule, text: text.to_owned() })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// The name of a plugin, a need or a declared data place: `[a-z][a-z0-9_-]{0,63}`.
    Name,
    "name",
    "use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter",
    |text| {
        text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    }
}

name! {
    /// The name of a tool: `[A-Za-z0-9_-]{1,64}`, which every MCP client accepts.
    ToolName,
    "tool name",
    "use 1 to 64 of A-Z, a-z, 0-9, `_` and `-`",
    |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }
}

name! {
    /// Who somebody is: a tenant, a user, an agent or a role. One path component at most, so that
    /// it can stand in a templated folder: 1 to 128 bytes, no `/`, `\`, control characters, and not
    /// starting with a dot.
    Identity,
    "identity",
    "use 1 to 128 bytes without `/`, `\\` and control characters, not starting with a dot",
    |text| {
        (1..=128).contains(&text.len())
            && !text.starts_with('.')
            && !text.chars().any(|c| c == '/' || c == '\\' || crate::base::text::is_unsafe(c))
    }
}

name! {
    /// One agent's conversation: 1 to 128 of A-Z, a-z, 0-9, `_`, `-`, `.` and `:`.
    SessionId,
    "session id",
    "use 1 to 128 of A-Z, a-z, 0-9, `_`, `-`, `.` and `:`",
    |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b))
    }
}

name! {
    /// One run of one tool: 32 lower-case hex digits, unique for ever.
    CallId,
    "call id",
    "use 32 lower-case hex digits",
    |text| text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

name! {
    /// A question to a person, and its answer: `apr_` and 20 lower-case hex digits, unique for ever.
    ApprovalId,
    "approval id",
    "use `apr_` and 20 lower-case hex digits",
    |text| {
        text.strip_prefix("apr_").is_some_and(|digits| {
            digits.len() == 20 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "notes", "my-plugin_2"] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "A", "1a", "a.b", "a/b", "a b", "ä", &"a".repeat(65)] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_identity_cannot_climb_out_of_a_templated_folder() {
        for bad in [
            "",
            ".",
            "..",
            ".ssh",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "a\u{202e}b",
        ] {
            assert!(Identity::new(bad).is_err(), "{bad:?}");
        }
        assert!(Identity::new("ada@example.org").is_ok());
    }

    #[test]
    fn the_error_shows_control_characters() {
        let error = Name::new("a\u{1b}[31m").unwrap_err().to_string();
        assert!(
            error.starts_with("`a\\u{1b}[31m` is not a valid name"),
            "{error}"
        );
    }
}
