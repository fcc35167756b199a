//! A plugin as a host holds it: described at once, compiled when it is first called.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::error::StartError;
use super::schema::Schema;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::Name;
use crate::base::text;
use crate::engine::compile::{CodeCache, Compiled};
use crate::engine::runtime::Engine;
use crate::pack::component::{Component, MAX_BYTES};
use crate::pack::known::{Known, Mark};
use crate::rules::config::{self, Config};
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

/// One tool. Its schemas are made ready when they are needed: in a host of many plugins most never are.
pub(super) struct Tool {
    pub info: ToolInfo,
    input: OnceLock<Result<Schema, String>>,
    output: OnceLock<Result<Schema, String>>,
}

impl Plugin {
    /// Takes what is known of the file, if anything is.
    pub(super) fn recall(
        granted: &config::Plugin,
        folder: &Path,
        known: &Known,
    ) -> Result<Option<Self>, StartError> {
        let path = folder.join(&granted.path);
        let meta = about(granted, &path).map_err(|why| failed(granted, why))?;
        let Some((digest, description)) = known.get(&Mark::of(&meta)) else {
            return Ok(None);
        };
        // Its schemas were found good when it was read.
        Self::new(granted, path, digest, description).map(Some)
    }

    /// Reads the file and its description; runs and compiles nothing.
    pub(super) fn load(
        granted: &config::Plugin,
        folder: &Path,
        known: &Known,
    ) -> Result<Self, StartError> {
        let path = folder.join(&granted.path);
        let failed = |why| failed(granted, why);
        about(granted, &path).map_err(failed)?;
        let began = Timestamp::now();
        let (bytes, mark) = read(&path).map_err(|error| failed(error.to_string()))?;
        let component = Component::read(&bytes).map_err(|error| failed(error.to_string()))?;
        let description = component.description();
        let description = description.map_err(|error| failed(error.to_string()))?;
        let plugin = Self::new(granted, path, component.digest, description.clone())?;
        for tool in &plugin.tools {
            tool.check().map_err(failed)?;
        }
        if let Some(mark) = mark {
            known.learn(mark, began, component.digest, &description);
        }
        Ok(plugin)
    }

