//! What one call may do: the plugin's manifest, the operator's grants and the tool's own narrowing,
//! laid over one another. Judging against it is in [`decide`](super::decide).

use std::sync::Arc;

use super::config::{
    Config, ConfigGrant, FsGrant, Grant, HttpGrant, KvGrant, Limits, Placed, Plugin, SqlGrant,
    VerbLists,
};
use super::facts::Facts;
use super::manifest::{ConfigNeed, Manifest, PlaceNeed};
use super::tool::{Hints, ToolInfo};
use super::verb::{Handle, Verb, Verbs};
use super::verdict::Verdict;
use crate::base::digest::Digest;
use crate::base::id::{Name, ToolName};

/// What one call may do. Cheap to make and to clone: it shares what it is made of.
#[derive(Clone, Debug)]
pub struct Scope {
    pub(super) inner: Arc<Inner>,
    /// Of which call it is; none where it is asked what the tool may do at all.
    pub(super) facts: Option<Arc<Facts>>,
}

#[derive(Debug)]
pub(super) struct Inner {
    /// The operator's file, for messages.
    pub file: Arc<str>,
    pub rules: Digest,
    pub limits: Limits,
    pub name: Name,
    pub tool: ToolName,
    pub hints: Hints,
    pub manifest: Arc<Manifest>,
    /// What the operator gives the plugin; none where the plugin is not in the file.
    pub plugin: Option<Arc<Plugin>>,
    pub narrowing: Option<Arc<VerbLists>>,
}

/// What is left to do for a need, after manifest, grant, narrowing and hints. What is in neither
/// set is denied, and no verb is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// What may be done.
    pub allow: Verbs,
    /// What may be done if a person says so.
    pub ask: Verbs,
}

impl Rights {
    /// The rights for a need of `handle` that declares `declared`, under the grant and narrowing
    /// given by their lists, in a tool with `hints`. Each of them can only take away.
    pub fn new(
        handle: Handle,
        declared: Verbs,
        grant: Option<&VerbLists>,
        narrowing: Option<&VerbLists>,
        hints: Hints,
    ) -> Self {
        let Some(grant) = grant else {
            return Self::default();
        };
        let (mut allow, mut ask) = (grant.allowed(), grant.asked());
        if let Some(narrowing) = narrowing {
            let kept = allow.intersection(narrowing.allowed());
            let listed = narrowing.allowed().union(narrowing.asked());
            ask = allow.union(ask).intersection(listed).without(kept);
            allow = kept;
        }
        let possible = Self::at_most(handle, declared, hints).allow;
        Self {
            allow: allow.intersection(possible),
            ask: ask.intersection(possible),
        }
    }

    /// The most that a need can be granted: all that it declares and the hints leave.
    pub fn at_most(handle: Handle, declared: Verbs, hints: Hints) -> Self {
        Self {
            allow: declared
                .with_implied()
                .intersection(handle.all())
                .without(hints.forbidden()),
            ask: Verbs::NONE,
        }
    }

    /// What they say of one verb.
    pub fn verdict(self, verb: Verb) -> Verdict {
        if self.allow.contains(verb) {
            Verdict::Allow
        } else if self.ask.contains(verb) {
            Verdict::Ask
        } else {
            Verdict::Deny
        }
    }

    /// All that may happen, with or without a person.
    pub fn any(self) -> Verbs {
        self.allow.union(self.ask)
    }
}

/// A place that the plugin declares a need for, with what the operator gives for it.
#[derive(Clone, Copy, Debug)]
pub struct PlaceScope<'a, G> {
    /// The need's name.
    pub need: &'a Name,
    /// What the plugin declares.
    pub declared: &'a PlaceNeed,
    /// What the operator gives: the place with its label, `accepts` and source, the patterns, and what
    /// only grants of this handle have.
    pub grant: Option<&'a G>,
    /// What is left to do, patterns apart.
    pub rights: Rights,
}

