//! Values by key, opened for the principals that use them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::id::Name;
use crate::base::principal::Principal;
use crate::handle::fs::protected::Protected;
use crate::handle::kv::backend::{Backend, Room};
use crate::handle::kv::redis::RedisKv;
use crate::handle::kv::sqlite::SqliteKv;
use crate::handle::kv::{Bucket, Buckets};
use crate::handle::secrets::Vault;
use crate::handle::sql::backend::Backend as SqlBackend;
use crate::rules::config::{self, KvGrant, RedisServer, Source};
use crate::rules::scope::Scope;

/// What the program that embeds this one brought along, by the names that the operator's file has for it.
#[derive(Default)]
pub(super) struct Supplied {
    /// What keeps values by key.
    pub kv: BTreeMap<Name, Arc<dyn Backend>>,
    /// Databases.
    pub sql: BTreeMap<Name, Arc<dyn SqlBackend>>,
}

/// What keeps values, opened once for all who use it.
pub(super) struct Stores {
    vault: Arc<Vault>,
    supplied: Arc<Supplied>,
    files: Mutex<HashMap<PathBuf, Arc<dyn Backend>>>,
    /// Servers, by the place that is kept there.
    servers: Mutex<HashMap<Name, Arc<dyn Backend>>>,
}

/// How many files are held open; templated ones are many.
const MAX_OPEN: usize = 64;

impl Stores {
    pub(super) fn new(vault: Arc<Vault>, supplied: Arc<Supplied>) -> Self {
        Self {
            vault,
            supplied,
            files: Mutex::default(),
            servers: Mutex::default(),
        }
    }

    pub(super) fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    pub(super) fn supplied(&self) -> &Supplied {
        &self.supplied
    }

    /// The same under other rules: nothing is open yet.
    pub(super) fn anew(&self) -> Self {
        Self::new(Arc::clone(&self.vault), Arc::clone(&self.supplied))
    }

    /// What a call's guest is given.
    pub(super) fn buckets(
        &self,
        scope: &Scope,
        who: &Principal,
        folder: &Path,
        protected: &Protected,
    ) -> Result<Buckets, String> {
        let mut buckets = Vec::new();
        for need in scope.kv() {
            let Some(grant) = need.grant else { continue };
            let data = &grant.grant.data;
            let Source::Kv(store) = &data.source else {
                continue;
            };
            let wrong = |why: String| format!("[data.{}] at {}: {why}", data.name, data.line);
            let expanded = |template: &config::Template| {
                template
                    .expand(who)
                    .map_err(|error| wrong(error.to_string()))
            };
            let prefix = store.prefix.as_ref().map(expanded).transpose()?;
            let backend = match &store.backend {
                config::Backend::Sqlite(file) => {
                    let file = folder.join(expanded(file)?);
                    self.sqlite(&file, protected).map_err(wrong)?
                }
                config::Backend::Supplied(name) => {
                    let known = self.supplied.kv.get(name).cloned();
                    known
                        .ok_or_else(|| wrong(format!("this program supplies no values `{name}`")))?
                }
                config::Backend::Redis(server) => self.redis(&data.name, server, store, folder),
                config::Backend::Postgres(_) => {
                    return Err(wrong("values by key are not kept there".to_owned()));
                }
            };
            buckets.push(Bucket {
                need: need.need.clone(),
                data: data.name.clone(),
                backend,
                is_outside: data.source.is_outside(),
                namespace: namespace(scope, grant, need.need.as_str()),
                prefix: prefix.unwrap_or_default(),
                room: Room {
                    keys: grant.max_keys,
                    bytes: grant.max_bytes,
                },
            });
        }
        Ok(Buckets::new(buckets))
    }

    fn redis(
        &self,
        data: &Name,
        server: &RedisServer,
        store: &config::Store,
        folder: &Path,
    ) -> Arc<dyn Backend> {
        let mut open = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.entry(data.clone()).or_insert_with(|| {
            let roots = store.roots.as_ref().map(|file| folder.join(file));
            let vault = Arc::clone(&self.vault);
            Arc::new(RedisKv::new(
                server.clone(),
                store.password.clone(),
                roots,
                vault,
            ))
        });
        Arc::clone(known)
    }

    fn sqlite(&self, file: &Path, protected: &Protected) -> Result<Arc<dyn Backend>, String> {
        let cannot = |why: String| format!("`{}`: {why}", file.display());
        match protected.keeps(file) {
            Ok(false) => {}
            Ok(true) => return Err(cannot("it is Toolkeep's own".to_owned())),
            Err(error) => return Err(cannot(error.to_string())),
        }
        let mut open = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(file) {
            return Ok(Arc::clone(known));
        }
        let backend = SqliteKv::open(file).map_err(|error| error.to_string())?;
        let backend: Arc<dyn Backend> = Arc::new(backend);
        if open.len() >= MAX_OPEN {
            open.clear();
        }
        open.insert(file.to_owned(), Arc::clone(&backend));
        Ok(backend)
    }
}

/// What the keys are kept apart by. A name that the operator chose cannot be that of a plugin and need.
fn namespace(scope: &Scope, grant: &KvGrant, need: &str) -> String {
    match &grant.namespace {
        Some(shared) => format!("shared {shared}"),
        None => format!("plugin {} {need}", scope.plugin()),
    }
}
