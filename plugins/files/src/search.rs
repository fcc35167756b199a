//! Finding files by their paths.

use std::fs;

use toolkeep_sdk::{Failure, tool};

use crate::answer::Text;
use crate::folders::{Folders, join, relative};
use crate::{glob, list};

/// Finds files and directories by a glob pattern, which is compared with their paths from the directory
/// where the search starts: `*.md` finds what is in that directory itself, `**/*.md` also what is in those
/// below it. Gives the full path of each match. Use it where you do not know where a file is. Only
/// directories in the allowed directories can be searched.
#[tool(read_only, title = "Search Files")]
pub fn search_files(
    /// The directory to start in.
    path: String,
    /// The pattern.
    pattern: String,
    /// Glob patterns of what to leave out, with all that is below.
    #[serde(default, rename = "excludePatterns")]
    exclude_patterns: Vec<String>,
) -> Result<Text, Failure> {
    search(&Folders::granted(), &path, pattern, &exclude_patterns)
}

fn search(
    folders: &Folders,
    path: &str,
    pattern: String,
    excluded: &[String],
) -> Result<Text, Failure> {
    let found = folders.find(path)?;
    let mut matches = Vec::new();
    let entries = list::entries(&found.path)?;
    let search = Search {
        root: &found.path,
        pattern: &[pattern],
        excluded,
    };
    search.collect(&found.path, entries, &mut matches);
    if matches.is_empty() {
        matches.push("No matches found".to_owned());
    }
    Ok(Text(matches.join("\n")))
}

struct Search<'a> {
    root: &'a str,
    pattern: &'a [String],
    excluded: &'a [String],
}

impl Search<'_> {
    /// Adds the paths in and below the folder at `path`. What cannot be looked at is left out.
    fn collect(&self, path: &str, entries: Vec<list::Entry>, matches: &mut Vec<String>) {
        for entry in entries {
            let below = join(path, &entry.name);
            let leads_nowhere = entry.is_link && fs::metadata(&below).is_err();
            let from_root = relative(&below, self.root);
            if leads_nowhere || glob::any(self.excluded, from_root) {
                continue;
            }
            if glob::any(self.pattern, from_root) {
                matches.push(below.clone());
            }
            if entry.is_folder
                && let Ok(entries) = list::entries(&below)
            {
                self.collect(&below, entries, matches);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    #[test]
    fn finds_what_matches_and_is_not_excluded() {
        let (root, folders) =
            folder(&[("a.md", ""), ("x/b.md", ""), ("x/y/c.md", ""), ("x/d", "")]);
        std::os::unix::fs::symlink("nowhere", format!("{root}/lost.md")).unwrap();
        let found = |pattern: &str, excluded: &[&str]| {
            let excluded: Vec<String> = excluded.iter().map(|e| (*e).to_owned()).collect();
            let found = search(&folders, ".", pattern.to_owned(), &excluded)
                .unwrap()
                .0;
            found.replace(&root.to_string(), "")
        };
        assert_eq!(found("*.md", &[]), "/a.md");
        assert_eq!(found("**/*.md", &[]), "/a.md\n/x/b.md\n/x/y/c.md");
        assert_eq!(found("**/*.md", &["x/y"]), "/a.md\n/x/b.md");
        assert_eq!(found("x*", &[]), "/x");
        assert_eq!(found("nothing", &[]), "No matches found");
    }

    #[test]
    fn searches_folders_only() {
        let (root, folders) = folder(&[("a", "")]);
        let told = format!("ENOTDIR: not a directory, scandir '{root}/a'");
        assert_eq!(
            search(&folders, "a", "*".to_owned(), &[]),
            Err(Failure::failed(told))
        );
    }
}
