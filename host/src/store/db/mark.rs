//! A file that every change of the state writes anew, once the change is there: who has looked since need not
//! ask the database again, which takes ten times as long.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;
use crate::store::folder;

/// Its name in the state folder.
const FILE: &str = "state.mark";

/// What stood in the file: random, so that none comes twice.
pub type Mark = [u8; 16];

/// Where the file is. It is opened anew each time: what was moved away must not be found.
#[derive(Debug)]
pub(super) struct MarkFile(PathBuf);

impl MarkFile {
    /// The file of a state folder. It is made where it is missing.
    pub(super) fn open(state: &Path) -> Result<Self, StoreError> {
        let file = Self(state.join(FILE));
        folder::create_file(&file.0)?;
        if file.read().is_err() {
            file.renew()?;
        }
        Ok(file)
    }

    /// What stands in it. To be read before what it speaks of.
    pub(super) fn read(&self) -> Result<Mark, StoreError> {
        let mut mark = Mark::default();
        File::open(&self.0)
            .and_then(|mut file| file.read_exact(&mut mark))
            .map_err(|error| StoreError::file("read", &self.0, error))?;
        Ok(mark)
    }

    /// Has everybody look again. To be called after a change, and before anybody may rely on it.
    pub(super) fn renew(&self) -> Result<(), StoreError> {
        let mut mark = Mark::default();
        getrandom::fill(&mut mark).map_err(StoreError::random)?;
        OpenOptions::new()
            .write(true)
            .open(&self.0)
            .and_then(|file| file.write_all_at(&mark, 0))
            .map_err(|error| StoreError::file("write", &self.0, error))
    }
}

#[cfg(test)]
mod tests {
    use crate::store::audit::testing::Folder;
    use crate::store::db::state::StateDb;

    #[test]
    fn a_change_is_seen_by_all_and_nothing_else_is() {
        let folder = Folder::new();
        let (one, two) = (
            StateDb::open(&folder).unwrap(),
            StateDb::open(&folder).unwrap(),
        );
        let before = two.mark().unwrap();
        one.label("s", "p").unwrap();
        drop(StateDb::open(&folder).unwrap());
        assert_eq!(two.mark().unwrap(), before);
        one.end_session("s", "p").unwrap();
        let after = two.mark().unwrap();
        assert_ne!(after, before);
        // Where nothing can be noted, nothing has been done for others to rely on.
        std::fs::remove_file(folder.join(super::FILE)).unwrap();
        two.mark().unwrap_err();
        one.end_session("s", "p").unwrap_err();
        std::fs::write(folder.join(super::FILE), b"short").unwrap();
        two.mark().unwrap_err();
        drop(StateDb::open(&folder).unwrap());
        two.mark().unwrap();
    }
}
