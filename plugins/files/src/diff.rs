//! What changed in a text, as a unified diff.

mod lines;

use std::fmt::Write as _;

use lines::{Change, Kind, changes};

/// How many lines that did not change are shown around those that did.
const CONTEXT: usize = 4;

/// What makes `after` of `before`, which are texts of the file `path`.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let before: Vec<&str> = before.split_inclusive('\n').collect();
    let after: Vec<&str> = after.split_inclusive('\n').collect();
    let rule = "=".repeat(67);
    let mut text = format!("Index: {path}\n{rule}\n--- {path}\toriginal\n+++ {path}\tmodified\n");
    for hunk in hunks(&changes(&before, &after)) {
        hunk.write(&mut text);
    }
    text
}

/// Lines that changed, with some around them.
#[derive(Default)]
struct Hunk<'a> {
    /// How many lines of the old and the new text come before it.
    before: (usize, usize),
    lines: Vec<(Kind, &'a str)>,
}

impl<'a> Hunk<'a> {
    fn push(&mut self, kind: Kind, lines: &[&'a str]) {
        self.lines.extend(lines.iter().map(|line| (kind, *line)));
    }

    fn write(&self, text: &mut String) {
        let count = |without| {
            let of = self.lines.iter().filter(|(kind, _)| *kind != without);
            of.count()
        };
        let (old, new) = (count(Kind::Added), count(Kind::Removed));
        // Lines are counted from 1; a side without lines names the line before.
        let start = |before: usize, lines| before + usize::from(lines > 0);
        let (old_start, new_start) = (start(self.before.0, old), start(self.before.1, new));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "@@ -{old_start},{old} +{new_start},{new} @@");
        for (kind, line) in &self.lines {
            let sign = match kind {
                Kind::Same => ' ',
                Kind::Removed => '-',
                Kind::Added => '+',
            };
            let _ = match line.strip_suffix('\n') {
                Some(line) => writeln!(text, "{sign}{line}"),
                None => writeln!(text, "{sign}{line}\n\\ No newline at end of file"),
            };
        }
    }
}

/// The changes with what is around them. Two with few lines between them are one hunk.
fn hunks<'a>(changes: &[Change<'a>]) -> Vec<Hunk<'a>> {
    let mut hunks = Vec::new();
    let mut open: Option<Hunk<'a>> = None;
    let (mut old, mut new) = (0, 0);
    for (index, change) in changes.iter().enumerate() {
        let lines = change.lines;
        if change.kind != Kind::Same {
            let hunk = open.get_or_insert_with(|| {
                let before = index.checked_sub(1).and_then(|index| changes.get(index));
                let before = before.map_or(&[][..], |change| change.lines);
                let from = before.len().saturating_sub(CONTEXT);
                let shown = before.get(from..).unwrap_or_default();
                let mut hunk = Hunk {
                    before: (old - shown.len(), new - shown.len()),
                    lines: Vec::new(),
                };
                hunk.push(Kind::Same, shown);
                hunk
            });
            hunk.push(change.kind, lines);
        } else if let Some(mut hunk) = open.take() {
            let is_last = index + 1 == changes.len();
            if lines.len() <= 2 * CONTEXT && !is_last {
                hunk.push(Kind::Same, lines);
                open = Some(hunk);
            } else {
                hunk.push(Kind::Same, lines.get(..CONTEXT).unwrap_or(lines));
                hunks.push(hunk);
            }
        }
        if change.kind != Kind::Added {
            old += lines.len();
        }
        if change.kind != Kind::Removed {
            new += lines.len();
        }
    }
    hunks.extend(open);
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hunks alone.
    fn told(before: &str, after: &str) -> String {
        let text = unified("f", before, after);
        text.split_inclusive('\n').skip(4).collect()
    }

    #[test]
    fn shows_what_changed_with_four_lines_around() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(
            told(before, &before.replace('6', "six")),
            "@@ -2,8 +2,8 @@\n 2\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9\n"
        );
        assert_eq!(told(before, before), "");
    }

    #[test]
    fn joins_changes_with_up_to_eight_lines_between() {
        let text = |gap: usize, new: &str| format!("{new}\n{}{new}\n", "-\n".repeat(gap));
        assert_eq!(
            told(&text(8, "a"), &text(8, "b")).matches("@@ -").count(),
            1
        );
        assert_eq!(
            told(&text(9, "a"), &text(9, "b")).matches("@@ -").count(),
            2
        );
    }

    #[test]
    fn an_empty_side_names_the_line_before() {
        assert_eq!(told("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(told("a\n", ""), "@@ -1,1 +0,0 @@\n-a\n");
    }

    #[test]
    fn says_where_the_last_line_has_no_end() {
        assert_eq!(
            told("a\nb", "a\nb\n"),
            "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
        );
    }
}
