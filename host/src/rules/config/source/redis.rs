//! A server that values by key are kept on: its URL, taken apart.

use super::web::{HostPattern, host_pattern};
use crate::base::text;

/// A Redis server, by its URL without a password: `redis://USER@HOST:PORT/DATABASE`, and `rediss://` with
/// TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServer {
    /// As the operator wrote it.
    pub url: String,
    /// Whether it is reached with TLS.
    pub tls: bool,
    /// Who logs in.
    pub user: Option<String>,
    /// Its name in small letters, or its address.
    pub host: String,
    /// The port; 6379 where none is said.
    pub port: u16,
    /// The number of the database; 0 where none is said.
    pub database: u16,
}

const PORT: u16 = 6379;

impl RedisServer {
    /// Takes a URL apart. Only the plainest form is taken.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let (tls, rest) = match url.split_once("://") {
            Some(("redis", rest)) => (false, rest),
            Some(("rediss", rest)) => (true, rest),
            _ => return Err("which is none that is known"),
        };
        if url.chars().any(text::is_unsafe) {
            return Err("which has control characters");
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err("which has a password in it: name a secret under `password`");
            }
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let plain = |user: &str| {
            let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            !user.is_empty() && user.bytes().all(word)
        };
        if user.is_some_and(|user| !plain(user)) {
            return Err("whose user has other characters than letters, digits, `.`, `-` and `_`");
        }
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, port.ok_or("whose port is none")?)
            }
            _ => (address, PORT),
        };
        let Some(HostPattern::Exact(host)) = host_pattern(host) else {
            return Err("whose host is none, or not in small letters");
        };
        let database = match database {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| "whose database is not a number")?,
        };
        Ok(Self {
            url: url.to_owned(),
            tls,
            user: user.map(str::to_owned),
            host,
            port,
            database,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_urls_are_taken() {
        let server = RedisServer::parse("rediss://keeper@cache.example.org:7000/3").unwrap();
        assert!(server.tls);
        assert_eq!(server.user.as_deref(), Some("keeper"));
        assert_eq!(
            (server.host.as_str(), server.port, server.database),
            ("cache.example.org", 7000, 3)
        );
        let server = RedisServer::parse("redis://[::1]").unwrap();
        assert_eq!(
            (server.host.as_str(), server.port, server.database),
            ("::1", PORT, 0)
        );
        for bad in [
            "redis:",
            "redis://",
            "redis:///1",
            "http://a",
            "redis://u:p@a",
            "redis://@a",
            "redis://a:0",
            "redis://a:x",
            "redis://A",
            "redis://a/x",
            "redis://a/1/2",
            "redis://a?x",
            "redis://*.a",
            "redis://*",
            "redis://u v@a",
        ] {
            assert!(RedisServer::parse(bad).is_err(), "{bad}");
        }
    }
}
