//! Reading a TOML file that a person wrote: every problem is kept, with its line and, where there
//! is one, the nearest right word. The only place that names the crate `toml`.

mod values;

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Line, Problem, Problems, suggest};
use crate::base::id::BadName;
use crate::base::text;

pub(super) use values::Word;

/// A file beyond this size is no file that a person wrote.
const MAX_BYTES: usize = 1024 * 1024;

/// After so many problems the rest is not worth reading.
const MAX_PROBLEMS: usize = 500;

/// A file that is being read, and the problems found so far.
pub(super) struct Reader<'t> {
    file: Arc<str>,
    text: &'t str,
    /// The byte at which each line starts.
    starts: Vec<usize>,
    problems: Vec<Problem>,
}

/// A parsed file, from which [`Table`]s borrow.
pub(super) struct Document<'t>(DeTable<'t>);

/// A table in the file.
#[derive(Clone)]
pub(super) struct Table<'a> {
    /// Its name as a header would write it, made visible: `plugins.notes.fs`. Empty for the file.
    path: String,
    /// The byte at which its name stands.
    at: usize,
    entries: &'a DeTable<'a>,
}

/// A key and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// The key.
    pub key: &'a str,
    /// The byte at which the key stands.
    pub at: usize,
    /// The byte at which the value stands.
    pub value_at: usize,
    value: &'a DeValue<'a>,
}

impl Document<'_> {
    /// The file as one table.
    pub fn root(&self) -> Table<'_> {
        Table {
            path: String::new(),
            at: 0,
            entries: &self.0,
        }
    }
}

impl<'a> Table<'a> {
    /// The entry under `key`.
    pub fn get(&self, key: &str) -> Option<Entry<'a>> {
        self.entries
            .get_key_value(key)
            .map(|(key, value)| entry(key, value))
    }

    /// Whether there is an entry under `key`, right or wrong.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> {
        self.entries.iter().map(|(key, value)| entry(key, value))
    }

    /// How messages name it: `[plugins.notes]`, or `the file`.
    pub fn shown(&self) -> String {
        if self.path.is_empty() {
            "the file".to_owned()
        } else {
            format!("[{}]", self.path)
        }
    }

    /// The byte at which its name stands.
    pub fn at(&self) -> usize {
        self.at
    }

    fn child(&self, entry: &Entry<'a>, entries: &'a DeTable<'a>) -> Self {
        let key = text::visible(entry.key);
        let path = if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        };
        Self {
            path,
            at: entry.at,
            entries,
        }
    }
}

fn entry<'a>(
    key: &'a Spanned<toml::de::DeString<'_>>,
    value: &'a Spanned<DeValue<'_>>,
) -> Entry<'a> {
    Entry {
        key: key.get_ref(),
        at: key.span().start,
        value_at: value.span().start,
        value: value.get_ref(),
    }
}

impl<'t> Reader<'t> {
    /// Starts to read `text`, which messages call `file`.
    pub fn new(file: &str, text: &'t str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            file: file.into(),
            text,
            starts,
            problems: Vec::new(),
        }
    }

    /// Parses the file. Where its syntax is wrong, nothing further is worth reading.
    ///
    /// # Errors
    /// All errors of syntax, duplicate keys among them.
    pub fn parse(&mut self) -> Result<Document<'t>, Problems> {
        if self.text.len() > MAX_BYTES {
            let line = Line {
                file: self.file.clone(),
                number: 0,
            };
            return Err(Problem::new(line, "the file is larger than 1 MiB").into());
        }
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().map_or(self.text.len(), |span| span.start);
            let message = text::visible(error.message());
            match self.text.get(error.span().unwrap_or_default()) {
                Some(key) if message == "duplicate key" => {
                    let key = text::visible(key);
                    self.problem(at, format!("`{key}` is there twice"), None);
                }
                _ => self.problem(at, message, None),
            }
        }
        match Problems::new(std::mem::take(&mut self.problems)) {
            None => Ok(Document(table.into_inner())),
            Some(problems) => Err(problems),
        }
    }

    /// Keeps a problem at the byte `at`.
    pub fn problem(&mut self, at: usize, message: impl Into<String>, help: Option<String>) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let (number, column) = self.position(at);
        self.problems.push(Problem {
            line: Line {
                file: self.file.clone(),
                number,
            },
            column,
            message: message.into(),
            help,
        });
    }

    /// Keeps what is wrong with a name at the byte `at`.
    pub fn bad_name(&mut self, at: usize, error: &BadName) {
        self.problem(at, error.to_string(), None);
    }

    /// The line in which the byte `at` is.
    pub fn line(&self, at: usize) -> Line {
        Line {
            file: self.file.clone(),
            number: self.position(at).0,
        }
    }

    /// Keeps a problem for every key of `table` that is not one of `known`.
    pub fn only(&mut self, table: &Table<'_>, known: &[&str]) {
        for entry in table.entries() {
            if !known.contains(&entry.key) {
                let message = format!(
                    "unknown key `{}` in {}",
                    text::visible(entry.key),
                    table.shown()
                );
                self.problem(entry.at, message, suggest(entry.key, known.iter().copied()));
            }
        }
    }

    /// Keeps a problem if `table` has no `key`; whether it has.
    pub fn require(&mut self, table: &Table<'_>, key: &str) -> bool {
        let has = table.has(key);
        if !has {
            self.problem(table.at, format!("{} has no `{key}`", table.shown()), None);
        }
        has
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// All problems found. `value` can only be missing where there was one; should it be missing
    /// without, that is an error all the same.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problems> {
        if let Some(problems) = Problems::new(self.problems) {
            return Err(problems);
        }
        let line = Line {
            file: self.file,
            number: 0,
        };
        value.ok_or_else(|| Problem::new(line, "the file cannot be understood").into())
    }

    /// Line and column of the byte `at`.
    fn position(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..at).unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(line), number(before.chars().count() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syntax(text: &str) -> String {
        match Reader::new("a.toml", text).parse() {
            Ok(_) => "fine".to_owned(),
            Err(problems) => problems.to_string(),
        }
    }

    #[test]
    fn errors_of_syntax_name_their_line() {
        insta::assert_snapshot!(syntax("a = 1\nb = \n[c\nd = 'x"), @r"
        a.toml:2: string values must be quoted, expected literal string
        a.toml:3: unclosed table, expected `]`
        ");
        insta::assert_snapshot!(syntax("[a]\nb = 1\nb = 2\n[a]\n"), @r"
        a.toml:3: `b` is there twice
        a.toml:4: `a` is there twice
        ");
        insta::assert_snapshot!(syntax(&"x".repeat(MAX_BYTES + 1)), @"a.toml: the file is larger than 1 MiB");
        assert_eq!(syntax(""), "fine");
    }

    #[test]
    fn nothing_overflows_or_panics() {
        let deep = 50_000;
        for text in [
            format!("a = {}", "[".repeat(deep)),
            format!("a = {}", "{a=".repeat(deep)),
            format!("{}a = 1", "a.".repeat(deep)),
            format!("[{}a]", "a.".repeat(deep)),
            "\"\u{0}".to_owned(),
            "a = \"\u{202e}\" b".to_owned(),
            "\u{feff}[".to_owned(),
        ] {
            assert_ne!(syntax(&text), "fine");
        }
    }

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let reader = Reader::new("a.toml", "ä = 1\nöö = 2");
        let at = reader.text.find('2').unwrap();
        assert_eq!(reader.position(at), (2, 6));
        assert_eq!(reader.position(0), (1, 1));
        assert_eq!(reader.position(10_000), (2, 1));
    }
}
