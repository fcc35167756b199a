//! Web servers: which, and which paths there.

use std::fmt;
// Words only: `std::net` would bring sockets along.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::template::Template;
use crate::base::text;
use crate::rules::read::{Reader, Table};

/// Web servers, and the paths there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// As the operator wrote it.
    pub url: String,
    /// Whether it is `https`, and not `http`.
    pub tls: bool,
    /// The hosts.
    pub host: HostPattern,
    /// The port; the scheme's own where none is said.
    pub port: u16,
    /// With what each path begins: `/`, or `/` and whole parts.
    pub base: Template,
    /// Networks that are not public and may be connected to all the same.
    pub addresses: Vec<Network>,
    /// A PEM file with the only certificate authorities that are trusted, in place of the public ones.
    pub roots: Option<String>,
}

/// Which hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This one, in small letters.
    Exact(String),
    /// Those whose names end in `.` and this: `*.example.org`.
    Below(String),
    /// All.
    Any,
}

/// A network: those addresses that have its first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// How many bits count.
    pub bits: u8,
}

impl Origins {
    /// Whether `host`, in small letters, is one of them.
    pub fn has_host(&self, host: &str) -> bool {
        match &self.host {
            HostPattern::Exact(known) => known == host,
            HostPattern::Below(parent) => host
                .strip_suffix(parent.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            HostPattern::Any => true,
        }
    }
}

impl Network {
    /// Whether `address` is in it. IPv4 and IPv6 are never in one another.
    pub fn has(&self, address: IpAddr) -> bool {
        let same = |one: &[u8], two: &[u8]| {
            let whole = usize::from(self.bits / 8);
            let rest = self.bits % 8;
            let mask = |byte: &u8| byte & !(0xff_u8.checked_shr(rest.into()).unwrap_or(0));
            one.iter().take(whole).eq(two.iter().take(whole))
                && (rest == 0 || one.get(whole).map(mask) == two.get(whole).map(mask))
        };
        match (self.address, address) {
            (IpAddr::V4(one), IpAddr::V4(two)) => same(&one.octets(), &two.octets()),
            (IpAddr::V6(one), IpAddr::V6(two)) => same(&one.octets(), &two.octets()),
            _ => false,
        }
    }

    /// `10.0.0.0/8`, or one address.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

pub(super) fn origins(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Origins> {
    let word = reader.required_text(table, "url")?;
    let parsed = parts(word.text).and_then(|parts| {
        let base = Template::parse(parts.base).map_err(|bad| bad.message)?;
        Ok((parts, base))
    });
    let addresses = networks(reader, table);
    let roots = reader.text(table, "roots").map(|word| word.text.to_owned());
    match parsed {
        Ok((parts, base)) => Some(Origins {
            url: word.text.to_owned(),
            tls: parts.tls,
            host: parts.host,
            port: parts.port,
            base,
            addresses: addresses?,
            roots,
        }),
        Err(why) => {
            let message = format!(
                "`url` in {} is `{}`, {why}",
                table.shown(),
                text::visible(word.text)
            );
            let help =
                "write it as `https://api.example.org/v1`, `https://*.example.org` or `https://*`";
            reader.problem(word.at, message, Some(help.to_owned()));
            None
        }
    }
}

fn networks(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Vec<Network>> {
    if !table.has("addresses") {
        return Some(Vec::new());
    }
    let mut all = Vec::new();
    let mut good = true;
    for word in reader.words(table, "addresses")? {
        match Network::parse(word.text) {
            Some(network) => all.push(network),
            None => {
                good = false;
                let message = format!(
                    "`{}` in `addresses` in {} is no address and no network",
                    text::visible(word.text),
                    table.shown()
                );
                let help = "write it as `127.0.0.1` or `10.0.0.0/8`".to_owned();
                reader.problem(word.at, message, Some(help));
            }
        }
    }
    good.then_some(all)
}

struct Parts<'a> {
    tls: bool,
    host: HostPattern,
    port: u16,
    base: &'a str,
}

/// Whether `url` can be an egress proxy: one host, in the clear, and no path.
pub(in crate::rules::config) fn proxy(url: &str) -> Result<(), String> {
    let parts = parts(url)?;
    if parts.tls {
        return Err("and a proxy is asked in the clear, by `http://`".to_owned());
    }
    if !matches!(parts.host, HostPattern::Exact(_)) || parts.base != "/" {
        return Err("which is not one host".to_owned());
    }
    Ok(())
}

/// Takes a URL apart. Only the plainest form is taken: what can be read in two ways is none.
fn parts(url: &str) -> Result<Parts<'_>, String> {
    let (tls, rest) = match url.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => return Err("which begins with neither `https://` nor `http://`".to_owned()),
    };
    let (authority, base) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    if base.contains(['?', '#', '%', '\\']) || base.contains("//") || base.contains("/.") {
        return Err("whose path is not plain".to_owned());
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let port = port.parse().ok().filter(|port| *port != 0);
            (host, port.ok_or("whose port is none")?)
        }
        _ => (authority, if tls { 443 } else { 80 }),
    };
    let host = host_pattern(host).ok_or("whose host is none, or not in small letters")?;
    Ok(Parts {
        tls,
        host,
        port,
        base,
    })
}

