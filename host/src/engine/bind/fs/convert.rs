//! The system's words for a file in WASI's words.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Stat};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types;

use crate::base::digest::Digest;

pub(super) fn stat(from: &Stat) -> types::DescriptorStat {
    types::DescriptorStat {
        type_: kind(FileType::from_raw_mode(from.st_mode)),
        link_count: from.st_nlink,
        size: u64::try_from(from.st_size).unwrap_or(0),
        data_access_timestamp: time(from.st_atime, from.st_atime_nsec),
        data_modification_timestamp: time(from.st_mtime, from.st_mtime_nsec),
        status_change_timestamp: time(from.st_ctime, from.st_ctime_nsec),
    }
}

fn kind(from: FileType) -> types::DescriptorType {
    match from {
        FileType::RegularFile => types::DescriptorType::RegularFile,
        FileType::Directory => types::DescriptorType::Directory,
        FileType::Symlink => types::DescriptorType::SymbolicLink,
        _ => types::DescriptorType::Unknown,
    }
}

/// A time before 1970 cannot be said in WASI and is left out.
fn time<S, N>(seconds: S, nanoseconds: N) -> Option<Datetime>
where
    u64: TryFrom<S>,
    u32: TryFrom<N>,
{
    Some(Datetime {
        seconds: u64::try_from(seconds).ok()?,
        nanoseconds: u32::try_from(nanoseconds).ok()?,
    })
}

/// What makes the numbers of this process its own.
static KEY: LazyLock<[u8; 16]> = LazyLock::new(|| {
    let mut key = [0u8; 16];
    // Without random the numbers could be guessed from device and inode, and that is all.
    let _ = getrandom::fill(&mut key);
    key
});

/// A number that is the same for the same file as long as this process lives, and tells neither device
/// nor inode.
pub(super) fn hash(from: &Stat) -> types::MetadataHashValue {
    let digest = Digest::of_parts(&[
        &*KEY,
        &from.st_dev.to_be_bytes(),
        &from.st_ino.to_be_bytes(),
    ]);
    let mut lower = [0u8; 8];
    let mut upper = [0u8; 8];
    for (into, from) in lower.iter_mut().chain(&mut upper).zip(digest.as_bytes()) {
        *into = *from;
    }
    types::MetadataHashValue {
        lower: u64::from_be_bytes(lower),
        upper: u64::from_be_bytes(upper),
    }
}

/// `None` means: leave as it is.
pub(super) fn new_time(from: types::NewTimestamp) -> FsResult<Option<SystemTime>> {
    match from {
        types::NewTimestamp::NoChange => Ok(None),
        types::NewTimestamp::Now => Ok(Some(SystemTime::now())),
        types::NewTimestamp::Timestamp(time) => {
            let nanoseconds = Duration::from_nanos(u64::from(time.nanoseconds));
            let since = Duration::from_secs(time.seconds).checked_add(nanoseconds);
            let time = since.and_then(|since| UNIX_EPOCH.checked_add(since));
            time.map(Some)
                .ok_or_else(|| types::ErrorCode::Overflow.into())
        }
    }
}
