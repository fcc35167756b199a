//! A host: the operator's file, the plugins in it, and the record.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::StartError;
use super::names::{Named, name_tools};
use super::operator::{read_config, state_folder};
use super::places::Places;
use super::plugin::{Plugin, Tool, load};
use super::session::Session;
use super::stores::{Stores, Supplied};
use crate::base::id::{Name, SessionId};
use crate::base::principal::Principal;
use crate::base::text;
use crate::engine::compile::CodeCache;
use crate::engine::runtime::{Engine, PoolSize};
use crate::gate::approver::{Approver, Nobody};
use crate::gate::door::Gate;
use crate::gate::sessions::OpenSessions;
use crate::handle::fs::protected::Protected;
use crate::handle::http::connect::Proxy;
use crate::handle::http::{Settings, Web};
use crate::handle::kv::backend::Backend as KvBackend;
use crate::handle::secrets::Vault;
use crate::handle::sql::backend::Backend as SqlBackend;
use crate::pack::known::Known;
use crate::rules::check::{Severity, check};
use crate::rules::config::{ApprovalSettings, Config};
use crate::rules::may::Effects;
use crate::rules::problem::{Problem, Problems};
use crate::rules::tool::ToolInfo;
use crate::store::approvals::Approvals;
use crate::store::approvals::key::default_path;
use crate::store::audit::Rotation;
use crate::store::audit::log::{AuditLog, Options};
use crate::store::error::StoreError;
#[cfg(feature = "serve")]
use crate::store::key;
use crate::store::sessions::Sessions;

/// How long a person has to answer.
const PATIENCE: Duration = Duration::from_secs(300);

/// The keys of a keep, in the folder `keys` of its state.
const KEYS: [&str; 4] = [
    "checkpoint.key",
    "plugins.key",
    CACHE_KEY,
    REQUEST_STATE_KEY,
];
const CACHE_KEY: &str = "cache.key";
const REQUEST_STATE_KEY: &str = "request-state.key";

/// A host in the making.
pub struct HostBuilder {
    config: PathBuf,
    state: Option<PathBuf>,
    approver: Arc<dyn Approver>,
    pool: PoolSize,
    supplied: Supplied,
}

