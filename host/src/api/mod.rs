//! Embedding: what a runtime uses to load tools and call them.

pub mod check;
pub mod error;
pub mod host;
mod places;
mod plugin;
mod schema;
pub mod session;
