//! Who may do what: for each tool of a plugin, in plain answers, what it may do. The same
//! [`Rights`] that calls are judged by are shown, so that the answers cannot differ from the deeds.

mod show;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::config::{Config, FsGrant, Plugin, VerbLists};
use super::manifest::FsNeed;
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
    /// Each folder that the plugin has a need for.
    pub fs: Vec<FsCapability>,
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

/// What a tool may do in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FsCapability {
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
    /// Its folder, as the operator wrote it.
    pub dir: String,
    /// What a call becomes by reading there.
    pub label: Label,
    /// Calls of which labels may write there.
    pub accepts: Label,
    /// Where the guest finds it.
    pub mount: String,
    /// Only these paths, where there are any.
    pub only: Vec<String>,
    /// None of these paths.
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

    /// The answer for any of `verbs`: the mildest of all folders, with those that give it.
    fn of(verbs: Verbs, fs: &[FsCapability]) -> Self {
        let folders = |has: fn(&FsCapability) -> Verbs| -> Vec<String> {
            fs.iter()
                .filter(|folder| !has(folder).intersection(verbs).is_empty())
                .map(FsCapability::shown)
                .collect()
        };
        let (freely, asking) = (folders(|fs| fs.allow), folders(|fs| fs.ask));
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
        let folders = self.fs.iter();
        let verbs = folders.fold(Verbs::NONE, |all, fs| all.union(fs.allow).union(fs.ask));
        let destroying = Verbs::one(Verb::Modify).with(Verb::Delete);
        let outside = self.outside.verdict != Verdict::Deny;
        Effects {
            changes: verbs.has_effect() || outside,
            destroys: !verbs.intersection(destroying).is_empty() || outside,
            outside,
        }
    }
}

impl FsCapability {
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
    let folders = needs.fs.iter();
    let fs: Vec<FsCapability> = folders
        .map(|(need, declared)| folder(need, declared, tool, given))
        .collect();
    let config = needs.config.first_key_value().map(|(need, declared)| {
        let grant = given.plugin().and_then(|p| p.config.get(need));
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
    let touched = fs
        .iter()
        .filter(|folder| !folder.allow.union(folder.ask).is_empty())
        .filter_map(|folder| folder.place.as_ref());
    ToolCapabilities {
        tool: tool.name.clone(),
        hints: tool.hints,
        delete: Answer::of(Verbs::one(Verb::Delete), &fs),
        // No handle of this version lets bytes out: files and config are all there is.
        outside: Answer::no(),
        data: touched.map(|place| place.data.clone()).collect(),
        config,
        fs,
    }
}

fn folder(need: &Name, declared: &FsNeed, tool: &ToolInfo, given: Given<'_>) -> FsCapability {
    let grant = given.plugin().and_then(|p| p.fs.get(need));
    let lists = grant.map(|grant| &grant.lists);
    let rights = given.rights(Handle::Fs, tool, declared.verbs, lists);
    FsCapability {
        need: need.clone(),
        why: declared.why.clone(),
        optional: declared.optional,
        allow: rights.allow,
        ask: rights.ask,
        place: grant.map(|grant| place(grant)),
    }
}

fn place(grant: &FsGrant) -> Place {
    Place {
        data: grant.data.name.clone(),
        dir: grant.data.dir.as_str().to_owned(),
        label: grant.data.label.clone(),
        accepts: grant.data.accepts.clone(),
        mount: grant.mount.clone(),
        only: grant.patterns.only().map(str::to_owned).collect(),
        except: grant.patterns.except().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests;
