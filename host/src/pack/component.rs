//! A plugin file, read without running or compiling any of it; and the custom section that makes a
//! component a plugin.

use wasm_encoder::{CustomSection, Encode as _, Section as _};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::base::digest::Digest;
use crate::base::text;
use crate::rules::tool::Description;

/// The name of the custom section that holds a plugin's description, as JSON.
pub const SECTION: &str = "toolkeep:plugin";

/// The interface that makes a component a plugin.
pub const TOOLS: &str = "toolkeep:tool/tools@0.1.0";

/// The largest component that is read.
pub const MAX_BYTES: u64 = 256 << 20;

/// Why bytes are not a plugin.
#[derive(Debug, thiserror::Error)]
pub enum BadComponent {
    /// They are something else entirely.
    #[error("this is not WebAssembly: it does not start with its magic number")]
    NotWasm,
    /// They are a core module.
    #[error(
        "this is a core WebAssembly module, not a component; build it for `wasm32-wasip2`, or with `toolkeep build`"
    )]
    CoreModule,
    /// They are cut off, changed, or use what this version does not know.
    #[error("this is not a valid WebAssembly component: {0}")]
    Invalid(String),
    /// There is no description.
    #[error("this component carries no plugin description; package it with `toolkeep build`")]
    NoDescription,
    /// There are several descriptions.
    #[error("this component carries more than one plugin description; package it anew")]
    ManyDescriptions,
    /// The description is not what it should be.
    #[error("the plugin description in this component cannot be read: {0}")]
    BadDescription(String),
}

/// A component, read and validated, nothing of it run.
#[derive(Debug)]
pub struct Component {
    /// The digest of the whole file.
    pub digest: Digest,
    /// The file's size.
    pub bytes: u64,
    /// The interfaces and functions that it wants, in its own order.
    pub imports: Vec<String>,
    /// The interfaces and functions that it offers, in its own order.
    pub exports: Vec<String>,
    descriptions: Vec<Vec<u8>>,
}

impl Component {
    /// Reads and validates a component.
    ///
    /// # Errors
    /// [`BadComponent`] for bytes that are no component.
    pub fn read(bytes: &[u8]) -> Result<Self, BadComponent> {
        if !bytes.starts_with(b"\0asm") {
            return Err(BadComponent::NotWasm);
        }
        let invalid = |error: wasmparser::BinaryReaderError| {
            BadComponent::Invalid(text::shorten(&text::visible(&error.to_string()), 300))
        };
        let mut read = Self {
            digest: Digest::of(bytes),
            bytes: bytes.len() as u64,
            imports: Vec::new(),
            exports: Vec::new(),
            descriptions: Vec::new(),
        };
        let mut depth = 0u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(invalid)? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    return Err(BadComponent::CoreModule);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        read.imports
                            .push(import.map_err(invalid)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        read.exports
                            .push(export.map_err(invalid)?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if depth == 0 && section.name() == SECTION => {
                    read.descriptions.push(section.data().to_vec());
                }
                _ => {}
            }
        }
        let features = WasmFeatures::default() & !WasmFeatures::MEMORY64;
        Validator::new_with_features(features)
            .validate_all(bytes)
            .map_err(invalid)?;
        Ok(read)
    }

    /// Whether it exports the tools of a plugin.
    pub fn has_tools(&self) -> bool {
        self.exports.iter().any(|export| export == TOOLS)
    }

    /// The plugin's description.
    ///
    /// # Errors
    /// [`BadComponent`] where there is none, or not exactly one good one.
    pub fn description(&self) -> Result<Description, BadComponent> {
        match self.descriptions.as_slice() {
            [] => Err(BadComponent::NoDescription),
            [json] => serde_json::from_slice(json)
                .map_err(|error| BadComponent::BadDescription(text::visible(&error.to_string()))),
            _ => Err(BadComponent::ManyDescriptions),
        }
    }
}

/// The component `bytes` with `description` embedded at its outer level.
///
/// # Errors
/// [`BadComponent::BadDescription`] where the description cannot be written.
pub fn embed(bytes: &[u8], description: &Description) -> Result<Vec<u8>, BadComponent> {
    let json = serde_json::to_vec(description)
        .map_err(|error| BadComponent::BadDescription(error.to_string()))?;
    let section = CustomSection {
        name: SECTION.into(),
        data: json.into(),
    };
    let mut out = bytes.to_vec();
    out.push(section.id());
    section.encode(&mut out);
    Ok(out)
}
