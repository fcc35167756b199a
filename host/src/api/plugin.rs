//! A plugin as a host holds it: described at once, compiled when it is first called.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::error::StartError;
use crate::base::digest::Digest;
use crate::base::id::Name;
use crate::base::text;
use crate::engine::compile::{CodeCache, CompileError, Compiled};
use crate::engine::runtime::Engine;
use crate::pack::component::{Component, MAX_BYTES};
use crate::rules::config;
use crate::rules::manifest::Manifest;
use crate::rules::tool::{Description, ToolInfo};

/// A plugin as a host holds it.
pub(super) struct Plugin {
    pub name: Name,
    pub path: PathBuf,
    pub digest: Digest,
    pub manifest: Arc<Manifest>,
    pub description: Description,
    pub tools: Vec<Tool>,
    bytes: Vec<u8>,
    compiled: OnceLock<Compiled>,
}

/// One tool, with its schemas ready to be checked against.
pub(super) struct Tool {
    pub info: ToolInfo,
    input: jsonschema::Validator,
    output: Option<jsonschema::Validator>,
}

impl Plugin {
    /// Reads the file and its description; runs and compiles nothing.
    pub(super) fn load(granted: &config::Plugin, folder: &Path) -> Result<Self, StartError> {
        let path = folder.join(&granted.path);
        let failed = |why: String| StartError::Plugin {
            plugin: granted.name.to_string(),
            path: text::visible(&granted.path),
            why,
        };
        let size = std::fs::metadata(&path).map_err(|error| {
            failed(format!(
                "{error}; build it with `toolkeep build`, or correct `path` at {}",
                granted.line
            ))
        })?;
        if size.len() > MAX_BYTES {
            return Err(failed(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
        }
        let bytes = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
        let component = Component::read(&bytes).map_err(|error| failed(error.to_string()))?;
        if let Some(pinned) = granted.digest
            && pinned != component.digest
        {
            return Err(failed(format!(
                "its digest is {}, but `digest` at {} says {pinned}; if you changed it yourself, correct `digest`",
                component.digest, granted.line
            )));
        }
        let description = component
            .description()
            .map_err(|error| failed(error.to_string()))?;
        let tools = description.tools.iter().cloned().map(Tool::new);
        let tools = tools.collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self {
            name: granted.name.clone(),
            path,
            digest: component.digest,
            manifest: Arc::new(description.manifest.clone()),
            description,
            tools,
            bytes,
            compiled: OnceLock::new(),
        })
    }

    /// The compiled component. Compiling takes seconds, so that this must not be called where others
    /// wait.
    pub(super) fn compiled(
        &self,
        engine: &Engine,
        cache: &CodeCache,
    ) -> Result<&Compiled, CompileError> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let compiled = engine.compile(&self.bytes, cache)?;
        Ok(self.compiled.get_or_init(|| compiled))
    }
}

impl Tool {
    fn new(info: ToolInfo) -> Result<Self, String> {
        let validator = |what: &str, schema: &Value| {
            // A schema comes from a plugin's author: its patterns must not be able to take for ever.
            jsonschema::options()
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .build(schema)
                .map_err(|error| {
                    let error = text::shorten(&text::visible(&error.to_string()), 300);
                    format!(
                        "the {what} schema of tool `{}` is not right: {error}",
                        info.name
                    )
                })
        };
        let input = validator("input", &info.input_schema)?;
        let output = info
            .output_schema
            .as_ref()
            .map(|schema| validator("output", schema))
            .transpose()?;
        Ok(Self {
            info,
            input,
            output,
        })
    }

    /// What does not fit of a call's arguments.
    pub(super) fn misfit(&self, arguments: &Value) -> Option<String> {
        misfits(&self.input, arguments)
    }

    /// Whether a structured output is what the tool promises.
    pub(super) fn promises(&self, output: Option<&Value>) -> bool {
        match (&self.output, output) {
            (None, _) => true,
            (Some(schema), Some(value)) => schema.is_valid(value),
            (Some(_), None) => false,
        }
    }
}

/// The first few things that do not fit, as one sentence.
fn misfits(schema: &jsonschema::Validator, value: &Value) -> Option<String> {
    let told: Vec<String> = schema
        .iter_errors(value)
        .take(3)
        .map(|error| {
            let at = error.instance_path().to_string();
            let what = text::shorten(&text::visible(&error.to_string()), 200);
            if at.is_empty() {
                what
            } else {
                format!("at `{}`: {what}", text::visible(&at))
            }
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}
