//! The operator's file, `toolkeep.toml`: places, plugins, grants and limits. Anything wrong in it
//! makes all of it worth nothing: there is no half-read config.

mod approvals;
mod data;
mod grant;
mod limits;
mod overlap;
mod plugin;
mod source;
mod template;
mod widening;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problem::Problems;
use super::read::{Reader, Table};
use crate::base::digest::Digest;
use crate::base::id::Name;
use crate::base::text;

pub use approvals::{ApprovalSettings, ApproverKey};
pub use data::{Data, local_label, outside_label};
pub use grant::{
    Budget, ConfigGrant, FsGrant, Grant, Grants, HttpGrant, KvGrant, Placed, SecretPlace,
    SecretUse, SqlGrant, TableGrant, VerbLists,
};
pub use limits::Limits;
pub use overlap::{Located, overlaps};
pub use plugin::Plugin;
pub use source::{Backend, HostPattern, Network, Origins, PostgresUrl, RedisServer, Source, Store};
pub use template::{BadTemplate, NoAgent, Template};

/// The operator's file, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, as its reader was told.
    pub file: Arc<str>,
    /// `[host]`.
    pub host: HostSettings,
    /// `[audit]`.
    pub audit: AuditSettings,
    /// `[approvals]`.
    pub approvals: ApprovalSettings,
    /// `[limits]`, for plugins that say nothing else.
    pub limits: Limits,
    /// The places, by name.
    pub data: BTreeMap<Name, Arc<Data>>,
    /// The plugins, by the operator's names.
    pub plugins: BTreeMap<Name, Arc<Plugin>>,
    digest: Digest,
}

/// `[host]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// The folder for all that is kept, if the operator chose one.
    pub state: Option<String>,
    /// The URL of the egress proxy through which all requests to web servers go.
    pub proxy: Option<String>,
    /// What keeps the secrets that `toolkeep secret set` is given.
    pub secrets: SecretsIn,
}

/// What keeps secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretsIn {
    /// A file in the state folder, for its owner alone.
    #[default]
    File,
    /// The operating system's keyring.
    Keyring,
}

/// `[audit]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// The local file to which checkpoints also go.
    pub checkpoint_to: Option<String>,
    /// A checkpoint is made after so many records.
    pub checkpoint_every: u64,
    /// A checkpoint is made so long after a record that has none yet.
    pub checkpoint_after_ms: u64,
    /// The oldest records go to an archive once the log takes more than so many bytes.
    pub archive_bytes: Option<u64>,
    /// They go there once the oldest of them is older than so many days.
    pub archive_days: Option<u64>,
}

/// The least of [`AuditSettings::archive_bytes`]: an empty log takes some, and each archive is a file.
const ARCHIVE_LEAST: u64 = 1 << 20;

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            checkpoint_to: None,
            checkpoint_every: 1000,
            checkpoint_after_ms: 10_000,
            archive_bytes: None,
            archive_days: None,
        }
    }
}

impl Config {
    /// Reads the text of a `toolkeep.toml`, which messages call `file_name`.
    ///
    /// # Errors
    /// All that is wrong with it, with lines.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Problems> {
        let mut reader = Reader::new(file_name, text);
        let document = reader.parse()?;
        let root = document.root();
        let known = ["host", "audit", "approvals", "limits", "data", "plugins"];
        reader.only(&root, &known);
        let host = host(&mut reader, &root);
        let audit = audit(&mut reader, &root);
        let approvals = approvals::read(&mut reader, &root);
        let limits = limits::read(&mut reader, &root, Limits::default());
        let data = data::read(&mut reader, &root);
        let declared = reader.table_keys(&root, "data");
        let plugins = plugin::read(&mut reader, &root, &data, &declared, limits);
        reader.finish(Some(Self {
            file: file_name.into(),
            host,
            audit,
            approvals,
            limits,
            data,
            plugins,
            digest: Digest::of(text.as_bytes()),
        }))
    }

    /// The digest of the file's text: the version of the rules.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

fn host(reader: &mut Reader<'_>, root: &Table<'_>) -> HostSettings {
    let mut host = HostSettings::default();
    let Some(table) = reader.table(root, "host") else {
        return host;
    };
    reader.only(&table, &["state", "proxy", "secrets"]);
    if let Some(word) = reader.text(&table, "state") {
        if word.text.contains(['{', '}']) {
            let message = "`state` in [host] cannot be templated: it is the same for everyone";
            reader.problem(word.at, message, None);
        }
        host.state = Some(word.text.to_owned());
    }
    if let Some(word) = reader.text(&table, "secrets") {
        host.secrets = match word.text {
            "keyring" => SecretsIn::Keyring,
            other => {
                if other != "file" {
                    let shown = text::visible(other);
                    let message = format!("`secrets` in [host] is `{shown}`, which keeps none");
                    let help = "write `file` or `keyring`".to_owned();
                    reader.problem(word.at, message, Some(help));
                }
                SecretsIn::File
            }
        };
    }
    if let Some(word) = reader.text(&table, "proxy") {
        match source::proxy(word.text) {
            Ok(()) => host.proxy = Some(word.text.to_owned()),
            Err(why) => {
                let shown = text::visible(word.text);
                let message = format!("`proxy` in [host] is `{shown}`, {why}");
                let help = "write it as `http://proxy.example.org:3128`".to_owned();
                reader.problem(word.at, message, Some(help));
            }
        }
    }
    host
}

fn audit(reader: &mut Reader<'_>, root: &Table<'_>) -> AuditSettings {
    let mut audit = AuditSettings::default();
    let Some(table) = reader.table(root, "audit") else {
        return audit;
    };
    reader.only(
        &table,
        &[
            "checkpoint_to",
            "checkpoint_every",
            "checkpoint_after_ms",
            "archive_bytes",
            "archive_days",
        ],
    );
    if let Some(word) = reader.text(&table, "checkpoint_to") {
        match local_file(word.text) {
            Some(path) => audit.checkpoint_to = Some(path.to_owned()),
            None => {
                let message = format!(
                    "`checkpoint_to` in [audit] is `{}`, which is no local file",
                    text::visible(word.text)
                );
                let help = "write a path, or `file:///` and an absolute path without `%`";
                reader.problem(word.at, message, Some(help.to_owned()));
            }
        }
    }
    if let Some((number, _)) = reader.integer(&table, "checkpoint_every") {
        audit.checkpoint_every = number;
    }
    if let Some((number, _)) = reader.integer(&table, "checkpoint_after_ms") {
        audit.checkpoint_after_ms = number;
    }
    if let Some((size, at)) = limits::size(reader, &table, "archive_bytes") {
        if size < ARCHIVE_LEAST {
            let message = "`archive_bytes` in [audit] must be at least 1 MiB";
            reader.problem(at, message, None);
        }
        audit.archive_bytes = Some(size);
    }
    audit.archive_days = reader.integer(&table, "archive_days").map(|(days, _)| days);
    audit
}

/// The path that `text`, a path or a `file:` URL, means.
fn local_file(text: &str) -> Option<&str> {
    match text.split_once(':') {
        Some(("file", rest)) => rest.strip_prefix("//").filter(|path| {
            path.starts_with('/') && path.len() > 1 && !path.contains(['%', '?', '#'])
        }),
        // `https://…`, and any other scheme: a path with a colon can be written as `./a:b`.
        Some((scheme, _)) if !scheme.contains('/') => None,
        _ => Some(text),
    }
}

#[cfg(test)]
mod tests;
