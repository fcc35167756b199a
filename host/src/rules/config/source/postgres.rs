//! Where a PostgreSQL database is: `postgres://USER@HOST:PORT/DATABASE?sslmode=…&schema=…`.

use std::fmt;
// Words only: `std::net` would bring sockets along.
use core::net::Ipv6Addr;

use super::super::template::Template;

/// Where a PostgreSQL database is, and as whom it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresUrl {
    /// The host: a name, or an address without brackets. That it may be reached is the operator's word.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The login role.
    pub user: Template,
    /// The database.
    pub database: Template,
    /// The schema whose tables there are; all others are out of reach.
    pub schema: String,
    /// Whether the server has to prove by TLS who it is.
    pub tls: bool,
    url: String,
}

impl PostgresUrl {
    /// Reads a URL. Only the plainest form is taken: what can be read in two ways is none.
    ///
    /// # Errors
    /// Says what is wrong with it, as the rest of a sentence that begins with the URL.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"))
            .ok_or("which does not begin with `postgres://`")?;
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest
            .split_once('/')
            .ok_or("which names no database: end it with `/DATABASE`")?;
        let (user, host) = authority
            .split_once('@')
            .ok_or("which names no role: write `USER@` before the host")?;
        if user.contains(':') {
            return Err("which has a password in it: name a secret under `password`");
        }
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, port.ok_or("which has a port that is none")?)
            }
            _ => (host, 5432),
        };
        let host = match host.strip_prefix('[') {
            Some(six) => six
                .strip_suffix(']')
                .filter(|six| six.parse::<Ipv6Addr>().is_ok())
                .ok_or("which has a host that is none")?,
            None => host,
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(is_host) {
            return Err("which has a host that is none");
        }
        let mut place = Self {
            host: host.to_owned(),
            port,
            user: name(user)?,
            database: name(database)?,
            schema: "public".to_owned(),
            tls: true,
            url: url.to_owned(),
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", "verify-full")) => place.tls = true,
                Some(("sslmode", "disable")) => place.tls = false,
                Some(("sslmode", _)) => {
                    return Err("whose `sslmode` proves nothing: it is `verify-full` or `disable`");
                }
                Some(("schema", schema)) if is_plain(schema) && !schema.starts_with("pg_") => {
                    schema.clone_into(&mut place.schema);
                }
                _ => {
                    return Err(
                        "which has something else than `sslmode` and `schema` after the `?`",
                    );
                }
            }
        }
        Ok(place)
    }

    /// Whether `name` can be that of a role or database. What a template makes of a principal has to be
    /// asked again.
    pub fn is_name(name: &str) -> bool {
        is_plain(name)
    }
}

impl fmt::Display for PostgresUrl {
    /// As the operator wrote it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// A role or database, in which `{user}` and the like may stand.
fn name(text: &str) -> Result<Template, &'static str> {
    const BAD: &str = "which has a role or database whose name is not made of letters, digits, `_`, `-` \
                       and `.`, or of `{tenant}`, `{user}` or `{agent}`";
    let template = Template::parse(text).map_err(|_| BAD)?;
    let filled = ["{tenant}", "{user}", "{agent}"];
    let filled = filled
        .iter()
        .fold(text.to_owned(), |text, word| text.replace(word, "x"));
    if is_plain(&filled) {
        Ok(template)
    } else {
        Err(BAD)
    }
}

fn is_plain(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() <= 63 && name.chars().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_urls_are_taken_and_others_are_not() {
        let parse = |url| PostgresUrl::parse(url).unwrap();
        let place = parse("postgres://clerk@db.example:5433/shop_{user}?schema=sales");
        assert_eq!((&*place.host, place.port), ("db.example", 5433));
        assert_eq!(
            (place.user.as_str(), place.database.as_str()),
            ("clerk", "shop_{user}")
        );
        assert!(place.tls && place.schema == "sales");
        let place = parse("postgresql://a@[::1]/b?sslmode=disable");
        assert_eq!((&*place.host, place.port, place.tls), ("::1", 5432, false));
        for url in [
            "postgres://db/shop",
            "postgres://a@db",
            "postgres://a@db/",
            "postgres://a:b@db/shop",
            "postgres://a@/shop",
            "postgres://a@{user}/shop",
            "postgres://{tenant}{user}@db/shop",
            "postgres://{role}@db/shop",
            "postgres://a@db:0/shop",
            "postgres://a@db,other/shop",
            "postgres://a@db/shop/more",
            "postgres://a@db/shop%20x",
            "postgres://a@%2fvar%2frun/shop",
            "postgres://a@db/shop?sslmode=require",
            "postgres://a@db/shop?host=other",
            "postgres://a@db/shop?schema=pg_catalog",
            "postgres://a@[::1/shop",
            "mysql://a@db/shop",
        ] {
            assert!(PostgresUrl::parse(url).is_err(), "{url}");
        }
    }
}
