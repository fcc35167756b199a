//! Grants, and how a tool is narrowed below them. What all grants of places have is here; what only
//! those of one handle have, in a file each.

mod budget;
mod config;
mod fs;
mod http;
mod kv;
mod lists;
mod sql;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::budget::Budget;
pub use self::config::ConfigGrant;
pub use self::fs::FsGrant;
#[cfg(test)]
pub(super) use self::fs::is_nested;
pub use self::http::{HttpGrant, SecretPlace, SecretUse};
pub use self::kv::KvGrant;
pub use self::lists::VerbLists;
pub(super) use self::lists::{lists, narrowing};
pub use self::sql::{SqlGrant, TableGrant};
use super::super::read::{Reader, Table};
use super::data::Data;
use super::source::Source;
use crate::base::id::Name;
use crate::base::text;
use crate::rules::pattern::Patterns;
use crate::rules::problem::{Line, suggest};
use crate::rules::verb::Handle;

/// What an operator gives for a need of a place, whatever its handle.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The place.
    pub data: Arc<Data>,
    /// What may be done there.
    pub lists: VerbLists,
    /// Which paths or keys there.
    pub patterns: Patterns,
    /// Where `only` is, if it is there.
    pub only_line: Option<Line>,
    /// Where `except` is, if it is there.
    pub except_line: Option<Line>,
    /// What one call may use up of it.
    pub per_call: Budget,
    /// What all calls of one session together may use up of it.
    pub per_session: Budget,
}

/// A grant of a place, of any handle.
pub trait Placed {
    /// What all such grants have.
    fn grant(&self) -> &Grant;
}

impl Placed for Grant {
    fn grant(&self) -> &Grant {
        self
    }
}

/// The places that grants can point at.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    /// Those that are right.
    pub good: &'a BTreeMap<Name, Arc<Data>>,
    /// The names of all of them.
    pub declared: &'a [&'a str],
}

/// The keys that tables of all handles have.
const COMMON: [&str; 7] = [
    "data",
    "allow",
    "ask",
    "only",
    "except",
    "per_call",
    "per_session",
];

/// Reads what grants of all handles have. `own` are the keys that this one has besides.
fn common(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    handle: Handle,
    places: Declared<'_>,
    own: &[&str],
) -> Option<Grant> {
    let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    reader.only(table, &known);
    let data = place(reader, table, places, handle);
    // What is said of single tables is enough.
    let lists = if handle == Handle::Sql && table.has("tables") {
        lists::lists_or_nothing(reader, table, handle)
    } else {
        lists(reader, table, handle)
    };
    let only = patterns(reader, table, "only");
    let except = patterns(reader, table, "except");
    let patterns = Patterns::new(&only, &except).ok();
    let per_call = budget::read(reader, table, "per_call", handle);
    let per_session = budget::read(reader, table, "per_session", handle);
    let line_of = |reader: &Reader<'_>, key| table.get(key).map(|entry| reader.line(entry.at));
    Some(Grant {
        data: data?,
        lists: lists?,
        patterns: patterns?,
        only_line: line_of(reader, "only"),
        except_line: line_of(reader, "except"),
        per_call,
        per_session,
    })
}

/// Reads the grants `[plugins.NAME.HANDLE.*]` by `one`.
fn all<G>(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    handle: Handle,
    mut one: impl FnMut(&mut Reader<'_>, &Table<'_>) -> Option<G>,
) -> BTreeMap<Name, Arc<G>> {
    let mut grants = BTreeMap::new();
    for (need, table) in reader.tables(table, handle.as_str()) {
        let name = reader.name(need.text, need.at);
        if let (Some(name), Some(grant)) = (name, one(reader, &table)) {
            grants.insert(name, Arc::new(grant));
        }
    }
    grants
}

/// All that a plugin is given, by handle and need.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// Folders.
    pub fs: BTreeMap<Name, Arc<FsGrant>>,
    /// Values; one need at most.
    pub config: BTreeMap<Name, Arc<ConfigGrant>>,
    /// Web servers.
    pub http: BTreeMap<Name, Arc<HttpGrant>>,
    /// Values by key.
    pub kv: BTreeMap<Name, Arc<KvGrant>>,
    /// Databases.
    pub sql: BTreeMap<Name, Arc<SqlGrant>>,
}

impl Grants {
    /// The handles that plugins are given something of.
    pub(super) const KEYS: [&'static str; 5] = ["fs", "config", "http", "kv", "sql"];

    pub(super) fn read(reader: &mut Reader<'_>, table: &Table<'_>, places: Declared<'_>) -> Self {
        Self {
            fs: fs::read(reader, table, places),
            config: config::read(reader, table),
            http: all(reader, table, Handle::Http, |reader, table| {
                http::one(reader, table, places)
            }),
            kv: all(reader, table, Handle::Kv, |reader, table| {
                kv::one(reader, table, places)
            }),
            sql: all(reader, table, Handle::Sql, |reader, table| {
                sql::one(reader, table, places)
            }),
        }
    }

    /// Whether a place is given.
    pub fn has_place(&self) -> bool {
        Handle::PLACES
            .into_iter()
            .any(|handle| self.places(handle).next().is_some())
    }

    /// What is given through `handle` of places, by need.
    pub fn places(&self, handle: Handle) -> Box<dyn Iterator<Item = (&Name, &Grant)> + '_> {
        fn of<G: Placed>(
            grants: &BTreeMap<Name, Arc<G>>,
        ) -> Box<dyn Iterator<Item = (&Name, &Grant)> + '_> {
            Box::new(grants.iter().map(|(need, given)| (need, given.grant())))
        }
        match handle {
            Handle::Tool | Handle::Config => Box::new(std::iter::empty()),
            Handle::Fs => of(&self.fs),
            Handle::Http => of(&self.http),
            Handle::Kv => of(&self.kv),
            Handle::Sql => of(&self.sql),
        }
    }

    /// The grant of a place for one need.
    pub fn place(&self, handle: Handle, need: &Name) -> Option<&Grant> {
        match handle {
            Handle::Tool | Handle::Config => None,
            Handle::Fs => self.fs.get(need).map(|given| given.grant()),
            Handle::Http => self.http.get(need).map(|given| given.grant()),
            Handle::Kv => self.kv.get(need).map(|given| given.grant()),
            Handle::Sql => self.sql.get(need).map(|given| given.grant()),
        }
    }
}

/// The declared place under `data`.
fn place(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    places: Declared<'_>,
    handle: Handle,
) -> Option<Arc<Data>> {
    let word = reader.required_text(table, "data")?;
    let found = places.good.get(word.text).cloned();
    if let Some(data) = &found
        && data.source.handle() != handle
    {
        let message = format!(
            "`data` in {} names [data.{}], which is for {}",
            table.shown(),
            data.name,
            data.source.handle()
        );
        let help = format!("{handle} needs a place with {}", Source::key(handle));
        reader.problem(word.at, message, Some(help));
        return None;
    }
    // A place that is declared, but wrongly, has been told already.
    if found.is_none() && !places.declared.contains(&word.text) {
        let message = format!(
            "`data` in {} names `{}`, which is not declared",
            table.shown(),
            text::visible(word.text)
        );
        let help = suggest(word.text, places.good.keys().map(Name::as_str));
        let help = help
            .unwrap_or_else(|| format!("declare it with [data.NAME] and {}", Source::key(handle)));
        reader.problem(word.at, message, Some(help));
    }
    found
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
