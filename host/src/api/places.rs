//! Data places, opened for the principals that use them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::stores::Stores;
use crate::base::principal::Principal;
use crate::base::text;
use crate::engine::run::World;
use crate::handle::fs::mount::Mount;
use crate::handle::fs::place::Place;
use crate::handle::fs::protected::Protected;
use crate::handle::sql::postgres::{Postgres, PostgresServer};
use crate::handle::sql::sqlite::SqliteFile;
use crate::handle::sql::{self, Databases, Given};
use crate::rules::config::{
    Backend, Config, Data, Located, PostgresUrl, Source, Store, Template, overlaps,
};
use crate::rules::problem::Problems;
use crate::rules::scope::Scope;
use crate::rules::verb::{Handle, Verbs};

/// Data places, opened for the principals that use them.
pub(super) struct Places {
    config: Arc<Config>,
    /// What relative folders are relative to.
    folder: PathBuf,
    protected: Arc<Protected>,
    open: Mutex<HashMap<PathBuf, Arc<Place>>>,
    stores: Stores,
    /// Principals whose places were found not to lie in one another.
    checked: Mutex<Vec<Principal>>,
}

/// How long one statement may run.
const TIME: Duration = Duration::from_secs(30);

/// How many folders are held open; templated ones are many.
const MAX_OPEN: usize = 256;

/// How many principals are remembered as checked.
const MAX_CHECKED: usize = 1024;

impl Places {
    pub(super) fn new(
        config: Arc<Config>,
        folder: &Path,
        protected: Arc<Protected>,
        stores: Stores,
    ) -> Self {
        Self {
            config,
            folder: folder.to_owned(),
            protected,
            open: Mutex::new(HashMap::new()),
            stores,
            checked: Mutex::new(Vec::new()),
        }
    }

    /// The places of another config, of the same host.
    pub(super) fn under(&self, config: Arc<Config>, folder: &Path) -> Self {
        Self::new(
            config,
            folder,
            Arc::clone(&self.protected),
            self.stores.anew(),
        )
    }

    /// The places that a call's guest is given.
    pub(super) fn world(&self, scope: &Scope, who: &Principal) -> Result<World, String> {
        if Handle::PLACES
            .into_iter()
            .any(|handle| scope.places(handle).any(|need| need.grant.is_some()))
        {
            self.check_overlaps(who)?;
        }
        Ok(World {
            mounts: self.mounts(scope, who)?,
            buckets: self
                .stores
                .buckets(scope, who, &self.folder, &self.protected)?,
            databases: self.databases(scope, who)?,
            http: None,
        })
    }

    /// Folders.
    fn mounts(&self, scope: &Scope, who: &Principal) -> Result<Vec<Mount>, String> {
        let mut mounts = Vec::new();
        for need in scope.fs() {
            let Some(grant) = need.grant else { continue };
            let mount = grant.mount.clone();
            let data = &grant.grant.data;
            let Some(dir) = data.folder() else { continue };
            let dir = dir.expand(who).map_err(|error| {
                format!("`dir` of [data.{}] at {}: {error}", data.name, data.line)
            })?;
            let path = self.folder.join(dir);
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let place = match open.get(&path) {
                Some(place) if place.data() == &data.name && place.is_at(&path) => {
                    Arc::clone(place)
                }
                _ => {
                    let place = Place::open(&data.name, &path, Arc::clone(&self.protected))
                        .map_err(|error| error.to_string())?;
                    let place = Arc::new(place);
                    if open.len() >= MAX_OPEN {
                        open.clear();
                    }
                    open.insert(path, Arc::clone(&place));
                    place
                }
            };
            mounts.push(Mount {
                need: need.need.clone(),
                at: mount,
                place,
            });
        }
        Ok(mounts)
    }

