//! Folders that lie in one another.

use std::path::Path;

use super::data::Data;
use crate::base::text;
use crate::rules::problem::Problem;

/// A declared place, and the folder that it really is: absolute, without links.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The place.
    pub data: &'a Data,
    /// Its folder.
    pub folder: &'a Path,
}

/// Places that lie in one another and do not have the same label: what is written through one
/// would be read through the other as something else.
pub fn overlaps(places: &[Located<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, one) in places.iter().enumerate() {
        for two in places.iter().skip(index + 1) {
            let (outer, inner) = match () {
                () if two.folder.starts_with(one.folder) => (one, two),
                () if one.folder.starts_with(two.folder) => (two, one),
                () => continue,
            };
            let what = if outer.data.label != inner.data.label {
                "label"
            } else if outer.data.accepts != inner.data.accepts {
                "`accepts`"
            } else {
                continue;
            };
            let relation = if outer.folder == inner.folder {
                "is the same folder as"
            } else {
                "lies in"
            };
            let message = format!(
                "[data.{}] {relation} [data.{}] ({}), and their {what} differs",
                inner.data.name, outer.data.name, outer.data.line
            );
            let help = format!(
                "give both the same {what}, or move one out of `{}`",
                text::visible(&outer.folder.to_string_lossy())
            );
            problems.push(Problem::new(inner.data.line.clone(), message).help(help));
        }
    }
    problems
}
