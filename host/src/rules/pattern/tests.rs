use super::*;

fn patterns(only: &[&str], except: &[&str]) -> Patterns {
    Patterns::new(only, except).unwrap()
}

#[test]
fn what_is_no_pattern_says_why() {
    let long = "a/".repeat(60) + "a";
    let wide = "a".repeat(1025);
    let deep = "{".repeat(1000);
    let told: Vec<String> = [
        "", "/etc", "a/", "a//b", "..", "a/../b", "./a", "a**", "**b/c", "[a", "{a", "a]{",
        "{a/b,c}", "[a/b]", "[z-a]", &long, &wide, &deep,
    ]
    .into_iter()
    .map(|text| {
        let shown: String = text.chars().take(8).collect();
        format!("`{shown}` {}", Patterns::check(text).unwrap_err())
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    `` is empty
    `/etc` starts with `/`: patterns are relative to the data's folder
    `a/` ends with `/`: write `**` behind it to mean all that is below
    `a//b` has `//` in it
    `..` has `.` or `..` as a part
    `a/../b` has `.` or `..` as a part
    `./a` has `.` or `..` as a part
    `a**` has `**` beside other characters: it must stand alone between `/`
    `**b/c` has `**` beside other characters: it must stand alone between `/`
    `[a` has brackets that do not match
    `{a` has brackets that do not match
    `a]{` has brackets that do not match
    `{a/b,c}` has brackets that do not match
    `[a/b]` has brackets that do not match
    `[z-a]` has brackets that do not match
    `a/a/a/a/` is longer than 1024 bytes or 60 parts
    `aaaaaaaa` is longer than 1024 bytes or 60 parts
    `{{{{{{{{` has brackets that do not match
    ");
}

#[test]
fn the_documented_readings_hold() {
    // Pattern lists, then paths: admitted, and leading to something that is.
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a str, bool, bool);
    let cases: &[Case<'_>] = &[
        (&[], &[], "", true, true),
        (&[], &[], "a/b", true, true),
        (&[], &["private"], "private", false, false),
        (&[], &["private"], "private/a/b", false, false),
        (&[], &["private/**"], "private", false, false),
        (&[], &["private/**"], "private/a/b", false, false),
        (&[], &["private/**"], "privateer", true, true),
        (&[], &["private/*"], "private", true, true),
        (&[], &["private/*"], "private/a/b", false, false),
        (&[], &["**"], "", false, true),
        (&[], &["**"], "a", false, false),
        (&[], &["**/.git"], ".git/config", false, false),
        (&[], &["**/.git"], "a/b/.git", false, false),
        (&[], &["*.key"], "A.KEY", true, true),
        (&["*.md"], &[], "a.md", true, true),
        (&["*.md"], &[], ".md", true, true),
        (&["*.md"], &[], "a/b.md", false, false),
        (&["*.md"], &[], "a", false, false),
        (&["*.md"], &[], "", false, true),
        (&["*"], &[], "a/b", false, false),
        (&["public"], &[], "public", true, true),
        (&["public"], &[], "public/a", false, false),
        (&["public/**"], &[], "public", false, true),
        (&["public/**"], &[], "public/a", true, true),
        (&["public/**"], &[], "public/a/b", true, true),
        (&["public/**"], &[], "publi", false, false),
        (&["**"], &[], "", false, true),
        (&["**"], &[], "a", true, true),
        (&["**/*.md"], &[], "a", false, true),
        (&["**/*.md"], &[], "a.md", true, true),
        (&["**/*.md"], &[], "a/b/c.md", true, true),
        (&["**/*.md"], &["a"], "a", false, false),
        (&["a/*/c"], &[], "a/x", false, true),
        (&["a/*/c"], &[], "a/x/y", false, false),
        (&["a/[!b]/c"], &[], "a/x/c", true, true),
        (&["a[!b]c"], &[], "a/c", false, false),
        (&["{a,b}.md"], &["b*"], "a.md", true, true),
        (&["{a,b}.md"], &["b*"], "b.md", false, false),
        // One character, and no byte of it.
        (&[], &["?"], "é", false, false),
        (&[], &["[!a-z]*"], "é", false, false),
        (&["[é]"], &[], "é", true, true),
        // An alternative that is nothing.
        (&[], &["key{,.bak}"], "key", false, false),
    ];
    for (only, except, path, admits, leads) in cases {
        let patterns = patterns(only, except);
        let shown = format!("{only:?} {except:?} {path:?}");
        assert_eq!(patterns.admits(path), *admits, "admits {shown}");
        assert_eq!(patterns.leads(path), *leads, "leads {shown}");
    }
}

#[test]
fn a_folder_is_whole_only_where_nothing_in_it_is_kept_back() {
    let cases: &[(&[&str], &[&str], &str, bool)] = &[
        (&[], &[], "a", true),
        (&[], &["a/secret"], "a", false),
        (&[], &["a/secret"], "b", true),
        (&[], &["**/.git"], "b", false),
        (&["a/**"], &[], "a", false),
        (&["a/**"], &[], "a/b", true),
        (&["a/*"], &[], "a/b", false),
        (&["a/*", "a/b/**"], &[], "a/b", true),
    ];
    for (only, except, path, whole) in cases {
        let shown = format!("{only:?} {except:?} {path:?}");
        assert_eq!(patterns(only, except).admits_whole(path), *whole, "{shown}");
    }
}

#[test]
fn an_escaped_path_matches_itself() {
    for path in ["a/b.md", "a/[x]/{y}*?.md", "!a,b", "a\\b", "é/["] {
        assert!(patterns(&[&escape(path)], &[]).admits(path), "{path}");
    }
    assert!(!patterns(&[&escape("a*")], &[]).admits("ab"));
    assert!(!patterns(&[&escape("a\\b")], &[]).admits("ab"));
}

/// The obvious matcher, exponential and without cleverness: `zero` says whether a last `**` may
/// stand for nothing.
fn naive(pattern: &[&str], path: &[&str], zero: bool) -> bool {
    match (pattern, path) {
        ([], path) => path.is_empty(),
        (["**"], path) if !zero => !path.is_empty(),
        (["**", rest @ ..], path) => {
            naive(rest, path, zero) || (!path.is_empty() && naive(pattern, &path[1..], zero))
        }
        ([one, rest @ ..], [part, more @ ..]) => {
            let one: Vec<char> = one.chars().collect();
            let part: Vec<char> = part.chars().collect();
            naive_part(&one, &part) && naive(rest, more, zero)
        }
        _ => false,
    }
}

fn naive_part(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', rest @ ..], text) => {
            naive_part(rest, text) || (!text.is_empty() && naive_part(pattern, &text[1..]))
        }
        (['?', rest @ ..], [_, more @ ..]) => naive_part(rest, more),
        ([c, rest @ ..], [d, more @ ..]) => c == d && naive_part(rest, more),
        _ => false,
    }
}

