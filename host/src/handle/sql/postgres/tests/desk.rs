//! A call that is given a database of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;

use super::server::{PASSWORD, Server, server};
use crate::base::id::Name;
use crate::gate::call::Call;
use crate::handle::secrets::{Secret, SecretSource, Vault, VaultError};
use crate::handle::sql::postgres::{Place, Postgres, PostgresServer};
use crate::handle::sql::tests::{all, begin, records_of};
use crate::handle::sql::value::Value;
use crate::handle::sql::{Databases, Given, Open, failure::Failure};
use crate::store::audit::AuditLog;
use crate::store::audit::record::{Kind, Outcome, Record};

pub(super) const ALL: &str = r#"allow = ["select", "insert", "update", "delete", "ddl"]"#;

/// What is in each database.
const SCHEMA: &str = "
    CREATE TABLE people(id int PRIMARY KEY, name text UNIQUE, pin text);
    CREATE TABLE pets(id serial PRIMARY KEY, owner int REFERENCES people(id), name text NOT NULL);
    CREATE TABLE secrets(word text);
    CREATE TABLE big(n int);
    CREATE TABLE huge(body text);
    CREATE VIEW names AS SELECT name FROM people;
    INSERT INTO people VALUES (1, 'ada', '1234'), (2, 'bob', '9999');
    INSERT INTO secrets VALUES ('rosebud');
    INSERT INTO big SELECT generate_series(1, 3000);";

#[derive(Clone)]
pub(super) struct Fixed(pub(super) &'static str);

impl SecretSource for Fixed {
    fn what(&self) -> &'static str {
        "a test"
    }

    fn get(&self, name: &Name) -> Result<Option<Secret>, VaultError> {
        let known = name.as_str() == "shop-password";
        Ok(known.then(|| Secret::new(self.0.to_owned()).unwrap()))
    }

    fn names(&self) -> Result<std::collections::BTreeSet<Name>, VaultError> {
        Ok(std::collections::BTreeSet::new())
    }

    fn set(&self, _: &Name, _: &Secret) -> Result<(), VaultError> {
        Err(VaultError::ReadOnly("a test"))
    }

    fn remove(&self, _: &Name) -> Result<bool, VaultError> {
        Err(VaultError::ReadOnly("a test"))
    }
}

pub(super) struct Desk {
    pub(super) name: String,
    pub(super) server: &'static Server,
    pub(super) admin: Client,
    pub(super) call: Arc<Call>,
    folder: PathBuf,
    state: PathBuf,
    log: Arc<AuditLog>,
}

impl Desk {
    /// A call that is given a new database as `grant` says.
    pub(super) async fn new(name: &str, grant: &str) -> Self {
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let keeper = server.admin("postgres").await;
        keeper
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let admin = server.admin(name).await;
        let role = format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'; \
             GRANT ALL ON SCHEMA public TO {name}; \
             GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}; \
             GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {name}"
        );
        admin.batch_execute(SCHEMA).await.unwrap();
        admin.batch_execute(&role).await.unwrap();
        let folder = format!("toolkeep-desk-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = std::fs::remove_dir_all(&folder);
        let state = folder.join("state");
        std::fs::create_dir_all(&state).unwrap();
        let source = format!("sql = \"postgres://{name}@localhost/{name}\"");
        let (log, call) = begin(&state, &source, grant).await;
        Self {
            name: name.to_owned(),
            server,
            admin,
            call,
            folder,
            state,
            log,
        }
    }

    pub(super) fn place(&self) -> Place {
        Place {
            host: "localhost".to_owned(),
            port: self.server.port,
            user: self.name.clone(),
            database: self.name.clone(),
            schema: "public".to_owned(),
            tls: false,
            roots: None,
        }
    }

    pub(super) fn postgres(&self) -> Postgres {
        Postgres {
            place: self.place(),
            password: Some(Name::new("shop-password").unwrap()),
            vault: Arc::new(Vault::new().with(Fixed(PASSWORD))),
            time: Duration::from_secs(20),
        }
    }

    pub(super) async fn open(&self) -> Open {
        self.open_as(self.postgres(), true).await
    }

    pub(super) async fn open_as(&self, postgres: Postgres, writes: bool) -> Open {
        let name = Name::new("shop").unwrap();
        let given = Given {
            need: name.clone(),
            data: name,
            backend: Arc::new(PostgresServer::new(postgres)),
            writes,
        };
        Databases::new(vec![given])
            .open(&self.call, "shop")
            .await
            .unwrap()
    }

    pub(super) async fn records(&self) -> Vec<Record> {
        let records = records_of(&self.state, &self.log, &self.call).await;
        records.into_iter().map(|stored| stored.record).collect()
    }

    /// How many accesses were refused so far.
    pub(super) async fn refusals(&self) -> usize {
        let records = self.records().await;
        records
            .iter()
            .filter(|record| record.kind == Kind::Refusal)
            .count()
    }

    /// The last outcome of what was done to `object`, once all have theirs.
    pub(super) async fn outcome(&self, object: &str) -> Outcome {
        for _ in 0..200 {
            let mut records = self.records().await;
            records.retain(|record| record.object == object);
            let intents = records
                .iter()
                .filter(|record| record.kind == Kind::Intent)
                .count();
            let outcomes = records.into_iter().filter_map(|record| record.outcome);
            let mut outcomes: Vec<Outcome> = outcomes.collect();
            if intents > 0 && intents == outcomes.len() {
                return outcomes.remove(intents - 1);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing came of `{object}`")
    }

    /// What the server itself says.
    pub(super) async fn count(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until the server runs nothing for the call any more.
    pub(super) async fn is_idle(&self) -> bool {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND state = 'active'",
            self.name
        );
        for _ in 0..100 {
            if self.count(&sql).await == 0 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// All values that a statement gives.
pub(super) async fn ask(open: &Open, sql: &str, params: &[Value]) -> Result<Vec<Value>, Failure> {
    all(open.query(sql.to_owned(), params.to_vec()).await?).await
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
