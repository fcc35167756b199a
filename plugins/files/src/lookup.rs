//! What stands at a path.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};

use icu_normalizer::ComposingNormalizer;
use toolkeep_sdk::Failure;

use crate::folders::{Folders, join, relative};
use crate::trouble;

/// What a path of the model's means.
#[derive(Debug)]
pub struct Found {
    /// Absolute, as the file system has it.
    pub path: String,
    /// What stands there, after links; none if nothing does.
    pub metadata: Option<Metadata>,
}

impl Found {
    pub fn is_folder(&self) -> bool {
        self.metadata.as_ref().is_some_and(Metadata::is_dir)
    }
}

impl Folders {
    /// Finds what `asked` means. A name that is written with other code points for the same characters
    /// (*é* as one or as two) is found too, for models and file systems differ in which they use.
    ///
    /// # Errors
    /// Where it leads out of all folders, or cannot be looked at.
    pub fn find(&self, asked: &str) -> Result<Found, Failure> {
        let path = self.absolute(asked)?;
        if let Some(metadata) = look(&path)? {
            return Ok(Found {
                path,
                metadata: Some(metadata),
            });
        }
        let same = self.equivalent(&path)?;
        let metadata = if same == path { None } else { look(&same)? };
        Ok(Found {
            path: same,
            metadata,
        })
    }

    /// `path`, with each name as the file system has it.
    fn equivalent(&self, path: &str) -> Result<String, Failure> {
        let root = self.around(path).unwrap_or("/");
        let mut found = root.to_owned();
        let parts = relative(path, root).split('/');
        for part in parts.filter(|part| !part.is_empty()) {
            // Another spelling has other code points than ASCII. So most folders need not be listed.
            let name = if part.is_ascii() {
                None
            } else {
                spelled(&found, part)?
            };
            found = join(&found, name.as_deref().unwrap_or(part));
        }
        Ok(found)
    }
}

/// What stands at `path`, after links.
fn look(path: &str) -> Result<Option<Metadata>, Failure> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(trouble::of(&error, "realpath", path)),
    }
}

/// The name in `folder` that is `part`, or the same characters in other code points.
fn spelled(folder: &str, part: &str) -> Result<Option<String>, Failure> {
    let names = match names(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        names => names.map_err(|error| trouble::of(&error, "scandir", folder))?,
    };
    if names.iter().any(|name| name == part) {
        return Ok(Some(part.to_owned()));
    }
    let normalizer = ComposingNormalizer::new_nfc();
    let wanted = normalizer.normalize(part);
    let mut same = names
        .into_iter()
        .filter(|name| normalizer.normalize(name) == wanted);
    let first = same.next();
    if same.next().is_some() {
        let text = format!("Ambiguous Unicode path component: {part}");
        return Err(Failure::failed(text));
    }
    Ok(first)
}

fn names(folder: &str) -> io::Result<Vec<String>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    #[test]
    fn finds_a_name_in_another_spelling() {
        let (root, folders) = folder(&[("caf\u{e9}/e\u{301}.txt", "x")]);
        for asked in ["caf\u{e9}/e\u{301}.txt", "cafe\u{301}/\u{e9}.txt"] {
            let found = folders.find(asked).unwrap();
            assert_eq!(found.path, format!("{root}/caf\u{e9}/e\u{301}.txt"));
            assert!(found.metadata.is_some());
        }
        let missing = folders.find("cafe\u{301}/new/\u{e9}").unwrap();
        assert_eq!(missing.path, format!("{root}/caf\u{e9}/new/\u{e9}"));
        assert!(missing.metadata.is_none());
    }

    #[test]
    fn two_spellings_at_once_are_ambiguous() {
        // Angstrom sign, letter with ring, letter and ring.
        let (_root, folders) = folder(&[("\u{212b}", ""), ("A\u{30a}", "")]);
        assert_eq!(
            folders.find("\u{c5}").unwrap_err(),
            Failure::failed("Ambiguous Unicode path component: \u{c5}")
        );
        assert!(folders.find("\u{212b}").unwrap().metadata.is_some());
    }

    #[test]
    fn a_file_is_no_folder() {
        let (root, folders) = folder(&[("file", "")]);
        let told = format!("ENOTDIR: not a directory, realpath '{root}/file/x'");
        assert_eq!(folders.find("file/x").unwrap_err(), Failure::failed(told));
    }
}
