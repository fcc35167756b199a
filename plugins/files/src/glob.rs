//! Glob patterns: `*` and `?` within a name, `**` across folders, `[...]`, `{a,b}`, and `!` at the start
//! for what does not match. A leading dot is nothing special.

/// Whether one of `patterns` matches `path`, a path from the folder where the search began.
pub fn any(patterns: &[String], path: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| fast_glob::glob_match(pattern, path))
}

/// The same, where a plain name, without `*`, matches at any depth, and all that is in a folder of that
/// name.
pub fn any_at_any_depth(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| {
        let mut ways = vec![pattern.clone()];
        if !pattern.contains('*') {
            ways.push(format!("**/{pattern}"));
            ways.push(format!("**/{pattern}/**"));
        }
        any(&ways, path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_in_its_folder() {
        let only = |pattern: &str, path| any(&[pattern.to_owned()], path);
        assert!(only("*.rs", "a.rs") && !only("*.rs", "src/a.rs"));
        assert!(only("**/*.rs", "a.rs") && only("**/*.rs", "x/.y/a.rs"));
        assert!(only("src/**", "src/a/b") && !only("src/**", "src"));
        assert!(only("{a,b}/[c-d].?", "b/c.x") && !only("!*.rs", "a.rs"));
        assert!(!any(&[], "a"));
    }

    #[test]
    fn a_plain_name_matches_at_any_depth() {
        let only = |pattern: &str, path| any_at_any_depth(&[pattern.to_owned()], path);
        assert!(
            only("target", "target") && only("target", "a/target") && only("target", "target/b")
        );
        assert!(only("a/b", "x/a/b") && !only("*.rs", "x/a.rs") && !only("tar", "target"));
    }
}
