//! What a server's `robots.txt` lets programs fetch. It is read as leniently as the reference server does it, and the
//! most specific rule counts.

use url::Url;

/// The rules for one user agent.
struct Group {
    agent: String,
    rules: Vec<Rule>,
}

struct Rule {
    allows: bool,
    pattern: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Agent,
    Allow,
    Disallow,
    /// Something about the whole site, which is in no group.
    Site,
    /// Something else of a group.
    Other,
}

/// Whether `robots` lets the program that calls itself `agent` fetch `url`.
pub fn allows(robots: &str, agent: &str, url: &Url) -> bool {
    if url.path() == "/robots.txt" {
        return true;
    }
    let groups = parse(robots);
    let agent = agent.trim().to_lowercase();
    let mut best: Option<(usize, &Group)> = None;
    for group in &groups {
        let fits = fits(&group.agent, &agent);
        if fits > best.map_or(0, |(fits, _)| fits) {
            best = Some((fits, group));
        }
    }
    let Some((_, group)) = best else { return true };
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    let path = normal(&path, "/%");
    let matching = group
        .rules
        .iter()
        .filter(|rule| matches(&rule.pattern, &path));
    // The longest counts; of two of one length, the one that allows.
    let strongest = matching.max_by_key(|rule| (rule.pattern.chars().count(), rule.allows));
    strongest.is_none_or(|rule| rule.allows)
}

fn parse(robots: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut current: Vec<usize> = Vec::new();
    let mut previous: Option<Field> = None;
    for line in robots.lines().flat_map(|line| line.split('\r')) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some((field, value)) = directive(line) else {
            continue;
        };
        if field == Field::Agent && previous.is_some_and(|previous| previous != Field::Agent) {
            current.clear();
        }
        if field != Field::Site {
            previous = Some(field);
        }
        if value.is_empty() {
            continue;
        }
        match field {
            Field::Agent => {
                let name = value.to_lowercase();
                let mut names = vec![name.clone()];
                if name != "*" && name.contains('*') {
                    names.push(name.replace('*', ""));
                }
                for agent in names.into_iter().filter(|name| !name.is_empty()) {
                    let known = groups.iter().position(|group| group.agent == agent);
                    let at = known.unwrap_or_else(|| {
                        let rules = Vec::new();
                        groups.push(Group { agent, rules });
                        groups.len() - 1
                    });
                    if !current.contains(&at) {
                        current.push(at);
                    }
                }
            }
            Field::Allow | Field::Disallow => {
                let allows = field == Field::Allow;
                for pattern in patterns(&value, allows) {
                    for at in &current {
                        if let Some(group) = groups.get_mut(*at) {
                            let pattern = pattern.clone();
                            group.rules.push(Rule { allows, pattern });
                        }
                    }
                }
            }
            Field::Site | Field::Other => {}
        }
    }
    groups
}

/// The patterns that a value stands for.
fn patterns(value: &str, allows: bool) -> Vec<String> {
    let mut values = vec![value.to_owned()];
    if value.contains('$') {
        values.push(value.replace('$', "%24"));
    }
    let mut patterns: Vec<String> = values.iter().map(|value| pattern(value)).collect();
    patterns.retain(|pattern| !pattern.is_empty());
    if allows {
        let folders = patterns.iter().filter_map(|pattern| {
            let folder = pattern.strip_suffix("index.html")?;
            folder.ends_with('/').then(|| format!("{folder}$"))
        });
        let folders: Vec<String> = folders.collect();
        patterns.extend(folders);
    }
    patterns
}

