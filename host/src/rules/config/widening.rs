//! Whether a new operator's file gives more than the one in use. Whoever can write the file may be an
//! agent's own shell, so that a running host takes up a file by itself only if it gives no more.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    ApprovalSettings, ApproverKey, Config, ConfigGrant, Data, Grant, Plugin, SecretPlace,
    SecretUse, TableGrant, VerbLists,
};
use crate::base::id::Name;

impl Config {
    /// The first thing that this file gives, and `old` does not; none where it gives no more. Where the
    /// two can only be compared by their meaning, such as patterns, what is not plainly less counts as
    /// more.
    pub fn widening_of(&self, old: &Self) -> Option<String> {
        if self.host != old.host || self.audit != old.audit {
            return Some("[host] or [audit] is another".to_owned());
        }
        if !approvals_within(&self.approvals, &old.approvals) {
            return Some("[approvals] lets more people or programs answer".to_owned());
        }
        // A place that nobody is granted counts too, as long as any is: where it lies in another, neither can
        // be used.
        let uses_places = self
            .plugins
            .values()
            .any(|plugin| plugin.grants.has_place());
        let changed = |old: &&Arc<Data>| {
            let new = self.data.get(&old.name);
            !new.is_some_and(|new| same_place(new, old))
        };
        if let (true, Some(gone)) = (uses_places, old.data.values().find(changed)) {
            return Some(format!("[data.{}] is another, or gone", gone.name));
        }
        let mut plugins = self.plugins.values();
        plugins.find_map(|plugin| match old.plugins.get(&plugin.name) {
            None => Some(format!("[plugins.{}] is new", plugin.name)),
            Some(before) => plugin_widening(plugin, before),
        })
    }
}

fn approvals_within(new: &ApprovalSettings, old: &ApprovalSettings) -> bool {
    let known = |key: &ApproverKey| old.keys.iter().any(|old| old.text == key.text);
    new.keys.iter().all(known)
        && (old.elicitation || !new.elicitation)
        && old.console_only.without(new.console_only).is_empty()
        && new.valid_minutes <= old.valid_minutes
}

fn plugin_widening(new: &Plugin, old: &Plugin) -> Option<String> {
    let name = &new.name;
    if new.path != old.path || old.digest.is_some() && new.digest != old.digest {
        return Some(format!("[plugins.{name}] is another file"));
    }
    if !new.limits.within(old.limits) {
        return Some(format!("the limits of [plugins.{name}] are higher"));
    }
    let (given, before) = (&new.grants, &old.grants);
    let more = more("fs", &given.fs, &before.fs, |new, old| {
        new.mount == old.mount && grant_within(&new.grant, &old.grant)
    })
    .or_else(|| more("config", &given.config, &before.config, config_within))
    .or_else(|| {
        more("http", &given.http, &before.http, |new, old| {
            let (now, then) = (places_of(&new.secrets), places_of(&old.secrets));
            now == then && grant_within(&new.grant, &old.grant)
        })
    })
    .or_else(|| {
        more("kv", &given.kv, &before.kv, |new, old| {
            new.namespace == old.namespace
                && new.max_keys <= old.max_keys
                && new.max_bytes <= old.max_bytes
                && grant_within(&new.grant, &old.grant)
        })
    })
    .or_else(|| {
        more("sql", &given.sql, &before.sql, |new, old| {
            new.tables.keys().eq(old.tables.keys())
                && new
                    .tables
                    .values()
                    .zip(old.tables.values())
                    .all(|(new, old)| table_within(new, old))
                && grant_within(&new.grant, &old.grant)
        })
    });
    if let Some(table) = more {
        return Some(format!("[plugins.{name}.{table}] gives more"));
    }
    let narrowed = |tool| new.tools.get(tool);
    old.tools
        .iter()
        .find(|(tool, old)| !narrowed(*tool).is_some_and(|new| lists_within(new, old)))
        .map(|(tool, _)| format!("[plugins.{name}.tools.{tool}] takes less away"))
}

/// The first need for which more is given, as its table's name ends.
fn more<T>(
    handle: &str,
    new: &BTreeMap<Name, Arc<T>>,
    old: &BTreeMap<Name, Arc<T>>,
    within: impl Fn(&T, &T) -> bool,
) -> Option<String> {
    new.iter()
        .find(|(need, new)| !old.get(*need).is_some_and(|old| within(new, old)))
        .map(|(need, _)| format!("{handle}.{need}"))
}

/// Where which secrets go.
fn places_of(secrets: &[SecretUse]) -> Vec<(&Name, &SecretPlace)> {
    let uses = secrets.iter();
    uses.map(|used| (&used.secret, &used.place)).collect()
}

fn table_within(new: &TableGrant, old: &TableGrant) -> bool {
    let columns = match (&new.columns, &old.columns) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(new), Some(old)) => new.iter().all(|column| old.contains(column)),
    };
    columns && lists_within(&new.lists, &old.lists)
}

fn grant_within(new: &Grant, old: &Grant) -> bool {
    let only =
        |grant: &Grant| -> Vec<String> { grant.patterns.only().map(str::to_owned).collect() };
    let (new_only, old_only) = (only(new), only(old));
    let except = old
        .patterns
        .except()
        .all(|pattern| new.patterns.except().any(|kept| kept == pattern));
    // Without any `only` everything is given; with it, each pattern has to be one of the old.
    let fewer = !new_only.is_empty() && new_only.iter().all(|pattern| old_only.contains(pattern));
    new.per_call.within(old.per_call)
        && new.per_session.within(old.per_session)
        && same_place(&new.data, &old.data)
        && lists_within(&new.lists, &old.lists)
        && except
        && (old_only.is_empty() || fewer)
}

