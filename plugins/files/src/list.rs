//! What is in a folder.

use std::cmp::Reverse;
use std::fs;
use std::io;

use icu_collator::Collator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolkeep_sdk::{Failure, tool};

use crate::answer::Text;
use crate::folders::{Folders, join, relative};
use crate::{glob, trouble};

/// By what a listing is sorted.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum SortBy {
    #[default]
    Name,
    Size,
}

/// Lists what is in a directory, each name after `[FILE]` or `[DIR]`, to see how files are arranged or to
/// find one. Only directories in the allowed directories can be listed.
#[tool(read_only, title = "List Directory")]
pub fn list_directory(
    /// The directory.
    path: String,
) -> Result<Text, Failure> {
    let found = Folders::granted().find(&path)?;
    names(&found.path)
}

/// Lists what is in a directory with the sizes of the files, each name after `[FILE]` or `[DIR]`, and how
/// much it is in all. Only directories in the allowed directories can be listed.
#[tool(read_only, title = "List Directory with Sizes")]
pub fn list_directory_with_sizes(
    /// The directory.
    path: String,
    /// What the listing is sorted by: `name`, or `size` with the largest first.
    #[serde(default, rename = "sortBy")]
    sort_by: SortBy,
) -> Result<Text, Failure> {
    let found = Folders::granted().find(&path)?;
    sizes(&found.path, sort_by)
}

/// Shows all that is in a directory and in those below it, as JSON: each entry has a `name`, a `type`
/// (`file` or `directory`) and, if it is a directory, its `children`, which may be none. It is indented by
/// two spaces. Only directories in the allowed directories can be shown.
#[tool(read_only, title = "Directory Tree")]
pub fn directory_tree(
    /// The directory.
    path: String,
    /// Glob patterns of what to leave out. A pattern without `*` leaves out what has this name, at any
    /// depth.
    #[serde(default, rename = "excludePatterns")]
    exclude_patterns: Vec<String>,
) -> Result<Text, Failure> {
    let found = Folders::granted().find(&path)?;
    let tree = tree(&found.path, &found.path, &exclude_patterns)?;
    Ok(Text(serde_json::to_string_pretty(&tree)?))
}

/// One entry of a folder.
pub struct Entry {
    pub name: String,
    pub is_folder: bool,
    pub is_link: bool,
}

/// What is in the folder at `path`, by the order of code points.
///
/// # Errors
/// Where there is no such folder, or it cannot be listed.
pub fn entries(path: &str) -> Result<Vec<Entry>, Failure> {
    read(path).map_err(|error| trouble::of(&error, "scandir", path))
}

fn read(path: &str) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        entries.push(Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_folder: kind.is_dir(),
            is_link: kind.is_symlink(),
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn names(path: &str) -> Result<Text, Failure> {
    let line = |entry: &Entry| format!("{} {}", tag(entry), entry.name);
    let lines: Vec<String> = entries(path)?.iter().map(line).collect();
    Ok(Text(lines.join("\n")))
}

fn tag(entry: &Entry) -> &'static str {
    if entry.is_folder { "[DIR]" } else { "[FILE]" }
}

fn sizes(path: &str, sort_by: SortBy) -> Result<Text, Failure> {
    let mut sized: Vec<(Entry, u64)> = entries(path)?
        .into_iter()
        .map(|entry| {
            // What cannot be looked at is listed all the same.
            let size = fs::metadata(join(path, &entry.name)).map_or(0, |metadata| metadata.len());
            (entry, size)
        })
        .collect();
    match sort_by {
        SortBy::Size => sized.sort_by_key(|(_, size)| Reverse(*size)),
        SortBy::Name => {
            let order = Collator::try_new(Default::default(), Default::default())?;
            sized.sort_by(|(a, _), (b, _)| order.compare(&a.name, &b.name));
        }
    }
    let mut lines: Vec<String> = sized
        .iter()
        .map(|(entry, size)| {
            let size = if entry.is_folder {
                String::new()
            } else {
                format!("{:>10}", shown(*size))
            };
            // As wide as thirty UTF-16 units, which is how the reference server counts.
            let gap = 30usize.saturating_sub(entry.name.encode_utf16().count());
            format!("{} {}{} {size}", tag(entry), entry.name, " ".repeat(gap))
        })
        .collect();
    let files = || sized.iter().filter(|(entry, _)| !entry.is_folder);
    let total: u64 = files().map(|(_, size)| size).sum();
    let count = files().count();
    lines.push(String::new());
    lines.push(format!(
        "Total: {count} files, {} directories",
        sized.len() - count
    ));
    lines.push(format!("Combined size: {}", shown(total)));
    Ok(Text(lines.join("\n")))
}

