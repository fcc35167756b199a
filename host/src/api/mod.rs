//! Embedding: what a runtime uses to load tools and call them.

pub mod check;
pub mod error;
mod evidence;
pub mod host;
mod limits;
mod model;
mod names;
pub mod operator;
mod places;
mod plugin;
pub(crate) mod schema;
pub mod session;
mod stores;
