//! Toolkeep: a WebAssembly host for AI agents' tools.
//!
//! Each tool is a WebAssembly component that can touch only what it was granted; every touch is
//! decided, recorded and can be explained.
//!
//! # Where to start
//!
//! An agent runtime makes one [`Host`] of the operator's file, takes a [`Session`] from it for each
//! conversation, and calls tools in it:
//!
//! ```no_run
//! use serde_json::json;
//! use toolkeep::{Host, Principal};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let host = Host::builder("toolkeep.toml").build()?;
//! let ada = Principal::new("local".parse()?, "ada".parse()?);
//! let session = host.session("conversation-1".parse()?, ada);
//!
//! let reply = session.call("search_notes", json!({"query": "tower"})).await?;
//! println!("{}", reply.output.text());
//! # Ok(())
//! # }
//! ```
//!
//! It is compiled as a test but not run, since it needs a `toolkeep.toml` and a built plugin.
//!
//! | to | see |
//! |---|---|
//! | list tools for a model | [`Host::tools`] |
//! | call one, cancel it, hear its log lines | [`Session::call_with`], [`CallOptions`] |
//! | ask a person | [`Approver`] |
//! | keep plugins' values in a store of your own | [`HostBuilder::kv`], [`KvBackend`] |
//! | give plugins a database of your own kind | [`HostBuilder::sql`], [`sql_backend`] |
//! | watch what happens | [`Host::events`] |
//! | tell a model what went wrong | [`CallError::for_model`] |
//! | keep a proof of the record elsewhere | [`Host::checkpoint`] |
//! | build a plugin from Rust | [`pack::build::build`] |
//!
//! `docs/embedding.md` is a guided tour, and `host/examples/agent.rs` a whole agent in one file.
//!
//! # What is stable
//!
//! All that an embedder needs stands at the root of this crate; what stands here changes with care. The
//! modules are the rooms of the house that `docs/architecture.md` describes. They are public for those
//! who read, test and build on them, and move when the house does.
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `cli` | the commands of the `toolkeep` program; brings `serve` | yes |
//! | `serve` | the server for the Model Context Protocol | yes |
//!
//! An embedder needs neither: `default-features = false`. A third one, `fuzzing`, is for the fuzzers in
//! `tests/fuzz` alone.

// The fuzzers' checks are compiled twice: by the fuzzers, to which this crate is `toolkeep`, and into the tests
// of this crate (`fuzzing.rs`), where it would have no name.
#[cfg(test)]
extern crate self as toolkeep;

pub mod api;
pub mod base;
#[cfg(feature = "cli")]
pub mod cli;
mod engine;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gate;
pub mod handle;
pub mod pack;
pub mod rules;
#[cfg(feature = "serve")]
pub mod serve;
pub mod store;

pub use api::error::{CallError, StartError};
pub use api::host::{Host, HostBuilder, Reloaded, ToolEntry};
pub use api::session::{CallOptions, CancelToken, Reply, Session};
pub use base::clock::Timestamp;
pub use base::content::{Content, EmbeddedResource, Failure, Output, ResourceBody};
pub use base::digest::Digest;
pub use base::id::{ApprovalId, BadName, CallId, Identity, Name, SessionId, ToolName};
pub use base::label::{Integrity, Label};
pub use base::principal::Principal;
pub use base::said::{Level, Said};
pub use gate::approver::{Answer, Approver, Nobody, Question};
pub use gate::event::{Event, EventKind, Judged, Origin};
pub use gate::events::Events;
pub use gate::pass::Pass;
pub use gate::refusal::Refusal;
pub use handle::kv::backend::{
    Backend as KvBackend, Change as KvChange, Expected as KvExpected, Held as KvHeld, KvError,
    Room as KvRoom,
};
pub use handle::report::Listener;
pub use handle::sql::backend as sql_backend;
pub use rules::access::{Access, Object, Unreachable};
pub use rules::may::Effects;
pub use rules::problem::Problems;
pub use rules::tool::{Hints, ToolInfo};
pub use rules::verb::{Handle, Verb, Verbs};
pub use rules::verdict::{Reason, ReasonCode, Verdict};
pub use store::audit::record::{Outcome, Status};
pub use store::audit::{Checkpoint, Verifier};
pub use store::error::StoreError;

/// For implementing [`Approver`] and [`KvBackend`], whose methods are async and which are used as `dyn`.
pub use async_trait::async_trait;

/// The page for embedders: its samples have to compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;
