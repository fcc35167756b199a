//! A host: the operator's file, the plugins in it, and the record.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::StartError;
use super::places::Places;
use super::plugin::{Plugin, Tool};
use super::session::Session;
use crate::base::id::{Name, SessionId};
use crate::base::principal::Principal;
use crate::base::text;
use crate::engine::compile::CodeCache;
use crate::engine::runtime::{Engine, PoolSize};
use crate::gate;
use crate::gate::approver::{Approver, Nobody};
use crate::gate::door::Gate;
use crate::handle::fs::protected::Protected;
use crate::rules::check::{Severity, check};
use crate::rules::config::{ApprovalSettings, Config};
use crate::rules::problem::{Problem, Problems};
use crate::rules::tool::ToolInfo;
use crate::store::approvals::Approvals;
use crate::store::approvals::key::default_path;
use crate::store::audit::checkpoint::Checkpoint;
use crate::store::audit::log::{AuditLog, Options};
use crate::store::error::StoreError;
use crate::store::sessions::Sessions;

/// How long a person has to answer.
const PATIENCE: Duration = Duration::from_secs(300);

/// A host in the making.
pub struct HostBuilder {
    config: PathBuf,
    state: Option<PathBuf>,
    approver: Arc<dyn Approver>,
    pool: PoolSize,
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
        let plugins = config
            .plugins
            .values()
            .map(|granted| Plugin::load(granted, &folder).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let findings = plugins
            .iter()
            .flat_map(|plugin| check(&config, &plugin.name, &plugin.description))
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.problem);
        if let Some(problems) = Problems::new(findings.collect()) {
            return Err(StartError::Config(problems));
        }
        let state = match self.state {
            Some(state) => state,
            None => state_folder(&config, &folder)?,
        };
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
            },
        )?;
        reject_own_key(&config, &log)?;
        let approvals = Approvals::open(&state)?;
        let sessions = Sessions::open(&state)?;
        let cache = CodeCache::open(&state.join("code"), &state.join("keys").join("cache.key"));
        // The keys and the databases each by themselves too: a hard link to one, which somebody made in
        // a place, is that file.
        let mut own = vec![self.config.clone(), state.clone()];
        own.extend(["audit.db", "state.db"].map(|file| state.join(file)));
        own.extend(["checkpoint.key", "cache.key"].map(|key| state.join("keys").join(key)));
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
        let engine = Engine::start(pool).map_err(|error| StartError::Engine(error.to_string()))?;
        let log = Arc::new(log);
        let approver = self.approver;
        let gate = Gate::new(
            state,
            Arc::clone(&log),
            approvals,
            approver,
            &config,
            PATIENCE,
        );
        let config = Arc::new(config);
        let host = Inner {
            names: name_tools(&plugins),
            places: Places::new(Arc::clone(&config), &folder, protected),
            config,
            plugins,
            engine,
            cache,
            log,
            gate: Arc::new(gate),
            stored_sessions: sessions,
            sessions: Mutex::default(),
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
    pub config: Arc<Config>,
    pub plugins: Vec<Arc<Plugin>>,
    /// The name that the model knows a tool by, and where it is: plugin and tool by index.
    pub names: BTreeMap<String, (usize, usize)>,
    pub places: Places,
    pub engine: Engine,
    pub cache: CodeCache,
    pub log: Arc<AuditLog>,
    pub gate: Arc<Gate>,
    stored_sessions: Sessions,
    sessions: Mutex<SessionMap>,
}

type SessionMap = HashMap<(SessionId, Principal), Arc<gate::session::Session>>;

/// A tool that can be called.
#[derive(Clone, Copy, Debug)]
pub struct ToolEntry<'a> {
    /// The name to call it by: its own, or `plugin_tool` where two plugins have one of this name.
    pub name: &'a str,
    /// The plugin.
    pub plugin: &'a Name,
    /// What its author says of it.
    pub info: &'a ToolInfo,
}

