//! Running guests: the only room that names wasmtime.

mod bind;
mod cache;
pub mod compile;
mod guest;
pub mod limits;
pub mod links;
mod pace;
pub mod run;
pub mod runtime;
mod spare;