/// The config that the plugin declares a need for.
#[derive(Clone, Copy, Debug)]
pub struct ConfigScope<'a> {
    /// The need's name.
    pub need: &'a Name,
    /// What the plugin declares.
    pub declared: &'a ConfigNeed,
    /// What the operator gives: the values.
    pub grant: Option<&'a ConfigGrant>,
    /// What is left to do.
    pub rights: Rights,
}

impl<'a> ConfigScope<'a> {
    /// The values that are both declared and given.
    pub fn values(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let keys = &self.declared.keys;
        let values = self.grant.map(|grant| grant.values.iter());
        values
            .into_iter()
            .flatten()
            .filter(|(key, _)| keys.contains(*key))
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl Scope {
    /// The scope of a call of `tool`, of the plugin that the operator calls `plugin`.
    pub fn new(config: &Config, manifest: &Arc<Manifest>, tool: &ToolInfo, plugin: &Name) -> Self {
        Self::of(config, manifest, &tool.name, tool.hints, plugin)
    }

    /// The scope of the same call under other rules.
    pub fn under(&self, config: &Config) -> Self {
        let inner = &*self.inner;
        let (manifest, tool) = (&inner.manifest, &inner.tool);
        Self {
            facts: self.facts.clone(),
            ..Self::of(config, manifest, tool, inner.hints, &inner.name)
        }
    }

    /// The scope of the call that `facts` are known of. Until then it tells what the tool may do at all.
    pub fn of_call(self, facts: Facts) -> Self {
        Self {
            facts: Some(Arc::new(facts)),
            ..self
        }
    }

    fn of(
        config: &Config,
        manifest: &Arc<Manifest>,
        tool: &ToolName,
        hints: Hints,
        name: &Name,
    ) -> Self {
        let plugin = config.plugins.get(name).cloned();
        let narrowing = plugin
            .as_ref()
            .and_then(|plugin| plugin.tools.get(tool).cloned());
        Self {
            facts: None,
            inner: Arc::new(Inner {
                file: config.file.clone(),
                rules: config.digest(),
                limits: plugin.as_ref().map_or(config.limits, |p| p.limits),
                name: name.clone(),
                tool: tool.clone(),
                hints,
                manifest: manifest.clone(),
                plugin,
                narrowing,
            }),
        }
    }

    /// The operator's name for the plugin.
    pub fn plugin(&self) -> &Name {
        &self.inner.name
    }

    /// The tool.
    pub fn tool(&self) -> &ToolName {
        &self.inner.tool
    }

    /// What the tool says that it does to the world.
    pub fn hints(&self) -> Hints {
        self.inner.hints
    }

    /// What the call may use up.
    pub fn limits(&self) -> Limits {
        self.inner.limits
    }

    /// The version of the rules that the scope was made of.
    pub fn rules_version(&self) -> Digest {
        self.inner.rules
    }

    /// The folders that the plugin declares a need for, granted or not.
    pub fn fs(&self) -> impl Iterator<Item = PlaceScope<'_, FsGrant>> {
        self.needs(Handle::Fs, |plugin, need| {
            plugin.grants.fs.get(need).map(Arc::as_ref)
        })
    }

    /// The web servers that the plugin declares a need for, granted or not.
    pub fn http(&self) -> impl Iterator<Item = PlaceScope<'_, HttpGrant>> {
        self.needs(Handle::Http, |plugin, need| {
            plugin.grants.http.get(need).map(Arc::as_ref)
        })
    }

