//! From a name to addresses: asked once for each connection, and judged as a whole.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::address::may_reach;
use super::destination::Host;
use crate::rules::config::Network;

/// More addresses than that are not tried.
const MAX_ADDRESSES: usize = 16;

/// Tells the addresses of a name. The host's own is [`System`].
#[async_trait::async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of `name`, which is in lower case and without a trailing dot.
    ///
    /// # Errors
    /// Whatever the system says.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Resolves as the machine does: `/etc/hosts`, then its name servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

#[async_trait::async_trait]
impl Resolver for System {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// No address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    NoAddress,
    TimedOut,
}

/// All addresses of `host`, each once, in the order they came.
///
/// # Errors
/// Where there is none, or not within `patience`.
pub(super) async fn addresses(
    resolver: &dyn Resolver,
    host: &Host,
    patience: Duration,
) -> Result<Vec<IpAddr>, Unresolved> {
    let name = match host {
        Host::Address(address) => return Ok(vec![*address]),
        Host::Name(name) => name,
    };
    let found = tokio::time::timeout(patience, resolver.resolve(name))
        .await
        .map_err(|_| Unresolved::TimedOut)?
        .map_err(|_| Unresolved::NoAddress)?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(Unresolved::NoAddress);
    }
    Ok(addresses)
}

/// The addresses that may be tried; or the first that is neither public nor in one of the `named`
/// networks. One such spoils them all: whoever answers for the name would pick it sooner or later.
pub(super) fn judged(addresses: Vec<IpAddr>, named: &[Network]) -> Result<Vec<IpAddr>, IpAddr> {
    match addresses
        .iter()
        .find(|address| !may_reach(**address, named))
    {
        Some(bad) => Err(*bad),
        None => Ok(addresses.into_iter().take(MAX_ADDRESSES).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(Vec<&'static str>);

    #[async_trait::async_trait]
    impl Resolver for Says {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            if self.0 == ["never"] {
                std::future::pending::<()>().await;
            }
            Ok(self.0.iter().map(|text| text.parse().unwrap()).collect())
        }
    }

    async fn ask(says: &[&'static str]) -> Result<Vec<IpAddr>, Unresolved> {
        let host = Host::Name("example.org".to_owned());
        addresses(&Says(says.to_vec()), &host, Duration::from_millis(20)).await
    }

    #[tokio::test]
    async fn each_address_once_and_one_bad_one_spoils_all() {
        assert_eq!(ask(&[]).await, Err(Unresolved::NoAddress));
        assert_eq!(ask(&["never"]).await, Err(Unresolved::TimedOut));
        let found = ask(&["8.8.8.8", "8.8.8.8", "2606:4700::1"]).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(judged(found.clone(), &[]), Ok(found));
        let mixed = ask(&["8.8.8.8", "169.254.169.254"]).await.unwrap();
        let bad: IpAddr = "169.254.169.254".parse().unwrap();
        assert_eq!(judged(mixed.clone(), &[]), Err(bad));
        let named = [Network {
            address: "169.254.0.0".parse().unwrap(),
            bits: 16,
        }];
        assert_eq!(judged(mixed.clone(), &named), Ok(mixed));
    }
}
