//! Secrets in the operating system's keyring: on Linux that of the kernel, for one user.
//!
//! What is in it is in memory and never on disk. It is gone after the machine starts anew, and after some days
//! (three, where nobody changed that) in which nobody asked for it.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Secret, SecretSource, VaultError};
use crate::base::digest::Digest;
use crate::base::id::Name;

/// Secrets of one keep in this user's keyring.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// With what the names of its keys there begin: keeps share the keyring and not their secrets.
    prefix: String,
}

impl Keyring {
    /// That of the keep whose state is in the folder `state`, which is made if it is not there: its real
    /// path tells keeps apart.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn of_state(state: &Path) -> Result<Self, VaultError> {
        let real = std::fs::create_dir_all(state).and_then(|()| std::fs::canonicalize(state));
        let real = real.map_err(|error| VaultError::Io {
            path: state.display().to_string(),
            error,
        })?;
        let tag = Digest::of(real.as_os_str().as_encoded_bytes()).hex();
        let tag = tag.get(..16).unwrap_or_default();
        Ok(Self {
            prefix: format!("toolkeep:{tag}:"),
        })
    }

    fn key(&self, name: &Name) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl SecretSource for Keyring {
    fn what(&self) -> &'static str {
        "the keyring"
    }

    fn get(&self, name: &Name) -> Result<Option<Secret>, VaultError> {
        let Some(value) = system::get(&self.key(name))? else {
            return Ok(None);
        };
        let damaged = || VaultError::Damaged {
            place: format!("the keyring, under `{name}`,"),
        };
        let value = std::str::from_utf8(&value).map_err(|_| damaged())?;
        let secret = Secret::new(value.to_owned()).map_err(|_| damaged())?;
        Ok(Some(secret))
    }

    fn names(&self) -> Result<BTreeSet<Name>, VaultError> {
        let name = |key: String| Name::new(key.strip_prefix(&self.prefix)?).ok();
        Ok(system::keys()?.into_iter().filter_map(name).collect())
    }

    fn set(&self, name: &Name, value: &Secret) -> Result<(), VaultError> {
        system::set(&self.key(name), value.expose().as_bytes())
    }

    fn remove(&self, name: &Name) -> Result<bool, VaultError> {
        system::remove(&self.key(name))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    use super::VaultError;

    /// The longest value, in bytes; a secret is shorter.
    const MAX: usize = 32 * 1024;
    /// More keys than the kernel lets an ordinary user have.
    const MOST: usize = 4096;

    fn wrong(error: KeyError) -> VaultError {
        let why = match error {
            KeyError::AccessDenied | KeyError::PermissionDenied => {
                "the system does not let this process use it, as in many containers".to_owned()
            }
            KeyError::QuotaExceeded => {
                "it has no room left for this user: see /proc/sys/kernel/keys/maxbytes".to_owned()
            }
            KeyError::Unknown(38) | KeyError::OperationNotSupported => {
                "this kernel has none for users".to_owned()
            }
            other => other.to_string(),
        };
        VaultError::Keyring(why)
    }

    /// The user's keyring that outlives sessions. Each thread has to link it before it may use what is in it.
    fn ring() -> Result<KeyRing, VaultError> {
        KeyRing::get_persistent(KeyRingIdentifier::Thread).map_err(wrong)
    }

    fn find(ring: KeyRing, key: &str) -> Result<Option<Key>, VaultError> {
        match ring.search(key) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => {
                Ok(None)
            }
            Err(error) => Err(wrong(error)),
        }
    }

    pub(super) fn get(key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let Some(key) = find(ring()?, key)? else {
            return Ok(None);
        };
        let mut value = Zeroizing::new(vec![0; MAX]);
        let length = key.read(&mut *value).map_err(wrong)?;
        if length > MAX {
            return Err(VaultError::Keyring("a value in it is too long".to_owned()));
        }
        value.truncate(length);
        Ok(Some(value))
    }

    pub(super) fn set(key: &str, value: &[u8]) -> Result<(), VaultError> {
        ring()?.add_key(key, value).map_err(wrong)?;
        Ok(())
    }

    pub(super) fn remove(key: &str) -> Result<bool, VaultError> {
        let ring = ring()?;
        let Some(key) = find(ring, key)? else {
            return Ok(false);
        };
        // What is revoked can be read nowhere, whatever else links it.
        key.revoke().map_err(wrong)?;
        ring.unlink_key(key).map_err(wrong)?;
        Ok(true)
    }

    pub(super) fn keys() -> Result<Vec<String>, VaultError> {
        let links = ring()?.get_links(MOST).map_err(wrong)?;
        let keys = links.iter().filter_map(|node| node.as_key());
        // One that is going away just now has no name any more.
        let names = keys.filter_map(|key| key.metadata().ok());
        Ok(names
            .map(|about| about.get_description().to_owned())
            .collect())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use zeroize::Zeroizing;

    use super::VaultError;

    fn none<T>() -> Result<T, VaultError> {
        let why = "this program knows that of Linux alone".to_owned();
        Err(VaultError::Keyring(why))
    }

    pub(super) fn get(_: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        none()
    }

    pub(super) fn set(_: &str, _: &[u8]) -> Result<(), VaultError> {
        none()
    }

    pub(super) fn remove(_: &str) -> Result<bool, VaultError> {
        none()
    }

    pub(super) fn keys() -> Result<Vec<String>, VaultError> {
        none()
    }
}
