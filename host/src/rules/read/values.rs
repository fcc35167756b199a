//! The values that a table may hold, each read with its own messages.

use toml::de::DeValue;

use super::{Entry, Reader, Table};
use crate::base::id::Name;
use crate::base::text;
use crate::rules::problem::suggest;
use crate::rules::verb::{Handle, Verb, Verbs};

/// One word of a list, or a text by itself.
#[derive(Clone, Copy)]
pub(in crate::rules) struct Word<'a> {
    /// The text.
    pub text: &'a str,
    /// The byte at which it stands.
    pub at: usize,
}

/// The word that stands for create and modify together.
const WRITE: &str = "write";

impl Reader<'_> {
    /// The text under `key`, if it is there.
    pub fn any_text<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Word<'a>> {
        let entry = table.get(key)?;
        let Some(text) = entry.value.as_str() else {
            self.wrong_kind(table, &entry, "a string", None);
            return None;
        };
        Some(Word {
            text,
            at: entry.value_at,
        })
    }

    /// As [`Self::any_text`], but empty is wrong: nobody means nothing.
    pub fn text<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Word<'a>> {
        let word = self.any_text(table, key)?;
        if word.text.trim().is_empty() {
            let message = format!("`{key}` in {} is empty", table.shown());
            self.problem(word.at, message, None);
            return None;
        }
        Some(word)
    }

    /// The text under `key`, which has to be there.
    pub fn required_text<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Word<'a>> {
        if self.require(table, key) {
            self.text(table, key)
        } else {
            None
        }
    }

    /// The name under `key`, which has to be there.
    pub fn required_name(&mut self, table: &Table<'_>, key: &str) -> Option<(Name, usize)> {
        let word = self.required_text(table, key)?;
        Some((self.name(word.text, word.at)?, word.at))
    }

    /// `text` as a name.
    pub fn name(&mut self, text: &str, at: usize) -> Option<Name> {
        Name::new(text)
            .map_err(|error| self.bad_name(at, &error))
            .ok()
    }

    /// True or false under `key`; false where it is not there.
    pub fn flag(&mut self, table: &Table<'_>, key: &str) -> bool {
        let Some(entry) = table.get(key) else {
            return false;
        };
        entry.value.as_bool().unwrap_or_else(|| {
            self.wrong_kind(table, &entry, "`true` or `false`", None);
            false
        })
    }

    /// The words of the list under `key`, if it is there. An empty list is wrong: it reads as
    /// *everything* to one and as *nothing* to another.
    pub fn words<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Vec<Word<'a>>> {
        let entry = table.get(key)?;
        let Some(list) = entry.value.as_array() else {
            let help = entry
                .value
                .as_str()
                .map(|word| format!("write `{key} = [\"{}\"]`", text::visible(word)));
            self.wrong_kind(table, &entry, "a list of strings", help);
            return None;
        };
        if list.is_empty() {
            let message = format!("`{key}` in {} is an empty list", table.shown());
            let help = "name at least one, or leave the key out".to_owned();
            self.problem(entry.value_at, message, Some(help));
            return None;
        }
        let mut words = Vec::with_capacity(list.len());
        for item in list.iter() {
            let at = item.span().start;
            match item.get_ref().as_str() {
                Some(text) => words.push(Word { text, at }),
                None => {
                    let message = format!(
                        "`{key}` in {} must hold strings, not {}",
                        table.shown(),
                        kind(item.get_ref())
                    );
                    self.problem(at, message, None);
                }
            }
        }
        Some(words)
    }

    /// As [`Self::words`], but a single string is a list of one.
    pub fn word_or_words<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Vec<Word<'a>>> {
        match table.get(key)?.value {
            DeValue::String(_) => self.text(table, key).map(|word| vec![word]),
            _ => self.words(table, key),
        }
    }

    /// The verbs that any of `handles` has under `key`, if it is there. What is no verb is told and left
    /// out.
    pub fn verbs(&mut self, table: &Table<'_>, key: &str, handles: &[Handle]) -> Option<Verbs> {
        let mut verbs = Verbs::NONE;
        for word in self.words(table, key)? {
            match handles
                .iter()
                .find_map(|handle| verbs_of(word.text, *handle))
            {
                Some(more) => verbs = verbs.union(more),
                None => {
                    let message = format!(
                        "unknown verb `{}` in `{key}` in {}",
                        text::visible(word.text),
                        table.shown()
                    );
                    let all = handles.iter().flat_map(|handle| handle.verbs());
                    let mut known: Vec<&str> = all.map(|verb| verb.as_str()).collect();
                    if handles.contains(&Handle::Fs) {
                        known.push(WRITE);
                    }
                    self.problem(word.at, message, suggest(word.text, known));
                }
            }
        }
        Some(verbs)
    }

    /// The tables inside the table under `key`, if it is there: `[plugins.a]` and `[plugins.b]`
    /// for `plugins`.
    pub fn tables<'a>(&mut self, table: &Table<'a>, key: &str) -> Vec<(Word<'a>, Table<'a>)> {
        let Some(outer) = self.table(table, key) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        for entry in outer.entries() {
            let name = Word {
                text: entry.key,
                at: entry.at,
            };
            if let Some(inner) = self.table(&outer, entry.key) {
                tables.push((name, inner));
            }
        }
        tables
    }

    /// The keys of the table under `key`, right or wrong.
    pub fn table_keys<'a>(&self, table: &Table<'a>, key: &str) -> Vec<&'a str> {
        match table.get(key).map(|entry| entry.value) {
            Some(DeValue::Table(entries)) => {
                entries.keys().map(|key| key.get_ref().as_ref()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The table under `key`, if it is there.
    pub fn table<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Table<'a>> {
        let entry = table.get(key)?;
        match entry.value {
            DeValue::Table(entries) => Some(table.child(&entry, entries)),
            _ => {
                self.wrong_kind(table, &entry, "a table", None);
                None
            }
        }
    }

    /// The text or the integer under `key`, if it is there: `Ok` for a text.
    pub fn text_or_integer<'a>(
        &mut self,
        table: &Table<'a>,
        key: &str,
    ) -> Option<Result<Word<'a>, (u64, usize)>> {
        match table.get(key)?.value {
            DeValue::String(_) => self.text(table, key).map(Ok),
            _ => self.integer(table, key).map(Err),
        }
    }

    /// The whole number under `key`, at least 1, if it is there; and the byte at which it stands.
    pub fn integer(&mut self, table: &Table<'_>, key: &str) -> Option<(u64, usize)> {
        let entry = table.get(key)?;
        let Some(integer) = entry.value.as_integer() else {
            self.wrong_kind(table, &entry, "a whole number", None);
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(0);
        if number == 0 || number > i64::MAX as u64 {
            let message = format!(
                "`{key}` in {} must be a whole number of at least 1",
                table.shown()
            );
            self.problem(entry.value_at, message, None);
            return None;
        }
        Some((number, entry.value_at))
    }

    fn wrong_kind(
        &mut self,
        table: &Table<'_>,
        entry: &Entry<'_>,
        expected: &str,
        help: Option<String>,
    ) {
        let message = format!(
            "`{}` in {} must be {expected}, not {}",
            text::visible(entry.key),
            table.shown(),
            kind(entry.value)
        );
        self.problem(entry.value_at, message, help);
    }
}

/// The verbs that `word` stands for.
fn verbs_of(word: &str, handle: Handle) -> Option<Verbs> {
    if handle == Handle::Fs && word == WRITE {
        return Some(Verbs::one(Verb::Create).with(Verb::Modify));
    }
    let verb = handle.verbs().iter().find(|verb| verb.as_str() == word)?;
    Some(Verbs::one(*verb))
}

/// What a value is, for messages.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
