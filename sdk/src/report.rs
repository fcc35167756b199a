//! What a running tool tells those who watch. Never part of its answer.
//!
//! The host counts lines and bytes per call and drops what is beyond its limits. Outside a component
//! nothing is said.
//!
//! ```
//! use toolkeep_sdk::report;
//!
//! report::info("reading the index");
//! for part in 0..3 {
//!     report::progress(part, Some(3), Some("merging"));
//! }
//! ```

/// How much a line matters, from the least.
#[derive(Clone, Copy)]
enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// Says what only the tool's author wants to know.
///
/// ```
/// toolkeep_sdk::report::debug("read 3 of 5 parts from the cache");
/// ```
pub fn debug(message: impl AsRef<str>) {
    log(Level::Debug, message.as_ref());
}

/// Says what happens.
///
/// ```
/// toolkeep_sdk::report::info("reading the index");
/// ```
pub fn info(message: impl AsRef<str>) {
    log(Level::Info, message.as_ref());
}

/// Says that something is odd, though the call goes on.
///
/// ```
/// toolkeep_sdk::report::warning("the index is older than the notes");
/// ```
pub fn warning(message: impl AsRef<str>) {
    log(Level::Warning, message.as_ref());
}

/// Says that something went wrong.
///
/// ```
/// toolkeep_sdk::report::error("the index is gone; searching without it");
/// ```
pub fn error(message: impl AsRef<str>) {
    log(Level::Error, message.as_ref());
}

/// Says how far the call is: `done` of `total` units, if the total is known, and what it is doing.
///
/// ```
/// toolkeep_sdk::report::progress(3, Some(5), Some("merging"));
/// toolkeep_sdk::report::progress(4, None, None);
/// ```
pub fn progress(done: u64, total: Option<u64>, message: Option<&str>) {
    host::progress(done, total, message);
}

fn log(level: Level, message: &str) {
    host::log(level, message);
}

#[cfg(target_family = "wasm")]
mod host {
    use super::Level;
    use crate::__private::bindings::toolkeep::tool::report;

    pub(super) fn log(level: Level, message: &str) {
        let level = match level {
            Level::Debug => report::Level::Debug,
            Level::Info => report::Level::Info,
            Level::Warning => report::Level::Warning,
            Level::Error => report::Level::Error,
        };
        report::log(level, message);
    }

    pub(super) fn progress(done: u64, total: Option<u64>, message: Option<&str>) {
        report::progress(done, total, message);
    }
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::Level;

    pub(super) fn log(_: Level, _: &str) {}

    pub(super) fn progress(_: u64, _: Option<u64>, _: Option<&str>) {}
}
