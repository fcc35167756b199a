//! Words for what went wrong, as Node.js has them: models know them from the reference server.

use std::io::{self, ErrorKind};

use toolkeep_sdk::Failure;

/// Why `act` (the name of a system call, such as `open`) did not work on `path`.
pub fn of(error: &io::Error, act: &str, path: &str) -> Failure {
    failure(error, &format!("{act} '{path}'"))
}

/// Why `from` could not be renamed to `to`.
pub fn of_rename(error: &io::Error, from: &str, to: &str) -> Failure {
    failure(error, &format!("rename '{from}' -> '{to}'"))
}

/// Why what is open could not be read. Node.js does not say which file it was.
pub fn of_reading(error: &io::Error) -> Failure {
    failure(error, "read")
}

/// Somebody wanted to read a folder as if it were a file.
pub fn folder_read() -> Failure {
    of_reading(&ErrorKind::IsADirectory.into())
}

fn failure(error: &io::Error, doing: &str) -> Failure {
    let text = match words(error) {
        Some(words) => format!("{words}, {doing}"),
        None => format!("{error}, {doing}"),
    };
    match error.kind() {
        ErrorKind::PermissionDenied => Failure::refused(text),
        _ => Failure::failed(text),
    }
}

/// The number of WASI's error *access*: the system itself says no. What Toolkeep refuses is *not
/// permitted*.
const ACCESS: i32 = if cfg!(target_family = "wasm") { 2 } else { 13 };

fn words(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::NotFound => "ENOENT: no such file or directory",
        ErrorKind::PermissionDenied if error.raw_os_error() == Some(ACCESS) => {
            "EACCES: permission denied"
        }
        ErrorKind::PermissionDenied => "EPERM: operation not permitted",
        ErrorKind::AlreadyExists => "EEXIST: file already exists",
        ErrorKind::NotADirectory => "ENOTDIR: not a directory",
        ErrorKind::IsADirectory => "EISDIR: illegal operation on a directory",
        ErrorKind::DirectoryNotEmpty => "ENOTEMPTY: directory not empty",
        ErrorKind::ReadOnlyFilesystem => "EROFS: read-only file system",
        ErrorKind::StorageFull => "ENOSPC: no space left on device",
        ErrorKind::QuotaExceeded => "EDQUOT: disk quota exceeded",
        ErrorKind::FileTooLarge => "EFBIG: file too large",
        ErrorKind::InvalidFilename => "ENAMETOOLONG: name too long",
        ErrorKind::CrossesDevices => "EXDEV: cross-device link not permitted",
        ErrorKind::ResourceBusy => "EBUSY: resource busy or locked",
        ErrorKind::InvalidInput => "EINVAL: invalid argument",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_as_node_does() {
        let missing = ErrorKind::NotFound.into();
        assert_eq!(
            of(&missing, "open", "/a"),
            Failure::failed("ENOENT: no such file or directory, open '/a'")
        );
        assert_eq!(
            of_rename(&missing, "/a", "/b"),
            Failure::failed("ENOENT: no such file or directory, rename '/a' -> '/b'")
        );
        assert_eq!(
            folder_read(),
            Failure::failed("EISDIR: illegal operation on a directory, read")
        );
    }

    #[test]
    fn a_refusal_is_told_from_what_the_system_does_not_permit() {
        let refused = io::Error::from(ErrorKind::PermissionDenied);
        assert_eq!(
            of(&refused, "open", "/a"),
            Failure::refused("EPERM: operation not permitted, open '/a'")
        );
        let access = io::Error::from_raw_os_error(ACCESS);
        assert_eq!(
            of(&access, "open", "/a"),
            Failure::refused("EACCES: permission denied, open '/a'")
        );
    }
}