    /// The values by key that the plugin declares a need for, granted or not.
    pub fn kv(&self) -> impl Iterator<Item = PlaceScope<'_, KvGrant>> {
        self.needs(Handle::Kv, |plugin, need| {
            plugin.grants.kv.get(need).map(Arc::as_ref)
        })
    }

    /// The databases that the plugin declares a need for, granted or not.
    pub fn sql(&self) -> impl Iterator<Item = PlaceScope<'_, SqlGrant>> {
        self.needs(Handle::Sql, |plugin, need| {
            plugin.grants.sql.get(need).map(Arc::as_ref)
        })
    }

    /// The places that the plugin declares a need for through `handle`, granted or not.
    pub fn places(&self, handle: Handle) -> impl Iterator<Item = PlaceScope<'_, Grant>> {
        self.needs(handle, move |plugin, need| {
            plugin.grants.place(handle, need)
        })
    }

    fn needs<'a, G: Placed + 'a>(
        &'a self,
        handle: Handle,
        find: impl Fn(&'a Plugin, &Name) -> Option<&'a G> + 'a,
    ) -> impl Iterator<Item = PlaceScope<'a, G>> + 'a {
        let inner = &*self.inner;
        let needs = inner.manifest.needs.places(handle);
        needs.iter().map(move |(need, declared)| {
            let grant = inner
                .plugin
                .as_deref()
                .and_then(|plugin| find(plugin, need));
            let lists = grant.map(|grant| &grant.grant().lists);
            PlaceScope {
                need,
                declared,
                grant,
                rights: inner.rights(handle, declared.verbs, lists),
            }
        })
    }

    /// The config that the plugin declares a need for, granted or not.
    pub fn config(&self) -> Option<ConfigScope<'_>> {
        let (need, declared) = self.inner.manifest.needs.config.first_key_value()?;
        let grant = self.inner.config_grant(need);
        Some(ConfigScope {
            need,
            declared,
            grant,
            rights: self.inner.rights(
                Handle::Config,
                Handle::Config.all(),
                grant.map(|g| &g.lists),
            ),
        })
    }
}

impl Inner {
    pub fn place(&self, handle: Handle, need: &Name) -> Option<&Grant> {
        self.plugin.as_ref()?.grants.place(handle, need)
    }

    pub fn sql_grant(&self, need: &Name) -> Option<&SqlGrant> {
        self.plugin.as_ref()?.grants.sql.get(need).map(Arc::as_ref)
    }

    pub fn config_grant(&self, need: &Name) -> Option<&ConfigGrant> {
        self.plugin
            .as_ref()?
            .grants
            .config
            .get(need)
            .map(Arc::as_ref)
    }

    fn rights(&self, handle: Handle, declared: Verbs, grant: Option<&VerbLists>) -> Rights {
        Rights::new(
            handle,
            declared,
            grant,
            self.narrowing.as_deref(),
            self.hints,
        )
    }
}

/// The table that an operator would add to grant a need of `verbs`: what deletes is asked for.
pub(super) fn place_table(handle: Handle, plugin: &Name, need: &Name, verbs: Verbs) -> String {
    let delete = Verbs::one(Verb::Delete).with(Verb::Ddl);
    let mut table = format!("[plugins.{plugin}.{handle}.{need}]\ndata = \"…\"");
    for (key, verbs) in [
        ("allow", verbs.without(delete)),
        ("ask", verbs.intersection(delete)),
    ] {
        if !verbs.is_empty() {
            let words: Vec<String> = verbs.iter().map(|verb| format!("\"{verb}\"")).collect();
            table.push_str(&format!("\n{key} = [{}]", words.join(", ")));
        }
    }
    table
}

/// The table that an operator would add to grant a need of config values.
pub(super) fn config_table<'a>(
    plugin: &Name,
    need: &Name,
    keys: impl Iterator<Item = &'a str>,
) -> String {
    let values: Vec<String> = keys.map(|key| format!("{} = \"…\"", quoted(key))).collect();
    format!(
        "[plugins.{plugin}.config.{need}]\nvalues = {{ {} }}",
        values.join(", ")
    )
}

/// `key` as TOML wants it: bare where it can be, else in quotes.
pub(super) fn quoted(key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !key.is_empty() && key.bytes().all(bare) {
        return key.to_owned();
    }
    let escaped = key.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", crate::base::text::visible(&escaped))
}
