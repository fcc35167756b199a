//! Checking the operator's file against the plugins in it, without running anything.

use std::path::Path;

use super::error::StartError;
use super::operator::read_config;
use super::places::folders;
use super::plugin::Plugin;
use crate::base::id::Name;
use crate::base::label::Label;
use crate::base::principal::Principal;
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
    /// The data places.
    pub places: Vec<Place>,
    /// Who may answer when something has to be asked, and how.
    pub approvals: ApprovalSettings,
}

/// A data place, as far as people ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: Name,
    /// Its folder, as the operator wrote it.
    pub dir: String,
    /// What a call becomes by reading there.
    pub label: Label,
    /// Calls of which labels may write there.
    pub accepts: Label,
}

/// Checks the operator's file `config` for a principal, whose name may stand in templated folders.
///
/// # Errors
/// [`StartError`] where the file or a plugin cannot be read at all.
pub fn check(config: &Path, who: &Principal) -> Result<Checked, StartError> {
    let (config, folder) = read_config(config)?;
    let mut findings = Vec::new();
    let mut capabilities = Vec::new();
    for granted in config.plugins.values() {
        let plugin = Plugin::load(granted, &folder)?;
        findings.extend(check::check(&config, &plugin.name, &plugin.description));
        capabilities.push(Capabilities::granted(
            &plugin.description,
            &config,
            &plugin.name,
        ));
    }
    findings.extend(check_places(&config, &folder, who));
    findings.sort_by_key(|finding| finding.problem.line.number);
    let places = config.data.values().map(|data| Place {
        name: data.name.clone(),
        dir: data.dir.as_str().to_owned(),
        label: data.label.clone(),
        accepts: data.accepts.clone(),
    });
    Ok(Checked {
        findings,
        capabilities,
        places: places.collect(),
        approvals: config.approvals,
    })
}

/// Folders that are not there, and those that lie in one another with different labels.
fn check_places(config: &Config, folder: &Path, who: &Principal) -> Vec<Finding> {
    let mut findings = Vec::new();
    let there = folders(config, folder, who);
    let located: Vec<_> = there
        .iter()
        .map(|(data, folder)| Located { data, folder })
        .collect();
    let wrong = overlaps(&located).into_iter();
    findings.extend(wrong.map(|problem| Finding {
        severity: Severity::Error,
        problem,
    }));
    for data in config.data.values() {
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
