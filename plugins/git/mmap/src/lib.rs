//! Stands in for the crate `memmap2` where there are no memory maps: a "map" is the file read into memory. It has
//! what `gix` uses of that crate, and no more.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Deref;

/// The largest file that is read, in bytes: memory is the plugin's, and small.
const MOST: u64 = 512 * 1024 * 1024;

/// How a file is to be read.
#[derive(Debug, Default)]
pub struct MmapOptions {}

/// The bytes of a file.
#[derive(Debug)]
pub struct Mmap(Vec<u8>);

impl MmapOptions {
    /// The whole file.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }

    /// Reads the file. It is safe; the crate that this stands in for has it unsafe, and so do its callers.
    ///
    /// # Errors
    /// Where it cannot be read, or is too large.
    #[allow(clippy::missing_safety_doc, unsafe_code)]
    pub unsafe fn map(&self, file: &File) -> io::Result<Mmap> {
        let mut file = file;
        if file.metadata()?.len() > MOST {
            let text = "a file of the repository is too large to be read into memory";
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, text));
        }
        // Maps do not move a file's position.
        let before = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        file.seek(SeekFrom::Start(before))?;
        Ok(Mmap(bytes))
    }

    /// The same.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    #[allow(clippy::missing_safety_doc, unsafe_code)]
    pub unsafe fn map_copy_read_only(&self, file: &File) -> io::Result<Mmap> {
        // Safe, as it says.
        unsafe { self.map(file) }
    }
}

impl Deref for Mmap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Mmap {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
