//! Which grant a request is for.

use std::path::Path;

use super::destination::{Host, Scheme, Target};
use super::exchange::Way;
use super::limits::Limits;
use super::pool::Key;
use crate::base::id::Name;
use crate::base::principal::Principal;
use crate::rules::config::{HostPattern, Origins, SecretUse, Source};
use crate::rules::scope::Scope;
use crate::rules::verb::Verb;

/// The grant that a request is for.
pub(super) struct Place {
    pub(super) need: Name,
    pub(super) data: Name,
    /// With what the path begins: no `/` at its end.
    base: String,
    origins: Origins,
    pub(super) secrets: Vec<SecretUse>,
}

impl Place {
    /// The most specific grant for `target`: a host by its name before `*.example.org` before `*`, then
    /// the longer path, then one that has the verb.
    pub(super) fn find(
        scope: &Scope,
        principal: &Principal,
        target: &Target,
        verb: Verb,
    ) -> Option<Self> {
        let mut best: Option<((usize, usize, bool), Self)> = None;
        for one in scope.http() {
            let Some(given) = one.grant else { continue };
            let Source::Web(origins) = &given.grant.data.source else {
                continue;
            };
            let Ok(base) = origins.base.expand(principal) else {
                continue;
            };
            let base = escape(base.trim_end_matches('/'));
            let Some(host) = rank(origins, target) else {
                continue;
            };
            if !is_below(target.path(), &base) {
                continue;
            }
            let rank = (host, base.len(), one.rights.any().contains(verb));
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                let place = Self {
                    need: one.need.clone(),
                    data: given.grant.data.name.clone(),
                    base,
                    origins: origins.clone(),
                    secrets: given.secrets.clone(),
                };
                best = Some((rank, place));
            }
        }
        best.map(|(_, place)| place)
    }

    /// Whether the paths that it is for can be told from others only by their text.
    pub(super) fn is_by_path(&self) -> bool {
        !self.base.is_empty()
    }

    /// Whether there is only one host that it is for.
    pub(super) fn is_one_host(&self) -> bool {
        matches!(self.origins.host, HostPattern::Exact(_))
    }

    /// How to get to `target`. `folder` is where the names of files begin.
    pub(super) fn way(
        &self,
        target: Target,
        principal: &Principal,
        folder: &Path,
        limits: Limits,
    ) -> Way {
        let roots = self.origins.roots.as_ref().map(|file| folder.join(file));
        Way {
            key: Key {
                scheme: target.scheme,
                host: target.host.clone(),
                port: target.port,
                roots: roots.clone(),
                data: self.data.clone(),
                tenant: principal.tenant.clone(),
                headers: (limits.headers, limits.header_bytes),
            },
            target,
            named: self.origins.addresses.clone(),
            roots,
            limits,
        }
    }
}

/// How well `origins` name the host of `target`; none where they do not.
fn rank(origins: &Origins, target: &Target) -> Option<usize> {
    let tls = target.scheme == Scheme::Https;
    if origins.tls != tls || origins.port != target.port {
        return None;
    }
    // An address has no dots that one could be below of.
    let (host, is_name) = match &target.host {
        Host::Name(name) => (name.clone(), true),
        Host::Address(address) => (address.to_string(), false),
    };
    match &origins.host {
        HostPattern::Exact(known) => (*known == host).then_some(usize::MAX),
        HostPattern::Below(parent) if is_name => {
            let inner = host.strip_suffix(parent.as_str())?.strip_suffix('.')?;
            (!inner.is_empty()).then_some(parent.len())
        }
        HostPattern::Below(_) => None,
        HostPattern::Any => Some(0),
    }
}

fn is_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// As it stands in a path: who a principal is may have any letters in it.
fn escape(base: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&b);
    let one = |b: u8| match plain(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    base.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_below_whole_parts() {
        for (path, base, below) in [
            ("/", "", true),
            ("/a", "", true),
            ("/v1", "/v1", true),
            ("/v1/", "/v1", true),
            ("/v1/a", "/v1", true),
            ("/v12", "/v1", false),
            ("/v2/v1", "/v1", false),
            ("/", "/v1", false),
        ] {
            assert_eq!(is_below(path, base), below, "{path} {base}");
        }
        assert_eq!(escape("/users/ada b/ü%2e"), "/users/ada%20b/%C3%BC%252e");
    }
}
