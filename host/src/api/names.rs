//! The names that models know tools by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::StartError;
use super::plugin::Plugin;
use crate::base::id::ToolName;
use crate::rules::config::Config;
use crate::rules::may::{Capabilities, Effects};
use crate::rules::problem::{Line, Problem, Problems};
use crate::rules::scope::Scope;
use crate::rules::verdict::Verdict;

/// A tool that has a name: where it is, and what it may do.
#[derive(Clone, Copy)]
pub(super) struct Named {
    /// The plugin, by index.
    pub plugin: usize,
    /// Its tool, by index.
    pub tool: usize,
    /// Whether it may be called at all.
    pub callable: bool,
    /// What it can do to the world.
    pub effects: Effects,
}

/// What all tools are called by.
pub(super) struct Names {
    /// The names, in the order of the plugins and of their tools.
    pub all: Vec<Vec<String>>,
    /// Where two would still have one name, or one is longer than clients take: no tool may stand in for
    /// another.
    pub problems: Vec<Problem>,
}

/// A tool is known by its own name, or as `plugin_tool` where two plugins have one of that name.
pub(super) fn names(config: &Config, plugins: &[Arc<Plugin>]) -> Names {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for tool in plugins.iter().flat_map(|plugin| &plugin.tools) {
        *owners.entry(tool.info.name.as_str()).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let mut problems = Vec::new();
    let mut name = |plugin: &Plugin, own: &str| {
        let name = match owners.get(own) {
            Some(1) => own.to_owned(),
            _ => format!("{}_{own}", plugin.name),
        };
        let why = if ToolName::new(&name).is_err() {
            Some("is longer than clients take")
        } else if !taken.insert(name.clone()) {
            Some("is the name of a tool of another plugin too")
        } else {
            None
        };
        if let Some(why) = why {
            problems.push(unusable(config, plugin, own, &name, why));
        }
        name
    };
    let all = plugins.iter().map(|plugin| {
        let tools = plugin.tools.iter();
        tools
            .map(|tool| name(plugin, tool.info.name.as_str()))
            .collect()
    });
    let all = all.collect();
    Names { all, problems }
}

fn unusable(config: &Config, plugin: &Plugin, own: &str, name: &str, why: &str) -> Problem {
    let line = config.plugins.get(&plugin.name).map_or_else(
        || Line {
            file: config.file.clone(),
            number: 0,
        },
        |granted| granted.line.clone(),
    );
    let message = format!(
        "the tool `{own}` of [plugins.{}] would be called `{name}`, which {why}",
        plugin.name
    );
    Problem::new(line, message).help("give the plugin another name in this file")
}

/// All tools, by their names.
///
/// # Errors
/// Where [`names`] finds problems.
pub(super) fn name_tools(
    config: &Config,
    plugins: &[Arc<Plugin>],
) -> Result<BTreeMap<String, Named>, StartError> {
    let Names { all, problems } = names(config, plugins);
    if let Some(problems) = Problems::new(problems) {
        return Err(StartError::Config(problems));
    }
    let mut named = BTreeMap::new();
    for (at, (plugin, names)) in plugins.iter().zip(all).enumerate() {
        let capabilities = Capabilities::granted(&plugin.description, config, &plugin.name);
        let tools = plugin.tools.iter().zip(&capabilities.tools).zip(names);
        for (index, ((tool, capabilities), name)) in tools.enumerate() {
            let scope = Scope::new(config, &plugin.manifest, &tool.info, &plugin.name);
            let tool = Named {
                plugin: at,
                tool: index,
                callable: scope.decide_call().verdict() != Verdict::Deny,
                effects: capabilities.effects(),
            };
            named.insert(name, tool);
        }
    }
    Ok(named)
}
