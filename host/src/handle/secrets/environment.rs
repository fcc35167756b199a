//! Secrets in the host's own environment.

use std::collections::BTreeSet;

use super::{Secret, SecretSource, VaultError};
use crate::base::id::Name;

/// What the names of the variables begin with.
const PREFIX: &str = "TOOLKEEP_SECRET_";

/// Secrets in the host's own environment: `api-key` is in `TOOLKEEP_SECRET_API_KEY`. Read anew for each
/// use. Guests have an environment of their own, which is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment;

fn variable(name: &Name) -> String {
    let name = name.as_str().to_ascii_uppercase().replace('-', "_");
    format!("{PREFIX}{name}")
}

impl SecretSource for Environment {
    fn what(&self) -> &'static str {
        "the environment"
    }

    fn get(&self, name: &Name) -> Result<Option<Secret>, VaultError> {
        let bad = |fault| VaultError::BadValue {
            name: name.clone(),
            fault,
        };
        match std::env::var(variable(name)) {
            Ok(value) => Secret::new(value).map(Some).map_err(bad),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(bad(super::BadSecret::Control)),
        }
    }

    fn names(&self) -> Result<BTreeSet<Name>, VaultError> {
        let name = |variable: std::ffi::OsString| {
            let variable = variable.into_string().ok()?;
            let name = variable.strip_prefix(PREFIX)?;
            Name::new(&name.to_ascii_lowercase()).ok()
        };
        Ok(std::env::vars_os()
            .filter_map(|(key, _)| name(key))
            .collect())
    }

    fn set(&self, _: &Name, _: &Secret) -> Result<(), VaultError> {
        Err(VaultError::ReadOnly(self.what()))
    }

    fn remove(&self, _: &Name) -> Result<bool, VaultError> {
        Err(VaultError::ReadOnly(self.what()))
    }
}