/// What a line says. Colons may be missing, and some words are often misspelt.
fn directive(line: &str) -> Option<(Field, String)> {
    if line.is_empty() {
        return None;
    }
    let known = |field: &str| {
        Some(match field.to_lowercase().as_str() {
            "user-agent" | "useragent" | "user agent" => Field::Agent,
            "allow" => Field::Allow,
            "disallow" | "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => {
                Field::Disallow
            }
            "sitemap" | "sitemaps" | "site-map" | "host" => Field::Site,
            "crawl-delay" | "crawl delay" | "request-rate" | "request rate" | "visit-time"
            | "visit time" => Field::Other,
            _ => return None,
        })
    };
    let split = line.split_once(':');
    if let Some((field, value)) = split {
        let known = known(field.trim());
        if known.is_some() || value.is_empty() || value.starts_with(char::is_whitespace) {
            return Some((known.unwrap_or(Field::Other), value.trim().to_owned()));
        }
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    for count in 1..=words.len().min(2) {
        let (field, value) = words.split_at(count);
        if let Some(field) = known(&field.join(" ")) {
            return Some((field, value.join(" ")));
        }
    }
    split.map(|(_, value)| (Field::Other, value.trim().to_owned()))
}

/// How well a group's name fits a program's: 0 if not at all. It fits where a word of the program's begins with it.
fn fits(group: &str, agent: &str) -> usize {
    if group == "*" {
        return 1;
    }
    let found = agent.match_indices(group).any(|(at, _)| {
        let before = agent
            .get(..at)
            .and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_')
    });
    if found {
        group.chars().count().max(1)
    } else {
        0
    }
}

/// A pattern in the form in which it is compared.
fn pattern(value: &str) -> String {
    let mut value = value.to_owned();
    if value.starts_with("https://") || value.starts_with("http://") {
        value.insert(0, '/');
    }
    match value.strip_suffix('$') {
        Some(start) => format!("{}$", normal(start, "/%*")),
        None => normal(&value, "/%*"),
    }
}

/// Text with what can be written plainly written plainly, but for escapes of what is in `kept`, and all else escaped.
fn normal(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high, *low),
            _ => None,
        };
        let (byte, is_kept) = match escaped {
            Some(escaped) => {
                rest = rest.get(3..).unwrap_or_default();
                (escaped, kept.as_bytes().contains(&escaped))
            }
            None => {
                rest = after;
                (*byte, false)
            }
        };
        let is_plain = byte.is_ascii_alphanumeric() || b"_.-~=".contains(&byte);
        if !is_kept && (is_plain || escaped.is_none() && kept.as_bytes().contains(&byte)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Whether a path begins as the pattern says, in which `*` is anything and a `$` at its end is the end.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return !to_end || rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    if to_end {
        rest.ends_with(last)
    } else {
        rest.contains(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(robots: &str, agent: &str, path: &str, expected: bool) {
        let url = Url::parse(&format!("http://example.org{path}")).unwrap();
        assert_eq!(allows(robots, agent, &url), expected, "{robots:?} {path}");
    }

    #[test]
    fn the_longest_rule_counts() {
        let robots =
            "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/*.pdf$\nDisallow: /c?";
        for (path, expected) in [
            ("/", true),
            ("/a", false),
            ("/ab", false),
            ("/a/b", true),
            ("/a/b/x.pdf", false),
            ("/a/b/x.pdf?y", true),
            ("/c", true),
            ("/c?x", false),
            ("/robots.txt", true),
        ] {
            check(robots, "Toolkeep/1", path, expected);
        }
    }

    #[test]
    fn the_best_group_counts() {
        let robots = "Disallow: /x\nuser-agent: other\nuser agent keep\ndisallow /\n\
             User-agent: *\nAllow: /\n\nUser-agent: Toolkeep\nDisallow: /t # why\nSitemap: x\nDisalow:/u";
        check(robots, "Toolkeep/1", "/x", true);
        check(robots, "Toolkeep/1", "/t", false);
        check(robots, "Toolkeep/1", "/u", false);
        check(robots, "Else", "/t", true);
        check(robots, "Mozilla (keep)", "/", false);
        check("", "Toolkeep/1", "/", true);
        check("User-agent: *\nDisallow:", "Toolkeep/1", "/", true);
        check("<html>not found</html>", "Toolkeep/1", "/", true);
    }

    #[test]
    fn escapes_do_not_matter() {
        check("User-agent: *\nDisallow: /%7Ea/ü", "x", "/~a/%c3%bc", false);
        check("User-agent: *\nDisallow: /a%2fb", "x", "/a/b", true);
        check(
            "User-agent: *\nAllow: /d/index.html\nDisallow: /d/",
            "x",
            "/d/",
            true,
        );
    }
}
