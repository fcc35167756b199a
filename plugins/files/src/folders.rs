//! The folders that the operator granted, and what a path that the model wrote means in them.

use toolkeep_sdk::Failure;

/// The folders that the guest sees, as absolute paths.
pub struct Folders {
    paths: Vec<String>,
}

impl Folders {
    /// Those of this call, as WASI tells them.
    pub fn granted() -> Self {
        Self::new(preopened())
    }

    pub fn new(paths: Vec<String>) -> Self {
        Self { paths }
    }

    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The granted folder that `path` is, or is in; the innermost if several are.
    pub fn around(&self, path: &str) -> Option<&str> {
        let around = self.paths.iter().filter(|folder| is_within(path, folder));
        around.max_by_key(|folder| folder.len()).map(String::as_str)
    }

    /// `asked` as an absolute path without `.` and `..`. A relative one goes on from the first folder in
    /// which it stays.
    ///
    /// # Errors
    /// Where it leads out of all folders. This is to say so in words: there is no way out.
    pub fn absolute(&self, asked: &str) -> Result<String, Failure> {
        if is_windows(asked) {
            return Err(Failure::refused(format!(
                "Access denied - Windows-style path received on a POSIX host: {asked}"
            )));
        }
        if asked == "~" || asked.starts_with("~/") {
            return Err(Failure::refused(format!(
                "Access denied - there is no home directory here: {asked}"
            )));
        }
        let path = if asked.starts_with('/') {
            resolve("/", asked)
        } else {
            let mut candidates = self.paths.iter().map(|folder| resolve(folder, asked));
            let first = candidates.next().unwrap_or_else(|| resolve("/", asked));
            let stays = |path: &String| self.around(path).is_some();
            if stays(&first) {
                first
            } else {
                candidates.find(stays).unwrap_or(first)
            }
        };
        if self.around(&path).is_none() || path.contains('\0') {
            return Err(Failure::refused(format!(
                "Access denied - path outside allowed directories: {path} not in {}",
                self.paths.join(", ")
            )));
        }
        Ok(path)
    }
}

/// `path` seen from `folder`, which it lies in.
pub fn relative<'a>(path: &'a str, folder: &str) -> &'a str {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .trim_start_matches('/')
}

/// The entry `name` of `folder`.
pub fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `path` from `base`, an absolute path, on; by its text, as the host reads it too.
fn resolve(base: &str, path: &str) -> String {
    let mut parts = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether a path starts with a drive. Taken for a relative one, it would name something nobody meant.
fn is_windows(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && matches!(chars.next(), None | Some('/' | '\\'))
}

#[cfg(target_family = "wasm")]
fn preopened() -> Vec<String> {
    let folders = wasip2::filesystem::preopens::get_directories();
    folders.into_iter().map(|(_, path)| path).collect()
}

/// Outside of a component nothing is granted.
#[cfg(not(target_family = "wasm"))]
fn preopened() -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Folders {
        Folders::new(vec![
            "/desk".to_owned(),
            "/desk/deep".to_owned(),
            "/b".to_owned(),
        ])
    }

    #[test]
    fn reads_paths_from_the_first_folder_on() {
        for (asked, path) in [
            ("a.txt", "/desk/a.txt"),
            ("", "/desk"),
            (".", "/desk"),
            ("./x//y/../z/", "/desk/x/z"),
            ("../b/c", "/b/c"),
            ("..b", "/desk/..b"),
            ("/desk", "/desk"),
            ("/b/../desk/a", "/desk/a"),
            ("c:x", "/desk/c:x"),
            ("~x", "/desk/~x"),
        ] {
            assert_eq!(folders().absolute(asked), Ok(path.to_owned()), "{asked}");
        }
        assert_eq!(folders().around("/desk/deep/x"), Some("/desk/deep"));
    }

    #[test]
    fn says_so_where_a_path_leads_out() {
        for (asked, path) in [
            ("/etc/passwd", "/etc/passwd"),
            ("../../etc", "/etc"),
            ("/desktop", "/desktop"),
            ("/", "/"),
            ("a\0b", "/desk/a\0b"),
        ] {
            let told = format!(
                "Access denied - path outside allowed directories: {path} not in /desk, /desk/deep, /b"
            );
            assert_eq!(
                folders().absolute(asked),
                Err(Failure::refused(told)),
                "{asked}"
            );
        }
        for asked in ["C:\\x", "c:/x", "d:", "~", "~/x"] {
            assert!(
                matches!(folders().absolute(asked), Err(Failure::Refused(_))),
                "{asked}"
            );
        }
        assert!(Folders::new(Vec::new()).absolute("a").is_err());
    }

    #[test]
    fn a_root_is_a_folder_too() {
        let root = Folders::new(vec!["/".to_owned()]);
        assert_eq!(root.absolute("etc/x"), Ok("/etc/x".to_owned()));
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(relative("/a/b", "/"), "a/b");
        assert_eq!(relative("/desk/a", "/desk"), "a");
        assert_eq!(relative("/desk", "/desk"), "");
    }
}