    fn new(
        granted: &config::Plugin,
        path: PathBuf,
        digest: Digest,
        mut description: Description,
    ) -> Result<Self, StartError> {
        if let Some(pinned) = granted.digest
            && pinned != digest
        {
            let why = format!(
                "its digest is {digest}, but `digest` at {} says {pinned}; if you changed it yourself, correct `digest`",
                granted.line
            );
            return Err(failed(granted, why));
        }
        let needs = &mut description.manifest.needs;
        *needs = needs.for_grants(&granted.grants);
        let tools = description.tools.iter().cloned().map(Tool::new).collect();
        Ok(Self {
            name: granted.name.clone(),
            path,
            digest,
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

/// The plugins of the operator's file, which stands in `folder`.
pub(super) fn load(
    config: &Config,
    folder: &Path,
    known: &Known,
) -> Result<Vec<Arc<Plugin>>, StartError> {
    let mut plugins = Vec::with_capacity(config.plugins.len());
    let mut unknown = Vec::new();
    for (at, granted) in config.plugins.values().enumerate() {
        match Plugin::recall(granted, folder, known)? {
            Some(plugin) => plugins.push((at, plugin)),
            None => unknown.push((at, granted)),
        }
    }
    plugins.extend(load_all(&unknown, folder, known)?);
    plugins.sort_unstable_by_key(|(at, _)| *at);
    let plugins = plugins.into_iter();
    Ok(plugins.map(|(_, plugin)| Arc::new(plugin)).collect())
}

/// Reads several plugin files at once: each takes milliseconds, and there may be many.
fn load_all(
    granted: &[(usize, &Arc<config::Plugin>)],
    folder: &Path,
    known: &Known,
) -> Result<Vec<(usize, Plugin)>, StartError> {
    let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = granted.len().div_ceil(at_once).max(1);
    let some = |part: &[(usize, &Arc<config::Plugin>)]| {
        let loaded = part.iter();
        loaded
            .map(|(at, granted)| Ok((*at, Plugin::load(granted, folder, known)?)))
            .collect::<Result<Vec<_>, StartError>>()
    };
    if granted.len() <= 1 {
        return some(granted);
    }
    std::thread::scope(|scope| {
        let parts = granted.chunks(share);
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || some(part))).collect();
        let mut all = Vec::with_capacity(granted.len());
        for part in parts {
            match part.join() {
                Ok(loaded) => all.extend(loaded?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

fn failed(granted: &config::Plugin, why: String) -> StartError {
    StartError::Plugin {
        plugin: granted.name.to_string(),
        path: text::visible(&granted.path),
        why,
    }
}

/// What the system says of a plugin file that may be read.
fn about(granted: &config::Plugin, path: &Path) -> Result<Metadata, String> {
    let meta = std::fs::metadata(path).map_err(|error| {
        format!(
            "{error}; build it with `toolkeep build`, or correct `path` at {}",
            granted.line
        )
    })?;
    if meta.is_dir() {
        return Err(format!(
            "it is a folder; build it, and write the plugin file into `path` at {}",
            granted.line
        ));
    }
    if meta.len() > MAX_BYTES {
        return Err(format!("it is larger than {} MiB", MAX_BYTES >> 20));
    }
    Ok(meta)
}

/// All of a file, and its mark if it did not change meanwhile.
fn read(path: &Path) -> io::Result<(Vec<u8>, Option<Mark>)> {
    let mut file = File::open(path)?;
    let before = Mark::of(&file.metadata()?);
    let mut bytes = Vec::new();
    (&mut file).take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let same = before == Mark::of(&file.metadata()?);
    Ok((bytes, same.then_some(before)))
}

impl Tool {
    fn new(info: ToolInfo) -> Self {
        Self {
            info,
            input: OnceLock::new(),
            output: OnceLock::new(),
        }
    }

    /// Makes sure that the schemas can be used.
    fn check(&self) -> Result<(), String> {
        self.input()?;
        self.output().transpose().map(drop)
    }

    /// The schema of the arguments.
    pub(super) fn input(&self) -> Result<&Schema, String> {
        self.schema("input", &self.input, &self.info.input_schema)
    }

    /// The schema of the structured output, if the tool promises any.
    pub(super) fn output(&self) -> Option<Result<&Schema, String>> {
        let json = self.info.output_schema.as_ref()?;
        Some(self.schema("output", &self.output, json))
    }

    fn schema<'a>(
        &self,
        what: &str,
        made: &'a OnceLock<Result<Schema, String>>,
        json: &Value,
    ) -> Result<&'a Schema, String> {
        let schema = made.get_or_init(|| Schema::new(json));
        schema
            .as_ref()
            .map_err(|error| format!("the {what} schema of tool `{}` {error}", self.info.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "[plugins.notes]\npath = \"notes.wasm\"\n";

    /// A file that is no plugin, in a folder where it is known as one.
    fn known(name: &str) -> (PathBuf, Known) {
        let folder =
            std::env::temp_dir().join(format!("toolkeep-plugin-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("notes.wasm");
        std::fs::write(&path, "something else").unwrap();
        let tool = json!({"name": "t", "description": "Does", "input_schema": {"type": "object"}});
        let manifest = json!({"name": "notes", "version": "1", "description": "Is"});
        let json = json!({"format": 1, "manifest": manifest, "tools": [tool]});
        let description = serde_json::from_str(&json.to_string()).unwrap();
        let mark = Mark::of(&std::fs::metadata(&path).unwrap());
        let known = Known::nothing();
        let later = Timestamp::from_micros(u64::MAX);
        known.learn(mark, later, Digest::of(b"plugin"), &description);
        (folder, known)
    }

    fn loaded(text: &str, folder: &Path, known: &Known) -> Result<Vec<Arc<Plugin>>, String> {
        let config = Config::parse("toolkeep.toml", text).unwrap();
        load(&config, folder, known).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_known_is_not_read_again_and_other_code_is_not_compiled() {
        let (folder, known) = known("known");
        let plugins = loaded(TEXT, &folder, &known).unwrap();
        let plugin = plugins.first().unwrap();
        assert_eq!(plugin.digest, Digest::of(b"plugin"));
        assert!(plugin.tools.first().unwrap().input().is_ok());
        let engine = Engine::start(Default::default()).unwrap();
        let error = plugin.compile(&engine, &CodeCache::none()).unwrap_err();
        assert!(
            error.contains("`notes` was changed since it was"),
            "{error}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_that_looks_different_is_read() {
        let (folder, known) = known("changed");
        std::fs::write(folder.join("notes.wasm"), "something else again").unwrap();
        let error = loaded(TEXT, &folder, &known).map(drop).unwrap_err();
        assert!(error.contains("this is not WebAssembly"), "{error}");
        std::fs::remove_file(folder.join("notes.wasm")).unwrap();
        let error = loaded(TEXT, &folder, &known).map(drop).unwrap_err();
        assert!(error.contains("No such file"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_pin_holds_for_what_is_known() {
        let (folder, known) = known("pinned");
        let pinned = |bytes: &[u8]| format!("{TEXT}digest = \"{}\"\n", Digest::of(bytes));
        assert!(loaded(&pinned(b"plugin"), &folder, &known).is_ok());
        let error = loaded(&pinned(b"other"), &folder, &known);
        let error = error.map(drop).unwrap_err();
        assert!(
            error.contains("but `digest` at toolkeep.toml:1 says"),
            "{error}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
