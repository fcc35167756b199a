//! The plugin's manifest, `plugin.toml`: what the plugin is and what it wants, with reasons.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::config::Grants;
use super::verb::{Handle, Verbs};
use crate::base::id::Name;
use crate::base::text;

/// The longest description or reason, in bytes: people read them.
const MAX_PROSE: usize = 4096;

/// What a plugin says of itself. Everything in it was checked, whether it came from `plugin.toml`
/// or from the component's custom section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Manifest {
    /// The plugin's own name for itself; the operator may know it by another.
    pub name: Name,
    /// The plugin's version, such as `1.2.0`.
    pub version: String,
    /// What it is for, for people.
    pub description: String,
    /// What it wants.
    #[serde(skip_serializing_if = "Needs::is_empty")]
    pub needs: Needs,
}

/// All that a plugin wants, by handle and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// Folders.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fs: BTreeMap<Name, PlaceNeed>,
    /// Values from the operator; one need at most.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<Name, ConfigNeed>,
    /// Web servers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub http: BTreeMap<Name, PlaceNeed>,
    /// Values by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kv: BTreeMap<Name, PlaceNeed>,
    /// Databases.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sql: BTreeMap<Name, PlaceNeed>,
}

/// The needs of a handle that has none.
static NO_PLACES: BTreeMap<Name, PlaceNeed> = BTreeMap::new();

impl Needs {
    /// Whether the plugin wants nothing.
    pub fn is_empty(&self) -> bool {
        self.config.is_empty()
            && Handle::PLACES
                .into_iter()
                .all(|handle| self.places(handle).is_empty())
    }

    /// Whether it wants anything of `handle`.
    pub fn wants(&self, handle: Handle) -> bool {
        match handle {
            Handle::Config => !self.config.is_empty(),
            _ => !self.places(handle).is_empty(),
        }
    }

    /// The places that it wants through `handle`.
    pub fn places(&self, handle: Handle) -> &BTreeMap<Name, PlaceNeed> {
        match handle {
            Handle::Tool | Handle::Config => &NO_PLACES,
            Handle::Fs => &self.fs,
            Handle::Http => &self.http,
            Handle::Kv => &self.kv,
            Handle::Sql => &self.sql,
        }
    }

    /// The same needs, where each one of many places is one need for each grant that `granted` has.
    /// One that nothing is granted for stays as it is.
    #[must_use]
    pub fn for_grants(&self, granted: &Grants) -> Self {
        let of = |handle| each_granted(self.places(handle), granted, handle);
        Self {
            fs: of(Handle::Fs),
            config: self.config.clone(),
            http: of(Handle::Http),
            kv: of(Handle::Kv),
            sql: of(Handle::Sql),
        }
    }
}

fn each_granted(
    needs: &BTreeMap<Name, PlaceNeed>,
    granted: &Grants,
    handle: Handle,
) -> BTreeMap<Name, PlaceNeed> {
    let mut all = BTreeMap::new();
    for (name, need) in needs {
        // A need of that very name is meant before one of many is.
        let is_for = |grant: &Name| {
            grant == name
                || need.many
                    && !needs.contains_key(grant)
                    && grant
                        .as_str()
                        .strip_prefix(name.as_str())
                        .is_some_and(|rest| rest.starts_with('-'))
        };
        let before = all.len();
        let grants = granted.places(handle).map(|(grant, _)| grant);
        all.extend(
            grants
                .filter(|grant| is_for(grant))
                .map(|grant| (grant.clone(), need.clone())),
        );
        if all.len() == before {
            all.insert(name.clone(), need.clone());
        }
    }
    all
}

/// A place that a plugin wants: a folder, web servers, values by key or a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceNeed {
    /// All that it will ever do there; never empty.
    pub verbs: Verbs,
    /// The reason, for people.
    pub why: String,
    /// Whether it can do without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether it takes any number of places: each grant whose name is the need's own, or begins with
    /// it and `-`, is for one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
}

/// Values that a plugin wants from the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigNeed {
    /// The names of the values; never empty.
    pub keys: BTreeSet<String>,
    /// The reason, for people.
    pub why: String,
    /// Whether it can do without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A manifest as it was written, before its rules were checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    name: Name,
    version: String,
    description: String,
    #[serde(default)]
    needs: Needs,
}

impl TryFrom<Unchecked> for Manifest {
    type Error = String;

    fn try_from(unchecked: Unchecked) -> Result<Self, String> {
        let Unchecked {
            name,
            version,
            description,
            needs,
        } = unchecked;
        version_fault(&version).map_or(Ok(()), |fault| Err(format!("`version` {fault}")))?;
        prose_fault(&description).map_or(Ok(()), |fault| Err(format!("`description` {fault}")))?;
        if needs.config.len() > 1 {
            return Err("there is more than one config need".to_owned());
        }
        for handle in Handle::PLACES {
            for (need, PlaceNeed { verbs, why, .. }) in needs.places(handle) {
                if verbs.is_empty() || !verbs.without(handle.all()).is_empty() {
                    return Err(format!(
                        "`verbs` of the {handle} need `{need}` is not a list of {handle} verbs"
                    ));
                }
                prose_fault(why).map_or(Ok(()), |fault| {
                    Err(format!("`why` of the {handle} need `{need}` {fault}"))
                })?;
            }
        }
        for (need, ConfigNeed { keys, why, .. }) in &needs.config {
            if keys.is_empty() {
                return Err(format!("`keys` of the config need `{need}` is empty"));
            }
            for key in keys {
                key_fault(key).map_or(Ok(()), |fault| {
                    Err(format!(
                        "`keys` of the config need `{need}` has a key that {fault}"
                    ))
                })?;
            }
            prose_fault(why).map_or(Ok(()), |fault| {
                Err(format!("`why` of the config need `{need}` {fault}"))
            })?;
        }
        Ok(Self {
            name,
            version,
            description,
            needs,
        })
    }
}

/// What is wrong with a version, if anything.
fn version_fault(version: &str) -> Option<&'static str> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b".+-".contains(&b);
    ((version.is_empty() || version.len() > 64) || !version.bytes().all(good))
        .then_some("must be 1 to 64 of A-Z, a-z, 0-9, `.`, `+` and `-`")
}

/// What is wrong with a description or a reason, if anything.
pub(super) fn prose_fault(prose: &str) -> Option<&'static str> {
    if prose.trim().is_empty() {
        Some("is empty")
    } else if prose.len() > MAX_PROSE {
        Some("is longer than 4096 bytes")
    } else {
        None
    }
}

/// What is wrong with the name of a config value, if anything.
pub(super) fn key_fault(key: &str) -> Option<&'static str> {
    if key.trim().is_empty() {
        Some("is empty")
    } else if key.len() > 256 {
        Some("is longer than 256 bytes")
    } else if key.chars().any(text::is_unsafe) {
        Some("has control or invisible characters")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