impl HostBuilder {
    /// Where the record, sessions, approvals, keys and compiled code are kept. By default what the operator's file
    /// says, else `$XDG_STATE_HOME/toolkeep`, else `~/.local/state/toolkeep`.
    #[must_use]
    pub fn state(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// Who asks a person. By default nobody is asked, and an ask is a refusal unless a person has signed
    /// an answer to it.
    #[must_use]
    pub fn approver(mut self, approver: impl Approver) -> Self {
        self.approver = Arc::new(approver);
        self
    }

    /// Keeps values by key in `backend`, wherever the operator's file says `kv = "host:NAME"`. For labels and
    /// the record that is a place outside.
    #[must_use]
    pub fn kv(mut self, name: Name, backend: impl KvBackend + 'static) -> Self {
        self.supplied.kv.insert(name, Arc::new(backend));
        self
    }

    /// Gives plugins the database behind `backend`, wherever the operator's file says `sql = "host:NAME"`. For
    /// labels and the record that is a place outside.
    #[must_use]
    pub fn sql(mut self, name: Name, backend: impl SqlBackend + 'static) -> Self {
        self.supplied.sql.insert(name, Arc::new(backend));
        self
    }

    /// How many calls run at the same time; more wait for their turn. 256 by default.
    #[must_use]
    pub fn calls_at_once(mut self, calls: u32) -> Self {
        self.pool.calls = calls.max(1);
        self
    }

    /// Reads the operator's file and the plugins in it, and opens the record. Runs no guest.
    ///
    /// # Errors
    /// [`StartError`] with what is wrong and what to do.
    pub fn build(self) -> Result<Host, StartError> {
        let (config, folder) = read_config(&self.config)?;
        let state = match self.state {
            Some(state) => state,
            None => state_folder(&config, &folder)?,
        };
        let known = Known::read(&state);
        let plugins = load(&config, &folder, &known)?;
        check_needs(&config, &plugins)?;
        let checkpoint_to = config
            .audit
            .checkpoint_to
            .as_ref()
            .map(|path| folder.join(path));
        let log = AuditLog::open(
            &state,
            Options {
                checkpoint_to: checkpoint_to.clone(),
                checkpoint_every: config.audit.checkpoint_every,
                checkpoint_after: Duration::from_millis(config.audit.checkpoint_after_ms),
                rotation: Rotation {
                    bytes: config.audit.archive_bytes,
                    age: config.audit.archive_days.map(days),
                },
            },
        )?;
        // Only now is the folder there for sure. An index that cannot be written costs time, nothing else.
        drop(known.keep(&state));
        reject_own_key(&config, &log)?;
        let approvals = Approvals::open(&state)?;
        let sessions = OpenSessions::new(Sessions::open(&state)?);
        let cache = CodeCache::open(&state.join("code"), &state.join("keys").join(CACHE_KEY));
        // The keys and the databases each by themselves too: a hard link to one, which somebody made in
        // a place, is that file.
        let mut own = vec![self.config.clone(), state.clone()];
        own.extend(["audit.db", "state.db"].map(|file| state.join(file)));
        own.extend(KEYS.map(|key| state.join("keys").join(key)));
        own.extend(checkpoint_to);
        // Where this user may not even look, no grant reaches.
        own.extend(default_path().filter(|key| Protected::new([key.as_path()]).is_ok()));
        let files = plugins.iter().map(|plugin| plugin.path.as_path());
        let protected =
            Protected::new(own.iter().map(PathBuf::as_path).chain(files)).map_err(|error| {
                StartError::Place(format!("cannot protect Toolkeep's own files: {error}"))
            })?;
        let limits = || {
            config
                .plugins
                .values()
                .map(|plugin| plugin.limits)
                .chain([config.limits])
        };
        let largest = |of: fn(&crate::rules::config::Limits) -> u64| {
            let size = limits().map(|limits| of(&limits)).max().unwrap_or(0);
            usize::try_from(size).unwrap_or(usize::MAX)
        };
        let pool = PoolSize {
            memory_bytes: largest(|limits| limits.memory_bytes),
            table_elements: largest(|limits| limits.table_elements),
            ..self.pool
        };
        let vault = Vault::of_keep(&state, config.host.secrets)
            .map_err(|error| StartError::Engine(error.to_string()))?;
        let vault = Arc::new(vault);
        let mut settings = Settings::new(&folder, Arc::clone(&vault));
        settings.proxy = proxy(&config)?;
        let web = Web::new(settings).map_err(|error| StartError::Engine(error.to_string()))?;
        let engine = Engine::start(pool).map_err(|error| StartError::Engine(error.to_string()))?;
        let log = Arc::new(log);
        let approver = self.approver;
        let gate = Gate::new(
            state.clone(),
            Arc::clone(&log),
            approvals,
            approver,
            &config,
            PATIENCE,
        );
        let stores = Stores::new(vault, Arc::new(self.supplied));
        let config = Arc::new(config);
        let host = Inner {
            file: self.config,
            state,
            names: name_tools(&config, &plugins)?,
            places: Places::new(Arc::clone(&config), &folder, Arc::new(protected), stores),
            config,
            plugins,
            engine: Arc::new(engine),
            web,
            cache: Arc::new(cache),
            log,
            gate: Arc::new(gate),
            sessions: Arc::new(sessions),
        };
        Ok(Host {
            inner: Arc::new(host),
        })
    }
}

/// A host: the operator's file, the plugins in it, and the record. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// The operator's file, and the folder of all that is kept.
    file: PathBuf,
    state: PathBuf,
    pub config: Arc<Config>,
    pub plugins: Vec<Arc<Plugin>>,
    /// The tools, by the names that the model knows them by.
    pub names: BTreeMap<String, Named>,
    pub places: Places,
    pub engine: Arc<Engine>,
    /// What requests are sent with.
    pub web: Arc<Web>,
    pub cache: Arc<CodeCache>,
    pub log: Arc<AuditLog>,
    pub gate: Arc<Gate>,
    sessions: Arc<OpenSessions>,
}

/// What came of looking at the operator's file again.
#[non_exhaustive]
pub enum Reloaded {
    /// It says what it said.
    Unchanged,
    /// It gives no more than before: this is a host that goes by it, on the same record.
    Narrowed(Box<Host>),
    /// It gives more, in the words of the first thing that it does: a person has to start the host
    /// again for that.
    Wider(String),
}

/// A tool that can be called.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ToolEntry<'a> {
    /// The name to call it by: its own, or `plugin_tool` where two plugins have one of this name.
    pub name: &'a str,
    /// The plugin.
    pub plugin: &'a Name,
    /// What its author says of it.
    pub info: &'a ToolInfo,
    /// Whether it may be called at all: every need that it cannot do without has a grant.
    pub callable: bool,
    /// What it can do to the world, by its grants and by what it is held to.
    pub effects: Effects,
}

impl Host {
    /// A host for the operator's file `config`.
    pub fn builder(config: impl Into<PathBuf>) -> HostBuilder {
        HostBuilder {
            config: config.into(),
            state: None,
            approver: Arc::new(Nobody),
            pool: PoolSize::default(),
            supplied: Supplied::default(),
        }
    }

