//! A folder of notes.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use toolkeep_sdk::Failure;

/// What a note's file is called after the note's name.
const SUFFIX: &str = ".md";

/// A folder of notes, sub-folders included.
pub struct Notebook {
    root: PathBuf,
}

/// A line that was looked for.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Match {
    /// The name of the note.
    note: String,
    /// The number of the line, from 1.
    line: usize,
    /// The line.
    text: String,
}

/// What a search found.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// The lines, in the order of the notes' names.
    pub matches: Vec<Match>,
    /// The notes that could not be read: refused, or gone meanwhile.
    pub unread: Vec<String>,
}

impl Notebook {
    /// The notes in the folder `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The names of all notes, sorted.
    pub fn list(&self) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        self.collect(&self.root, &mut names)
            .map_err(|error| Failure::from(error).context("cannot list the notes"))?;
        names.sort();
        Ok(names)
    }

    /// The first lines, `most` at most, that contain `query`. A note that cannot be read does not keep
    /// the others from being searched; where none can be read, that is what is wrong.
    pub fn search(&self, query: &str, most: usize) -> Result<Found, Failure> {
        let query = query.to_lowercase();
        let mut found = Found::default();
        let mut read = 0;
        let mut trouble = None;
        for note in self.list()? {
            let bytes = match fs::read(self.path(&note)?) {
                Ok(bytes) => bytes,
                Err(error) => {
                    trouble.get_or_insert(explain("search", &note, error));
                    found.unread.push(note);
                    continue;
                }
            };
            read += 1;
            let text = String::from_utf8_lossy(&bytes);
            let lines = text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.to_lowercase().contains(&query))
                .map(|(index, line)| Match {
                    note: note.clone(),
                    line: index + 1,
                    text: line.to_owned(),
                });
            found.matches.extend(lines.take(most - found.matches.len()));
            if found.matches.len() == most {
                break;
            }
        }
        match trouble {
            Some(trouble) if read == 0 => Err(trouble),
            _ => Ok(found),
        }
    }

    /// The text of a note.
    pub fn read(&self, name: &str) -> Result<String, Failure> {
        fs::read_to_string(self.path(name)?).map_err(|error| explain("read", name, error))
    }

    /// Creates or overwrites a note.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(name)?;
        let mut written = fs::write(&path, text);
        // Most notes go where others are already. So look after folders only when one is missing.
        if is_missing(&written)
            && let Some(folder) = path.parent()
        {
            written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        }
        written.map_err(|error| Failure::from(error).context(format!("cannot write `{name}`")))
    }

    /// Deletes a note.
    pub fn delete(&self, name: &str) -> Result<(), Failure> {
        fs::remove_file(self.path(name)?).map_err(|error| explain("delete", name, error))
    }

    /// The file of a note.
    ///
    /// It is joined without a look at what is in the name, and that is deliberate: keeping a plugin
    /// in its folder is the host's part. `../x`, or a link that leads out, reaches the host and is
    /// refused there, for every plugin alike; an absolute name finds no folder at all.
    fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let name = name.strip_suffix(SUFFIX).unwrap_or(name);
        if name.is_empty() {
            return Err(Failure::bad_arguments("a note needs a name"));
        }
        Ok(self.root.join(format!("{name}{SUFFIX}")))
    }

    /// Adds the names of the notes in `folder`. Links to folders are not followed: they may go
    /// round in circles.
    fn collect(&self, folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.collect(&path, names)?;
            } else if let Ok(inside) = path.strip_prefix(&self.root)
                && let Some(name) = inside.to_string_lossy().strip_suffix(SUFFIX)
            {
                names.push(name.to_owned());
            }
        }
        Ok(())
    }
}

fn is_missing(result: &io::Result<()>) -> bool {
    matches!(result, Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Why `name` could not be read, say.
fn explain(verb: &str, name: &str, error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::failed(format!("there is no note called `{name}`")),
        _ => Failure::from(error).context(format!("cannot {verb} `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A notebook with two notes, and a file that is none.
    fn notebook() -> (tempfile::TempDir, Notebook) {
        let folder = tempfile::tempdir().unwrap();
        let notebook = Notebook::at(folder.path());
        notebook
            .write("todo", "# To do\nbuy milk\nBuy bread")
            .unwrap();
        notebook
            .write("trips/north/plan", "pack\nbuy a map\n")
            .unwrap();
        fs::write(folder.path().join("other.txt"), "buy nothing").unwrap();
        (folder, notebook)
    }

    #[test]
    fn lists_notes_in_all_folders() {
        let (_folder, notebook) = notebook();
        assert_eq!(notebook.list().unwrap(), ["todo", "trips/north/plan"]);
    }

    #[test]
    fn finds_lines_in_either_case() {
        let (_folder, notebook) = notebook();
        let hit = |note: &str, line, text: &str| Match {
            note: note.to_owned(),
            line,
            text: text.to_owned(),
        };
        let hits = [
            hit("todo", 2, "buy milk"),
            hit("todo", 3, "Buy bread"),
            hit("trips/north/plan", 2, "buy a map"),
        ];
        assert_eq!(notebook.search("BUY", 9).unwrap().matches, hits);
        assert_eq!(notebook.search("BUY", 1).unwrap().matches, hits[..1]);
        assert_eq!(notebook.search("sell", 9).unwrap(), Found::default());
    }

    #[test]
    fn says_which_notes_it_could_not_search() {
        let (_folder, notebook) = notebook();
        std::os::unix::fs::symlink("nowhere", notebook.root.join("lost.md")).unwrap();
        let found = notebook.search("milk", 9).unwrap();
        assert_eq!(found.matches.len(), 1);
        assert_eq!(found.unread, ["lost"]);
        notebook.delete("todo").unwrap();
        notebook.delete("trips/north/plan").unwrap();
        assert_eq!(
            notebook.search("milk", 9),
            Err(Failure::failed("there is no note called `lost`"))
        );
    }

    #[test]
    fn overwrites_and_deletes() {
        let (_folder, notebook) = notebook();
        notebook.write("todo", "nothing").unwrap();
        assert_eq!(notebook.read("todo").unwrap(), "nothing");
        assert_eq!(notebook.read("todo.md").unwrap(), "nothing");
        notebook.delete("todo").unwrap();
        assert_eq!(notebook.list().unwrap(), ["trips/north/plan"]);
    }

    #[test]
    fn says_that_a_note_is_missing() {
        let (_folder, notebook) = notebook();
        let missing = Failure::failed("there is no note called `shopping`");
        assert_eq!(notebook.read("shopping"), Err(missing.clone()));
        assert_eq!(notebook.delete("shopping"), Err(missing));
    }

    #[test]
    fn a_refusal_stays_a_refusal() {
        let refused = io::Error::new(ErrorKind::PermissionDenied, "not permitted");
        assert_eq!(
            explain("read", "../x", refused),
            Failure::refused("cannot read `../x`: not permitted")
        );
    }

    #[test]
    fn wants_a_name() {
        let (_folder, notebook) = notebook();
        let nameless = Failure::bad_arguments("a note needs a name");
        assert_eq!(notebook.read(""), Err(nameless.clone()));
        assert_eq!(notebook.write(".md", ""), Err(nameless));
    }
}
