//! What the gate asks of a scope besides single accesses: whether the tool may be called at all, what
//! an access makes the call see, and which names it may be shown.

use super::access::{Access, Object};
use super::scope::Scope;
use super::verb::{Handle, Verb, Verbs};
use super::verdict::{Judgement, ReasonCode};
use crate::base::id::Name;
use crate::base::label::Label;
use crate::rules::config::local_label;

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
        let mut judgement = self.decide(&call);
        let required = self
            .fs()
            .filter(|need| need.grant.is_none() && !need.declared.optional);
        let required = required.map(|need| self.whole_folder(need.need, need.declared.verbs));
        let config = self
            .config()
            .filter(|need| need.grant.is_none() && !need.declared.optional);
        let config = config.into_iter().flat_map(|need| self.keys(&need));
        for access in required.chain(config) {
            let missing = self.decide(&access);
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
            Handle::Fs => self
                .fs()
                .filter(|need| need.grant.is_none())
                .map(|need| self.whole_folder(need.need, need.declared.verbs))
                .collect(),
            Handle::Config => self
                .config()
                .filter(|need| need.grant.is_none())
                .map(|need| self.keys(&need))
                .unwrap_or_default(),
        }
    }

    /// The label of what an access makes the call see; none where it sees nothing.
    pub fn label_seen_by(&self, access: &Access) -> Option<Label> {
        let seeing = Verbs::one(Verb::List).with(Verb::Stat).with(Verb::Read);
        if access.verbs.intersection(seeing).is_empty() {
            return None;
        }
        match access.handle {
            Handle::Tool => None,
            Handle::Fs => {
                let need = self.fs().find(|need| *need.need == access.need);
                need?.grant.map(|grant| grant.data.label.clone())
            }
            Handle::Config => Some(local_label()),
        }
    }

    /// Whether a folder's listing may show the name at `path` to the call.
    pub fn shows(&self, need: &Name, path: &str, is_folder: bool) -> bool {
        let grant = self
            .fs()
            .find(|known| known.need == need)
            .and_then(|known| known.grant);
        grant.is_some_and(|grant| {
            grant.patterns.admits(path) || is_folder && grant.patterns.leads(path)
        })
    }

    /// Whether a grant gives everything at and below `path`, so that no pattern has to be asked.
    pub fn gives_whole(&self, need: &Name, path: &str) -> bool {
        let grant = self
            .fs()
            .find(|known| known.need == need)
            .and_then(|known| known.grant);
        grant.is_some_and(|grant| grant.patterns.admits_whole(path))
    }

    /// Whether the places of two needs have the same label, and accept the same.
    pub fn same_labels(&self, one: &Name, two: &Name) -> bool {
        let data = |need: &Name| {
            self.fs()
                .find(|known| known.need == need)?
                .grant
                .map(|grant| &grant.data)
        };
        match (data(one), data(two)) {
            (Some(one), Some(two)) => one.label == two.label && one.accepts == two.accepts,
            _ => false,
        }
    }

    fn whole_folder(&self, need: &Name, verbs: Verbs) -> Access {
        Access {
            handle: Handle::Fs,
            need: need.clone(),
            verbs,
            object: Object::Path {
                data: need.clone(),
                path: String::new(),
            },
            is_folder: true,
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
