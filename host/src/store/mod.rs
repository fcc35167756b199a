//! Memory: what outlives a process.

pub mod audit;