/// The same but for the line that it stands in.
fn same_place(new: &Data, old: &Data) -> bool {
    let Data {
        name,
        source,
        label,
        accepts,
        says_accepts,
        line: _,
    } = new;
    (name, source, label, accepts, says_accepts)
        == (
            &old.name,
            &old.source,
            &old.label,
            &old.accepts,
            &old.says_accepts,
        )
}

fn config_within(new: &ConfigGrant, old: &ConfigGrant) -> bool {
    let values = |(key, value): (&String, &String)| old.values.get(key) == Some(value);
    new.label == old.label && lists_within(&new.lists, &old.lists) && new.values.iter().all(values)
}

fn lists_within(new: &VerbLists, old: &VerbLists) -> bool {
    let all = |lists: &VerbLists| lists.allowed().union(lists.asked());
    new.allowed().without(old.allowed()).is_empty() && all(new).without(all(old)).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"
[data.notes]
dir = "notes"
[data.inner]
dir = "notes/inner"
label = "secret"

[plugins.a]
path = "a.wasm"
[plugins.a.limits]
wall_ms = 1000
[plugins.a.fs.folder]
data = "notes"
allow = ["list", "read", "create"]
ask = ["delete"]
only = ["x/**", "y/**"]
except = ["x/secret"]
[plugins.a.config.settings]
values = { k = "v", l = "w" }
[plugins.a.tools.read]
allow = ["read"]

[plugins.b]
path = "b.wasm"
"#;

    fn config(text: &str) -> Config {
        Config::parse("toolkeep.toml", text).unwrap()
    }

    /// What the old file with `from` replaced by `to` gives more.
    fn changed(from: &str, to: &str) -> Option<String> {
        assert!(OLD.contains(from), "{from}");
        config(&OLD.replacen(from, to, 1)).widening_of(&config(OLD))
    }

    #[test]
    fn less_is_taken_up() {
        for (from, to) in [
            ("", "# a comment\n\n"),
            ("\"list\", \"read\", \"create\"]", "\"list\"]"),
            ("\"create\"]\nask = [", "\"list\"]\nask = [\"create\", "),
            ("ask = [\"delete\"]\n", ""),
            ("wall_ms = 1000", "wall_ms = 10"),
            ("only = [\"x/**\", ", "only = ["),
            ("except = [", "except = [\"y/z\", "),
            (", l = \"w\"", ""),
            ("[plugins.b]\npath = \"b.wasm\"", ""),
            (
                "[plugins.b]",
                "[plugins.a.tools.write]\nallow = [\"list\"]\n[plugins.b]",
            ),
        ] {
            // The second verb list must not name a verb twice.
            let to = to.replace("\"list\"]\nask", "\"read\"]\nask");
            assert_eq!(changed(from, &to), None, "{from} -> {to}");
        }
    }

    #[test]
    fn more_is_not() {
        for (from, to, told) in [
            (
                "\"create\"]",
                "\"create\", \"modify\"]",
                "[plugins.a.fs.folder] gives more",
            ),
            (
                "ask = [\"delete\"]",
                "ask = [\"modify\"]",
                "[plugins.a.fs.folder] gives more",
            ),
            (
                "\"create\"]\nask = [\"delete\"]",
                "\"create\", \"delete\"]",
                "[plugins.a.fs.folder] gives more",
            ),
            (
                "only = [\"x/**\", \"y/**\"]\n",
                "",
                "[plugins.a.fs.folder] gives more",
            ),
            (
                "\"y/**\"]",
                "\"y/**\", \"z\"]",
                "[plugins.a.fs.folder] gives more",
            ),
            (
                "except = [\"x/secret\"]\n",
                "",
                "[plugins.a.fs.folder] gives more",
            ),
            (
                "[data.inner]\ndir = \"notes/inner\"\nlabel = \"secret\"\n",
                "",
                "[data.inner] is another, or gone",
            ),
            (
                "label = \"secret\"",
                "label = \"private\"",
                "[data.inner] is another, or gone",
            ),
            (
                "dir = \"notes\"",
                "dir = \"/\"",
                "[data.notes] is another, or gone",
            ),
            (
                "dir = \"notes\"",
                "dir = \"notes\"\nlabel = \"public\"",
                "[data.notes] is another, or gone",
            ),
            (
                "k = \"v\"",
                "k = \"other\"",
                "[plugins.a.config.settings] gives more",
            ),
            (
                "k = \"v\"",
                "k = \"v\", m = \"n\"",
                "[plugins.a.config.settings] gives more",
            ),
            (
                "wall_ms = 1000",
                "wall_ms = 1001",
                "the limits of [plugins.a] are higher",
            ),
            ("a.wasm", "c.wasm", "[plugins.a] is another file"),
            (
                "[plugins.a.tools.read]\nallow = [\"read\"]",
                "",
                "[plugins.a.tools.read] takes less away",
            ),
            (
                "[plugins.a.tools.read]\nallow = [\"read\"]",
                "[plugins.a.tools.read]\nallow = [\"read\", \"list\"]",
                "[plugins.a.tools.read] takes less away",
            ),
            (
                "[plugins.b]",
                "[plugins.c]\npath = \"c\"\n[plugins.b]",
                "[plugins.c] is new",
            ),
            (
                "[plugins.a]",
                "[approvals]\nelicitation = true\n[plugins.a]",
                "[approvals] lets more people or programs answer",
            ),
            (
                "[plugins.a]",
                "[audit]\ncheckpoint_every = 9\n[plugins.a]",
                "[host] or [audit] is another",
            ),
        ] {
            assert_eq!(changed(from, to).as_deref(), Some(told), "{from} -> {to}");
        }
    }
}
