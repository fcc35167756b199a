//! Finding the text that an edit names.

/// `content` with `new` in the place of the first `old` in it. Where there is none, the first lines that
/// differ from those of `old` only in the white space around them are taken, and `new` is indented as
/// they are. None where there are no such lines either.
pub fn replace(content: &str, old: &str, new: &str) -> Option<String> {
    if content.contains(old) {
        return Some(content.replacen(old, new, 1));
    }
    let old: Vec<&str> = old.split('\n').collect();
    let lines: Vec<&str> = content.split('\n').collect();
    let same = |window: &[&str]| {
        let mut pairs = window.iter().zip(&old);
        pairs.all(|(line, old)| trim(line) == trim(old))
    };
    let at = lines.windows(old.len()).position(same)?;
    let (before, rest) = lines.split_at(at);
    let (replaced, after) = rest.split_at(old.len());
    let indent = indent(replaced.first()?);
    let new = new.split('\n').enumerate().map(|(index, line)| {
        let old = old.get(index).copied().unwrap_or_default();
        indented(line, old, indent, index == 0)
    });
    let all: Vec<String> = before
        .iter()
        .map(|line| (*line).to_owned())
        .chain(new)
        .chain(after.iter().map(|line| (*line).to_owned()))
        .collect();
    Some(all.join("\n"))
}

/// A new line, indented as the file is: the first one like the line it stands for, each other one by as
/// much more as it was in the edit. What has no indentation in the edit is left as it is.
fn indented(line: &str, old: &str, indent_of_file: &str, first: bool) -> String {
    let text = line.trim_start_matches(is_space);
    let (old, new) = (indent(old), indent(line));
    if first {
        return format!("{indent_of_file}{text}");
    }
    if old.is_empty() || new.is_empty() {
        return line.to_owned();
    }
    let deeper = new.chars().count().saturating_sub(old.chars().count());
    format!("{indent_of_file}{}{text}", " ".repeat(deeper))
}

fn indent(line: &str) -> &str {
    let text = line.trim_start_matches(is_space);
    line.strip_suffix(text).unwrap_or_default()
}

fn trim(line: &str) -> &str {
    line.trim_matches(is_space)
}

/// White space as the reference server has it: without *next line*, with the byte order mark.
fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, old: &str, new: &str, expected: Option<&str>) {
        assert_eq!(replace(content, old, new).as_deref(), expected);
    }

    #[test]
    fn takes_the_first_exact_match() {
        check("a b a", "a", "$&", Some("$& b a"));
        check("a\nb\n", "a\nb", "", Some("\n"));
        check("ab", "", "x", Some("xab"));
        check("", "", "x", Some("x"));
    }

    #[test]
    fn takes_lines_with_other_white_space_around() {
        check("  a\n\tb\nc", "a\nb", "x", Some("  x\nc"));
        check("\u{feff}a", "a ", "b", Some("\u{feff}b"));
        check("a\u{85}\n", "a \n", "b", None);
        check("a\nb", "a\nb\nc", "", None);
        check("a b", "a  b", "", None);
    }

    #[test]
    fn indents_as_the_file_does() {
        let content = "\tif x {\n\t\ty\n\t}\n";
        check(
            content,
            "  if x {\n    y\n  }",
            "  if z {\n      y\n  }\nend",
            Some("\tif z {\n\t  y\n\t}\nend\n"),
        );
    }
}
