//! What was read of plugin files before, so that a host of many plugins starts at once: to read, digest
//! and validate a file takes milliseconds, and hardly any has changed since the last start.
//!
//! A file is taken for the one that was read if the system says the same of it ([`Mark`]). Nothing hangs
//! on that being true: an entry holds digest *and* description of the bytes that were read, under a MAC,
//! and no code is compiled but of bytes with that digest. So a file that was exchanged and still looks
//! the same gives no other description and no other code; it just cannot be called.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::digest::{Digest, hex};
use crate::rules::tool::Description;
use crate::store::key::{self, MAC_BYTES, is_mac, mac};

/// The file in the state folder, and the key of its MAC.
const FILE: &str = "plugins.index";
const KEY: &str = "plugins.key";
/// The first line. Another version of this program may find a description wrong that this one does not.
const HEAD: &str = concat!("toolkeep plugins 1 ", env!("CARGO_PKG_VERSION"));
/// A larger file is not read.
const MOST: u64 = 256 << 20;
/// How much of what other hosts know is kept, besides as much as one's own takes.
const OTHERS: usize = 1 << 20;
/// How long a file has to be unchanged before it is remembered: within this time it may change again and
/// have the same times after that.
const SETTLED_US: u64 = 2_000_000;

/// What the system says of a file; it says something else once the file was written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Mark {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            bytes: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Whether every later change will show, if it is `now`.
    fn is_settled(&self, now: Timestamp) -> bool {
        let changed = |(seconds, nanos): (i64, i64)| {
            let micros = seconds.checked_mul(1_000_000)?.checked_add(nanos / 1000)?;
            u64::try_from(micros).ok()
        };
        changed(self.changed).is_some_and(|at| at.saturating_add(SETTLED_US) <= now.micros())
    }
}

#[derive(Clone)]
struct Entry {
    digest: Digest,
    description: String,
    /// Asked for, or learned, by this host.
    own: bool,
}

/// What is known of plugin files.
pub(crate) struct Known {
    entries: Mutex<HashMap<Mark, Entry>>,
    learned: Mutex<bool>,
}

impl Known {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            entries: Mutex::default(),
            learned: Mutex::default(),
        }
    }

    /// What the index in the state folder says; nothing where there is none, or it is not ours.
    pub(crate) fn read(state: &Path) -> Self {
        Self {
            entries: Mutex::new(entries(state).unwrap_or_default()),
            ..Self::nothing()
        }
    }

    /// Digest and description of the file with this mark.
    pub(crate) fn get(&self, mark: &Mark) -> Option<(Digest, Description)> {
        let mut entries = lock(&self.entries);
        let entry = entries.get_mut(mark)?;
        entry.own = true;
        Some((entry.digest, serde_json::from_str(&entry.description).ok()?))
    }

    /// Remembers what was read, from `began` on, of the file with this mark.
    pub(crate) fn learn(
        &self,
        mark: Mark,
        began: Timestamp,
        digest: Digest,
        description: &Description,
    ) {
        if let Ok(description) = serde_json::to_string(description)
            && mark.is_settled(began)
        {
            let entry = Entry {
                digest,
                description,
                own: true,
            };
            lock(&self.entries).insert(mark, entry);
            *lock(&self.learned) = true;
        }
    }

    /// Writes the index, if anything was learned. What another process learned meanwhile may be lost and
    /// is read again then.
    ///
    /// # Errors
    /// Where it cannot be written: then the next start takes longer, nothing else.
    pub(crate) fn keep(&self, state: &Path) -> io::Result<()> {
        if !std::mem::take(&mut *lock(&self.learned)) {
            return Ok(());
        }
        let key = key::load(&key_file(state))?;
        let text = self.text()?;
        let mut tag = [0u8; 8];
        getrandom::fill(&mut tag).map_err(io::Error::other)?;
        let path = state.join(FILE);
        let partial = path.with_extension(format!("{}.partial", hex(&tag)));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)?;
        let written = file
            .write_all(&mac(&key, &[text.as_bytes()]))
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&partial, &path));
        if written.is_err() {
            let _ = fs::remove_file(&partial);
        }
        written
    }

    /// The index: first what this host needs, then as much of the rest as is worth it.
    fn text(&self) -> io::Result<String> {
        let entries = lock(&self.entries);
        let (own, others): (Vec<_>, Vec<_>) = entries.iter().partition(|(_, entry)| entry.own);
        let mut text = format!("{HEAD}\n");
        let mut most = usize::MAX;
        for part in [own, others] {
            for (mark, entry) in part {
                let line =
                    serde_json::to_string(&(mark, entry.digest)).map_err(io::Error::other)?;
                if text.len() + line.len() + entry.description.len() > most {
                    break;
                }
                text.extend([&line, "\n", &entry.description, "\n"]);
            }
            most = text.len().saturating_mul(2).saturating_add(OTHERS);
        }
        Ok(text)
    }
}

