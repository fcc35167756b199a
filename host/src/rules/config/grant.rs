//! Grants, and how a tool is narrowed below them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::read::{Reader, Table, Word};
use super::data::Data;
use crate::base::id::{Name, ToolName};
use crate::base::text;
use crate::rules::manifest::key_fault;
use crate::rules::pattern::Patterns;
use crate::rules::problem::{Line, suggest};
use crate::rules::verb::{Handle, Verb, Verbs};

/// The two lists of a table, `allow` and `ask`, and where they are. No verb is in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerbLists {
    /// The table as its header names it: `[plugins.notes.fs.notebook]`.
    pub table: String,
    /// Where the table starts.
    pub line: Line,
    /// What may be done.
    pub allow: Verbs,
    /// What may be done if a person says so.
    pub ask: Verbs,
    /// Where `allow` is, if it is there.
    pub allow_line: Option<Line>,
    /// Where `ask` is, if it is there.
    pub ask_line: Option<Line>,
}

impl VerbLists {
    /// What may be done, with what it brings along.
    pub fn allowed(&self) -> Verbs {
        self.allow
            .union(self.allow.with_implied().without(self.ask))
    }

    /// What may be done if a person says so, with what it brings along.
    pub fn asked(&self) -> Verbs {
        self.ask.with_implied().without(self.allowed())
    }

    /// What would allow `verb` here: ``add `delete` to `allow` in [..] at toolkeep.toml:14``.
    pub fn remedy(&self, verb: Verb) -> String {
        match (&self.allow_line, &self.ask_line) {
            (_, Some(line)) if self.ask.contains(verb) => format!(
                "move `{verb}` from `ask` to `allow` in {} at {line}",
                self.table
            ),
            (Some(line), _) => format!("add `{verb}` to `allow` in {} at {line}", self.table),
            (None, _) => format!(
                "add `allow = [\"{verb}\"]` to {} at {}",
                self.table, self.line
            ),
        }
    }
}

/// What an operator gives for a need of a folder.
#[derive(Clone, Debug)]
pub struct FsGrant {
    /// The place.
    pub data: Arc<Data>,
    /// What may be done there.
    pub lists: VerbLists,
    /// Which paths below it.
    pub patterns: Patterns,
    /// Where `only` is, if it is there.
    pub only_line: Option<Line>,
    /// Where `except` is, if it is there.
    pub except_line: Option<Line>,
    /// Where the guest finds it: an absolute path, without `.`, `..` or a trailing `/`.
    pub mount: String,
}

/// What an operator gives for a need of config.
#[derive(Clone, Debug)]
pub struct ConfigGrant {
    /// The values, by key.
    pub values: BTreeMap<String, String>,
    /// What may be done with them: read.
    pub lists: VerbLists,
    /// Where `values` is.
    pub values_line: Line,
}

/// Reads `[plugins.NAME.fs.NEED]`.
pub(super) fn fs(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    need: &str,
    data: &BTreeMap<Name, Arc<Data>>,
    declared: &[&str],
) -> Option<FsGrant> {
    reader.only(table, &["data", "allow", "ask", "only", "except", "mount"]);
    let data = place(reader, table, data, declared);
    let lists = lists(reader, table, Handle::Fs);
    let only = patterns(reader, table, "only");
    let except = patterns(reader, table, "except");
    let patterns = Patterns::new(&only, &except).ok();
    let mount = mount(reader, table, need);
    let line_of = |reader: &Reader<'_>, key| table.get(key).map(|entry| reader.line(entry.at));
    Some(FsGrant {
        data: data?,
        lists: lists?,
        patterns: patterns?,
        only_line: line_of(reader, "only"),
        except_line: line_of(reader, "except"),
        mount: mount?,
    })
}

/// The declared place under `data`.
fn place(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    data: &BTreeMap<Name, Arc<Data>>,
    declared: &[&str],
) -> Option<Arc<Data>> {
    let word = reader.required_text(table, "data")?;
    let found = data.get(word.text).cloned();
    // A place that is declared, but wrongly, has been told already.
    if found.is_none() && !declared.contains(&word.text) {
        let message = format!(
            "`data` in {} names `{}`, which is not declared",
            table.shown(),
            text::visible(word.text)
        );
        let help = suggest(word.text, data.keys().map(Name::as_str));
        let help = help.unwrap_or_else(|| "declare it with [data.NAME] and a `dir`".to_owned());
        reader.problem(word.at, message, Some(help));
    }
    found
}

