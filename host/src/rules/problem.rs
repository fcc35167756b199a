//! What is wrong in a file that a person wrote, and where.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A line of a file: where something was said, so that a refusal can tell where to change it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Line {
    /// The file, as its reader was told.
    pub file: Arc<str>,
    /// Counted from 1; 0 for the file as a whole.
    pub number: u32,
}

impl fmt::Display for Line {
    /// `toolkeep.toml:12`, or just the file's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = crate::base::text::visible(&self.file);
        match self.number {
            0 => f.write_str(&file),
            number => write!(f, "{file}:{number}"),
        }
    }
}

/// One thing that is wrong. Its text is safe to show: what it quotes was made visible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub line: Line,
    /// The column in characters, counted from 1; 0 for the line as a whole.
    pub column: u32,
    /// What, in lower case and without a full stop.
    pub message: String,
    /// How to make it right, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problem {
    /// A problem of a line as a whole.
    pub fn new(line: Line, message: impl Into<String>) -> Self {
        Self {
            line,
            column: 0,
            message: message.into(),
            help: None,
        }
    }

    /// The same, with `help`.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// All that is wrong in a file, from its first line to its last. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `problems` in the order of their lines, each once; `None` where there are none.
    pub fn new(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort();
        problems.dedup();
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The sentence that offers the nearest of `known` for `wrong`, or else lists `known`.
pub(super) fn suggest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    if let Some(nearest) = crate::base::text::nearest(wrong, known.iter().copied()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let all = known.len();
    known.truncate(12);
    let list = known.join("`, `");
    match all {
        0 => None,
        1 => Some(format!("the only one is `{list}`")),
        all if all > known.len() => Some(format!("there are {all}, among them `{list}`")),
        _ => Some(format!("there are `{list}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_come_in_the_order_of_lines_and_once() {
        let line = |number| Line {
            file: "a.toml".into(),
            number,
        };
        let late = Problem::new(line(7), "late").help("be early");
        let problems = Problems::new(vec![
            late.clone(),
            Problem::new(line(0), "whole"),
            late.clone(),
        ])
        .unwrap();
        insta::assert_snapshot!(problems, @r"
        a.toml: whole
        a.toml:7: late
          help: be early
        ");
        assert_eq!(Problems::new(vec![]), None);
    }

    #[test]
    fn suggests_one_or_lists_all() {
        assert_eq!(suggest("x", []), None);
        assert_eq!(
            suggest("alow", ["allow", "ask"]).unwrap(),
            "did you mean `allow`?"
        );
        assert_eq!(
            suggest("qqqqq", ["allow", "ask"]).unwrap(),
            "there are `allow`, `ask`"
        );
        assert_eq!(suggest("qqqqq", ["ask"]).unwrap(), "the only one is `ask`");
    }
}
