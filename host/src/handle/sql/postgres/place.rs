//! Where a database is, for one principal.

use std::path::PathBuf;

/// Where a database is, and as whom it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host: a name, or an address without brackets. That it may be reached is the operator's word.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The login role.
    pub user: String,
    /// The database.
    pub database: String,
    /// The schema whose tables there are; all others are out of reach.
    pub schema: String,
    /// Whether the server has to prove by TLS who it is.
    pub tls: bool,
    /// A PEM file with the only certificate authorities that are trusted, in place of the public ones.
    pub roots: Option<PathBuf>,
}
