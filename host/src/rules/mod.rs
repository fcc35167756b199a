//! Judgement: what may be done, decided from the plugin's manifest and the operator's file alone.
//! Pure: no I/O, no time, no tokio.

pub mod access;
mod calling;
pub mod check;
pub mod config;
pub mod decide;
pub mod facts;
pub mod manifest;
pub mod may;
pub mod pattern;
pub mod problem;
mod read;
pub mod role;
pub mod scope;
pub mod tool;
pub mod verb;
pub mod verdict;
