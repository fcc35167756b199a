//! Who may do what: for each tool of a plugin, in plain answers, what it may do. The same
//! [`Rights`] that calls are judged by are shown, so that the answers cannot differ from the deeds.

mod show;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::config::{Config, Grant, Plugin, VerbLists};
use super::manifest::PlaceNeed;
use super::scope::Rights;
use super::tool::{Description, Hints, ToolInfo};
use super::verb::{Handle, Verb, Verbs};
use super::verdict::Verdict;
use crate::base::id::{Name, ToolName};
use crate::base::label::Label;

/// What the tools of a plugin may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The plugin.
    pub plugin: Name,
    /// What the answers go by.
    pub basis: Basis,
    /// Each tool.
    pub tools: Vec<ToolCapabilities>,
}

/// What the answers go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The operator's grants: this is what may be done.
    Granted,
    /// The plugin's needs and hints: more than this cannot be granted.
    AtMost,
}

/// What one tool may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCapabilities {
    /// The tool.
    pub tool: ToolName,
    /// What it says of itself, and is held to.
    pub hints: Hints,
    /// Each place that the plugin has a need for.
    pub places: Vec<PlaceCapability>,
    /// The keys of the plugin's config that it may read, and whether a person is asked first.
    pub config: Option<ConfigCapability>,
    /// Can it delete?
    pub delete: Answer,
    /// Can it reach outside: can bytes that it chooses leave the host?
    pub outside: Answer,
    /// Which declared places can it touch?
    pub data: BTreeSet<Name>,
}

/// What a tool can do to the world at all, whether or not a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effects {
    /// It can change something.
    pub changes: bool,
    /// It can delete or overwrite something.
    pub destroys: bool,
    /// Bytes that it chooses can leave the host.
    pub outside: bool,
}

/// What a tool may do in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceCapability {
    /// How it gets there.
    pub handle: Handle,
    /// The need.
    pub need: Name,
    /// Why the plugin wants it.
    pub why: String,
    /// Whether the plugin can do without.
    pub optional: bool,
    /// What may be done.
    pub allow: Verbs,
    /// What may be done if a person says so.
    pub ask: Verbs,
    /// The place; none where nothing is granted, or grants are not known.
    pub place: Option<Place>,
}

/// The place that a grant gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its name.
    pub data: Name,
    /// What it really is, as the operator wrote it: a folder, a URL, a database.
    pub source: String,
    /// Whether it is on another machine, as far as its declaration tells: what is written there leaves
    /// the host.
    pub outside: bool,
    /// What a call becomes by reading there.
    pub label: Label,
    /// Calls of which labels may write there.
    pub accepts: Label,
    /// Where the guest finds it, if it is a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
    /// Only these paths, keys or tables, where there are any.
    pub only: Vec<String>,
    /// None of these paths or keys.
    pub except: Vec<String>,
}

/// What a tool may read of the plugin's config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigCapability {
    /// The need.
    pub need: Name,
    /// The keys.
    pub keys: BTreeSet<String>,
    /// Whether they may be read.
    pub read: Verdict,
}

/// A plain answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// No (deny), asks first (ask), or yes (allow).
    pub verdict: Verdict,
    /// The needs by which it can, each with its place where that is known.
    pub by: Vec<String>,
}

impl Answer {
    /// No.
    pub const fn no() -> Self {
        Self {
            verdict: Verdict::Deny,
            by: Vec::new(),
        }
    }

    /// The answer for any of `verbs`: the mildest of the places that `counts` names, with those that
    /// give it.
    fn of(verbs: Verbs, places: &[PlaceCapability], counts: fn(&PlaceCapability) -> bool) -> Self {
        let giving = |has: fn(&PlaceCapability) -> Verbs| -> Vec<String> {
            places
                .iter()
                .filter(|place| counts(place) && !has(place).intersection(verbs).is_empty())
                .map(PlaceCapability::shown)
                .collect()
        };
        let (freely, asking) = (giving(|place| place.allow), giving(|place| place.ask));
        match (freely.is_empty(), asking.is_empty()) {
            (false, _) => Self {
                verdict: Verdict::Allow,
                by: freely,
            },
            (true, false) => Self {
                verdict: Verdict::Ask,
                by: asking,
            },
            (true, true) => Self::no(),
        }
    }
}

impl ToolCapabilities {
    /// What the tool can do to the world.
    pub fn effects(&self) -> Effects {
        let places = self.places.iter();
        let verbs = places.fold(Verbs::NONE, |all, place| all.union(place.any()));
        let destroying = |verb: Verb| verb.is_effect() && !verb.only_adds();
        let outside = self.outside.verdict != Verdict::Deny;
        Effects {
            changes: verbs.has_effect(),
            destroys: verbs.iter().any(destroying),
            outside,
        }
    }
}

impl PlaceCapability {
    /// All that may happen, with or without a person.
    pub fn any(&self) -> Verbs {
        self.allow.union(self.ask)
    }

    /// Whether bytes leave the host by it.
    fn is_outside(&self) -> bool {
        self.handle == Handle::Http || self.place.as_ref().is_some_and(|place| place.outside)
    }

    fn shown(&self) -> String {
        match &self.place {
            Some(place) => format!("{} ({})", self.need, place.data),
            None => self.need.to_string(),
        }
    }
}

