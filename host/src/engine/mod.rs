//! Running guests: the only room that names wasmtime.

mod bind;
mod cache;
pub mod compile;
mod guest;
mod limits;
pub mod links;
pub mod run;
pub mod runtime;
