//! `allow` and `ask`: the verbs that a table gives.

use std::sync::Arc;

use crate::base::id::ToolName;
use crate::rules::problem::Line;
use crate::rules::read::{Reader, Table, Word};
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

/// `allow` and `ask` of a table, at least one of which has to be there.
pub(in crate::rules::config) fn lists(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    handle: Handle,
) -> Option<VerbLists> {
    of(reader, table, &[handle])
}

/// As [`lists`], where a table that has neither gives nothing.
pub(super) fn lists_or_nothing(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    handle: Handle,
) -> Option<VerbLists> {
    if table.has("allow") || table.has("ask") {
        return lists(reader, table, handle);
    }
    Some(VerbLists {
        table: table.shown(),
        line: reader.line(table.at()),
        allow: Verbs::NONE,
        ask: Verbs::NONE,
        allow_line: None,
        ask_line: None,
    })
}

/// As [`lists`], of the verbs that any of `handles` has.
fn of(reader: &mut Reader<'_>, table: &Table<'_>, handles: &[Handle]) -> Option<VerbLists> {
    let allow = reader.verbs(table, "allow", handles);
    let ask = reader.verbs(table, "ask", handles);
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

/// Reads `[plugins.NAME.tools.TOOL]`. Its verbs are those of all handles: a
/// verb that is not listed is left by none.
pub(in crate::rules::config) fn narrowing(
    reader: &mut Reader<'_>,
    name: &Word<'_>,
    table: &Table<'_>,
) -> Option<(ToolName, Arc<VerbLists>)> {
    reader.only(table, &["allow", "ask"]);
    let name = ToolName::new(name.text)
        .map_err(|error| reader.bad_name(name.at, &error))
        .ok();
    let lists = of(reader, table, &Handle::PLACES);
    Some((name?, Arc::new(lists?)))
}
