//! Stands in for the crate `filetime`, which panics where it does not know how the system tells times. It has what
//! `gix` uses of that crate, and no more.

use std::fs::Metadata;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time.
#[derive(Eq, PartialEq, Ord, PartialOrd, Debug, Copy, Clone, Hash)]
pub struct FileTime {
    seconds: i64,
    nanoseconds: u32,
}

impl FileTime {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// When a file was last changed; 1970 where nobody knows.
    #[must_use]
    pub fn from_last_modification_time(file: &Metadata) -> Self {
        Self::of(file.modified().unwrap_or(UNIX_EPOCH))
    }

    fn of(time: SystemTime) -> Self {
        // What is before 1970 is as good as 1970: it is compared with the times of files, which are later.
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_unix_time(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
    }

    /// So many seconds and nanoseconds after the beginning of 1970.
    #[must_use]
    pub fn from_unix_time(seconds: i64, nanoseconds: u32) -> Self {
        Self {
            seconds,
            nanoseconds,
        }
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// What is left of a second.
    #[must_use]
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }
}
