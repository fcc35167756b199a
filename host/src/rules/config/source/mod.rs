//! What a declared place really is: a folder, web servers, values by key, a database.

mod postgres;
mod redis;
mod store;
mod web;

use std::fmt;

pub use self::postgres::PostgresUrl;
pub use self::redis::RedisServer;
pub use self::store::{Backend, Store};
pub(super) use self::web::proxy;
pub use self::web::{HostPattern, Network, Origins};
use super::template::Template;
use crate::rules::read::{Reader, Table, Word};
use crate::rules::verb::Handle;

/// What a declared place really is. Relative files and folders are relative to the operator's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder.
    Folder(Template),
    /// Web servers.
    Web(Origins),
    /// Values by key.
    Kv(Store),
    /// A database.
    Sql(Store),
}

impl Source {
    /// The handle by which it is reached.
    pub fn handle(&self) -> Handle {
        match self {
            Self::Folder(_) => Handle::Fs,
            Self::Web(_) => Handle::Http,
            Self::Kv(_) => Handle::Kv,
            Self::Sql(_) => Handle::Sql,
        }
    }

    /// What declares a place that `handle` reaches, for messages.
    pub(super) fn key(handle: Handle) -> &'static str {
        match handle {
            Handle::Http => "a `url`",
            Handle::Kv => "a `kv`",
            Handle::Sql => "a `sql`",
            _ => "a `dir`",
        }
    }

    /// The folder or file that it is, where it is one.
    pub fn path(&self) -> Option<&Template> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Kv(store) | Self::Sql(store) => match &store.backend {
                Backend::Sqlite(path) => Some(path),
                _ => None,
            },
            Self::Web(_) => None,
        }
    }

    /// Whether it is on another machine, as far as the declaration tells.
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Web(_) => true,
            Self::Kv(store) | Self::Sql(store) => !matches!(store.backend, Backend::Sqlite(_)),
        }
    }

    /// Whether it is on no more than one host.
    pub fn is_one_host(&self) -> bool {
        !matches!(self, Self::Web(origins) if !matches!(origins.host, HostPattern::Exact(_)))
    }
}

impl fmt::Display for Source {
    /// As the operator wrote it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(dir) => f.write_str(dir.as_str()),
            Self::Web(origins) => f.write_str(&origins.url),
            Self::Kv(store) | Self::Sql(store) => match &store.backend {
                Backend::Sqlite(file) => write!(f, "sqlite:{}", file.as_str()),
                Backend::Supplied(name) => write!(f, "host:{name}"),
                Backend::Redis(server) => f.write_str(&server.url),
                Backend::Postgres(url) => url.fmt(f),
            },
        }
    }
}

/// The keys of which a place has exactly one.
const KINDS: [&str; 4] = ["dir", "url", "kv", "sql"];

/// Reads what the place in `table` is. `common` are the keys that places of all kinds have.
pub(super) fn read(reader: &mut Reader<'_>, table: &Table<'_>, common: &[&str]) -> Option<Source> {
    let said: Vec<&str> = KINDS.into_iter().filter(|key| table.has(key)).collect();
    let own: &[&str] = match said.as_slice() {
        ["url"] => &["url", "addresses", "roots"],
        ["kv"] => &["kv", "prefix", "password", "roots"],
        ["sql"] => &["sql", "password", "roots"],
        _ => &["dir"],
    };
    let known: Vec<&str> = common.iter().chain(own).copied().collect();
    let several = said.len() > 1;
    if several {
        let message = format!(
            "{} is two places at once: it has `{}`",
            table.shown(),
            said.join("` and `")
        );
        reader.problem(table.at(), message, None);
        return None;
    }
    reader.only(table, &known);
    match said.first() {
        Some(&"url") => web::origins(reader, table).map(Source::Web),
        Some(&"kv") => store::store(reader, table, "kv").map(Source::Kv),
        Some(&"sql") => store::store(reader, table, "sql").map(Source::Sql),
        _ => {
            let word = reader.required_text(table, "dir")?;
            template(reader, table, "dir", &word).map(Source::Folder)
        }
    }
}

fn template(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    key: &str,
    word: &Word<'_>,
) -> Option<Template> {
    Template::parse(word.text)
        .map_err(|bad| {
            let message = format!("`{key}` in {}: {bad}", table.shown());
            reader.problem(word.at, message, bad.help);
        })
        .ok()
}
