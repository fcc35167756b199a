//! Memory: what outlives a process.

pub mod audit;
mod db;
pub mod error;
mod folder;
pub mod key;

pub use error::StoreError;