/// `allow` and `ask` of a table, at least one of which has to be there.
pub(super) fn lists(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    handle: Handle,
) -> Option<VerbLists> {
    let allow = reader.verbs(table, "allow", handle);
    let ask = reader.verbs(table, "ask", handle);
    let (allow_entry, ask_entry) = (table.get("allow"), table.get("ask"));
    if allow_entry.is_none() && ask_entry.is_none() {
        let message = format!("{} has neither `allow` nor `ask`", table.shown());
        let help = "list the verbs in one of them, or take the table out".to_owned();
        reader.problem(table.at(), message, Some(help));
        return None;
    }
    let (allow, ask) = (allow.unwrap_or(Verbs::NONE), ask.unwrap_or(Verbs::NONE));
    let both = allow.intersection(ask);
    if let (false, Some(entry)) = (both.is_empty(), ask_entry) {
        let message = format!("`allow` and `ask` in {} both have {both}", table.shown());
        reader.problem(entry.at, message, None);
        return None;
    }
    Some(VerbLists {
        table: table.shown(),
        line: reader.line(table.at()),
        allow,
        ask,
        allow_line: allow_entry.map(|entry| reader.line(entry.at)),
        ask_line: ask_entry.map(|entry| reader.line(entry.at)),
    })
}

/// The patterns under `key`; what is none is told and left out.
fn patterns<'a>(reader: &mut Reader<'_>, table: &Table<'a>, key: &str) -> Vec<&'a str> {
    let mut good = Vec::new();
    for word in reader.words(table, key).unwrap_or_default() {
        match Patterns::check(word.text) {
            Ok(()) => good.push(word.text),
            Err(bad) => {
                let shown = text::visible(&text::shorten(word.text, 80));
                let message = format!(
                    "the pattern `{shown}` in `{key}` in {} {bad}",
                    table.shown()
                );
                reader.problem(word.at, message, None);
            }
        }
    }
    good
}

/// Where the guest finds the folder; `/NEED` if nothing is said.
fn mount(reader: &mut Reader<'_>, table: &Table<'_>, need: &str) -> Option<String> {
    if !table.has("mount") {
        return Some(format!("/{need}"));
    }
    let word = reader.text(table, "mount")?;
    let path = word.text;
    let odd = |part: &str| matches!(part, "" | "." | "..") || part.chars().any(text::is_unsafe);
    let good = path == "/"
        || path
            .strip_prefix('/')
            .is_some_and(|rest| !rest.split('/').any(odd));
    if !good {
        let message = format!(
            "`mount` in {} is `{}`, and must be an absolute path without `.`, `..`, `//` or a \
             trailing `/`",
            table.shown(),
            text::visible(path)
        );
        reader.problem(word.at, message, None);
        return None;
    }
    Some(path.to_owned())
}

/// Whether one mount is the other, or lies in it.
pub(super) fn is_nested(one: &str, two: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        let outer = outer.trim_end_matches('/');
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, two) || within(two, one)
}

/// Reads `[plugins.NAME.config.NEED]`.
pub(super) fn config(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<ConfigGrant> {
    reader.only(table, &["values", "allow"]);
    let lists = if table.has("allow") {
        lists(reader, table, Handle::Config)?
    } else {
        VerbLists {
            table: table.shown(),
            line: reader.line(table.at()),
            allow: Verbs::one(Verb::Read),
            ask: Verbs::NONE,
            allow_line: None,
            ask_line: None,
        }
    };
    reader.require(table, "values");
    let inner = reader.table(table, "values")?;
    let mut values = BTreeMap::new();
    for entry in inner.entries() {
        if let Some(fault) = key_fault(entry.key) {
            let key = text::visible(entry.key);
            reader.problem(
                entry.at,
                format!("the key `{key}` in {} {fault}", inner.shown()),
                None,
            );
        }
        if let Some(value) = reader.any_text(&inner, entry.key) {
            values.insert(entry.key.to_owned(), value.text.to_owned());
        }
    }
    if inner.entries().next().is_none() {
        let message = format!("`values` in {} is empty", table.shown());
        let help = "give at least one value, or take the table out".to_owned();
        reader.problem(inner.at(), message, Some(help));
    }
    Some(ConfigGrant {
        values,
        lists,
        values_line: reader.line(inner.at()),
    })
}

/// Reads `[plugins.NAME.tools.TOOL]`. The verbs are those of files, `read` also that of config.
pub(super) fn narrowing(
    reader: &mut Reader<'_>,
    name: &Word<'_>,
    table: &Table<'_>,
) -> Option<(ToolName, Arc<VerbLists>)> {
    reader.only(table, &["allow", "ask"]);
    let name = ToolName::new(name.text)
        .map_err(|error| reader.bad_name(name.at, &error))
        .ok();
    let lists = lists(reader, table, Handle::Fs);
    Some((name?, Arc::new(lists?)))
}
