//! Where a request goes: one spelling for each place, and that spelling is what is judged and what is
//! sent.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::stands_for_v4;
use super::path;

/// The longest path with query, in bytes.
const MAX_PATH_AND_QUERY: usize = 16 * 1024;
/// The longest path without its query, in bytes: it is judged, so it has to fit into a record.
const MAX_PATH: usize = 1_700;
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// By TLS.
    Https,
}

impl Scheme {
    /// The word in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is said.
    pub const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The host of a target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name in lower case, ASCII, without a trailing dot.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// How.
    pub scheme: Scheme,
    /// To whom.
    pub host: Host,
    /// The port, said or not.
    pub port: u16,
    /// The path, beginning with `/`, without dot segments, and the query where there is one.
    pub path_and_query: String,
    /// Servers do not agree on what this path means (`//`, `%2F` and the like): it must not be matched
    /// against a pattern.
    pub ambiguous: bool,
}

/// Why a request has no target. The text is for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not `http` or `https`.
    #[error("the scheme is neither `http` nor `https`")]
    Scheme,
    /// No host.
    #[error("there is no host")]
    NoHost,
    /// `user@host`.
    #[error("it has a user or a password before the host")]
    UserInfo,
    /// Not a name that is sent as it is written.
    #[error("the host is no name in lower case ASCII letters, digits, `-` and `_`")]
    BadHost,
    /// `example.org.`
    #[error("the host ends with a dot")]
    TrailingDot,
    /// Decimal, octal, hexadecimal or short.
    #[error("the host is an address in an odd spelling")]
    OddAddress,
    /// An IPv6 address that only stands for an IPv4 one.
    #[error("the host is an IPv6 address that carries an IPv4 address")]
    CarriedAddress,
    /// `[fe80::1%eth0]`
    #[error("the host is an address with a zone")]
    Zone,
    /// Not a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    BadPort,
    /// Not what can be sent in a request line.
    #[error("the path is not an absolute path of printable ASCII characters")]
    BadPath,
    /// Too long to be judged.
    #[error("the path is too long")]
    TooLong,
    /// `Host` says something else than the URL.
    #[error("the header `host` differs from the URL's host")]
    OtherHost,
}

impl Target {
    /// The target of a request with this scheme, authority (`host[:port]`) and path with query.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(scheme: &str, authority: &str, path_and_query: &str) -> Result<Self, BadTarget> {
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(BadTarget::Scheme),
        };
        let (host, port) = parse_authority(authority, scheme)?;
        if path_and_query.len() > MAX_PATH_AND_QUERY {
            return Err(BadTarget::TooLong);
        }
        let path = path::normalise(path_and_query)?;
        if path.path.len() > MAX_PATH {
            return Err(BadTarget::TooLong);
        }
        let ambiguous = path.ambiguous;
        let path_and_query = match path.query {
            Some(query) => format!("{}?{query}", path.path),
            None => path.path,
        };
        Ok(Self {
            scheme,
            host,
            port,
            path_and_query,
            ambiguous,
        })
    }

    /// Compares a `host` header with where the request really goes.
    ///
    /// # Errors
    /// [`BadTarget::OtherHost`] where it says something else.
    pub fn check_host_header(&self, value: &[u8]) -> Result<(), BadTarget> {
        let said = std::str::from_utf8(value).map_err(|_| BadTarget::OtherHost)?;
        match parse_authority(said, self.scheme) {
            Ok((host, port)) if host == self.host && port == self.port => Ok(()),
            _ => Err(BadTarget::OtherHost),
        }
    }

    /// `host`, or `host:port` where the port is not the scheme's own: what the `host` header says.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// `scheme://host[:port]`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        match self.path_and_query.split_once('?') {
            Some((path, _)) => path,
            None => &self.path_and_query,
        }
    }

    /// The query, without the `?`.
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path_and_query)
    }
}

fn parse_authority(authority: &str, scheme: Scheme) -> Result<(Host, u16), BadTarget> {
    if authority.contains('@') {
        return Err(BadTarget::UserInfo);
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (inside, after) = rest.split_once(']').ok_or(BadTarget::BadHost)?;
        let host = parse_v6(inside)?;
        let port = match after.strip_prefix(':') {
            Some(port) => parse_port(port)?,
            None if after.is_empty() => scheme.port(),
            None => return Err(BadTarget::BadHost),
        };
        return Ok((Host::Address(IpAddr::V6(host)), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, parse_port(port)?),
        None => (authority, scheme.port()),
    };
    Ok((parse_host(host)?, port))
}

/// Reads a host as a URL's authority has it, without brackets for a name or an IPv4 address.
///
/// # Errors
/// Says what is wrong with it.
fn parse_host(host: &str) -> Result<Host, BadTarget> {
    if host.is_empty() {
        return Err(BadTarget::NoHost);
    }
    if host.ends_with('.') {
        return Err(BadTarget::TrailingDot);
    }
    if host.len() > MAX_HOST {
        return Err(BadTarget::BadHost);
    }
    let host = host.to_ascii_lowercase();
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |label: &str| (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(letter);
    if !host.split('.').all(label) {
        return Err(BadTarget::BadHost);
    }
    // What ends in a number is an address to resolvers and browsers, whatever comes before it.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    let number = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(hexadecimal);
    if !number {
        return Ok(Host::Name(host));
    }
    match host.parse::<Ipv4Addr>() {
        Ok(address) if address.to_string() == host => Ok(Host::Address(IpAddr::V4(address))),
        _ => Err(BadTarget::OddAddress),
    }
}

fn parse_v6(text: &str) -> Result<Ipv6Addr, BadTarget> {
    if text.contains('%') {
        return Err(BadTarget::Zone);
    }
    let address: Ipv6Addr = text.parse().map_err(|_| BadTarget::BadHost)?;
    // `1::1.2.3.4` is another way to write what hexadecimal digits say.
    if text.contains('.') {
        return Err(BadTarget::OddAddress);
    }
    if stands_for_v4(address) {
        return Err(BadTarget::CarriedAddress);
    }
    Ok(address)
}

fn parse_port(text: &str) -> Result<u16, BadTarget> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || text.starts_with('0') {
        return Err(BadTarget::BadPort);
    }
    text.parse().map_err(|_| BadTarget::BadPort)
}

#[cfg(test)]
mod tests;
