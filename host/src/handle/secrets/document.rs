//! Names and values as one text, which a file or a keyring keeps.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::{Secret, VaultError};
use crate::base::id::Name;

/// All secrets of one source.
#[derive(Default)]
pub(super) struct Document(BTreeMap<Name, Secret>);

impl Document {
    /// Reads what [`Document::write`] gave.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where it is anything else. Nothing of the text is in the error.
    pub(super) fn read(text: &[u8], place: &str) -> Result<Self, VaultError> {
        let damaged = || VaultError::Damaged {
            place: place.to_owned(),
        };
        // Each value is wiped wherever this goes wrong.
        let values: BTreeMap<Name, Zeroizing<String>> =
            serde_json::from_slice::<BTreeMap<Name, String>>(text)
                .map_err(|_| damaged())?
                .into_iter()
                .map(|(name, value)| (name, Zeroizing::new(value)))
                .collect();
        let mut document = Self::default();
        for (name, mut value) in values {
            let value = std::mem::take(&mut *value);
            let secret = Secret::new(value).map_err(|_| damaged())?;
            document.0.insert(name, secret);
        }
        Ok(document)
    }

    /// As one text.
    pub(super) fn write(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from("{"));
        for (at, (name, secret)) in self.0.iter().enumerate() {
            text.push_str(if at == 0 { "\n  \"" } else { ",\n  \"" });
            text.push_str(name.as_str());
            text.push_str("\": \"");
            // No control characters are in it.
            for c in secret.expose().chars() {
                if matches!(c, '"' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
        }
        text.push_str("\n}\n");
        text
    }

    pub(super) fn get(&self, name: &Name) -> Option<Secret> {
        self.0.get(name).cloned()
    }

    pub(super) fn names(&self) -> BTreeSet<Name> {
        self.0.keys().cloned().collect()
    }

    pub(super) fn set(&mut self, name: &Name, value: &Secret) {
        self.0.insert(name.clone(), value.clone());
    }

    /// Says whether it was there.
    pub(super) fn remove(&mut self, name: &Name) -> bool {
        self.0.remove(name).is_some()
    }
}
