//! What is asked of whatever reads what others wrote, for any bytes: fuzzers look for bytes for which it does
//! not hold. `cargo test` in the main workspace asks the same of a fixed number of random inputs, and
//! includes these very files for that.

mod arguments;
mod component;
mod config;
mod folder;
mod input;
mod json;
mod lines;
mod path;
mod pattern;
mod record;
mod schema;
mod stored;
mod tamper;

pub use arguments::arguments;
pub use component::component;
pub use config::config;
pub use path::path;
pub use pattern::pattern;
pub use record::record;

#[cfg(test)]
mod tests;