impl Capabilities {
    /// What the tools of `plugin`, as the operator calls it, may do by what is granted.
    pub fn granted(description: &Description, config: &Config, plugin: &Name) -> Self {
        let given = config.plugins.get(plugin).map(AsRef::as_ref);
        Self::of(description, plugin, Given::Grants(given))
    }

    /// What the tools of a plugin could at most be granted.
    pub fn at_most(description: &Description) -> Self {
        Self::of(description, &description.manifest.name, Given::Anything)
    }

    fn of(description: &Description, plugin: &Name, given: Given<'_>) -> Self {
        let basis = match given {
            Given::Grants(_) => Basis::Granted,
            Given::Anything => Basis::AtMost,
        };
        let tools = description.tools.iter();
        Self {
            plugin: plugin.clone(),
            basis,
            tools: tools.map(|tool| one(description, tool, given)).collect(),
        }
    }
}

/// What is given to the plugin.
#[derive(Clone, Copy)]
enum Given<'a> {
    /// The operator's grants; none where the plugin is not in the file.
    Grants(Option<&'a Plugin>),
    /// Whatever it wants.
    Anything,
}

impl<'a> Given<'a> {
    fn plugin(self) -> Option<&'a Plugin> {
        match self {
            Self::Grants(plugin) => plugin,
            Self::Anything => None,
        }
    }

    fn rights(
        self,
        handle: Handle,
        tool: &ToolInfo,
        declared: Verbs,
        lists: Option<&VerbLists>,
    ) -> Rights {
        match self {
            Self::Grants(plugin) => {
                let narrowing = plugin.and_then(|p| p.tools.get(&tool.name));
                Rights::new(
                    handle,
                    declared,
                    lists,
                    narrowing.map(AsRef::as_ref),
                    tool.hints,
                )
            }
            Self::Anything => Rights::at_most(handle, declared, tool.hints),
        }
    }
}

fn one(description: &Description, tool: &ToolInfo, given: Given<'_>) -> ToolCapabilities {
    let needs = &description.manifest.needs;
    let mut places = Vec::new();
    for handle in Handle::PLACES {
        let needs = needs.places(handle).iter();
        places.extend(needs.map(|(need, declared)| one_place(handle, need, declared, tool, given)));
    }
    let config = needs.config.first_key_value().map(|(need, declared)| {
        let grant = given.plugin().and_then(|p| p.grants.config.get(need));
        let lists = grant.map(|grant| &grant.lists);
        let rights = given.rights(Handle::Config, tool, Handle::Config.all(), lists);
        let is_there = |key: &&String| match given {
            Given::Anything => true,
            Given::Grants(_) => grant.is_some_and(|grant| grant.values.contains_key(*key)),
        };
        ConfigCapability {
            need: need.clone(),
            keys: declared.keys.iter().filter(is_there).cloned().collect(),
            read: rights.verdict(Verb::Read),
        }
    });
    let touched = places
        .iter()
        .filter(|place| !place.any().is_empty())
        .filter_map(|place| place.place.as_ref());
    let destroying = Verbs::one(Verb::Delete).with(Verb::Ddl);
    let everything = Verb::ALL.into_iter().collect();
    ToolCapabilities {
        tool: tool.name.clone(),
        hints: tool.hints,
        delete: Answer::of(destroying, &places, |_| true),
        outside: Answer::of(everything, &places, PlaceCapability::is_outside),
        data: touched.map(|place| place.data.clone()).collect(),
        config,
        places,
    }
}

fn one_place(
    handle: Handle,
    need: &Name,
    declared: &PlaceNeed,
    tool: &ToolInfo,
    given: Given<'_>,
) -> PlaceCapability {
    let grants = given.plugin().map(|plugin| &plugin.grants);
    let grant = grants.and_then(|grants| grants.place(handle, need));
    let mut rights = given.rights(
        handle,
        tool,
        declared.verbs,
        grant.map(|grant| &grant.lists),
    );
    let mut place = grant.map(place);
    let mount = grants.and_then(|grants| grants.fs.get(need));
    if let (Some(place), Some(given), Handle::Fs) = (&mut place, mount, handle) {
        place.mount = Some(given.mount.clone());
    }
    let database = grants.and_then(|grants| grants.sql.get(need));
    if let (Some(place), Some(database), Handle::Sql) = (&mut place, database, handle) {
        for (table, own) in &database.tables {
            let own = given.rights(handle, tool, declared.verbs, Some(&own.lists));
            rights.allow = rights.allow.union(own.allow);
            rights.ask = rights.ask.union(own.ask);
            place.only.push(format!("{table}: {}", own.any()));
        }
        rights.ask = rights.ask.without(rights.allow);
    }
    PlaceCapability {
        handle,
        need: need.clone(),
        why: declared.why.clone(),
        optional: declared.optional,
        allow: rights.allow,
        ask: rights.ask,
        place,
    }
}

fn place(grant: &Grant) -> Place {
    Place {
        data: grant.data.name.clone(),
        source: grant.data.source.to_string(),
        outside: grant.data.source.is_outside(),
        label: grant.data.label.clone(),
        accepts: grant.data.accepts.clone(),
        mount: None,
        only: grant.patterns.only().map(str::to_owned).collect(),
        except: grant.patterns.except().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests;
