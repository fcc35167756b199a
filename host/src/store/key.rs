//! Secret keys that a keep makes for itself, one file each, for its owner alone.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::base::digest::hex;

/// How long a key is.
pub const BYTES: usize = 32;

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