impl Host {
    /// A host for the operator's file `config`.
    pub fn builder(config: impl Into<PathBuf>) -> HostBuilder {
        HostBuilder {
            config: config.into(),
            state: None,
            approver: Arc::new(Nobody),
            pool: PoolSize::default(),
        }
    }

    /// All tools, by the name to call them by.
    pub fn tools(&self) -> impl Iterator<Item = ToolEntry<'_>> {
        self.inner.names.iter().filter_map(|(name, at)| {
            let (plugin, tool) = self.inner.at(*at)?;
            Some(ToolEntry {
                name,
                plugin: &plugin.name,
                info: &tool.info,
            })
        })
    }

    /// The conversation `id` on behalf of `principal`: the one of that name that is going on already,
    /// with all that it has seen, or a new one.
    pub fn session(&self, id: SessionId, principal: Principal) -> Session {
        let mut sessions = self.inner.sessions();
        let session = sessions
            .entry((id.clone(), principal.clone()))
            .or_insert_with(|| {
                let store = self.inner.stored_sessions.clone();
                Arc::new(gate::session::Session::new(id, principal, store))
            });
        Session::new(self.clone(), Arc::clone(session))
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
        let key = (id.clone(), principal.clone());
        self.inner.sessions().remove(&key);
        let store = self.inner.stored_sessions.clone();
        tokio::task::spawn_blocking(move || store.end(&key.0, &key.1))
            .await
            .unwrap_or(Err(StoreError::Closed))
    }

    /// Who may answer when something has to be asked, and how.
    pub fn approval_settings(&self) -> &ApprovalSettings {
        &self.inner.config.approvals
    }

    /// The newest checkpoint of the record: keep it elsewhere, and nobody can change what it covers
    /// without being found out.
    pub fn latest_checkpoint(&self) -> Option<Checkpoint> {
        self.inner.log.latest_checkpoint()
    }

    /// Why compiled code cannot be kept between processes, if so.
    pub fn cache_trouble(&self) -> Option<&str> {
        self.inner.cache.trouble()
    }
}

impl Inner {
    fn sessions(&self) -> MutexGuard<'_, SessionMap> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn at(&self, (plugin, tool): (usize, usize)) -> Option<(&Arc<Plugin>, &Tool)> {
        let plugin = self.plugins.get(plugin)?;
        Some((plugin, plugin.tools.get(tool)?))
    }
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

/// Reads the operator's file; gives it with the folder that it stands in.
///
/// # Errors
/// [`StartError`] where it cannot be read or is wrong.
pub fn read_config(path: &Path) -> Result<(Config, PathBuf), StartError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| StartError::ReadConfig {
        path: shown.clone(),
        error,
    })?;
    let config = Config::parse(&shown, &text).map_err(StartError::Config)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((config, folder))
}

/// The state folder that the operator's file, else the environment, names.
///
/// # Errors
/// [`StartError::NoState`] where neither does.
pub fn state_folder(config: &Config, folder: &Path) -> Result<PathBuf, StartError> {
    if let Some(state) = &config.host.state {
        return Ok(folder.join(state));
    }
    default_state_folder().ok_or(StartError::NoState)
}

/// The state folder that the environment names.
pub fn default_state_folder() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(base.join("toolkeep"))
}

/// A tool is known by its own name, or as `plugin_tool` where two plugins have one of that name.
fn name_tools(plugins: &[Arc<Plugin>]) -> BTreeMap<String, (usize, usize)> {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for tool in plugins.iter().flat_map(|plugin| &plugin.tools) {
        *owners.entry(tool.info.name.as_str()).or_default() += 1;
    }
    let mut names = BTreeMap::new();
    for (at, plugin) in plugins.iter().enumerate() {
        for (index, tool) in plugin.tools.iter().enumerate() {
            let own = tool.info.name.as_str();
            let name = match owners.get(own) {
                Some(1) => own.to_owned(),
                _ => format!("{}_{own}", plugin.name),
            };
            names.insert(name, (at, index));
        }
    }
    names
}
