//! Toolkeep: a WebAssembly host for AI agents' tools.
//!
//! Each tool is a WebAssembly component that can touch only what it was granted; every touch is
//! decided, recorded and can be explained. `docs/architecture.md` is the map of this crate.

pub mod api;
pub mod base;
#[cfg(feature = "cli")]
pub mod cli;
mod engine;
pub mod gate;
pub mod handle;
pub mod pack;
pub mod rules;
#[cfg(feature = "serve")]
pub mod serve;
pub mod store;