    /// The databases that a call's guest can open.
    fn databases(&self, scope: &Scope, who: &Principal) -> Result<Databases, String> {
        let mut given = Vec::new();
        for need in scope.sql() {
            let Some(grant) = need.grant else { continue };
            self.check_overlaps(who)?;
            let data = &grant.grant.data;
            let at =
                |error: String| format!("`sql` of [data.{}] at {}: {error}", data.name, data.line);
            let Source::Sql(store) = &data.source else {
                continue;
            };
            let backend: Arc<dyn sql::backend::Backend> = match &store.backend {
                Backend::Sqlite(file) => {
                    let file = file.expand(who).map_err(|error| at(error.to_string()))?;
                    let file = self.database_file(&file).map_err(at)?;
                    Arc::new(SqliteFile { file, time: TIME })
                }
                Backend::Postgres(url) => Arc::new(self.server(url, store, who).map_err(at)?),
                Backend::Supplied(name) => {
                    let known = self.stores.supplied().sql.get(name).cloned();
                    known
                        .ok_or_else(|| at(format!("this program supplies no database `{name}`")))?
                }
                Backend::Redis(_) => return Err(at("it keeps no tables".to_owned())),
            };
            let lists = grant.tables.values().map(|table| &table.lists);
            let verbs = lists
                .chain([&grant.grant.lists])
                .map(|lists| lists.allowed().union(lists.asked()))
                .fold(Verbs::NONE, Verbs::union);
            given.push(Given {
                need: need.need.clone(),
                data: data.name.clone(),
                backend,
                writes: verbs.intersection(need.declared.verbs).has_effect(),
            });
        }
        Ok(Databases::new(given))
    }

    /// The file of a database, as it really is.
    fn database_file(&self, file: &str) -> Result<PathBuf, String> {
        let file = self.folder.join(file);
        let shown = file.display().to_string();
        let unusable = |error: std::io::Error| {
            format!(
                "cannot use the file `{shown}`: {error}; create it (an empty one will do) or correct `sql`"
            )
        };
        let file = file.canonicalize().map_err(unusable)?;
        let meta = std::fs::metadata(&file).map_err(unusable)?;
        if !meta.is_file() {
            return Err(format!("`{shown}` is no regular file"));
        }
        if self.protected.has_database(&file).map_err(unusable)? {
            return Err(format!(
                "`{shown}` lies inside Toolkeep's own config, state or cache; no grant may reach it"
            ));
        }
        Ok(file)
    }

    /// A PostgreSQL server, as `who` uses it. Nobody connects to it yet.
    fn server(
        &self,
        url: &PostgresUrl,
        store: &Store,
        who: &Principal,
    ) -> Result<PostgresServer, String> {
        let name = |template: &Template| {
            let name = template.expand(who).map_err(|error| error.to_string())?;
            if PostgresUrl::is_name(&name) {
                Ok(name)
            } else {
                let shown = text::visible(&name);
                Err(format!(
                    "`{shown}` cannot be the name of a role or database"
                ))
            }
        };
        Ok(PostgresServer::new(Postgres {
            place: sql::postgres::Place {
                host: url.host.clone(),
                port: url.port,
                user: name(&url.user)?,
                database: name(&url.database)?,
                schema: url.schema.clone(),
                tls: url.tls,
                roots: store.roots.as_ref().map(|file| self.folder.join(file)),
            },
            password: store.password.clone(),
            vault: Arc::clone(self.stores.vault()),
            time: TIME,
        }))
    }

    /// Places that lie in one another and differ in label are an error, for each principal anew,
    /// since folders may be templated. Folders that are not there overlap with nothing.
    pub(super) fn check_overlaps(&self, who: &Principal) -> Result<(), String> {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.contains(who) {
            return Ok(());
        }
        let folders = folders(&self.config, &self.folder, who);
        let located: Vec<_> = folders
            .iter()
            .map(|(data, folder)| Located { data, folder })
            .collect();
        if let Some(problems) = Problems::new(overlaps(&located)) {
            return Err(problems.to_string());
        }
        let declared = self.config.data.values();
        if folders.len() < declared.filter(|data| data.source.path().is_some()).count() {
            // A folder that comes to be there later may lie in another.
            return Ok(());
        }
        if checked.len() >= MAX_CHECKED {
            checked.clear();
        }
        checked.push(who.clone());
        Ok(())
    }
}

/// The data places whose folders or files are there for `who`, with these as they really are. A file that is
/// not there yet is where its folder is.
pub(super) fn folders<'a>(
    config: &'a Config,
    folder: &Path,
    who: &Principal,
) -> Vec<(&'a Data, PathBuf)> {
    let real = |data: &Data| {
        let path = folder.join(data.source.path()?.expand(who).ok()?);
        match (path.canonicalize(), data.folder()) {
            (Ok(real), _) => Some(real),
            (Err(_), Some(_)) => None,
            (Err(_), None) => {
                let parent = path.parent()?.canonicalize().ok()?;
                Some(parent.join(path.file_name()?))
            }
        }
    };
    config
        .data
        .values()
        .filter_map(|data| Some((&**data, real(data)?)))
        .collect()
}
