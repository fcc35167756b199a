//! Files and folders that only their owner may see.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::error::StoreError;
use crate::base::digest::hex;

/// Makes the folder, and those above it, for the owner alone. One that is there stays as it is.
pub fn create(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StoreError::file("create the folder", path, error))
}

/// Makes an empty file for the owner alone, unless there is one.
///
/// An existing file is not even opened: closing it again would drop the locks that SQLite holds on
/// it for this process.
pub fn create_file(path: &Path) -> Result<(), StoreError> {
    match private().create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::file("create", path, error)),
    }
}

/// Opens a file for the owner alone to append to, and makes it where it is missing.
pub fn append(path: &Path) -> Result<File, StoreError> {
    private()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| StoreError::file("open", path, error))
}

/// The contents of a small text file; none if there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, StoreError> {
    let mut text = String::new();
    match File::open(path) {
        Ok(mut file) => match file.read_to_string(&mut text) {
            Ok(_) => Ok(Some(text)),
            Err(error) => Err(StoreError::file("read", path, error)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::file("read", path, error)),
    }
}

/// Makes a file with this content, whole or not at all, for the owner alone. Where another process
/// was faster its file stays, and this does nothing.
pub fn write_once(path: &Path, content: &str) -> Result<(), StoreError> {
    let fail = |error| StoreError::file("write", path, error);
    let mut tag = [0u8; 8];
    getrandom::fill(&mut tag).map_err(StoreError::random)?;
    let draft = path.with_extension(format!("{}.tmp", hex(&tag)));
    let mut file = private().create_new(true).open(&draft).map_err(fail)?;
    let written = file
        .write_all(content.as_bytes())
        .and_then(|()| file.sync_all())
        // A link, and not a rename: a rename would replace what another process made meanwhile.
        .and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(fail)?;
    sync_parent(path)
}

/// Makes the names in a file's folder durable.
pub fn sync_parent(path: &Path) -> Result<(), StoreError> {
    let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) else {
        return Ok(());
    };
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::file("sync the folder", parent, error))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}
