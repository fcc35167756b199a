//! From WIT to handles and back: one file an interface, thin, with no decisions.

pub(super) mod cancellation;
pub(super) mod config;
pub(super) mod fs;
pub(super) mod http;
pub(super) mod kv;
pub(super) mod report;
pub(super) mod sql;
pub(super) mod stdio;
pub(super) mod tool;
