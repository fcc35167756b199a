//! What a plugin file is, in plain answers. Never runs any of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::component::{BadComponent, Component};
use crate::base::digest::Digest;
use crate::engine::links::{Import, classify};
use crate::rules::manifest::Manifest;
use crate::rules::may::Capabilities;
use crate::rules::role::ArgumentRole;
use crate::rules::tool::{Description, ToolInfo};

/// What a plugin file is.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// The file's digest.
    pub digest: Digest,
    /// The file's size.
    pub bytes: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its tools.
    pub tools: Vec<InspectedTool>,
    /// What each tool could do at most, whatever was granted.
    pub can: Capabilities,
    /// What it imports, and what that is held against.
    pub imports: Vec<Imported>,
}

/// One tool, with what its schema says of its arguments.
#[derive(Debug, Serialize)]
pub struct InspectedTool {
    /// The tool.
    #[serde(flatten)]
    pub info: ToolInfo,
    /// What its arguments are to its deed, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub argument_roles: BTreeMap<String, ArgumentRole>,
}

/// One imported interface.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// Its name.
    pub name: String,
    /// What it is to Toolkeep.
    pub standing: Standing,
}

/// What an import is to Toolkeep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Every plugin has it; it reaches nothing.
    Harmless,
    /// A declared need covers it.
    Declared,
    /// No declared need covers it: the plugin cannot be run.
    Undeclared,
    /// No plugin is ever given it: the plugin cannot be run.
    Unknown,
}

/// Reads and validates a plugin file.
///
/// # Errors
/// [`BadComponent`] for bytes that are no plugin.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, BadComponent> {
    let component = Component::read(bytes)?;
    let description = component.description()?;
    let can = Capabilities::at_most(&description);
    let Description {
        manifest, tools, ..
    } = description;
    let needs = &manifest.needs;
    let standing = |import: &str| match classify(import) {
        Import::Baseline => Standing::Harmless,
        Import::Of(handle) if needs.wants(handle) => Standing::Declared,
        Import::Of(_) => Standing::Undeclared,
        Import::Unknown => Standing::Unknown,
    };
    let imports = component
        .imports
        .into_iter()
        .map(|name| Imported {
            standing: standing(&name),
            name,
        })
        .collect();
    let tools = tools
        .into_iter()
        .map(|info| InspectedTool {
            argument_roles: info.argument_roles(),
            info,
        })
        .collect();
    Ok(Inspection {
        digest: component.digest,
        bytes: component.bytes,
        manifest,
        tools,
        can,
        imports,
    })
}