pub(super) fn host_pattern(host: &str) -> Option<HostPattern> {
    if host == "*" {
        return Some(HostPattern::Any);
    }
    if let Some(parent) = host.strip_prefix("*.") {
        return is_name(parent).then(|| HostPattern::Below(parent.to_owned()));
    }
    let address = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(six) => six.parse::<Ipv6Addr>().ok().map(|six| six.to_string()),
        None => host.parse::<Ipv4Addr>().ok().map(|four| four.to_string()),
    };
    address
        .or_else(|| is_name(host).then(|| host.to_owned()))
        .map(HostPattern::Exact)
}

/// Whether it is a host's name in small letters: not one that programs may read as an address.
fn is_name(host: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.split('.').all(good)
        && !last.bytes().all(|b| b.is_ascii_digit())
        && !last.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_urls_are_taken() {
        let good = [
            ("https://api.example.org", 443, "/"),
            ("http://api.example.org:8080/v1/", 8080, "/v1/"),
            ("https://*.example.org", 443, "/"),
            ("https://*/users/{user}", 443, "/users/{user}"),
            ("http://127.0.0.1:9", 9, "/"),
            ("http://[::1]:9/", 9, "/"),
        ];
        for (url, port, base) in good {
            let parts = parts(url).unwrap_or_else(|why| panic!("{url}: {why}"));
            assert_eq!((parts.port, parts.base), (port, base), "{url}");
        }
        for url in [
            "ftp://a.b",
            "https://",
            "https://A.b",
            "https://a.b:0",
            "https://a.b:x",
            "https://u@a.b",
            "https://a..b",
            "https://a.b.",
            "https://0x7f.0.0.1",
            "https://127.1",
            "https://2130706433",
            "https://a.0x7f",
            "https://a.b/x/../y",
            "https://a.b//x",
            "https://a.b/?q",
            "https://*.",
            "https://*.*.b",
            "https://a.*",
            "https://[::1",
            "https://-a.b",
            "https://a.b/%2e",
        ] {
            assert!(parts(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_wildcard_is_for_names_below() {
        let origins = |host| Origins {
            url: String::new(),
            tls: true,
            host,
            port: 443,
            base: Template::parse("/").unwrap(),
            addresses: Vec::new(),
            roots: None,
        };
        let below = origins(HostPattern::Below("example.org".to_owned()));
        assert!(below.has_host("a.example.org") && below.has_host("a.b.example.org"));
        for host in [
            "example.org",
            ".example.org",
            "badexample.org",
            "example.org.evil",
        ] {
            assert!(!below.has_host(host), "{host}");
        }
        assert!(origins(HostPattern::Exact("a.b".to_owned())).has_host("a.b"));
        assert!(!origins(HostPattern::Exact("a.b".to_owned())).has_host("x.a.b"));
    }

    #[test]
    fn networks_count_their_bits() {
        let has = |network: &str, address: &str| {
            Network::parse(network)
                .unwrap()
                .has(address.parse().unwrap())
        };
        assert!(has("10.0.0.0/8", "10.255.1.2") && !has("10.0.0.0/8", "11.0.0.0"));
        assert!(has("10.16.0.0/12", "10.31.9.9") && !has("10.16.0.0/12", "10.32.0.0"));
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("fd00::/8", "fdff::1") && !has("fd00::/8", "fe00::1"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::ffff:8.8.8.8"));
        for bad in [
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "x",
            "1.2.3.4/",
            "1.2.3.4/-1",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