    /// All tools, by the name to call them by.
    pub fn tools(&self) -> impl Iterator<Item = ToolEntry<'_>> {
        self.inner.names.iter().filter_map(|(name, named)| {
            let (plugin, tool) = self.inner.at(named)?;
            Some(ToolEntry {
                name,
                plugin: &plugin.name,
                info: &tool.info,
                callable: named.callable,
                effects: named.effects,
            })
        })
    }

    /// The conversation `id` on behalf of `principal`: the one of that name that is going on already,
    /// with all that it has seen, or a new one.
    pub fn session(&self, id: SessionId, principal: Principal) -> Session {
        let session = self.inner.sessions.get(id, principal);
        Session::new(self.clone(), session)
    }

    /// Ends a conversation: what it has seen is forgotten, by all processes that share the state folder;
    /// one that runs a call of it just now may bring it back. For runtimes and people, never for a model.
    ///
    /// # Errors
    /// If that can't be written.
    pub async fn end_session(
        &self,
        id: &SessionId,
        principal: &Principal,
    ) -> Result<(), StoreError> {
        let sessions = Arc::clone(&self.inner.sessions);
        let (id, principal) = (id.clone(), principal.clone());
        tokio::task::spawn_blocking(move || sessions.end(id, principal))
            .await
            .unwrap_or(Err(StoreError::Closed))
    }

    /// Who may answer when something has to be asked, and how.
    pub fn approval_settings(&self) -> &ApprovalSettings {
        &self.inner.config.approvals
    }

    /// Looks at the operator's file again. This host goes on by the old one, whatever the new one says.
    ///
    /// # Errors
    /// [`StartError`] where the file cannot be read or is wrong.
    pub fn reload(&self) -> Result<Reloaded, StartError> {
        let old = &self.inner;
        let (config, folder) = read_config(&old.file)?;
        if config.digest() == old.config.digest() {
            return Ok(Reloaded::Unchanged);
        }
        if let Some(more) = config.widening_of(&old.config) {
            return Ok(Reloaded::Wider(more));
        }
        // No plugin is new; but what each needs goes by what is granted now, and a pin has to hold.
        let plugins = load(&config, &folder, &Known::read(&old.state))?;
        let same = |plugin: &Arc<Plugin>| {
            let mut before = old.plugins.iter();
            before.any(|old| old.name == plugin.name && old.digest == plugin.digest)
        };
        if let Some(other) = plugins.iter().find(|plugin| !same(plugin)) {
            let file = format!("the file of [plugins.{}] is another", other.name);
            return Ok(Reloaded::Wider(file));
        }
        check_needs(&config, &plugins)?;
        reject_own_key(&config, &old.log)?;
        let config = Arc::new(config);
        let inner = Inner {
            file: old.file.clone(),
            state: old.state.clone(),
            names: name_tools(&config, &plugins)?,
            places: old.places.under(Arc::clone(&config), &folder),
            gate: Arc::new(old.gate.with_rules(&config)),
            config,
            plugins,
            engine: Arc::clone(&old.engine),
            web: Arc::clone(&old.web),
            cache: Arc::clone(&old.cache),
            log: Arc::clone(&old.log),
            sessions: Arc::clone(&old.sessions),
        };
        inner.gate.tell_reloaded();
        Ok(Reloaded::Narrowed(Box::new(Self {
            inner: Arc::new(inner),
        })))
    }

    /// Whether it is this very host, of which `other` is a clone, and not one that came of a reload.
    #[cfg(feature = "serve")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether a connected client may put questions to its user.
    #[cfg(feature = "serve")]
    pub(crate) fn lets_clients_answer(&self) -> bool {
        self.inner.config.approvals.elicitation
    }

    /// The key with which what goes through a client's hands is sealed, shared by all processes of the
    /// state folder.
    #[cfg(feature = "serve")]
    pub(crate) fn request_state_key(&self) -> std::io::Result<[u8; key::BYTES]> {
        key::load(&self.inner.state.join("keys").join(REQUEST_STATE_KEY))
    }

    /// Why compiled code cannot be kept between processes, if so.
    pub fn cache_trouble(&self) -> Option<&str> {
        self.inner.cache.trouble()
    }
}

impl Inner {
    pub(super) fn at(&self, named: &Named) -> Option<(&Arc<Plugin>, &Tool)> {
        let plugin = self.plugins.get(named.plugin)?;
        Some((plugin, plugin.tools.get(named.tool)?))
    }
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(24 * 3600))
}

/// The egress proxy, if there is one.
fn proxy(config: &Config) -> Result<Option<Proxy>, StartError> {
    let Some(url) = &config.host.proxy else {
        return Ok(None);
    };
    let bad = |why| StartError::Engine(format!("`proxy` in [host] is `{url}`: {why}"));
    Proxy::parse(url).map(Some).map_err(bad)
}

/// The log's own key signs without a person: it must not stand for one.
fn reject_own_key(config: &Config, log: &AuditLog) -> Result<(), StartError> {
    let own = config
        .approvals
        .keys
        .iter()
        .find(|key| key.is_of(log.verifier_key()));
    let Some(own) = own else { return Ok(()) };
    let name = text::visible(&own.name);
    let message = format!(
        "the key of `{name}` in `keys` in [approvals] is the one that signs the log's checkpoints, without a person"
    );
    let help = "make an approver's key with `toolkeep approvals init`";
    let problem = Problem::new(own.line.clone(), message).help(help);
    Err(StartError::Config(problem.into()))
}

/// What the operator's file and the plugins in it do not agree on.
fn check_needs(config: &Config, plugins: &[Arc<Plugin>]) -> Result<(), StartError> {
    let findings = plugins
        .iter()
        .flat_map(|plugin| check(config, &plugin.name, &plugin.description))
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.problem);
    Problems::new(findings.collect()).map_or(Ok(()), |problems| Err(StartError::Config(problems)))
}
