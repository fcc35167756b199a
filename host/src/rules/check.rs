//! Whether what the operator wrote for a plugin fits what the plugin is.

use serde::{Deserialize, Serialize};

use super::config::{Config, Plugin, VerbLists};
use super::manifest::Needs;
use super::problem::{Line, Problem, suggest};
use super::scope::{config_table, place_table};
use super::tool::Description;
use super::verb::{Handle, Verbs};
use crate::base::id::{Name, ToolName};
use crate::base::text::visible;

/// How much a finding matters, from the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know: an optional need without a grant, for one.
    Note,
    /// Something that will not do what it seems to: a line without effect, a need without a grant.
    Warning,
    /// Something that cannot be meant: the plugin must not be loaded.
    Error,
}

/// Something that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What, where, and how to make it right.
    pub problem: Problem,
}

/// Compares what `config` says of `plugin` with its description. What is found is in the order of
/// lines.
pub fn check(config: &Config, plugin: &Name, description: &Description) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let file = Line {
        file: config.file.clone(),
        number: 0,
    };
    match config.plugins.get(plugin) {
        None => {
            let message = format!("plugin `{plugin}` is not in this file");
            let help = format!("add [plugins.{plugin}] with its `path`");
            findings.add(Severity::Error, Problem::new(file, message).help(help));
        }
        Some(given) => {
            findings.grants(given, &description.manifest.needs);
            findings.tools(given, description);
            findings.missing(given, &description.manifest.needs);
        }
    }
    findings.0.sort_by(|a, b| a.problem.cmp(&b.problem));
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, severity: Severity, problem: Problem) {
        self.0.push(Finding { severity, problem });
    }

    fn error(&mut self, line: &Line, message: String, help: Option<String>) {
        let mut problem = Problem::new(line.clone(), message);
        problem.help = help;
        self.add(Severity::Error, problem);
    }

    /// Grants for what the plugin does not want.
    fn grants(&mut self, given: &Plugin, needs: &Needs) {
        for handle in Handle::PLACES {
            let wanted = needs.places(handle);
            for (need, grant) in given.grants.places(handle) {
                let Some(declared) = wanted.get(need) else {
                    let known = wanted.keys().map(Name::as_str);
                    self.unknown_need(&grant.lists, need, suggest(need.as_str(), known));
                    continue;
                };
                let possible = declared.verbs.with_implied();
                let why = format!("the plugin does not declare it for `{need}`");
                self.without_effect(&grant.lists, possible, &why);
            }
        }
        for (need, grant) in &given.grants.sql {
            let Some(declared) = needs.sql.get(need) else {
                continue;
            };
            for table in grant.tables.values() {
                let why = format!("the plugin does not declare it for `{need}`");
                self.without_effect(&table.lists, declared.verbs, &why);
            }
        }
        for (need, grant) in &given.grants.config {
            let Some(declared) = needs.config.get(need) else {
                let known = needs.config.keys().map(Name::as_str);
                self.unknown_need(&grant.lists, need, suggest(need.as_str(), known));
                continue;
            };
            for key in grant
                .values
                .keys()
                .filter(|key| !declared.keys.contains(*key))
            {
                let message = format!(
                    "`{}` in {} has no effect: the plugin does not declare the key",
                    visible(key),
                    grant.lists.table
                );
                let mut problem = Problem::new(grant.values_line.clone(), message);
                problem.help = suggest(key, declared.keys.iter().map(String::as_str));
                problem.help = problem.help.map(|help| visible(&help));
                self.add(Severity::Warning, problem);
            }
        }
    }

    fn unknown_need(&mut self, lists: &VerbLists, need: &Name, help: Option<String>) {
        let message = format!(
            "{} is for `{need}`, which the plugin does not need",
            lists.table
        );
        self.error(&lists.line, message, help);
    }

    /// Verbs in `lists` that are not in `possible`.
    fn without_effect(&mut self, lists: &VerbLists, possible: Verbs, why: &str) {
        for (key, verbs, line) in [
            ("allow", lists.allow, &lists.allow_line),
            ("ask", lists.ask, &lists.ask_line),
        ] {
            for verb in verbs.without(possible).iter() {
                let message = format!(
                    "`{verb}` in `{key}` in {} has no effect: {why}",
                    lists.table
                );
                let line = line.as_ref().unwrap_or(&lists.line).clone();
                self.add(Severity::Warning, Problem::new(line, message));
            }
        }
    }

    /// Narrowings of tools that there are not, or of verbs that nothing gives them.
    fn tools(&mut self, given: &Plugin, description: &Description) {
        let listed = |lists: &VerbLists| lists.allowed().union(lists.asked());
        let places = Handle::PLACES
            .into_iter()
            .flat_map(|handle| given.grants.places(handle))
            .map(|(_, grant)| &grant.lists);
        let tables = given
            .grants
            .sql
            .values()
            .flat_map(|grant| grant.tables.values());
        let config = given.grants.config.values().map(|grant| &grant.lists);
        let any = places
            .chain(tables.map(|table| &table.lists))
            .chain(config)
            .map(listed)
            .fold(Verbs::NONE, Verbs::union);
        for (name, lists) in &given.tools {
            let Some(tool) = description.tool(name.as_str()) else {
                let known = description.tools.iter().map(|tool| &tool.name);
                let help = suggest(name.as_str(), known.map(ToolName::as_str));
                let message = format!(
                    "{} is for `{name}`, which is no tool of the plugin",
                    lists.table
                );
                self.error(&lists.line, message, help);
                continue;
            };
            let hinted = tool.hints.forbidden();
            let listed = lists.allow.union(lists.ask);
            self.without_effect(lists, any.union(hinted), "no grant of the plugin gives it");
            self.without_effect(
                lists,
                listed.without(hinted),
                "the tool's own hints rule it out",
            );
        }
    }

    /// Needs that have no grant, and declared keys that have no value.
    fn missing(&mut self, given: &Plugin, needs: &Needs) {
        let plugin = &given.name;
        for handle in Handle::PLACES {
            for (need, declared) in needs.places(handle) {
                if given.grants.place(handle, need).is_none() {
                    let table = place_table(handle, plugin, need, declared.verbs);
                    self.no_grant(given, need, declared.optional, &declared.why, &table);
                }
            }
        }
        for (need, declared) in &needs.config {
            let keys = declared.keys.iter().map(String::as_str);
            let Some(grant) = given.grants.config.get(need) else {
                let table = config_table(plugin, need, keys);
                self.no_grant(given, need, declared.optional, &declared.why, &table);
                continue;
            };
            for key in keys.filter(|key| !grant.values.contains_key(*key)) {
                let table = &grant.lists.table;
                let message = format!("{table} has no value for `{}`", visible(key));
                let problem = Problem::new(grant.values_line.clone(), message);
                self.add(Severity::Note, problem);
            }
        }
    }

    fn no_grant(&mut self, given: &Plugin, need: &Name, optional: bool, why: &str, table: &str) {
        let (severity, without) = if optional {
            (Severity::Note, ", and can do without")
        } else {
            (Severity::Warning, ": each of its calls will be refused")
        };
        let message = format!(
            "plugin `{}` has no grant for `{need}` ({}){without}",
            given.name,
            visible(why)
        );
        let table = table.replace('\n', "\n    ");
        let problem = Problem::new(given.line.clone(), message);
        self.add(
            severity,
            problem.help(format!("to grant it, add\n    {table}")),
        );
    }
}

#[cfg(test)]
mod tests;
