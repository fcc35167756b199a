//! The same checks on the seeds, and on inputs that are the same each time.

use std::path::{Path, PathBuf};

/// Asks `check` about each seed in `name`, about `count` random inputs, and about as many changed seeds.
fn ask(name: &str, count: usize, check: fn(&[u8])) {
    let seeds: Vec<Vec<u8>> = std::fs::read_dir(seeds().join(name))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| check(seed));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..count {
        let length = dice.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        check(&bytes);
        let mut bytes = seeds[dice.below(seeds.len())].clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len() + 1);
            let end = (at + dice.below(3)).min(bytes.len());
            let new: Vec<u8> = (0..dice.below(3)).map(|_| dice.below(256) as u8).collect();
            bytes.splice(at..end, new);
        }
        check(&bytes);
    }
}

/// Where the seeds are, for whichever crate these files are compiled in.
fn seeds() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("seeds");
    if own.is_dir() {
        own
    } else {
        here.join("../tests/fuzz/seeds")
    }
}

/// Numbers that look random (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}

#[test]
fn plugin_files() {
    ask("component", 2000, super::component);
}

#[test]
fn operators_files() {
    ask("config", 1000, super::config);
}

#[test]
fn patterns() {
    ask("pattern", 3000, super::pattern);
}

#[test]
fn arguments_and_schemas() {
    ask("arguments", 1000, super::arguments);
}

#[test]
fn records() {
    ask("record", 150, super::record);
}

#[test]
fn paths() {
    ask("path", 500, super::path);
}
