//! Labels: what is known of the data that a call has seen.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::Name;

/// Whether what was read may be believed: untrusted data can carry an attacker's instructions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// Written by the operator or the user.
    #[default]
    Trusted,
    /// Anybody may have written it.
    Untrusted,
}

/// Integrity and a set of confidentiality tags. No tag is *public*.
///
/// Labels form a lattice: [`Label::join`] is the least label above both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// The lowest integrity of all that was read.
    pub integrity: Integrity,
    /// All tags of all that was read.
    pub confidentiality: BTreeSet<Name>,
}

impl Label {
    /// Trusted and public: where everything starts.
    pub fn clean() -> Self {
        Self::default()
    }

    /// The label of data that bears both `self` and `other`.
    pub fn join(&mut self, other: &Self) {
        self.integrity = self.integrity.max(other.integrity);
        self.confidentiality
            .extend(other.confidentiality.iter().cloned());
    }

    /// Whether data with this label may go where `ceiling` is accepted: its integrity is no lower
    /// and it has no tag beyond the ceiling's.
    pub fn within(&self, ceiling: &Self) -> bool {
        self.integrity <= ceiling.integrity
            && self.confidentiality.is_subset(&ceiling.confidentiality)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.integrity {
            Integrity::Trusted => "trusted",
            Integrity::Untrusted => "untrusted",
        })?;
        if self.confidentiality.is_empty() {
            return f.write_str(" public");
        }
        for tag in &self.confidentiality {
            write!(f, " {tag}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(integrity: Integrity, tags: &[&str]) -> Label {
        Label {
            integrity,
            confidentiality: tags.iter().map(|tag| Name::new(tag).unwrap()).collect(),
        }
    }

    #[test]
    fn joining_only_ever_rises() {
        let mut seen = Label::clean();
        assert_eq!(seen.to_string(), "trusted public");
        seen.join(&label(Integrity::Trusted, &["private"]));
        seen.join(&label(Integrity::Untrusted, &[]));
        seen.join(&Label::clean());
        assert_eq!(seen, label(Integrity::Untrusted, &["private"]));
        assert_eq!(seen.to_string(), "untrusted private");
    }

    #[test]
    fn a_ceiling_holds_both_ways() {
        let private = label(Integrity::Trusted, &["private"]);
        assert!(Label::clean().within(&private));
        assert!(private.within(&private));
        assert!(!private.within(&Label::clean()));
        assert!(!label(Integrity::Untrusted, &[]).within(&private));
    }
}
