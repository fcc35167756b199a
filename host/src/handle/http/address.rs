//! Which addresses belong to the public internet. All others are somebody's own network, where a guest
//! has no business unless a grant names it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::rules::config::Network;

/// Whether a request may go to `address`: it is public, or in one of the networks that the grant names.
/// An IPv6 address that carries an IPv4 one is what that is.
pub fn may_reach(address: IpAddr, named: &[Network]) -> bool {
    let named = |address: IpAddr| named.iter().any(|network| network.has(address));
    if is_public(address) || named(address) {
        return true;
    }
    match address {
        IpAddr::V6(v6) => carried(v6).is_some_and(|v4| named(IpAddr::V4(v4))),
        IpAddr::V4(_) => false,
    }
}

/// Whether `address` belongs to the public internet, by the registries of special addresses.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // A new block has to be added here; the last two lines take whatever is left above.
    let special = match (a, b, c) {
        (0, _, _) => true,          // this network
        (10, _, _) => true,         // private
        (100, 64..=127, _) => true, // shared by carriers
        (127, _, _) => true,        // this machine
        (169, 254, _) => true,      // link-local, and the clouds' metadata
        (172, 16..=31, _) => true,  // private
        (192, 0, 0) => true,        // protocol assignments
        (192, 0, 2) => true,        // documentation
        (192, 31, 196) => true,     // AS112
        (192, 52, 193) => true,     // AMT
        (192, 88, 99) => true,      // 6to4 relays
        (192, 168, _) => true,      // private
        (192, 175, 48) => true,     // AS112
        (198, 18..=19, _) => true,  // benchmarks
        (198, 51, 100) => true,     // documentation
        (203, 0, 113) => true,      // documentation
        (224..=239, _, _) => true,  // multicast
        (240..=255, _, _) => true,  // reserved, and broadcast
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    // Only this eighth of all addresses is given out.
    if a & 0xe000 != 0x2000 {
        return false;
    }
    let special = match (a, b, c) {
        (0x2001, 0x0000..=0x01ff, _) => true, // protocol assignments: ORCHID, benchmarks, AMT, …
        (0x2001, 0x0db8, _) => true,          // documentation
        (0x2002, _, _) => true,               // 6to4, which carries an IPv4 address
        (0x2620, 0x004f, 0x8000) => true,     // AS112
        (0x3fff, 0x0000..=0x0fff, _) => true, // documentation
        _ => false,
    };
    !special
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, translated (NAT64), 6to4 or
/// Teredo.
pub fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let of = |high: u16, low: u16| {
        let bits = (u32::from(high) << 16) | u32::from(low);
        Some(Ipv4Addr::from(bits))
    };
    match s {
        // The unspecified address and the loopback address are IPv6's own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0, high, low] => of(high, low),
        [0, 0, 0, 0, 0, 0xffff, high, low] => of(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        [0x2001, 0, _, _, _, _, high, low] => of(!high, !low),
        _ => None,
    }
}

/// Whether an IPv6 address only stands for an IPv4 one: those that [`carried`] knows, and a network's own
/// translation (`64:ff9b:1::/48`), where in it only that network knows. The latter are never public.
pub fn stands_for_v4(address: Ipv6Addr) -> bool {
    carried(address).is_some() || matches!(address.segments(), [0x64, 0xff9b, 1, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn public_addresses() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.0",
            "203.0.112.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:800::200e",
            "2001:200::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "::808:808",
        ] {
            assert!(is_public(ip(public)), "{public}");
        }
    }

    #[test]
    fn addresses_of_somebody() {
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "192.175.48.1",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "100::1",
            "2001:db8::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "3fff::1",
            "5f00::1",
            "4000::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "::ffff:0:127.0.0.1",
            "fd00:ec2::254",
        ] {
            assert!(!is_public(ip(other)), "{other}");
        }
        // Teredo, with the address in it turned over: 127.0.0.1.
        assert!(!is_public(ip("2001:0:4136:e378:8000:63bf:80ff:fffe")));
    }

    #[test]
    fn networks_that_a_grant_names() {
        let network = |address: &str, bits| Network {
            address: ip(address),
            bits,
        };
        let named = [
            network("10.1.0.0", 16),
            network("::1", 128),
            network("127.0.0.1", 32),
        ];
        for good in [
            "10.1.2.3",
            "::1",
            "127.0.0.1",
            "::ffff:127.0.0.1",
            "8.8.8.8",
        ] {
            assert!(may_reach(ip(good), &named), "{good}");
        }
        for bad in [
            "10.2.0.1",
            "127.0.0.2",
            "fe80::1",
            "::ffff:127.0.0.2",
            "169.254.169.254",
        ] {
            assert!(!may_reach(ip(bad), &named), "{bad}");
        }
    }
}
