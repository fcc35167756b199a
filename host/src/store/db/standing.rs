//! Whether a database is still the one that stands in the state folder. SQLite goes on with the file that
//! it opened, wherever that was moved, and what is written there nobody would find.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::store::error::{StoreError, shown};

/// The files of a database in WAL mode: none is made anew while somebody has it open.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// The files of an open database, by what they are and not by their names. The database itself is the first.
#[derive(Debug)]
pub(super) struct Standing(Vec<(PathBuf, u64, u64)>);

impl Standing {
    /// Remembers the files of the database `path`, which has to be open.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let mut files = Vec::with_capacity(ENDINGS.len());
        for ending in ENDINGS {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            let file = PathBuf::from(name);
            match std::fs::metadata(&file) {
                Ok(meta) => files.push((file, meta.dev(), meta.ino())),
                // Somebody else's program took it out of WAL mode.
                Err(error) if error.kind() == ErrorKind::NotFound && !ending.is_empty() => {}
                Err(error) => return Err(StoreError::file("look at", &file, error)),
            }
        }
        Ok(Self(files))
    }

    /// Makes sure that all of them are where they were.
    pub(super) fn check(&self, deed: &'static str) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|file| stands(file, deed))
    }

    /// Makes sure that the database itself is: enough for reading.
    pub(super) fn check_first(&self, deed: &'static str) -> Result<(), StoreError> {
        self.0
            .iter()
            .take(1)
            .try_for_each(|file| stands(file, deed))
    }
}

fn stands((file, dev, ino): &(PathBuf, u64, u64), deed: &'static str) -> Result<(), StoreError> {
    if std::fs::metadata(file).is_ok_and(|meta| (meta.dev(), meta.ino()) == (*dev, *ino)) {
        return Ok(());
    }
    let path = shown(file);
    Err(StoreError::Moved { deed, path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::audit::testing::Folder;
    use crate::store::db::Db;
    use crate::store::db::state::StateDb;

    #[test]
    fn what_is_not_in_its_place_is_neither_written_nor_read() {
        let folder = Folder::new();
        let mut log = Db::open(&folder).unwrap();
        let state = StateDb::open(&folder).unwrap();
        let mut write = || log.write("write records", true, |tx| tx.set_meta("a", "b"));
        for (name, of_log) in [
            ("audit.db", true),
            ("audit.db-wal", true),
            ("audit.db-shm", true),
            ("state.db", false),
        ] {
            let mut fails = |gone: &str| {
                let failed = if of_log {
                    write().unwrap_err()
                } else {
                    state.label("s", "p").unwrap_err();
                    state.end_session("s", "p").unwrap_err()
                };
                assert!(
                    matches!(failed, StoreError::Moved { .. }),
                    "{gone}: {failed}"
                );
                assert!(failed.to_string().contains(name), "{failed}");
            };
            let (file, away) = (folder.join(name), folder.join("away"));
            std::fs::rename(&file, &away).unwrap();
            fails("removed");
            std::fs::copy(&away, &file).unwrap();
            fails("replaced");
            std::fs::rename(&away, &file).unwrap();
            write().unwrap();
            state.label("s", "p").unwrap();
            state.end_session("s", "p").unwrap();
        }
    }
}
