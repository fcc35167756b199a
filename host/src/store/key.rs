//! Secret keys that a keep makes for itself, one file each, for its owner alone.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::base::digest::hex;

/// How long a key is.
pub const BYTES: usize = 32;
/// How long a MAC is.
pub const MAC_BYTES: usize = 32;

/// The MAC (HMAC-SHA-256) of `parts`, one after another: who does not have the key cannot make it.
pub fn mac(key: &[u8; BYTES], parts: &[&[u8]]) -> [u8; MAC_BYTES] {
    over(key, parts).finalize().into_bytes().into()
}

/// Whether `tag` is the MAC of `parts`; takes as long whatever it is.
pub fn is_mac(key: &[u8; BYTES], parts: &[&[u8]], tag: &[u8]) -> bool {
    over(key, parts).verify_slice(tag).is_ok()
}

fn over(key: &[u8; BYTES], parts: &[&[u8]]) -> Hmac<Sha256> {
    // Padded to the hash's block, as HMAC pads it.
    let mut block = [0u8; 64];
    for (into, from) in block.iter_mut().zip(key) {
        *into = *from;
    }
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new((&block).into());
    for part in parts {
        mac.update(part);
    }
    mac
}

/// The key in `path`; a fresh one where there is none. Two processes at once end with the same.
///
/// # Errors
/// Where the file cannot be made or read, holds no key, or may be read by others.
pub fn load(path: &Path) -> io::Result<[u8; BYTES]> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut key = [0u8; BYTES];
    if !path.exists() {
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let mut tag = [0u8; 8];
        getrandom::fill(&mut tag).map_err(io::Error::other)?;
        let partial = path.with_extension(format!("{}.partial", hex(&tag)));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(&key)?;
        file.sync_all()?;
        // A link fails where the key came to be there meanwhile, and then that one counts.
        let linked = fs::hard_link(&partial, path);
        fs::remove_file(&partial)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    // Whoever knows a key can forge what it vouches for: compiled code, say.
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        let text = format!(
            "`{}` can be read by others; remove it, and a new one is made",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let bytes = fs::read(path)?;
    key = bytes.try_into().map_err(|_| {
        let text = format!(
            "`{}` is not a key of {BYTES} bytes; remove it",
            path.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, text)
    })?;
    Ok(key)
}