fn entries(state: &Path) -> Option<HashMap<Mark, Entry>> {
    let key_file = key_file(state);
    // Reading makes no key.
    if !key_file.exists() {
        return None;
    }
    let key = key::load(&key_file).ok()?;
    let mut bytes = Vec::new();
    let file = File::open(state.join(FILE)).ok()?;
    file.take(MOST).read_to_end(&mut bytes).ok()?;
    let (tag, text) = bytes.split_at_checked(MAC_BYTES)?;
    if !is_mac(&key, &[text], tag) {
        return None;
    }
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    if lines.next() != Some(HEAD) {
        return None;
    }
    let mut entries = HashMap::new();
    while let (Some(line), Some(description)) = (lines.next(), lines.next()) {
        let (mark, digest) = serde_json::from_str(line).ok()?;
        let entry = Entry {
            digest,
            description: description.to_owned(),
            own: false,
        };
        entries.insert(mark, entry);
    }
    Some(entries)
}

fn key_file(state: &Path) -> PathBuf {
    state.join("keys").join(KEY)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description(name: &str) -> Description {
        let tool = json!({"name": "t", "description": "Does", "input_schema": {"type": "object"}});
        let manifest = json!({"name": name, "version": "1", "description": "Is"});
        let json = json!({"format": 1, "manifest": manifest, "tools": [tool]});
        serde_json::from_str(&json.to_string()).unwrap()
    }

    fn mark(inode: u64) -> Mark {
        Mark {
            device: 1,
            inode,
            bytes: 3,
            modified: (10, 0),
            changed: (10, 0),
        }
    }

    const LATER: Timestamp = Timestamp::from_micros(12_000_000);

    fn state(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("toolkeep-known-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn what_was_learned_is_known_next_time_and_nothing_that_somebody_else_wrote() {
        let state = state("tamper");
        let known = Known::read(&state);
        known.learn(mark(1), LATER, Digest::of(b"a"), &description("a"));
        known.keep(&state).unwrap();
        let get = |mark: &Mark| Known::read(&state).get(mark);
        assert_eq!(get(&mark(1)), Some((Digest::of(b"a"), description("a"))));
        assert_eq!(get(&mark(2)), None);

        let path = state.join(FILE);
        let good = fs::read(&path).unwrap();
        let other = String::from_utf8_lossy(&good[MAC_BYTES..]).replace("Does", "Digs");
        for bad in [
            &good[..good.len() - 1],
            &good[..10],
            b"",
            &[&good[..], b"x"].concat(),
            &[&good[..MAC_BYTES], other.as_bytes()].concat(),
        ] {
            fs::write(&path, bad).unwrap();
            assert_eq!(get(&mark(1)), None);
        }
        // Another keep's.
        fs::write(&path, &good).unwrap();
        fs::remove_file(key_file(&state)).unwrap();
        assert_eq!(get(&mark(1)), None);
        fs::remove_dir_all(&state).unwrap();
    }

    #[test]
    fn what_others_know_is_kept_within_reason() {
        let state = state("others");
        for number in 0..3 {
            let known = Known::read(&state);
            known.learn(mark(number), LATER, Digest::of(b"a"), &description("a"));
            known.keep(&state).unwrap();
        }
        let known = Known::read(&state);
        assert!((0..3).all(|number| known.get(&mark(number)).is_some()));

        let known = Known::read(&state);
        for number in 0..20_000 {
            let entry = Entry {
                digest: Digest::of(b"b"),
                description: serde_json::to_string(&description("b")).unwrap(),
                own: false,
            };
            lock(&known.entries).insert(mark(100 + number), entry);
        }
        known.learn(mark(7), LATER, Digest::of(b"a"), &description("a"));
        known.keep(&state).unwrap();
        assert!(fs::metadata(state.join(FILE)).unwrap().len() < 2 * OTHERS as u64);
        assert!(Known::read(&state).get(&mark(7)).is_some());
        fs::remove_dir_all(&state).unwrap();
    }

    #[test]
    fn a_file_that_changed_a_moment_ago_is_not_remembered() {
        let state = state("settled");
        let known = Known::read(&state);
        let soon = Timestamp::from_micros(11_999_999);
        known.learn(mark(1), soon, Digest::of(b"a"), &description("a"));
        // Nor one from the future.
        let before = Timestamp::from_micros(1);
        known.learn(mark(1), before, Digest::of(b"a"), &description("a"));
        known.keep(&state).unwrap();
        assert!(known.get(&mark(1)).is_none());
        assert!(!state.join(FILE).exists());
        fs::remove_dir_all(&state).unwrap();
    }
}
