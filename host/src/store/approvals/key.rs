//! The key of somebody who may answer: an Ed25519 key in a file, encrypted under a passphrase.
//!
//! The file has the verifier key on its first line, and below it the usual PEM form of an encrypted
//! PKCS#8 key (scrypt, AES-256).

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::{SignatureError, Signer as _, SigningKey};
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding, PrivateKeyInfo};
use signed_note::{
    Signer, StandardVerifier, Verifier as _, is_key_name_valid, key_id, new_ed25519_verifier_key,
};

use super::answer::Answer;
use crate::base::text::visible;
use crate::store::error::StoreError;
use crate::store::folder;

/// The signed note format's number for Ed25519.
const ED25519: u8 = 1;
/// The first line of the second part, and what PEM calls it.
const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// A key file, locked.
pub struct KeyFile {
    /// Whose it is.
    pub name: String,
    /// The verifier key, for `keys` in the operator's file.
    pub verifier: String,
    path: PathBuf,
    pem: String,
}

/// An unlocked key. What it signs, its owner said.
pub struct ApproverSecret {
    name: String,
    key: SigningKey,
}

/// Where the key is unless somebody says otherwise: the environment's `TOOLKEEP_APPROVER_KEY`, else
/// `$XDG_CONFIG_HOME/toolkeep/approver.key`, else `~/.config/toolkeep/approver.key`.
pub fn default_path() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("TOOLKEEP_APPROVER_KEY").or_else(|| {
        let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
        Some(config.join("toolkeep").join("approver.key"))
    })
}

impl KeyFile {
    /// Makes a key for `name`, encrypted under `passphrase`, for the owner alone. Takes a good part of a
    /// second, so that guessing takes that long each time.
    ///
    /// # Errors
    /// If there is such a file, or it can't be written.
    pub fn create(path: &Path, name: &str, passphrase: &str) -> Result<Self, StoreError> {
        let exists = || StoreError::approver_key(path, "exists already, and is never overwritten");
        if path.symlink_metadata().is_ok() {
            return Err(exists());
        }
        if !is_key_name_valid(name) {
            let why = format!("can't be for `{}`: no spaces and no `+`", visible(name));
            return Err(StoreError::approver_key(path, why));
        }
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(StoreError::random)?;
        let key = SigningKey::from_bytes(&seed);
        let pem = encrypt(&key, passphrase).map_err(|error| {
            StoreError::approver_key(path, format!("can't be encrypted: {error}"))
        })?;
        let verifier = new_ed25519_verifier_key(name, &key.verifying_key());
        if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
            folder::create(parent)?;
        }
        folder::write_once(path, &format!("{verifier}\n{pem}"))?;
        let written = Self::read(path)?;
        // Somebody who was faster has another key there.
        if written.verifier == verifier {
            Ok(written)
        } else {
            Err(exists())
        }
    }

    /// Reads a key file. It stays locked.
    ///
    /// # Errors
    /// If there is none, or it is not one.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let text =
            folder::read(path)?.ok_or_else(|| StoreError::approver_key(path, "is missing"))?;
        let wrong = || StoreError::approver_key(path, "is not an approver's key");
        let (verifier, _) = text.split_once('\n').ok_or_else(wrong)?;
        let known = StandardVerifier::new(verifier).map_err(|_| wrong())?;
        let pem = text
            .find(BEGIN)
            .and_then(|at| text.get(at..))
            .ok_or_else(wrong)?;
        Ok(Self {
            name: known.name().to_owned(),
            verifier: verifier.to_owned(),
            path: path.to_owned(),
            pem: pem.to_owned(),
        })
    }

    /// Unlocks it. None if the passphrase is wrong.
    ///
    /// # Errors
    /// If the secret part is not that of the verifier key above it.
    pub fn unlock(&self, passphrase: &str) -> Result<Option<ApproverSecret>, StoreError> {
        let Ok(key) = SigningKey::from_pkcs8_encrypted_pem(&self.pem, passphrase) else {
            return Ok(None);
        };
        if new_ed25519_verifier_key(&self.name, &key.verifying_key()) != self.verifier {
            return Err(StoreError::approver_key(
                &self.path,
                "has another key on its first line",
            ));
        }
        let name = self.name.clone();
        Ok(Some(ApproverSecret { name, key }))
    }
}

fn encrypt(key: &SigningKey, passphrase: &str) -> Result<String, String> {
    let (mut salt, mut iv) = ([0u8; 16], [0u8; 16]);
    getrandom::fill(&mut salt)
        .and_then(|()| getrandom::fill(&mut iv))
        .map_err(|error| error.to_string())?;
    let parameters = Parameters::scrypt_aes256cbc(Default::default(), &salt, &iv)
        .map_err(|error| error.to_string())?;
    let plain = key.to_pkcs8_der().map_err(|error| error.to_string())?;
    let pem = PrivateKeyInfo::try_from(plain.as_bytes())
        .and_then(|info| info.encrypt_with_params(parameters, passphrase))
        .map_err(|error| error.to_string())?
        .to_pem(LABEL, LineEnding::LF)
        .map_err(|error| error.to_string())?;
    Ok(pem.to_string())
}

impl ApproverSecret {
    /// The signed note that says `answer`.
    ///
    /// # Errors
    /// Says what could not be signed.
    pub fn sign(&self, answer: &Answer) -> Result<String, String> {
        answer.sign(self)
    }
}

impl Signer for ApproverSecret {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        let public = self.key.verifying_key().to_bytes();
        key_id(&self.name, &[&[ED25519], public.as_slice()].concat())
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.key.sign(text).to_vec())
    }
}

impl fmt::Debug for KeyFile {
    /// The verifier key alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyFile").field(&self.verifier).finish()
    }
}

impl fmt::Debug for ApproverSecret {
    /// The name alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApproverSecret").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::audit::testing::Folder;

    #[test]
    fn a_key_is_encrypted_for_its_owner_alone_and_never_overwritten() {
        let folder = Folder::new();
        let path = folder.join("config/toolkeep/approver.key");
        assert!(
            KeyFile::read(&path)
                .unwrap_err()
                .to_string()
                .ends_with("is missing")
        );
        let made = KeyFile::create(&path, "ada", "correct horse").unwrap();
        assert!(made.verifier.starts_with("ada+"));
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = KeyFile::create(&path, "ada", "other").unwrap_err();
        assert!(error.to_string().contains("exists already"), "{error}");

        let read = KeyFile::read(&path).unwrap();
        assert_eq!(
            (read.name.as_str(), &read.verifier),
            ("ada", &made.verifier)
        );
        assert!(read.unlock("correct horse").unwrap().is_some());
        for wrong in ["", "correct horse "] {
            assert!(read.unlock(wrong).unwrap().is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_file_that_was_changed_is_not_taken() {
        let folder = Folder::new();
        let (ada, eve) = (folder.join("ada"), folder.join("eve"));
        let key = KeyFile::create(&ada, "ada", "correct horse").unwrap();
        let other = KeyFile::create(&eve, "eve", "battery staple").unwrap();
        let text = std::fs::read_to_string(&ada).unwrap();
        std::fs::write(&ada, text.replace(&key.verifier, &other.verifier)).unwrap();
        let changed = KeyFile::read(&ada).unwrap();
        assert!(changed.unlock("correct horse").is_err());
        for broken in ["", "\n", "ada\n", &text.replace("BEGIN", "BEGUN")] {
            std::fs::write(&ada, broken).unwrap();
            assert!(KeyFile::read(&ada).is_err(), "{broken}");
        }
    }
}
