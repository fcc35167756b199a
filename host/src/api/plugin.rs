//! A plugin as a host holds it: described at once, compiled when it is first called.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::error::StartError;
use super::schema::Schema;
use crate::base::digest::Digest;
use crate::base::id::Name;
use crate::base::text;
use crate::engine::compile::{CodeCache, Compiled};
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
    compiled: OnceLock<Compiled>,
    compiling: Mutex<()>,
}

/// One tool, with its schemas ready to be checked against.
pub(super) struct Tool {
    pub info: ToolInfo,
    pub input: Schema,
    pub output: Option<Schema>,
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
        if size.is_dir() {
            return Err(failed(format!(
                "it is a folder; build it, and write the plugin file into `path` at {}",
                granted.line
            )));
        }
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
        let mut description = component
            .description()
            .map_err(|error| failed(error.to_string()))?;
        let needs = &mut description.manifest.needs;
        *needs = needs.for_grants(granted.fs.keys());
        let tools = description.tools.iter().cloned().map(Tool::new);
        let tools = tools.collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self {
            name: granted.name.clone(),
            path,
            digest: component.digest,
            manifest: Arc::new(description.manifest.clone()),
            description,
            tools,
            compiled: OnceLock::new(),
            compiling: Mutex::new(()),
        })
    }

    /// The compiled component, if it was called before.
    pub(super) fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get()
    }

    /// Compiles the component, once. It takes seconds where nothing is cached, so that this must not be
    /// called where others wait. The file is read again, and has to be what it was when it was
    /// described.
    pub(super) fn compile(&self, engine: &Engine, cache: &CodeCache) -> Result<(), String> {
        let _one_at_a_time = self
            .compiling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.compiled.get().is_some() {
            return Ok(());
        }
        let bytes = std::fs::read(&self.path).map_err(|error| {
            format!(
                "the file of plugin `{}` cannot be read any more: {error}",
                self.name
            )
        })?;
        if Digest::of(&bytes) != self.digest {
            return Err(format!(
                "the file of plugin `{}` was changed since it was loaded; start the host again to use the new one",
                self.name
            ));
        }
        let compiled = engine
            .compile(&bytes, cache)
            .map_err(|error| error.to_string())?;
        // The lock above makes sure that nobody else was first.
        drop(self.compiled.set(compiled));
        Ok(())
    }
}

impl Tool {
    fn new(info: ToolInfo) -> Result<Self, String> {
        let schema = |what: &str, json: &Value| {
            Schema::new(json)
                .map_err(|error| format!("the {what} schema of tool `{}` {error}", info.name))
        };
        let input = schema("input", &info.input_schema)?;
        let output = info
            .output_schema
            .as_ref()
            .map(|json| schema("output", json))
            .transpose()?;
        Ok(Self {
            info,
            input,
            output,
        })
    }
}
