//! Opening a repository, and finding things in it by name.

use std::error::Error;
use std::io;
use std::path::Path;

use gix::{Id, ObjectId, Repository};
use toolkeep_sdk::Failure;

/// Opens the repository at `path`, the working tree's folder or the `.git` in it.
///
/// # Errors
/// Where there is none; refused where the folder was not granted.
pub fn open(path: &str) -> Result<Repository, Failure> {
    if let Err(error) = std::fs::metadata(path) {
        return Err(match error.kind() {
            io::ErrorKind::NotFound => Failure::failed(path),
            _ => Failure::from(error).context(path),
        });
    }
    let at = Path::new(path);
    if !at.join(".git").exists() && !at.join("HEAD").exists() {
        return Err(Failure::failed(path));
    }
    let options = gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides([
            // What WASI does not tell of files says nothing of changes.
            "core.fileMode=false",
            "core.checkStat=minimal",
            "core.trustCTime=false",
            "core.fsmonitor=false",
            // The object that is sought may have come a moment ago.
            "core.commitGraph=false",
        ]);
    gix::open_opts(path, options).map_err(|error| failure(error).context(path))
}

/// What went wrong: refused where the host refused something below it.
pub fn failure(error: impl Error + Send + Sync + 'static) -> Failure {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if let Some(error) = one.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            return Failure::refused(error.to_string());
        }
        cause = one.source();
    }
    Failure::failed(error.to_string())
}

/// Makes sure that a name is no option in disguise.
pub fn no_flag(what: &str, value: &str) -> Result<(), Failure> {
    if value.starts_with('-') {
        let text = format!("Invalid {what}: '{value}' - cannot start with '-'");
        return Err(Failure::bad_arguments(text));
    }
    Ok(())
}

/// What a name stands for.
///
/// # Errors
/// Where it stands for nothing.
pub fn find<'repo>(repo: &'repo Repository, name: &str) -> Result<Id<'repo>, Failure> {
    repo.rev_parse_single(name).map_err(|_| {
        let text = match name.split_once(':') {
            Some((revision, path)) if repo.rev_parse_single(revision).is_ok() => {
                format!("\"Blob or Tree named '{path}' not found\"")
            }
            _ => format!("Ref '{name}' did not resolve to an object"),
        };
        Failure::failed(text)
    })
}

/// The commit that a name stands for, also by way of a tag.
pub fn commit<'repo>(repo: &'repo Repository, name: &str) -> Result<gix::Commit<'repo>, Failure> {
    let object = find(repo, name)?.object().map_err(failure)?;
    object.peel_to_commit().map_err(failure)
}

/// What stands there under this number.
pub fn data(repo: &Repository, id: ObjectId) -> Result<Vec<u8>, Failure> {
    let mut object = repo.find_object(id).map_err(failure)?;
    Ok(std::mem::take(&mut object.data))
}

/// Text of bytes. What is no UTF-8 is shown as `�`.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
