//! Walls that can be taken out of a copy of the source, one at a time, to see that the suite misses them.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;

use crate::source;

/// All walls: `tests/walls.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Walls {
    wall: Vec<Wall>,
}

/// One wall, how it is taken out, and what has to fail then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wall {
    /// What it does, in a few words.
    pub name: String,
    /// Where it stands in the source.
    pub change: Vec<Change>,
    /// The guests of the suite that get through without it.
    #[serde(default)]
    pub fails: Vec<String>,
    /// Where no guest can reach a wall that stands behind others: the test beside the code that misses it.
    #[serde(default)]
    pub unit: Option<String>,
}

/// One piece of source, and what stands there without the wall.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub file: String,
    pub find: String,
    pub put: String,
}

/// The walls, as they are written down.
pub fn all() -> Vec<Wall> {
    let text = fs::read_to_string(source().join("tests/walls.toml")).unwrap();
    let walls: Walls = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    walls.wall
}

impl Change {
    /// The file's text without this piece of the wall.
    ///
    /// # Errors
    /// A sentence, where the piece is not there exactly once.
    pub fn without(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.put, 1)),
            times => Err(format!(
                "{} has the piece {times} times that tests/walls.toml takes out:\n{}",
                self.file, self.find
            )),
        }
    }
}

/// What in `tests/walls.toml` does not fit the source or the suite, whose guests are `names`.
pub fn misfits(names: &BTreeSet<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    for wall in all() {
        for change in &wall.change {
            let applied = fs::read_to_string(source().join(&change.file))
                .map_err(|error| format!("cannot read {}: {error}", change.file))
                .and_then(|text| change.without(&text));
            if let Err(fault) = applied {
                faults.push(format!("wall \"{}\": {fault}", wall.name));
            }
        }
        for guest in &wall.fails {
            if !names.contains(guest.as_str()) {
                faults.push(format!(
                    "wall \"{}\": there is no guest \"{guest}\"",
                    wall.name
                ));
            }
        }
        if wall.fails.is_empty() && wall.unit.is_none() {
            faults.push(format!("wall \"{}\": nothing misses it", wall.name));
        }
    }
    faults
}
