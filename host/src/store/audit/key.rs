//! The Ed25519 key that signs a log's checkpoints.
//!
//! It lies in the state folder, so it proves nothing against somebody who can write there: that
//! takes a checkpoint and the verifier key held elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::SigningKey;
use signed_note::{StandardSigner, key_id, new_ed25519_verifier_key};

use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::folder;

/// The signed note format's number for Ed25519.
const ED25519: u8 = 1;
/// Where the database notes which key is its own.
const META: &str = "verifier";

/// A log's own key.
pub struct CheckpointKey {
    pub(super) signer: StandardSigner,
    /// The verifier key as text, `<origin>+<id>+<key>`.
    pub verifier: String,
}

/// The file with the verifier key, which may be shown to everybody.
pub fn verifier_path(state: &Path) -> PathBuf {
    state.join("keys").join("checkpoint.pub")
}

/// Reads the key of the log `origin`; makes it if the log never had one.
pub fn open(state: &Path, db: &mut Db, origin: &str) -> Result<CheckpointKey, StoreError> {
    let folder_path = state.join("keys");
    let path = folder_path.join("checkpoint.key");
    folder::create(&folder_path)?;
    let known = db.meta(META)?;
    if known.is_none() {
        // Written before the log says that it has a key. Of several processes here at once the
        // first one's file stays, and all go on with that.
        folder::write_once(&path, &fresh(origin)?)?;
    }
    let text = folder::read(&path)?.ok_or_else(|| StoreError::key(&path, "is missing"))?;
    let key = parse(&text)
        .filter(|(name, _)| name == origin)
        .and_then(|(_, key)| key)
        .ok_or_else(|| StoreError::key(&path, "is not this log's"))?;
    match known {
        Some(known) if known == key.verifier => {}
        Some(_) => return Err(StoreError::key(&path, "is not this log's")),
        None => db.write("note the key", true, |tx| tx.set_meta(META, &key.verifier))?,
    }
    let public = verifier_path(state);
    if folder::read(&public)?.is_none() {
        folder::write_once(&public, &format!("{}\n", key.verifier))?;
    }
    Ok(key)
}

/// A new key in the usual text form, `PRIVATE+KEY+<name>+<id>+<key>`.
fn fresh(origin: &str) -> Result<String, StoreError> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(StoreError::random)?;
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let id = key_id(origin, &[&[ED25519], public.as_slice()].concat());
    let secret = BASE64.encode([&[ED25519], seed.as_slice()].concat());
    Ok(format!("PRIVATE+KEY+{origin}+{id:08x}+{secret}\n"))
}

/// The name in a key file, and the key if it is sound.
fn parse(text: &str) -> Option<(String, Option<CheckpointKey>)> {
    let text = text.trim_end();
    let mut parts = text.strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
    let name = parts.next()?.to_owned();
    let secret = BASE64.decode(parts.nth(1)?).ok()?;
    let seed: [u8; 32] = secret.strip_prefix(&[ED25519])?.try_into().ok()?;
    let public = SigningKey::from_bytes(&seed).verifying_key();
    let key = StandardSigner::new(text).ok().map(|signer| CheckpointKey {
        signer,
        verifier: new_ed25519_verifier_key(&name, &public),
    });
    Some((name, key))
}

impl fmt::Debug for CheckpointKey {
    /// The verifier key alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckpointKey")
            .field(&self.verifier)
            .finish()
    }
}
