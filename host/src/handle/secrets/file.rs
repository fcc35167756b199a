//! Secrets in one file, which only its owner may read.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::document::Document;
use super::{Secret, SecretSource, VaultError};
use crate::base::digest::hex;
use crate::base::id::Name;

/// The largest file that is read, in bytes.
const MAX: u64 = 16 * 1024 * 1024;

/// Secrets in one file of mode 0600. It is not encrypted: who can read as its owner can read it.
#[derive(Clone, Debug)]
pub struct File {
    path: PathBuf,
}

impl File {
    /// The file of the keep whose state is in the folder `state`.
    pub fn of_state(state: &Path) -> Self {
        Self::new(state.join("secrets"))
    }

    /// The file at `path`, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn io(&self) -> impl Fn(io::Error) -> VaultError {
        let path = self.path.display().to_string();
        move |error| VaultError::Io {
            path: path.clone(),
            error,
        }
    }

    fn read(&self) -> Result<Document, VaultError> {
        let opened = fs::OpenOptions::new()
            .read(true)
            .custom_flags(flags())
            .open(&self.path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Document::default());
            }
            Err(error) => return Err(self.io()(error)),
        };
        // Of the file that is open: another one may stand there by now.
        let about = file.metadata().map_err(self.io())?;
        let fault = if !about.is_file() {
            Some("is no regular file")
        } else if about.uid() != rustix::process::geteuid().as_raw() {
            Some("belongs to somebody else")
        } else if about.mode() & 0o077 != 0 {
            Some("can be used by others")
        } else {
            None
        };
        let path = self.path.display().to_string();
        if let Some(fault) = fault {
            return Err(VaultError::Exposed { path, fault });
        }
        // As large as it is at once: growing would leave copies behind.
        let size = usize::try_from(about.len().min(MAX)).unwrap_or(0);
        let mut text = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
        file.take(MAX).read_to_end(&mut text).map_err(self.io())?;
        Document::read(&text, &format!("`{path}`"))
    }

    /// Changes it, with nobody else in between, so that it is whole at any time.
    fn change<T>(&self, how: impl FnOnce(&mut Document) -> T) -> Result<T, VaultError> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(self.io())?;
        let lock = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags())
            .open(self.path.with_extension("lock"))
            .map_err(self.io())?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| self.io()(error.into()))?;
        let mut document = self.read()?;
        let result = how(&mut document);
        let mut tag = [0u8; 8];
        getrandom::fill(&mut tag).map_err(|error| self.io()(io::Error::other(error)))?;
        let partial = self.path.with_extension(format!("{}.partial", hex(&tag)));
        let written = write(&partial, document.write().as_bytes())
            .and_then(|()| fs::rename(&partial, &self.path));
        if let Err(error) = written {
            drop(fs::remove_file(&partial));
            return Err(self.io()(error));
        }
        let folder = fs::File::open(folder).map_err(self.io())?;
        folder.sync_all().map_err(self.io())?;
        Ok(result)
    }
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// No links are followed, and no fifo is waited for.
fn flags() -> i32 {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    i32::try_from(flags.bits()).unwrap_or(0)
}

impl SecretSource for File {
    fn what(&self) -> &'static str {
        "the file"
    }

    fn get(&self, name: &Name) -> Result<Option<Secret>, VaultError> {
        Ok(self.read()?.get(name))
    }

    fn names(&self) -> Result<BTreeSet<Name>, VaultError> {
        Ok(self.read()?.names())
    }

    fn set(&self, name: &Name, value: &Secret) -> Result<(), VaultError> {
        self.change(|document| document.set(name, value))
    }

    fn remove(&self, name: &Name) -> Result<bool, VaultError> {
        self.change(|document| document.remove(name))
    }
}