/// Every list of up to `most` of `words`.
fn lists<'a>(words: &[&'a str], most: usize) -> Vec<Vec<&'a str>> {
    let mut all: Vec<Vec<&str>> = vec![vec![]];
    let mut last = all.clone();
    for _ in 0..most {
        last = last
            .iter()
            .flat_map(|list| {
                words.iter().map(|word| {
                    let mut longer = list.clone();
                    longer.push(*word);
                    longer
                })
            })
            .collect();
        all.extend(last.clone());
    }
    all
}

#[test]
fn agrees_with_the_naive_matcher_everywhere() {
    let paths = lists(&["a", "b", "ab"], 3);
    for pattern in lists(&["a", "*", "?", "a*", "**"], 3) {
        if pattern.is_empty() {
            continue;
        }
        let text = pattern.join("/");
        let only = patterns(&[&text], &[]);
        let except = patterns(&[], &[&text]);
        for path in &paths {
            let joined = path.join("/");
            let matched = naive(&pattern, path, false);
            assert_eq!(only.admits(&joined), matched, "only {text} {joined}");
            let hidden = (0..=path.len()).any(|length| naive(&pattern, &path[..length], true));
            assert_eq!(except.admits(&joined), !hidden, "except {text} {joined}");
            // What leads somewhere has an admitted path below it, among all short ones.
            let below = paths.iter().any(|more| {
                let longer: Vec<&str> = path.iter().chain(more).copied().collect();
                naive(&pattern, &longer, false)
            });
            let root = path.is_empty();
            assert_eq!(only.leads(&joined), root || below, "leads {text} {joined}");
            if only.admits_whole(&joined) {
                let all = paths.iter().all(|more| {
                    let longer: Vec<&str> = path.iter().chain(more).copied().collect();
                    naive(&pattern, &longer, false)
                });
                assert!(all, "whole {text} {joined}");
            }
        }
    }
}
