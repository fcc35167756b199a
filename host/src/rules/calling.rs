//! What the gate asks of a scope besides single accesses: whether the tool may be called at all, what
//! an access makes the call see, and which names it may be shown.

use super::access::{Access, Object};
use super::scope::Scope;
use super::verb::{Handle, Verb, Verbs};
use super::verdict::{Judgement, ReasonCode};
use crate::base::id::Name;
use crate::base::label::Label;
use crate::rules::config::{Budget, local_label};

impl Scope {
    /// Judges the tool call itself: the operator knows the plugin, and every need that is not optional
    /// has a grant.
    pub fn decide_call(&self) -> Judgement {
        let call = Access {
            handle: Handle::Tool,
            need: self.plugin().clone(),
            verbs: Verbs::one(Verb::Call),
            object: Object::Tool(self.tool().to_string()),
            is_folder: false,
        };
        let clean = Label::clean();
        let mut judgement = self.decide(&call, &clean);
        let required = Handle::PLACES.into_iter().flat_map(|handle| {
            self.places(handle)
                .filter(|need| need.grant.is_none() && !need.declared.optional)
                .map(move |need| whole(handle, need.need, need.declared.verbs))
        });
        let config = self
            .config()
            .filter(|need| need.grant.is_none() && !need.declared.optional);
        let config = config.into_iter().flat_map(|need| self.keys(&need));
        for access in required.chain(config) {
            let missing = self.decide(&access, &clean);
            for reason in missing
                .reasons()
                .iter()
                .filter(|r| r.code == ReasonCode::NoGrant)
            {
                judgement = judgement.and(reason.clone());
            }
        }
        judgement
    }

    /// The accesses that the plugin wanted through `handle` for optional needs that nobody granted.
    pub fn ungranted(&self, handle: Handle) -> Vec<Access> {
        match handle {
            Handle::Tool => Vec::new(),
            Handle::Config => self
                .config()
                .filter(|need| need.grant.is_none())
                .map(|need| self.keys(&need))
                .unwrap_or_default(),
            _ => self
                .places(handle)
                .filter(|need| need.grant.is_none())
                .map(|need| whole(handle, need.need, need.declared.verbs))
                .collect(),
        }
    }

    /// The label of what an access makes the call see; none where it sees nothing.
    pub fn label_seen_by(&self, access: &Access) -> Option<Label> {
        if !access.verbs.iter().any(|verb| verb.sees(access.handle)) {
            return None;
        }
        match access.handle {
            Handle::Tool => None,
            Handle::Config => {
                let grant = self.config().and_then(|need| need.grant);
                Some(grant.map_or_else(local_label, |grant| grant.label.clone()))
            }
            handle => {
                let grant = self.inner.place(handle, &access.need);
                grant.map(|grant| grant.data.label.clone())
            }
        }
    }

    /// What a call, and what its session, may use up of the grant for a need; none where there is no grant,
    /// or no limit.
    pub fn budgets(&self, handle: Handle, need: &Name) -> Option<(Budget, Budget)> {
        let grant = self.inner.place(handle, need)?;
        let budgets = (grant.per_call, grant.per_session);
        (budgets != <(Budget, Budget)>::default()).then_some(budgets)
    }

    /// Whether the intent of an access has to be on disk before it happens: it changes the world, or bytes
    /// that the guest chose leave the host by it.
    pub fn is_announced(&self, access: &Access) -> bool {
        let grant = self.inner.place(access.handle, &access.need);
        access.verbs.has_effect() || grant.is_some_and(|grant| grant.data.source.is_outside())
    }

    /// Whether a listing may show the name at `path`, or the key, to the call.
    pub fn shows(&self, handle: Handle, need: &Name, path: &str, is_folder: bool) -> bool {
        self.inner.place(handle, need).is_some_and(|grant| {
            grant.patterns.admits(path) || is_folder && grant.patterns.leads(path)
        })
    }

    /// Whether a grant gives everything at and below `path`, so that no pattern has to be asked.
    pub fn gives_whole(&self, need: &Name, path: &str) -> bool {
        let grant = self.inner.place(Handle::Fs, need);
        grant.is_some_and(|grant| grant.patterns.admits_whole(path))
    }

    /// Whether the folders of two needs have the same label, and accept the same.
    pub fn same_labels(&self, one: &Name, two: &Name) -> bool {
        let data = |need: &Name| Some(&self.inner.place(Handle::Fs, need)?.data);
        match (data(one), data(two)) {
            (Some(one), Some(two)) => one.label == two.label && one.accepts == two.accepts,
            _ => false,
        }
    }

    fn keys(&self, need: &super::scope::ConfigScope<'_>) -> Vec<Access> {
        let keys = need.declared.keys.iter();
        keys.map(|key| Access {
            handle: Handle::Config,
            need: need.need.clone(),
            verbs: Verbs::one(Verb::Read),
            object: Object::Key(key.clone()),
            is_folder: false,
        })
        .collect()
    }
}

/// All of a place: what a need without a grant is refused for.
fn whole(handle: Handle, need: &Name, verbs: Verbs) -> Access {
    let data = need.clone();
    let object = match handle {
        Handle::Http => Object::Request {
            data,
            method: "*".to_owned(),
            url: "*://*/".to_owned(),
        },
        Handle::Kv => Object::Entry {
            data,
            key: String::new(),
        },
        Handle::Sql => Object::Table {
            data,
            table: "*".to_owned(),
            columns: Vec::new(),
        },
        _ => Object::Path {
            data,
            path: String::new(),
        },
    };
    Access {
        handle,
        need: need.clone(),
        verbs,
        object,
        is_folder: true,
    }
}
