//! Checking the operator's file against the plugins in it, without running anything.

use std::path::Path;

use serde::Serialize;

use super::error::StartError;
use super::names::names;
use super::operator::{read_config, state_folder};
use super::places::folders;
use super::plugin::load;
use crate::base::id::{Name, ToolName};
use crate::base::label::Label;
use crate::base::principal::Principal;
use crate::pack::known::Known;
use crate::rules::check::{self, Finding, Severity};
use crate::rules::config::{ApprovalSettings, Config, Located, overlaps};
use crate::rules::may::Capabilities;
use crate::rules::problem::Problem;

/// What was found.
#[derive(Debug)]
pub struct Checked {
    /// What an operator should know, in the order of the file.
    pub findings: Vec<Finding>,
    /// What each tool of each plugin may do.
    pub capabilities: Vec<Capabilities>,
    /// What each tool is called by.
    pub names: Vec<Called>,
    /// The data places.
    pub places: Vec<Place>,
    /// Who may answer when something has to be asked, and how.
    pub approvals: ApprovalSettings,
}

/// What a tool is called by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Called {
    /// The plugin.
    pub plugin: Name,
    /// The tool.
    pub tool: ToolName,
    /// The name that models know it by: its own, or `plugin_tool` where two plugins have one of this
    /// name.
    pub name: String,
}

/// A data place, as far as people ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: Name,
    /// What it really is, as the operator wrote it: a folder, a URL, a database.
    pub source: String,
    /// What a call becomes by reading there.
    pub label: Label,
    /// Calls of which labels may write there.
    pub accepts: Label,
}

/// Checks the operator's file `config` for a principal, whose name may stand in templated folders. What
/// the state folder `state` knows of the plugins is not read again; without it, what the one does that
/// the file or the environment names.
///
/// # Errors
/// [`StartError`] where the file or a plugin cannot be read at all.
pub fn check(config: &Path, state: Option<&Path>, who: &Principal) -> Result<Checked, StartError> {
    let (config, folder) = read_config(config)?;
    let known = match state {
        Some(state) => Known::read(state),
        None => state_folder(&config, &folder)
            .map_or_else(|_| Known::nothing(), |state| Known::read(&state)),
    };
    let plugins = load(&config, &folder, &known)?;
    let named = names(&config, &plugins);
    let mut findings: Vec<Finding> = named.problems.into_iter().map(wrong).collect();
    let mut capabilities = Vec::new();
    let mut names = Vec::new();
    for (plugin, called) in plugins.iter().zip(named.all) {
        findings.extend(check::check(&config, &plugin.name, &plugin.description));
        capabilities.push(Capabilities::granted(
            &plugin.description,
            &config,
            &plugin.name,
        ));
        let tools = plugin.tools.iter().zip(called);
        names.extend(tools.map(|(tool, name)| Called {
            plugin: plugin.name.clone(),
            tool: tool.info.name.clone(),
            name,
        }));
    }
    findings.extend(check_places(&config, &folder, who));
    findings.sort_by_key(|finding| finding.problem.line.number);
    let places = config.data.values().map(|data| Place {
        name: data.name.clone(),
        source: data.source.to_string(),
        label: data.label.clone(),
        accepts: data.accepts.clone(),
    });
    Ok(Checked {
        findings,
        capabilities,
        names,
        places: places.collect(),
        approvals: config.approvals,
    })
}

fn wrong(problem: Problem) -> Finding {
    Finding {
        severity: Severity::Error,
        problem,
    }
}

/// Folders that are not there, and those that lie in one another with different labels.
fn check_places(config: &Config, folder: &Path, who: &Principal) -> Vec<Finding> {
    let mut findings = Vec::new();
    let there = folders(config, folder, who);
    let located: Vec<_> = there
        .iter()
        .map(|(data, folder)| Located { data, folder })
        .collect();
    findings.extend(overlaps(&located).into_iter().map(wrong));
    for data in config.data.values().filter(|data| data.folder().is_some()) {
        if !there.iter().any(|(known, _)| known.name == data.name) {
            let message = format!("the folder of [data.{}] is not there yet", data.name);
            let problem = Problem::new(data.line.clone(), message)
                .help("create it before a tool is called, or correct `dir`");
            findings.push(Finding {
                severity: Severity::Warning,
                problem,
            });
        }
    }
    findings
}
