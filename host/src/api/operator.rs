//! The operator's file and the state folder: where they are, and reading the one.

use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::StartError;
use crate::rules::config::Config;

/// The largest operator's file, in bytes.
const MAX_CONFIG: u64 = 4 << 20;

/// Reads the operator's file; gives it with the folder that it stands in.
///
/// # Errors
/// [`StartError`] where it cannot be read or is wrong.
pub fn read_config(path: &Path) -> Result<(Config, PathBuf), StartError> {
    let shown = path.display().to_string();
    let text = read_small(path).map_err(|error| StartError::ReadConfig {
        path: shown.clone(),
        error,
    })?;
    let config = Config::parse(&shown, &text).map_err(StartError::Config)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((config, folder))
}

/// The text of an ordinary file. Whoever puts a pipe or a device in its place must not keep a running host
/// waiting, or fill its memory.
fn read_small(path: &Path) -> std::io::Result<String> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    let about = file.metadata()?;
    let odd = if about.is_dir() {
        Some(ErrorKind::IsADirectory.into())
    } else if !about.is_file() {
        Some(std::io::Error::other("it is not an ordinary file"))
    } else if about.len() > MAX_CONFIG {
        Some(ErrorKind::FileTooLarge.into())
    } else {
        None
    };
    if let Some(odd) = odd {
        return Err(odd);
    }
    all_of(file)
}

/// All text of a file that may grow meanwhile: part of an operator's file is never taken for the whole.
fn all_of(file: impl Read) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_CONFIG {
        return Err(ErrorKind::FileTooLarge.into());
    }
    String::from_utf8(bytes).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
}

/// The state folder that the operator's file, else the environment, names.
///
/// # Errors
/// [`StartError::NoState`] where neither does.
pub fn state_folder(config: &Config, folder: &Path) -> Result<PathBuf, StartError> {
    if let Some(state) = &config.host.state {
        return Ok(folder.join(state));
    }
    default_state_folder().ok_or(StartError::NoState)
}

/// The state folder that the environment names.
pub fn default_state_folder() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(base.join("toolkeep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_of_a_file_is_not_taken_for_the_whole() {
        let most = all_of(std::io::repeat(b'#').take(MAX_CONFIG)).unwrap();
        assert_eq!(most.len() as u64, MAX_CONFIG);
        let more = all_of(std::io::repeat(b'#').take(MAX_CONFIG + 1));
        assert_eq!(more.unwrap_err().kind(), ErrorKind::FileTooLarge);
        // Whatever stands where it is cut off.
        let endless = all_of(std::io::repeat(0xff));
        assert_eq!(endless.unwrap_err().kind(), ErrorKind::FileTooLarge);
        let no_text = all_of([0xff].as_slice());
        assert_eq!(no_text.unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
