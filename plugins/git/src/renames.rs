//! Changes between two snapshots, renamed files among them. How alike two files are is counted as Git does it, in
//! bytes of lines that both have.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};

use gix::Repository;
use gix::bstr::BString;
use toolkeep_sdk::Failure;

use crate::snapshot::{Entry, LINK, SUBMODULE, Snapshot};

/// One file that differs.
pub struct Change<'a> {
    pub old: Option<(&'a BString, &'a Entry)>,
    pub new: Option<(&'a BString, &'a Entry)>,
    /// How alike both are, in percent, for a file that was renamed.
    pub alike: Option<u64>,
}

impl Change<'_> {
    /// Where it stands now, or stood.
    pub fn path(&self) -> Option<&BString> {
        self.new.or(self.old).map(|(path, _)| path)
    }
}

/// The most pairs that are looked at for renames.
const PAIRS: usize = 250_000;

/// What differs between two snapshots, by path.
pub fn changes<'a>(
    repo: &Repository,
    old: &'a Snapshot,
    new: &'a Snapshot,
) -> Result<Vec<Change<'a>>, Failure> {
    let mut changed = BTreeMap::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for (path, before) in old {
        match new.get(path) {
            None => gone.push((path, before)),
            Some(after) if before.id == after.id && before.mode == after.mode => {}
            Some(after) => {
                let change = Change {
                    old: Some((path, before)),
                    new: Some((path, after)),
                    alike: None,
                };
                changed.insert(path, change);
            }
        }
    }
    come.extend(new.iter().filter(|(path, _)| !old.contains_key(*path)));
    for (from, to, alike) in renamed(repo, &gone, &come)? {
        gone.retain(|(path, _)| *path != from.0);
        come.retain(|(path, _)| *path != to.0);
        let change = Change {
            old: Some(from),
            new: Some(to),
            alike: Some(alike),
        };
        changed.insert(to.0, change);
    }
    for (path, entry) in gone {
        let change = Change {
            old: Some((path, entry)),
            new: None,
            alike: None,
        };
        changed.insert(path, change);
    }
    for (path, entry) in come {
        let change = Change {
            old: None,
            new: Some((path, entry)),
            alike: None,
        };
        changed.insert(path, change);
    }
    Ok(changed.into_values().collect())
}

type File<'a> = (&'a BString, &'a Entry);

/// Which of the files that are gone came again under another name, and how alike they are.
fn renamed<'a>(
    repo: &Repository,
    gone: &[File<'a>],
    come: &[File<'a>],
) -> Result<Vec<(File<'a>, File<'a>, u64)>, Failure> {
    let mut pairs = Vec::new();
    let is_file = |entry: &Entry| entry.mode != LINK && entry.mode != SUBMODULE;
    let looks_inside = gone.len().saturating_mul(come.len()) <= PAIRS;
    let mut read = HashMap::new();
    for to in come {
        for from in gone {
            if from.1.id == to.1.id {
                let same_name = name(from.0) == name(to.0);
                if is_file(from.1) == is_file(to.1) {
                    pairs.push((100, same_name, *from, *to));
                }
                continue;
            }
            if !looks_inside || !is_file(from.1) || !is_file(to.1) {
                continue;
            }
            for (_, entry) in [from, to] {
                if let Slot::Vacant(slot) = read.entry(entry.id) {
                    slot.insert(Lines::of(&entry.bytes(repo)?));
                }
            }
            if let (Some(before), Some(after)) = (read.get(&from.1.id), read.get(&to.1.id)) {
                let alike = before.alike(after);
                if alike >= 50 {
                    pairs.push((alike, false, *from, *to));
                }
            }
        }
    }
    // The most alike find each other first.
    pairs.sort_by_key(|(alike, same_name, ..)| std::cmp::Reverse((*alike, *same_name)));
    let mut found: Vec<(File, File, u64)> = Vec::new();
    for (alike, _, from, to) in pairs {
        let is_taken = found
            .iter()
            .any(|(one, other, _)| one.0 == from.0 || other.0 == to.0);
        if !is_taken {
            found.push((from, to, alike));
        }
    }
    Ok(found)
}

/// The name at the end of a path.
fn name(path: &BString) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The lines of a file, each with the bytes that all lines like it have together.
struct Lines {
    size: u64,
    bytes: HashMap<Vec<u8>, u64>,
}

impl Lines {
    fn of(content: &[u8]) -> Self {
        let mut bytes = HashMap::new();
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            // Long lines are in pieces.
            for piece in line.chunks(64) {
                *bytes.entry(piece.to_vec()).or_default() += piece.len() as u64;
            }
        }
        Self {
            size: content.len() as u64,
            bytes,
        }
    }

    /// How alike two files are, in percent.
    fn alike(&self, other: &Self) -> u64 {
        let most = self.size.max(other.size);
        if self.size == 0 || other.size == 0 {
            return 0;
        }
        let both = self.bytes.iter().map(|(line, bytes)| {
            let others = other.bytes.get(line).copied().unwrap_or_default();
            others.min(*bytes)
        });
        both.sum::<u64>() * 100 / most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_alike_by_their_lines() {
        let alike = |one: &[u8], other: &[u8]| Lines::of(one).alike(&Lines::of(other));
        assert_eq!(alike(b"a\nb\nc\nd\n", b"a\nb\nc\nX\n"), 75);
        assert_eq!(alike(b"a\na\n", b"a\nb\nb\nb\n"), 25);
        assert_eq!(alike(b"", b""), 0);
        assert_eq!(alike(&[b'x'; 128], &[b'x'; 64]), 50);
    }
}
