//! Editing a file: some of its text for other text.

use schemars::JsonSchema;
use serde::Deserialize;
use toolkeep_sdk::{Failure, tool};

use crate::answer::Text;
use crate::diff;
use crate::folders::Folders;
use crate::replace::replace;
use crate::{read, write};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// The text to look for, exactly as it is in the file.
    old_text: String,
    /// The text to put in its place.
    new_text: String,
}

/// Edits a text file: each edit puts new text in the place of exactly the lines that it names. Gives
/// back what changed as a diff like git's. With `dryRun` nothing is written, and the diff shows what
/// would change. Only files in the allowed directories can be edited.
#[tool(destructive, title = "Edit File")]
pub fn edit_file(
    /// The file.
    path: String,
    /// The edits, made one after the other.
    edits: Vec<Edit>,
    /// Whether only to show what would change.
    #[serde(default, rename = "dryRun")]
    dry_run: bool,
) -> Result<Text, Failure> {
    edit(&Folders::granted(), &path, &edits, dry_run)
}

fn edit(folders: &Folders, path: &str, edits: &[Edit], dry_run: bool) -> Result<Text, Failure> {
    let found = folders.find(path)?;
    let text = String::from_utf8(read::bytes(&found)?).map_err(|_| {
        // Written back as text, whatever is no text in it would be lost.
        Failure::failed(format!("cannot edit {path}: it is not UTF-8 text"))
    })?;
    let before = with_line_feeds(&text);
    let mut after = before.clone();
    for edit in edits {
        let (old, new) = (
            with_line_feeds(&edit.old_text),
            with_line_feeds(&edit.new_text),
        );
        after = replace(&after, &old, &new).ok_or_else(|| {
            Failure::failed(format!(
                "Could not find exact match for edit:\n{}",
                edit.old_text
            ))
        })?;
    }
    let shown = fenced(&diff::unified(&found.path, &before, &after));
    if !dry_run {
        write::overwrite(&found, &after)?;
    }
    Ok(Text(shown))
}

/// `text` with every line ended by a line feed alone, whatever it came with.
pub fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A diff as a block of Markdown, between more backticks than there are in it.
fn fenced(diff: &str) -> String {
    let mut fence = "```".to_owned();
    while diff.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}diff\n{diff}{fence}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Root, folder};

    fn edits(edits: &[(&str, &str)]) -> Vec<Edit> {
        let edit = |(old, new): &(&str, &str)| Edit {
            old_text: (*old).to_owned(),
            new_text: (*new).to_owned(),
        };
        edits.iter().map(edit).collect()
    }

    fn text(root: &Root) -> String {
        std::fs::read_to_string(root.as_ref().join("a")).unwrap()
    }

    #[test]
    fn makes_edits_one_after_the_other() {
        let (root, folders) = folder(&[("a", "one\r\ntwo\r\n")]);
        let wanted = edits(&[("two", "three\r\nfour"), ("three", "five")]);
        let shown = edit(&folders, "a", &wanted, true).unwrap().0;
        assert_eq!(text(&root), "one\r\ntwo\r\n");
        assert_eq!(edit(&folders, "a", &wanted, false).unwrap().0, shown);
        assert_eq!(text(&root), "one\nfive\nfour\n");
        let expected = format!(
            "```diff\nIndex: {root}/a\n{}\n--- {root}/a\toriginal\n+++ {root}/a\tmodified\n\
             @@ -1,2 +1,3 @@\n one\n-two\n+five\n+four\n```\n\n",
            "=".repeat(67)
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn one_edit_that_does_not_fit_spoils_all() {
        let (root, folders) = folder(&[("a", "one\n")]);
        let told = edit(
            &folders,
            "a",
            &edits(&[("one", "two"), ("x\r\n", "")]),
            false,
        );
        let expected = "Could not find exact match for edit:\nx\r\n";
        assert_eq!(told, Err(Failure::failed(expected)));
        assert_eq!(text(&root), "one\n");
    }

    #[test]
    fn what_is_not_text_stays_as_it_is() {
        let (root, folders) = folder(&[]);
        let file = root.as_ref().join("a");
        std::fs::write(&file, b"a\xff").unwrap();
        assert!(edit(&folders, "a", &edits(&[("a", "b")]), true).is_err());
        assert_eq!(std::fs::read(file).unwrap(), b"a\xff");
    }

    #[test]
    fn the_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fenced("+````\n"), "`````diff\n+````\n`````\n\n");
    }
}
