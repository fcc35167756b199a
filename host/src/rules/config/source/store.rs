//! Where values by key and tables are kept.

use super::super::template::Template;
use super::template;
use super::{PostgresUrl, RedisServer};
use crate::base::id::Name;
use crate::base::text;
use crate::rules::read::{Reader, Table, Word};

/// Where values or tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// What keeps them.
    pub backend: Backend,
    /// The name of the secret that is the password, if there is one.
    pub password: Option<Name>,
    /// With what each key begins.
    pub prefix: Option<Template>,
    /// A PEM file with the only certificate authorities that are trusted, in place of the public ones.
    pub roots: Option<String>,
}

/// What keeps values or tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// An SQLite file.
    Sqlite(Template),
    /// What the program that embeds Toolkeep supplies under this name.
    Supplied(Name),
    /// A Redis server.
    Redis(RedisServer),
    /// A PostgreSQL server, without a password.
    Postgres(PostgresUrl),
}

pub(super) fn store(reader: &mut Reader<'_>, table: &Table<'_>, key: &str) -> Option<Store> {
    let word = reader.required_text(table, key)?;
    let password = reader.text(table, "password");
    let password = password.map(|word| reader.name(word.text, word.at));
    let prefix = reader.text(table, "prefix");
    let prefix = prefix.map(|word| template(reader, table, "prefix", &word));
    let servers = match key {
        "kv" => "redis",
        _ => "postgres",
    };
    let backend = match word.text.split_once(':') {
        Some(("sqlite", file)) if !file.is_empty() && !file.starts_with("//") => {
            let file = Word {
                text: file,
                at: word.at,
            };
            Backend::Sqlite(template(reader, table, key, &file)?)
        }
        Some(("host", name)) => Backend::Supplied(reader.name(name, word.at)?),
        Some(("redis" | "rediss", _)) if key == "kv" => Backend::Redis(
            RedisServer::parse(word.text)
                .map_err(|fault| {
                    let message = format!(
                        "`{key}` in {} is `{}`, {fault}",
                        table.shown(),
                        text::visible(word.text)
                    );
                    let help =
                        "write `redis://HOST:PORT/DATABASE`, or `rediss://` with TLS".to_owned();
                    reader.problem(word.at, message, Some(help));
                })
                .ok()?,
        ),
        Some((scheme, rest))
            if key == "sql"
                && scheme.trim_end_matches('s') == servers.trim_end_matches('s')
                && server_fault(rest).is_none() =>
        {
            Backend::Postgres(postgres(reader, table, &word)?)
        }
        other => {
            let fault = match other {
                Some((scheme, rest)) if scheme.starts_with(servers) => server_fault(rest),
                _ => None,
            };
            let message = format!(
                "`{key}` in {} is `{}`, {}",
                table.shown(),
                text::visible(word.text),
                fault.unwrap_or("which is none that is known")
            );
            let role = if servers == "postgres" { "ROLE@" } else { "" };
            let help = format!("write `sqlite:FILE` or `{servers}://{role}HOST:PORT/DATABASE`");
            reader.problem(word.at, message, Some(help));
            return None;
        }
    };
    let is_server = matches!(backend, Backend::Redis(_) | Backend::Postgres(_));
    for key in ["password", "roots"] {
        if table.has(key) && !is_server {
            let message = format!("`{key}` in {} is for servers", table.shown());
            reader.problem(table.at(), message, None);
        }
    }
    let roots = reader.text(table, "roots").map(|word| word.text.to_owned());
    Some(Store {
        backend,
        password: match password {
            Some(name) => Some(name?),
            None => None,
        },
        prefix: match prefix {
            Some(prefix) => Some(prefix?),
            None => None,
        },
        roots,
    })
}

fn postgres(reader: &mut Reader<'_>, table: &Table<'_>, word: &Word<'_>) -> Option<PostgresUrl> {
    let parsed = PostgresUrl::parse(word.text);
    parsed
        .map_err(|why| {
            let shown = text::visible(word.text);
            let message = format!("`sql` in {} is `{shown}`, {why}", table.shown());
            let help = "write `postgres://ROLE@HOST:PORT/DATABASE`".to_owned();
            reader.problem(word.at, message, Some(help));
        })
        .ok()
}

/// What is wrong with what follows a server's scheme.
fn server_fault(rest: &str) -> Option<&'static str> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Some("which has no `//`");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => {
            Some("which has a password in it: name a secret under `password`")
        }
        _ if rest.chars().any(text::is_unsafe) => Some("which has control characters"),
        _ if authority.is_empty() => Some("which has no host"),
        _ => None,
    }
}
