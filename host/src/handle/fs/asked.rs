//! A path as a guest wrote it, by its text alone.

/// The longest path that is looked at, as in Linux.
pub(super) const MAX_BYTES: usize = 4096;

/// A path as a guest wrote it: its parts, without `.`, `..` and empty ones.
///
/// `..` takes away the part before it, *whatever stands there*. Where that part is a link, POSIX would
/// go on from where the link leads; here no path can ask whether something exists that its own parts
/// do not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub parts: Vec<String>,
    /// It ended in `/`, `.` or `..`: only a folder will do.
    pub must_be_folder: bool,
}

/// A path that leads above where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Escapes;

impl Asked {
    pub(super) fn parse(path: &str) -> Result<Self, Escapes> {
        if path.starts_with('/') {
            return Err(Escapes);
        }
        let mut parts = Vec::new();
        Self::walk(&mut parts, path)?;
        Ok(Self {
            parts,
            must_be_folder: ends_as_folder(path),
        })
    }

    /// This path where the part at `index` turned out to be a link to `target`.
    pub(super) fn follow(&self, index: usize, target: &str) -> Result<Self, Escapes> {
        if target.starts_with('/') {
            return Err(Escapes);
        }
        let mut parts: Vec<String> = self.parts.iter().take(index).cloned().collect();
        Self::walk(&mut parts, target)?;
        let rest: Vec<String> = self.parts.iter().skip(index + 1).cloned().collect();
        let must_be_folder = self.must_be_folder || rest.is_empty() && ends_as_folder(target);
        parts.extend(rest);
        Ok(Self {
            parts,
            must_be_folder,
        })
    }

    fn walk(parts: &mut Vec<String>, path: &str) -> Result<(), Escapes> {
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or(Escapes)?;
                }
                name => parts.push(name.to_owned()),
            }
        }
        Ok(())
    }

    /// The parts before the last, and the last; the folder itself is `.` in itself.
    pub(super) fn split(&self) -> (&[String], &str) {
        match self.parts.split_last() {
            Some((leaf, parents)) => (parents, leaf),
            None => (&[], "."),
        }
    }

    pub(super) fn path(&self) -> String {
        self.parts.join("/")
    }
}

fn ends_as_folder(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("" | "." | ".."))
}

/// `a/b`, or whichever of the two is not empty.
pub(super) fn join(a: &str, b: &str) -> String {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.to_owned(),
        (_, true) => a.to_owned(),
        _ => format!("{a}/{b}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str) -> String {
        match Asked::parse(path) {
            Ok(asked) if asked.must_be_folder => format!("{}/", asked.path()),
            Ok(asked) => asked.path(),
            Err(Escapes) => "escapes".to_owned(),
        }
    }

    #[test]
    fn reads_paths_by_their_text() {
        for (path, expected) in [
            ("a/b", "a/b"),
            ("./a//b/.", "a/b/"),
            ("a/../b", "b"),
            ("a/b/..", "a/"),
            ("a/..", "/"),
            (".", "/"),
            ("a/../..", "escapes"),
            ("..", "escapes"),
            ("../a", "escapes"),
            ("/a", "escapes"),
            ("...", "..."),
            ("a/..b", "a/..b"),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }

    #[test]
    fn follows_links_from_where_they_stand() {
        let asked = Asked::parse("a/link/b").unwrap();
        assert_eq!(asked.follow(1, "../c").unwrap().path(), "c/b");
        assert_eq!(asked.follow(1, "c/d").unwrap().path(), "a/c/d/b");
        assert_eq!(asked.follow(1, "../../c"), Err(Escapes));
        assert_eq!(asked.follow(1, "/c"), Err(Escapes));
        let last = Asked::parse("a/link").unwrap();
        assert!(last.follow(1, "c/").unwrap().must_be_folder);
        assert!(!asked.follow(1, "c/").unwrap().must_be_folder);
    }
}
