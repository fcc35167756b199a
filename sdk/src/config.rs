//! Values that the operator wrote for the plugin.
//!
//! This is the WASI draft `wasi:config@0.2.0-rc.1`. A plugin that calls it imports the interface,
//! and needs it in its manifest.

use std::fmt;

/// Why a value could not be had.
///
/// ```
/// use toolkeep_sdk::{Failure, config};
///
/// let refused = config::Error::Upstream("refused by the host".to_owned());
/// assert_eq!(Failure::from(refused), Failure::refused("refused by the host"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The host, or the source where it keeps its values, did not give it.
    Upstream(String),
    /// It could not be read.
    Io(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Upstream(text) | Self::Io(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for Error {}

/// The value of `key`; none where the operator wrote none. Outside a component nothing is written.
///
/// # Errors
///
/// Where the host could not or would not give the value.
///
/// ```
/// use toolkeep_sdk::config;
///
/// let greeting = config::get("greeting")?.unwrap_or_else(|| "hello".to_owned());
/// # assert_eq!(greeting, "hello");
/// # Ok::<(), config::Error>(())
/// ```
pub fn get(key: &str) -> Result<Option<String>, Error> {
    host::get(key)
}

#[cfg(target_family = "wasm")]
mod host {
    use super::Error;
    use crate::__private::bindings::wasi::config::store;

    pub(super) fn get(key: &str) -> Result<Option<String>, Error> {
        store::get(key).map_err(|error| match error {
            store::Error::Upstream(text) => Error::Upstream(text),
            store::Error::Io(text) => Error::Io(text),
        })
    }
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::Error;

    pub(super) fn get(_: &str) -> Result<Option<String>, Error> {
        Ok(None)
    }
}
