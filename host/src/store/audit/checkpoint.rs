//! Checkpoints: signed statements *this log had so many records, and this root*, in the form of
//! C2SP tlog-checkpoint.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use signed_note::{Note, StandardVerifier, VerifierList};

use super::key::CheckpointKey;
use super::tree::Frontier;
use crate::base::digest::Digest;
use crate::store::error::{StoreError, shown};
use crate::store::folder;

/// The start of a signature line in a signed note.
const SIGNATURE: &str = "\u{2014} ";

/// A tree head.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Which log it speaks of.
    pub origin: String,
    /// How many records the log had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// The signed note, to be handed on as it is.
    pub note: String,
}

impl Checkpoint {
    /// Signs the head of a tree.
    pub(super) fn sign(
        origin: &str,
        head: &Frontier,
        key: &CheckpointKey,
    ) -> Result<Self, StoreError> {
        let (size, root) = (head.size(), head.root());
        let text = format!("{origin}\n{size}\n{}\n", BASE64.encode(root.as_bytes()));
        let note = Note::new(text.as_bytes(), &[])
            .and_then(|mut note| note.add_sigs(&[&key.signer]).map(|()| note.to_bytes()))
            .map_err(|error| StoreError::key(Path::new(origin), error.to_string()))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            note: String::from_utf8_lossy(&note).into_owned(),
        })
    }

    /// Reads a note without asking who signed it.
    ///
    /// # Errors
    /// Says what is not as a checkpoint has it.
    pub fn parse(note: &str) -> Result<Self, String> {
        let signed = Note::from_bytes(note.as_bytes()).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(signed.text()).into_owned();
        let mut lines = text.lines();
        let origin = lines.next().filter(|line| !line.is_empty());
        let size = lines.next().and_then(|line| {
            let size: u64 = line.parse().ok()?;
            (size.to_string() == line).then_some(size)
        });
        let root = lines
            .next()
            .and_then(|line| BASE64.decode(line).ok())
            .and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            origin: origin.ok_or("the note names no log")?.to_owned(),
            size: size.ok_or("the note states no size")?,
            root: Digest::from_bytes(root.ok_or("the note states no root")?),
            note: note.to_owned(),
        })
    }
}

/// Who may sign the checkpoints of a log.
pub struct Verifier {
    known: VerifierList,
    /// The origin of the log whose key it is.
    pub origin: String,
}

impl Verifier {
    /// Reads a verifier key, `<origin>+<id>+<key>`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn new(key: &str) -> Result<Self, String> {
        let verifier = StandardVerifier::new(key.trim()).map_err(|error| error.to_string())?;
        let origin = signed_note::Verifier::name(&verifier).to_owned();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        Ok(Self { known, origin })
    }

    /// Reads a note and insists that this key signed it for this log.
    ///
    /// # Errors
    /// Says what is wrong with the note.
    pub fn check(&self, note: &str) -> Result<Checkpoint, String> {
        let checkpoint = Checkpoint::parse(note)?;
        Note::from_bytes(note.as_bytes())
            .and_then(|note| note.verify(&self.known))
            .map_err(|error| error.to_string())?;
        if checkpoint.origin != self.origin {
            return Err(format!("it is of the log `{}`", checkpoint.origin));
        }
        Ok(checkpoint)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifier").field(&self.origin).finish()
    }
}

/// The second place that checkpoints go to: a file that only ever grows.
#[derive(Debug)]
pub struct Copy {
    path: PathBuf,
    file: File,
}

impl Copy {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| StoreError::file("read the end of", path, error);
        let file = folder::append(path)?;
        let copy = Self {
            path: path.to_owned(),
            file,
        };
        // A process that died while writing may have left half a note. It must not run into the
        // next one.
        let mut end = String::new();
        let mut reader = File::open(path).map_err(fail)?;
        let length = reader.metadata().map_err(fail)?.len();
        reader
            .seek(SeekFrom::Start(length.saturating_sub(2)))
            .and_then(|_| reader.read_to_string(&mut end))
            .map_err(fail)?;
        if length > 0 && end != "\n\n" {
            copy.write("\n\n")?;
        }
        folder::sync_parent(path)?;
        Ok(copy)
    }

    /// Adds a checkpoint, durably.
    pub fn add(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        // One write, so that the notes of several processes do not mix.
        self.write(&format!("{}\n", checkpoint.note))
    }

    fn write(&self, text: &str) -> Result<(), StoreError> {
        (&self.file)
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StoreError::file("write a checkpoint to", &self.path, error))
    }
}

/// Reads a file of signed notes, one after another, and gives each to `each`.
pub fn read_notes(path: &Path, mut each: impl FnMut(&str)) -> Result<(), StoreError> {
    let fail = |error| StoreError::File {
        deed: "read the checkpoints in",
        path: shown(path),
        why: format!("{error}"),
    };
    let file = File::open(path).map_err(fail)?;
    let mut note = String::new();
    let (mut ended, mut signed) = (false, false);
    for line in BufReader::new(file).lines() {
        let line = line.map_err(fail)?;
        let is_signature = line.starts_with(SIGNATURE);
        // A blank line ends the text; whatever follows the signatures starts the next note.
        if (signed || ended) && !is_signature && !note.is_empty() {
            each(&note);
            note.clear();
            (ended, signed) = (false, false);
        }
        if line.is_empty() && note.is_empty() {
            continue;
        }
        ended |= line.is_empty();
        signed |= is_signature;
        note.push_str(&line);
        note.push('\n');
    }
    if !note.is_empty() {
        each(&note);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Folder;
    use super::*;

    #[test]
    fn a_file_of_notes_is_taken_apart_and_half_a_note_spoils_no_other() {
        let folder = Folder::new();
        let path = folder.join("notes");
        let notes = |content: &str| {
            std::fs::write(&path, content).unwrap();
            let mut out = Vec::new();
            read_notes(&path, |note| out.push(note.to_owned())).unwrap();
            out
        };
        let (a, b) = ("o\n1\nx\n\n— o a\n", "o\n2\ny\n\n— o b\n— w c\n");
        assert_eq!(notes(""), Vec::<String>::new());
        assert_eq!(notes(a), [a]);
        assert_eq!(notes(&format!("\n{a}\n{b}\n\n{a}")), [a, b, a]);
        assert_eq!(notes(&format!("{a}{b}")), [a, b]);
        assert_eq!(notes(&format!("{a}\no\n2\n\n{b}")), [a, "o\n2\n\n", b]);

        std::fs::write(&path, format!("{a}\no\n2")).unwrap();
        let checkpoint = Checkpoint {
            origin: "o".to_owned(),
            size: 2,
            root: Digest::of(b""),
            note: b.to_owned(),
        };
        Copy::open(&path).unwrap().add(&checkpoint).unwrap();
        let content = std::fs::read_to_string(&path).unwrap();
        assert_eq!(notes(&content), [a, "o\n2\n\n", b]);
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        for note in [
            "",
            "o\n1\n",
            "o\nx\nAAAA\n\n— o AAAAAAA=\n",
            "o\n01\nAAAA\n\n— o AAAAAAA=\n",
            "o\n1\nAAAA\n\n— o AAAAAAA=\n",
        ] {
            assert!(Checkpoint::parse(note).is_err(), "{note:?}");
        }
    }
}
