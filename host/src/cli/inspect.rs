//! `toolkeep inspect`: what a plugin file is.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::output::{self, STRONG};
use crate::base::text::visible;
use crate::pack::component::MAX_BYTES;
use crate::pack::inspect::{Inspection, Standing, inspect};
use crate::rules::verb::Handle;

#[derive(Args)]
pub struct Options {
    /// The plugin file
    file: PathBuf,
    /// Print it as one line of JSON
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Exit {
    let path = options.file.display();
    let bytes = match std::fs::metadata(&options.file).and_then(|meta| {
        if meta.len() > MAX_BYTES {
            return Err(std::io::Error::other(format!(
                "it is larger than {} MiB",
                MAX_BYTES >> 20
            )));
        }
        std::fs::read(&options.file)
    }) {
        Ok(bytes) => bytes,
        Err(failed) => {
            output::error(format_args!("cannot read `{path}`: {failed}"));
            return Exit::Usage;
        }
    };
    match inspect(&bytes) {
        Ok(found) if options.json => output::json(&found),
        Ok(found) => {
            print(&found);
            Exit::Done
        }
        Err(failed) => {
            output::error(format_args!("`{path}`: {failed}"));
            Exit::Usage
        }
    }
}

fn print(found: &Inspection) {
    let manifest = &found.manifest;
    output::data(format_args!(
        "{STRONG}{} {}{STRONG:#}",
        manifest.name,
        visible(&manifest.version)
    ));
    output::data(format_args!("  {}", visible(&manifest.description)));
    output::data(format_args!("  {}, {} bytes", found.digest, found.bytes));

    output::data(format_args!("\n{STRONG}needs{STRONG:#}"));
    if manifest.needs.is_empty() {
        output::data("  none: it can compute, and nothing else");
    }
    for handle in Handle::PLACES {
        for (name, need) in manifest.needs.places(handle) {
            let optional = match (need.optional, need.many) {
                (false, false) => "",
                (true, false) => " (optional)",
                (false, true) => " (any number of them)",
                (true, true) => " (optional, any number of them)",
            };
            output::data(format_args!("  {handle}.{name}{optional}: {}", need.verbs));
            output::data(format_args!("    {}", visible(&need.why)));
        }
    }
    for (name, need) in &manifest.needs.config {
        let optional = if need.optional { " (optional)" } else { "" };
        let keys: Vec<&str> = need.keys.iter().map(String::as_str).collect();
        output::data(format_args!(
            "  config.{name}{optional}: read {}",
            visible(&keys.join(", "))
        ));
        output::data(format_args!("    {}", visible(&need.why)));
    }

    output::data(format_args!(
        "\n{STRONG}tools, and what they could do at most{STRONG:#}"
    ));
    for (inspected, can) in found.tools.iter().zip(&found.can.tools) {
        let tool = &inspected.info;
        let mut hints = Vec::new();
        if tool.hints.read_only {
            hints.push("read only");
        } else if tool.hints.non_destructive {
            hints.push("only adds");
        }
        if tool.hints.idempotent && !tool.hints.read_only {
            hints.push("idempotent");
        }
        let hints = if hints.is_empty() {
            String::new()
        } else {
            format!(" ({})", hints.join(", "))
        };
        output::data(format_args!("  {STRONG}{}{STRONG:#}{hints}", tool.name));
        let first = tool.description.lines().next().unwrap_or_default();
        output::data(format_args!("    {}", visible(first)));
        output::data(format_args!("    can it delete?            {}", can.delete));
        output::data(format_args!(
            "    can it reach outside?     {}",
            can.outside
        ));
        let touched: Vec<String> = can
            .places
            .iter()
            .filter(|place| !place.any().is_empty())
            .map(ToString::to_string)
            .chain(can.config.iter().map(ToString::to_string))
            .collect();
        let touched = if touched.is_empty() {
            "none".to_owned()
        } else {
            touched.join("; ")
        };
        output::data(format_args!("    which data can it touch?  {touched}"));
        let roles: Vec<String> = inspected
            .argument_roles
            .iter()
            .map(|(name, role)| format!("{role} `{}`", visible(name)))
            .collect();
        if !roles.is_empty() {
            output::data(format_args!(
                "    argument roles            {}",
                roles.join(", ")
            ));
        }
    }

    let bad = |standing| matches!(standing, Standing::Undeclared | Standing::Unknown);
    output::data(format_args!("\n{STRONG}imports{STRONG:#}"));
    for import in &found.imports {
        let says = match import.standing {
            Standing::Harmless => continue,
            Standing::Declared => "declared",
            Standing::Undeclared => "NOT DECLARED: the plugin cannot be run",
            Standing::Unknown => "UNKNOWN: the plugin cannot be run",
        };
        output::data(format_args!("  {}  {says}", visible(&import.name)));
    }
    let harmless = found
        .imports
        .iter()
        .filter(|import| import.standing == Standing::Harmless)
        .count();
    output::data(format_args!(
        "  and {harmless} that every plugin has and that reach nothing"
    ));
    if found.imports.iter().any(|import| bad(import.standing)) {
        output::warning("this plugin imports what its manifest does not declare");
    }
}
