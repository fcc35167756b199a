//! Memory: what outlives a process.

pub mod approvals;
pub mod audit;
mod db;
pub mod error;
mod folder;
pub mod key;
pub mod sessions;

pub use error::StoreError;

#[cfg(test)]
pub(crate) use db::raw_state;
