//! On whose behalf a tool runs.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::Identity;

/// On whose behalf a call is made. The tenant is always there, so that nothing can be stored
/// without saying whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// The organisation; `local` on a person's own machine.
    pub tenant: Identity,
    /// The person.
    pub user: Identity,
    /// The agent that acts for the person, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Identity>,
    /// The person's roles.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<Identity>,
}

impl Principal {
    /// A principal of `tenant` and `user`, with neither agent nor roles.
    pub fn new(tenant: Identity, user: Identity) -> Self {
        Self {
            tenant,
            user,
            agent: None,
            roles: BTreeSet::new(),
        }
    }
}

impl fmt::Display for Principal {
    /// `tenant/user`, and `/agent` where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.user)?;
        match &self.agent {
            Some(agent) => write!(f, "/{agent}"),
            None => Ok(()),
        }
    }
}