/// A size for people: `1.50 KB`.
fn shown(bytes: u64) -> String {
    let (mut power, mut unit) = (1, "B");
    for larger in ["KB", "MB", "GB", "TB"] {
        if bytes / power < 1024 {
            break;
        }
        (power, unit) = (power * 1024, larger);
    }
    if power == 1 {
        return format!("{bytes} B");
    }
    // Hundredths, and half a hundredth is rounded up.
    let power = u128::from(power);
    let hundredths = (u128::from(bytes) * 200 + power) / (2 * power);
    format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100)
}

/// An entry with all that is below it.
#[derive(Serialize)]
struct Branch {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Vec<Branch>>,
}

fn tree(root: &str, path: &str, excluded: &[String]) -> Result<Vec<Branch>, Failure> {
    let mut branches = Vec::new();
    for entry in entries(path)? {
        let below = join(path, &entry.name);
        if glob::any_at_any_depth(excluded, relative(&below, root)) {
            continue;
        }
        let (kind, children) = if entry.is_folder {
            ("directory", Some(tree(root, &below, excluded)?))
        } else {
            ("file", None)
        };
        branches.push(Branch {
            name: entry.name,
            kind,
            children,
        });
    }
    Ok(branches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    #[test]
    fn lists_names_and_kinds() {
        let (root, _folders) = folder(&[("b", ""), ("B", ""), ("a/x", ""), ("é", "")]);
        std::os::unix::fs::symlink("a", format!("{root}/link")).unwrap();
        let expected = "[FILE] B\n[DIR] a\n[FILE] b\n[FILE] link\n[FILE] é";
        assert_eq!(names(&root.to_string()).unwrap().0, expected);
        let told = format!("ENOTDIR: not a directory, scandir '{root}/b'");
        assert_eq!(names(&format!("{root}/b")), Err(Failure::failed(told)));
    }

    #[test]
    fn lists_sizes() {
        let (root, _folders) = folder(&[("B", "12"), ("a", ""), ("d/x", "123"), ("😀", "1")]);
        let by = |sort_by| sizes(&root.to_string(), sort_by).unwrap().0;
        let line = |tag: &str, name: &str, gap: usize, size: &str| {
            format!("{tag} {name}{} {size}\n", " ".repeat(gap))
        };
        let folder = line("[DIR]", "d", 29, "");
        let (smile, empty, two) = (
            line("[FILE]", "😀", 28, "       1 B"),
            line("[FILE]", "a", 29, "       0 B"),
            line("[FILE]", "B", 29, "       2 B"),
        );
        let total = "\nTotal: 3 files, 1 directories\nCombined size: 3 B";
        assert_eq!(
            by(SortBy::Name),
            [&smile, &empty, &two, &folder, total]
                .map(String::from)
                .concat()
        );
        let sized = by(SortBy::Size);
        let at = |line: &str| sized.find(line).unwrap();
        assert!(at(&two) < at(&smile) && at(&smile) < at(&empty));
    }

    #[test]
    fn sizes_are_for_people() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KB"),
            (1152, "1.13 KB"),
            (1_048_575, "1024.00 KB"),
            (1 << 20, "1.00 MB"),
            (u64::MAX, "16777216.00 TB"),
        ] {
            assert_eq!(shown(bytes), expected);
        }
    }

    #[test]
    fn shows_a_tree_without_what_is_excluded() {
        let (root, _folders) = folder(&[("src/a.rs", ""), ("target/x/y", ""), ("b.log", "")]);
        std::fs::create_dir(format!("{root}/empty")).unwrap();
        let excluded = ["target", "*.log"].map(str::to_owned);
        let tree = tree(&root.to_string(), &root.to_string(), &excluded).unwrap();
        assert_eq!(
            serde_json::to_string(&tree).unwrap(),
            r#"[{"name":"empty","type":"directory","children":[]},{"name":"src","type":"directory","children":[{"name":"a.rs","type":"file"}]}]"#
        );
    }
}
