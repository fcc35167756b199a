//! Making, overwriting and moving.

use std::fs;

use toolkeep_sdk::{Failure, tool};

use crate::answer::Text;
use crate::folders::Folders;
use crate::lookup::Found;
use crate::trouble;

/// Makes a new file with the given content, or replaces all that is in an existing one, without
/// warning: use it with care. The content is text. Only files in the allowed directories can be
/// written.
#[tool(destructive, idempotent, title = "Write File")]
pub fn write_file(
    /// The file.
    path: String,
    /// All that the file is to have in it.
    content: String,
) -> Result<Text, Failure> {
    write(&Folders::granted(), &path, &content)
}

/// Makes a directory, and those above it that are missing. If it is there already, all is well. Use it
/// to set up the directories of a project, or to make sure that one exists. Only directories in the
/// allowed directories can be made.
#[tool(non_destructive, idempotent, title = "Create Directory")]
pub fn create_directory(
    /// The directory.
    path: String,
) -> Result<Text, Failure> {
    create(&Folders::granted(), &path)
}

/// Moves or renames a file or directory, both at once if need be, also from one directory to another.
/// It fails if something is at the destination already. Source and destination have to be in the
/// allowed directories.
#[tool(destructive, title = "Move File")]
pub fn move_file(
    /// What to move.
    source: String,
    /// Its new path, name included.
    destination: String,
) -> Result<Text, Failure> {
    rename(&Folders::granted(), &source, &destination)
}

fn write(folders: &Folders, path: &str, content: &str) -> Result<Text, Failure> {
    let found = folders.find(path)?;
    overwrite(&found, content)?;
    Ok(Text(format!("Successfully wrote to {path}")))
}

/// Puts `content` in place of all that is in a file.
///
/// The file itself is written, where the reference server writes another one and renames it. A rename
/// deletes its source: with it, every edit would need the verb `delete`, and a grant that keeps a model
/// from deleting, or asks before, would keep it from editing. As it is, `create` and `modify` will do,
/// and links, owner and mode of the file stay as they are.
///
/// # Errors
/// Where it cannot be written.
pub fn overwrite(found: &Found, content: &str) -> Result<(), Failure> {
    fs::write(&found.path, content).map_err(|error| trouble::of(&error, "open", &found.path))
}

fn create(folders: &Folders, path: &str) -> Result<Text, Failure> {
    let found = folders.find(path)?;
    fs::create_dir_all(&found.path).map_err(|error| trouble::of(&error, "mkdir", &found.path))?;
    Ok(Text(format!("Successfully created directory {path}")))
}

fn rename(folders: &Folders, source: &str, destination: &str) -> Result<Text, Failure> {
    let from = folders.find(source)?.path;
    let to = folders.find(destination)?;
    // A link that leads nowhere is in the way too.
    if to.metadata.is_some() || fs::symlink_metadata(&to.path).is_ok() {
        return Err(Failure::failed(format!(
            "Destination already exists: {}",
            to.path
        )));
    }
    fs::rename(&from, &to.path).map_err(|error| trouble::of_rename(&error, &from, &to.path))?;
    Ok(Text(format!(
        "Successfully moved {source} to {destination}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    #[test]
    fn writes_over_what_was_there_and_keeps_the_file() {
        let (root, folders) = folder(&[("a", "long content")]);
        let twin = format!("{root}/twin");
        fs::hard_link(format!("{root}/a"), &twin).unwrap();
        let said = write(&folders, "a", "ä\n").unwrap();
        assert_eq!(said.0, "Successfully wrote to a");
        assert_eq!(fs::read_to_string(twin).unwrap(), "ä\n");
        write(&folders, "b", "").unwrap();
        assert_eq!(fs::read_dir(&root).unwrap().count(), 3);
    }

    #[test]
    fn folders_are_made_when_they_are_asked_for_and_not_before() {
        let (root, folders) = folder(&[]);
        let told = format!("ENOENT: no such file or directory, open '{root}/a/b/c'");
        assert_eq!(write(&folders, "a/b/c", ""), Err(Failure::failed(told)));
        for _ in 0..2 {
            assert_eq!(
                create(&folders, "a/b").unwrap().0,
                "Successfully created directory a/b"
            );
        }
        write(&folders, "a/b/c", "").unwrap();
        let told = format!("EEXIST: file already exists, mkdir '{root}/a/b/c'");
        assert_eq!(create(&folders, "a/b/c"), Err(Failure::failed(told)));
    }

    #[test]
    fn moves_nothing_over_anything() {
        let (root, folders) = folder(&[("a", "1"), ("d/b", "2")]);
        std::os::unix::fs::symlink("nowhere", format!("{root}/link")).unwrap();
        for there in ["d/b", "d", "link"] {
            let told = format!("Destination already exists: {root}/{there}");
            assert_eq!(rename(&folders, "a", there), Err(Failure::failed(told)));
        }
        assert_eq!(
            rename(&folders, "a", "d/c").unwrap().0,
            "Successfully moved a to d/c"
        );
        rename(&folders, "d", "e").unwrap();
        assert_eq!(fs::read_to_string(format!("{root}/e/c")).unwrap(), "1");
        let told = format!("ENOENT: no such file or directory, rename '{root}/a' -> '{root}/f'");
        assert_eq!(rename(&folders, "a", "f"), Err(Failure::failed(told)));
    }
}
