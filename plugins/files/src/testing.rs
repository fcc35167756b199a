//! A folder with files, as if it was granted.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::folders::Folders;

/// A folder of its own, as long as this lives.
pub struct Root(tempfile::TempDir);

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.path().display().fmt(f)
    }
}

impl AsRef<Path> for Root {
    fn as_ref(&self) -> &Path {
        self.0.path()
    }
}

/// A folder with these files, each by its path and its content.
pub fn folder(files: &[(&str, &str)]) -> (Root, Folders) {
    let root = Root(tempfile::tempdir().unwrap());
    for (path, content) in files {
        let path = root.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let folders = Folders::new(vec![root.to_string()]);
    (root, folders)
}
