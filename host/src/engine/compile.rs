//! From a component's bytes to something that can be run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::Component;

use super::bind::tool::bindings::PluginPre;
use super::cache::{Cache, engine_digest};
use super::guest::Guest;
use super::links::{Links, linker};
use super::runtime::Engine;
use super::spare::runs_at_start;
use crate::base::digest::Digest;
use crate::base::text;

/// Why a component cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It is no component that this engine can compile.
    #[error("this is not a WebAssembly component that can be run: {0}")]
    Invalid(String),
    /// It does not fit together with what it is given.
    #[error("the component cannot be linked: {0}")]
    Link(String),
}

/// A component, compiled.
pub struct Compiled {
    /// Of the component's bytes.
    pub(super) digest: Digest,
    /// Instantiating it runs something of it.
    pub(super) runs_at_start: bool,
    component: Component,
    ready: Mutex<HashMap<Links, PluginPre<Guest>>>,
}

/// Where compiled code is kept between processes.
pub struct CodeCache {
    cache: Option<Cache>,
    trouble: Option<String>,
}

impl CodeCache {
    /// Keeps compiled code in `folder`, authenticated with the key in `key_file`. Where that does not
    /// work everything is compiled anew; [`CodeCache::trouble`] says why.
    pub fn open(folder: &Path, key_file: &Path) -> Self {
        match Cache::open(folder, key_file) {
            Ok(cache) => Self {
                cache: Some(cache),
                trouble: None,
            },
            Err(error) => Self {
                cache: None,
                trouble: Some(error.to_string()),
            },
        }
    }

    /// Keeps nothing.
    pub fn none() -> Self {
        Self {
            cache: None,
            trouble: None,
        }
    }

    /// Why nothing can be kept, if so.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl Engine {
    /// Compiles the component `bytes`, or takes what was compiled of it before. Takes seconds where it
    /// has to compile; never runs any of it.
    ///
    /// # Errors
    /// [`CompileError::Invalid`] for bytes that are no component.
    pub fn compile(&self, bytes: &[u8], cache: &CodeCache) -> Result<Compiled, CompileError> {
        let invalid = |error: wasmtime::Error| CompileError::Invalid(one_line(&error));
        let digest = Digest::of(bytes);
        let engine = engine_digest(&self.wasm);
        let compiled = |component| Compiled {
            digest,
            runs_at_start: runs_at_start(bytes),
            component,
            ready: Mutex::new(HashMap::new()),
        };
        if let Some(cache) = &cache.cache
            && let Some(code) = cache.load(&digest, &engine)
            && let Ok(component) = load(&self.wasm, &code)
        {
            return Ok(compiled(component));
        }
        let code = self.wasm.precompile_component(bytes).map_err(invalid)?;
        if let Some(cache) = &cache.cache {
            // A cache that cannot be written costs time, nothing else.
            drop(cache.store(&digest, &engine, &code));
        }
        load(&self.wasm, &code).map(compiled).map_err(invalid)
    }
}

/// The one place with `unsafe`: compiled code is trusted as this program itself is.
#[allow(
    unsafe_code,
    reason = "wasmtime cannot check compiled code; `code` was made by `precompile_component` in this \
              process, or by this keep before, which its MAC proves (see `cache`)"
)]
fn load(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: see the reason above; both callers hold to it.
    unsafe { Component::deserialize(engine, code) }
}

impl Compiled {
    /// The component, linked with exactly `links`; made once.
    pub(super) fn ready(&self, links: Links) -> Result<PluginPre<Guest>, CompileError> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pre) = ready.get(&links) {
            return Ok(pre.clone());
        }
        let made = linker(self.component.engine(), links)
            .and_then(|linker| linker.instantiate_pre(&self.component))
            .and_then(PluginPre::new);
        let pre = made.map_err(|error| CompileError::Link(one_line(&error)))?;
        ready.insert(links, pre.clone());
        Ok(pre)
    }
}

/// An error of wasmtime with its causes, on one line, without control characters.
pub(super) fn one_line(error: &wasmtime::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = text::visible(&cause.to_string());
        if causes.last() != Some(&text) {
            causes.push(text);
        }
    }
    text::shorten(&causes.join(": "), 600)
}
