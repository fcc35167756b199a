//! `toolkeep check`: is the operator's file right, and who may do what by it.

use clap::Args;
use serde::Serialize;

use super::call::Who;
use super::exit::Exit;
use super::output::{self, FAINT, STRONG};
use super::{Where, could_not_start};
use crate::api::check::{Called, Checked, check};
use crate::base::text::visible;
use crate::rules::check::{Finding, Severity};
use crate::rules::config::ApprovalSettings;
use crate::rules::may::{Capabilities, PlaceCapability, ToolCapabilities};
use crate::rules::verb::Verbs;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// Print it as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    findings: &'a [Finding],
    capabilities: &'a [Capabilities],
    names: &'a [Called],
    approvals: Approvals<'a>,
}

/// Who may answer when something has to be asked, and how.
#[derive(Serialize)]
struct Approvals<'a> {
    keys: Vec<&'a str>,
    elicitation: bool,
    console_only: Verbs,
    valid_minutes: u64,
}

impl<'a> Approvals<'a> {
    fn of(settings: &'a ApprovalSettings) -> Self {
        Self {
            keys: settings.keys.iter().map(|key| key.text.as_str()).collect(),
            elicitation: settings.elicitation,
            console_only: settings.console_only,
            valid_minutes: settings.valid_minutes,
        }
    }
}

pub fn run(options: &Options) -> Exit {
    let who = match options.who.principal() {
        Ok(who) => who,
        Err(why) => {
            output::error(why);
            return Exit::Usage;
        }
    };
    let checked = match check(&options.place.config, options.place.state.as_deref(), &who) {
        Ok(checked) => checked,
        Err(failed) => return could_not_start(&failed),
    };
    if options.json {
        let json = Json {
            findings: &checked.findings,
            capabilities: &checked.capabilities,
            names: &checked.names,
            approvals: Approvals::of(&checked.approvals),
        };
        output::json(&json);
    } else {
        print(&checked);
    }
    for finding in &checked.findings {
        match finding.severity {
            Severity::Note => output::note(&finding.problem),
            Severity::Warning => output::warning(&finding.problem),
            Severity::Error => output::error(&finding.problem),
        }
    }
    let wrong = checked
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    if wrong { Exit::Usage } else { Exit::Done }
}

fn print(checked: &Checked) {
    if checked.capabilities.is_empty() {
        output::data("no plugins are configured: nobody may do anything");
        return;
    }
    let mut rows = Vec::new();
    let mut names = checked.names.iter();
    for plugin in &checked.capabilities {
        for tool in &plugin.tools {
            // Both are in the order of the plugins and of their tools.
            let mut shown = tool.tool.to_string();
            if let Some(called) = names.next()
                && called.name != shown
            {
                shown = format!("{shown}, called {}", called.name);
            }
            rows.extend(tool_rows(plugin, tool, &shown));
        }
    }
    output::data(output::table(
        [
            "plugin",
            "tool",
            "data",
            "may",
            "asks first",
            "paths",
            "delete?",
            "outside?",
        ],
        rows,
    ));
    output::data(format_args!("{FAINT}what is not listed is denied{FAINT:#}"));
    let labels: Vec<[String; 4]> = checked
        .places
        .iter()
        .map(|place| {
            [
                place.name.to_string(),
                visible(&place.source),
                place.label.to_string(),
                place.accepts.to_string(),
            ]
        })
        .collect();
    if !labels.is_empty() {
        output::data(format_args!("\n{STRONG}data{STRONG:#}"));
        output::data(output::table(["name", "place", "label", "accepts"], labels));
    }
    print_approvals(checked);
}

/// Who may answer; nothing where nothing asks and nobody is named.
fn print_approvals(checked: &Checked) {
    let settings = &checked.approvals;
    let tools = checked.capabilities.iter().flat_map(|plugin| &plugin.tools);
    let asks = tools
        .flat_map(|tool| &tool.places)
        .any(|place| !place.ask.is_empty());
    if !asks && settings.keys.is_empty() {
        return;
    }
    output::data(format_args!(
        "\n{STRONG}who may approve what asks{STRONG:#}"
    ));
    if settings.keys.is_empty() {
        output::data("nobody yet: `toolkeep approvals init` makes a key");
    } else {
        let rows = settings.keys.iter();
        let rows = rows
            .map(|key| [visible(&key.name), key.text.clone()])
            .collect();
        output::data(output::table(["name", "key"], rows));
    }
    let client = if !settings.elicitation {
        "no".to_owned()
    } else if settings.console_only.is_empty() {
        "yes".to_owned()
    } else {
        format!("yes, but for {}", settings.console_only)
    };
    let minutes = output::count(settings.valid_minutes, "minute");
    output::data(format_args!(
        "{FAINT}asked by way of the client: {client}; an answer counts for {minutes}{FAINT:#}"
    ));
}

/// One row for each place that a tool, shown as that, may touch; one with nothing where it may touch none.
fn tool_rows(plugin: &Capabilities, tool: &ToolCapabilities, shown: &str) -> Vec<[String; 8]> {
    let dash = || "-".to_owned();
    let mut rows: Vec<[String; 8]> = tool
        .places
        .iter()
        .filter(|place| !place.any().is_empty())
        .map(|may| {
            let verbs = |verbs: Verbs| {
                if verbs.is_empty() {
                    "-".to_owned()
                } else {
                    verbs.to_string()
                }
            };
            let data = may
                .place
                .as_ref()
                .map_or_else(dash, |place| place.data.to_string());
            [
                dash(),
                dash(),
                data,
                verbs(may.allow),
                verbs(may.ask),
                paths(may),
                dash(),
                dash(),
            ]
        })
        .collect();
    if let Some(config) = &tool.config {
        let keys = config.to_string();
        rows.push([
            dash(),
            dash(),
            "config".to_owned(),
            keys,
            dash(),
            dash(),
            dash(),
            dash(),
        ]);
    }
    if rows.is_empty() {
        let nothing = "nothing: it can compute".to_owned();
        rows.push([
            dash(),
            dash(),
            dash(),
            nothing,
            dash(),
            dash(),
            dash(),
            dash(),
        ]);
    }
    for (index, row) in rows.iter_mut().enumerate() {
        let [plugin_cell, tool_cell, .., delete, outside] = row;
        *plugin_cell = plugin.plugin.to_string();
        *tool_cell = shown.to_owned();
        if index == 0 {
            *delete = tool.delete.to_string();
            *outside = tool.outside.to_string();
        } else {
            delete.clear();
            outside.clear();
        }
    }
    rows
}

fn paths(may: &PlaceCapability) -> String {
    let Some(place) = &may.place else {
        return "-".to_owned();
    };
    let mut parts = Vec::new();
    if !place.only.is_empty() {
        parts.push(format!("only {}", visible(&place.only.join(", "))));
    }
    if !place.except.is_empty() {
        parts.push(format!("except {}", visible(&place.except.join(", "))));
    }
    if parts.is_empty() {
        "all".to_owned()
    } else {
        parts.join("; ")
    }
}
