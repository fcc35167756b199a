//! What is known of a file without reading it, and where there are files at all.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::time::SystemTime;

use jiff::Timestamp;
use toolkeep_sdk::{Failure, tool};

use crate::answer::Text;
use crate::folders::Folders;
use crate::trouble;

/// Tells all that is known of a file or directory without reading it: its size, when it was made, last
/// modified and last accessed, whether it is a directory or a file, and its permissions. Only what is in
/// the allowed directories can be looked at.
#[tool(read_only, title = "Get File Info")]
pub fn get_file_info(
    /// The file or directory.
    path: String,
) -> Result<Text, Failure> {
    info(&Folders::granted(), &path)
}

/// Lists the directories that these tools can reach, each with all that is below it. Use it to learn where
/// there are files before reaching for one.
#[tool(read_only, title = "List Allowed Directories")]
pub fn list_allowed_directories() -> Text {
    allowed(&Folders::granted())
}

fn info(folders: &Folders, path: &str) -> Result<Text, Failure> {
    let found = folders.find(path)?;
    match found.metadata {
        Some(metadata) => Ok(describe(&metadata)),
        None => Err(trouble::of(
            &ErrorKind::NotFound.into(),
            "stat",
            &found.path,
        )),
    }
}

/// WASI knows neither when a file was made nor who may do what with it. The lines are there all the same,
/// for whoever counts on them.
fn describe(metadata: &Metadata) -> Text {
    let lines = [
        format!("size: {}", metadata.len()),
        "created: unknown".to_owned(),
        format!("modified: {}", time(metadata.modified().ok())),
        format!("accessed: {}", time(metadata.accessed().ok())),
        format!("isDirectory: {}", metadata.is_dir()),
        format!("isFile: {}", metadata.is_file()),
        "permissions: unknown".to_owned(),
    ];
    Text(lines.join("\n"))
}

/// A time in words. There is no local time here: it is that of UTC.
fn time(time: Option<SystemTime>) -> String {
    let time = time.and_then(|time| Timestamp::try_from(time).ok());
    time.map_or("unknown".to_owned(), |time| {
        let format = "%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)";
        time.strftime(format).to_string()
    })
}

fn allowed(folders: &Folders) -> Text {
    Text(format!(
        "Allowed directories:\n{}",
        folders.paths().join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::testing::folder;

    #[test]
    fn tells_what_is_known() {
        let (root, folders) = folder(&[("a", "123")]);
        let file = std::fs::File::open(format!("{root}/a")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000))
            .unwrap();
        let told = info(&folders, "a").unwrap().0;
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "size: 3");
        assert_eq!(
            lines[2],
            "modified: Sun Sep 09 2001 01:46:40 GMT+0000 (Coordinated Universal Time)"
        );
        assert_eq!(lines[4..6], ["isDirectory: false", "isFile: true"]);
        assert_eq!(lines.len(), 7);
        let told = format!("ENOENT: no such file or directory, stat '{root}/b'");
        assert_eq!(info(&folders, "b"), Err(Failure::failed(told)));
    }

    #[test]
    fn names_the_folders() {
        let folders = Folders::new(vec!["/a".to_owned(), "/b".to_owned()]);
        assert_eq!(allowed(&folders).0, "Allowed directories:\n/a\n/b");
    }
}
