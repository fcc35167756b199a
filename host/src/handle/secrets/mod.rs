//! Secrets: values that the host puts into requests, and that no guest, record, error or config has.
//!
//! A [`Vault`] knows them by name. Who asks it for one gets a [`Secret`], which shows itself to nobody and
//! is wiped when it goes away. There is no way to ask the vault to tell a value to a person.

mod document;
mod environment;
mod file;
pub mod inject;
pub mod mask;
mod secret;

use std::collections::BTreeSet;

pub use self::environment::Environment;
pub use self::file::File;
pub use self::secret::{BadSecret, Secret};
use crate::base::id::Name;

/// Why a source of secrets could not be used. The text is for the operator and has no value in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The file is not the owner's alone.
    #[error("`{path}` {fault}; run `chmod 600` on it, or let its owner run Toolkeep")]
    Exposed {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// It could not be read or written.
    #[error("`{path}` cannot be used: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not what [`set`] wrote.
    #[error("{place} holds no secrets that Toolkeep wrote: move it away, and set them anew")]
    Damaged {
        /// Where.
        place: String,
    },
    /// The value cannot be a secret.
    #[error("the value of `{name}` {fault}")]
    BadValue {
        /// The secret.
        name: Name,
        /// Why.
        fault: BadSecret,
    },
    /// The operating system's keyring does not answer.
    #[error("the keyring cannot be used: {0}")]
    Keyring(String),
    /// The source does not keep what it is given.
    #[error("nothing can be set or removed in {0}")]
    ReadOnly(&'static str),
}

/// A place where secrets are kept.
pub trait SecretSource: Send + Sync + 'static {
    /// What it is, for messages.
    fn what(&self) -> &'static str;

    /// The value of `name`; none where it has none.
    ///
    /// # Errors
    /// Where the source cannot be read.
    fn get(&self, name: &Name) -> Result<Option<Secret>, VaultError>;

    /// The names of all that it has.
    ///
    /// # Errors
    /// Where the source cannot be read.
    fn names(&self) -> Result<BTreeSet<Name>, VaultError>;

    /// Keeps `value` under `name`, in place of what was there.
    ///
    /// # Errors
    /// Where that cannot be done.
    fn set(&self, name: &Name, value: &Secret) -> Result<(), VaultError>;

    /// Forgets `name`; says whether it was there.
    ///
    /// # Errors
    /// Where that cannot be done.
    fn remove(&self, name: &Name) -> Result<bool, VaultError>;
}

/// All sources, in the order in which they are asked.
#[derive(Default)]
pub struct Vault {
    sources: Vec<Box<dyn SecretSource>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sources: Vec<&str> = self.sources.iter().map(|source| source.what()).collect();
        f.debug_tuple("Vault").field(&sources).finish()
    }
}

impl Vault {
    /// Without a source: there are no secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more source, asked after the others.
    #[must_use]
    pub fn with(mut self, source: impl SecretSource) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// The value of `name` in the first source that has it. It may take a while: ask where that is no
    /// harm.
    ///
    /// # Errors
    /// Where a source cannot be read. Those after it are not asked: they could have an older value.
    pub fn get(&self, name: &Name) -> Result<Option<Secret>, VaultError> {
        for source in &self.sources {
            if let Some(secret) = source.get(name)? {
                return Ok(Some(secret));
            }
        }
        Ok(None)
    }

    /// The names of all secrets, each with what keeps it: for `toolkeep secret list`.
    ///
    /// # Errors
    /// Where a source cannot be read.
    pub fn list(&self) -> Result<Vec<(Name, &'static str)>, VaultError> {
        let mut all = Vec::new();
        for source in &self.sources {
            for name in source.names()? {
                if !all.iter().any(|(known, _)| *known == name) {
                    all.push((name, source.what()));
                }
            }
        }
        all.sort();
        Ok(all)
    }
}

/// Sets one secret in `source`: for `toolkeep secret set`. A line's end at the end of `value` is not part
/// of it.
///
/// # Errors
/// Where the value cannot be a secret, or the source cannot keep it.
pub fn set(source: &dyn SecretSource, name: &Name, value: String) -> Result<(), VaultError> {
    let secret = Secret::new(value).map_err(|fault| VaultError::BadValue {
        name: name.clone(),
        fault,
    })?;
    source.set(name, &secret)
}

#[cfg(test)]
mod tests;
