//! Statements, judged and run: what comes of them, what is refused, and what the record says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::backend::Mode;
use super::failure::Failure;
use super::sqlite::tests::File;
use super::value::Value;
use super::*;
use crate::base::digest::Digest;
use crate::base::id::{CallId, Identity as Who, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::gate::approver::Nobody;
use crate::gate::call::{Call, Identity};
use crate::gate::cancel::CancelToken;
use crate::gate::door::Gate;
use crate::gate::session::Session;
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::scope::Scope;
use crate::rules::tool::{Hints, ToolInfo};
use crate::store::approvals::Approvals;
use crate::store::audit::record::{Kind, Status};
use crate::store::audit::{AuditLog, AuditReader, Filter, Options, StoredRecord};
use crate::store::sessions::Sessions;

const ALL: &str = r#"allow = ["select", "insert", "update", "delete", "ddl"]"#;

struct Keep {
    file: File,
    state: PathBuf,
    log: Arc<AuditLog>,
    call: Arc<Call>,
}

impl Keep {
    /// A call that is given the database as `grant` says.
    async fn new(name: &str, grant: &str) -> Self {
        let file = File::new(name);
        let state = file.0.parent().unwrap().join("state");
        let (log, call) = begin(&state, "sql = \"sqlite:data.db\"", grant).await;
        Self {
            file,
            state,
            log,
            call,
        }
    }

    async fn open(&self) -> Open {
        let name = Name::new("shop").unwrap();
        let given = Given {
            need: name.clone(),
            data: name,
            backend: Arc::new(self.file.backend()),
            writes: true,
        };
        let databases = Databases::new(vec![given]);
        databases.open(&self.call, "shop").await.unwrap()
    }

    async fn records(&self) -> Vec<StoredRecord> {
        records_of(&self.state, &self.log, &self.call).await
    }

    /// How what was done to `object` ended.
    async fn outcomes(&self, object: &str) -> Vec<(Status, Option<String>, Option<u64>)> {
        let records = self.records().await.into_iter().map(|stored| stored.record);
        let outcomes = records
            .filter(|record| record.object == object)
            .filter_map(|record| record.outcome);
        outcomes.map(|o| (o.status, o.error, o.rows)).collect()
    }

    /// What another program finds in the file.
    fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.file.ask(&sql)
    }
}

/// A call that is given the place `source` as `grant` says.
pub(super) async fn begin(state: &Path, source: &str, grant: &str) -> (Arc<AuditLog>, Arc<Call>) {
    let config = format!(
        "[data.shop]\n{source}\n[plugins.clerk]\npath = \"clerk.wasm\"\n\
         [plugins.clerk.sql.shop]\ndata = \"shop\"\n{grant}\n"
    );
    let manifest = "name = \"clerk\"\nversion = \"1\"\ndescription = \"sells\"\n\
         [needs.sql.shop]\nverbs = [\"select\", \"insert\", \"update\", \"delete\", \"ddl\"]\n\
         why = \"to sell\"\n";
    let config = Config::parse("toolkeep.toml", &config).unwrap();
    let manifest = Arc::new(Manifest::parse_toml("plugin.toml", manifest).unwrap());
    let tool = ToolInfo {
        name: ToolName::new("sell").unwrap(),
        title: None,
        description: "sells".to_owned(),
        input_schema: serde_json::json!({"type": "object"}).into(),
        output_schema: None,
        hints: Hints::default(),
    };
    let plugin = Name::new("clerk").unwrap();
    let scope = Scope::new(&config, &manifest, &tool, &plugin);
    let log = Arc::new(AuditLog::open(state, Options::default()).unwrap());
    let who = Principal::new(Who::new("local").unwrap(), Who::new("ada").unwrap());
    let sessions = Sessions::open(state).unwrap();
    let session = Arc::new(Session::new(SessionId::new("s").unwrap(), who, sessions));
    let gate = Gate::new(
        state.to_owned(),
        Arc::clone(&log),
        Approvals::open(state).unwrap(),
        Arc::new(Nobody),
        &config,
        Duration::from_millis(50),
    );
    let identity = Identity {
        call: CallId::new(&"0".repeat(32)).unwrap(),
        plugin,
        plugin_digest: Digest::of(b"plugin"),
        tool: tool.name,
        arguments: Digest::of(b"{}"),
        runtime_call: None,
        trace_parent: None,
    };
    let cancel = CancelToken::new();
    let (gate, arguments) = (Arc::new(gate), Arc::new(serde_json::json!({})));
    let call = Call::begin(gate, session, identity, arguments, scope, 1000, cancel);
    let call = call.await.unwrap();
    (log, call)
}

/// All that is on record.
pub(super) async fn records_of(state: &Path, log: &AuditLog, call: &Call) -> Vec<StoredRecord> {
    call.catch_up().await;
    log.flush().await.unwrap();
    let reader = AuditReader::open(state).unwrap();
    reader.collect(&Filter::default()).unwrap()
}

fn sql(text: &str) -> String {
    text.to_owned()
}

pub(super) async fn all(mut rows: Rows) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    loop {
        let more = rows.next().await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_done_and_on_record() {
    let keep = Keep::new("granted", ALL).await;
    let open = keep.open().await;
    let rows = open
        .query(
            sql("SELECT name FROM people WHERE id >= ?1 ORDER BY id"),
            vec![Value::Integer(1)],
        )
        .await
        .unwrap();
    assert_eq!(rows.columns(), ["name"]);
    let names = ["ada", "bob"].map(|name| Value::Text(name.to_owned()));
    assert_eq!(all(rows).await.unwrap(), names);
    let done = open
        .execute(sql("INSERT INTO log VALUES ('x', 1), ('y', 2)"), Vec::new())
        .await
        .unwrap();
    assert_eq!(done.changed, 2);
    assert_eq!(keep.count("log"), 2);
    let rows = open
        .query(
            sql("INSERT INTO log VALUES ('z', 3) RETURNING at"),
            Vec::new(),
        )
        .await
        .unwrap();
    assert_eq!(all(rows).await.unwrap(), [Value::Integer(3)]);
    let read = keep.outcomes("shop:people (id, name)").await;
    assert_eq!(read, [(Status::Done, None, Some(2))]);
    let wrote = keep.outcomes("shop:log").await;
    assert_eq!(wrote, [(Status::Done, None, Some(2))]);
    // Its intent was there before.
    let records = keep.records().await;
    let kinds = records
        .iter()
        .filter(|stored| stored.record.object == "shop:log");
    let kinds: Vec<Kind> = kinds.map(|stored| stored.record.kind).collect();
    assert_eq!(kinds, [Kind::Intent, Kind::Outcome]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_has_its_own_rules() {
    let grant = "allow = [\"select\", \"insert\"]\n\
        [plugins.clerk.sql.shop.tables.people]\nallow = [\"select\"]\ncolumns = [\"id\", \"name\"]\n\
        [plugins.clerk.sql.shop.tables.pets]\n";
    let keep = Keep::new("tables", grant).await;
    let open = keep.open().await;
    for (good, text) in [
        (true, "SELECT name FROM people"),
        (true, "SELECT count(*) FROM people"),
        (true, "INSERT INTO log VALUES ('x', 1)"),
        (false, "SELECT pin FROM people"),
        (false, "SELECT * FROM people"),
        (false, "SELECT name FROM people ORDER BY pin"),
        (false, "SELECT name FROM people WHERE pin LIKE '1%'"),
        (
            false,
            "WITH x AS (SELECT pin FROM people) SELECT count(*) FROM x",
        ),
        (
            false,
            "SELECT name FROM people NATURAL JOIN (SELECT '1' AS pin)",
        ),
        (
            false,
            "SELECT name FROM people JOIN (SELECT '1' AS pin) USING (pin)",
        ),
        (
            true,
            "SELECT name FROM people JOIN (SELECT 1 AS id) USING (\"ID\")",
        ),
        (false, "INSERT INTO log SELECT pin, 1 FROM people"),
        (false, "SELECT * FROM pets"),
        (false, "SELECT * FROM no_such_pets, pets"),
        (false, "SELECT nothing FROM pets"),
        (false, "INSERT OR REPLACE INTO log VALUES ('x', 1)"),
        (
            false,
            "INSERT INTO log VALUES ('x', 1) ON CONFLICT DO UPDATE SET at = 2",
        ),
        (false, "INSERT INTO keep VALUES ('x', 1)"),
        (false, "INSERT INTO plain VALUES (1, 2)"),
        (false, "DELETE FROM log"),
        (false, "UPDATE log SET at = 1"),
        (false, "CREATE TABLE x(a)"),
        (false, "PRAGMA table_info(people)"),
        (false, "ATTACH '/tmp/x' AS y"),
        (false, "SELECT load_extension('x')"),
        (false, "SELECT * FROM sqlite_schema"),
    ] {
        let before = keep.call.refusals().len();
        let done = open.execute(sql(text), Vec::new()).await;
        let refused = keep.call.refusals().len() > before;
        if text.contains("load_extension") {
            // There is none in this SQLite, so nothing had to be refused.
            assert!(done.is_err());
            continue;
        }
        assert_eq!(done.is_ok(), good, "{text}: {done:?}");
        assert_eq!(done == Err(Failure::Refused), !good, "{text}: {done:?}");
        assert!(refused != good || before >= 32, "{text}");
    }
    assert_eq!(keep.count("log"), 1);
    // What is hidden stays so where names are told.
    let tables = open.tables().await.unwrap();
    let has = |name: &str| tables.iter().any(|table| table.name == name);
    assert!(has("people") && has("names") && !has("pets"));
    let columns = open.columns(sql("people")).await.unwrap();
    let columns: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["id", "name"]);
    assert_eq!(open.columns(sql("pets")).await, Err(Failure::Refused));
    let wrong = open
        .execute(sql("SELECT pon FROM people"), Vec::new())
        .await;
    let told = Failure::Invalid(sql("the database does not take the statement"));
    assert_eq!(wrong, Err(told));
    let missing = open.execute(sql("SELECT 1 FROM missing"), Vec::new()).await;
    assert_eq!(
        missing,
        Err(Failure::Invalid(sql("no such table: missing")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_lasts_only_when_it_is_committed() {
    let keep = Keep::new("transaction", ALL).await;
    let open = keep.open().await;
    let insert = "INSERT INTO log VALUES (?1, 1)";
    let value = |text: &str| vec![Value::Text(text.to_owned())];

    let mut dropped = open.begin().await.unwrap();
    dropped.execute(sql(insert), value("a")).await.unwrap();
    let busy = open.execute(sql("SELECT 1"), Vec::new()).await;
    assert!(matches!(busy, Err(Failure::InUse(_))));
    drop(dropped);
    let mut undone = loop {
        match open.begin().await {
            Ok(transaction) => break transaction,
            Err(Failure::InUse(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(failure) => panic!("{failure}"),
        }
    };
    undone.execute(sql(insert), value("b")).await.unwrap();
    undone.roll_back().await;
    assert_eq!(keep.count("log"), 0);

    let mut kept = open.begin().await.unwrap();
    kept.execute(sql(insert), value("c")).await.unwrap();
    let twice = kept.execute(sql(insert), value("c")).await;
    assert!(matches!(twice, Err(Failure::Constraint(_))), "{twice:?}");
    let rows = kept.query(sql("SELECT what FROM log"), Vec::new()).await;
    assert_eq!(all(rows.unwrap()).await.unwrap(), value("c"));
    assert_eq!(keep.count("log"), 0);
    kept.commit().await.unwrap();
    assert_eq!(keep.count("log"), 1);

    let mut ended = open.begin().await.unwrap();
    ended.execute(sql(insert), value("d")).await.unwrap();
    let rolled = "INSERT OR ROLLBACK INTO log VALUES ('c', 1)";
    let rolled = ended.execute(sql(rolled), Vec::new()).await;
    assert!(matches!(rolled, Err(Failure::Constraint(_))));
    let after = ended.execute(sql(insert), value("e")).await;
    assert_eq!(after, Err(Failure::RolledBack));
    assert_eq!(ended.commit().await, Err(Failure::RolledBack));
    assert_eq!(keep.count("log"), 1);

    let rolled_back = (Status::Failed, Some(sql("rolled-back")), Some(1));
    let outcomes = keep.outcomes("shop:log").await;
    let count = |wanted: &(Status, Option<String>, Option<u64>)| {
        outcomes.iter().filter(|outcome| *outcome == wanted).count()
    };
    assert_eq!(count(&rolled_back), 3, "{outcomes:?}");
    assert_eq!(count(&(Status::Done, None, Some(1))), 1, "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_stopped_when_nobody_waits_for_it() {
    let keep = Keep::new("stopped", ALL).await;
    let open = keep.open().await;
    let forever = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) ";
    let insert = format!("INSERT INTO log {forever} SELECT n, 1 FROM x");
    let running = open.execute(insert, Vec::new());
    assert!(
        tokio::time::timeout(Duration::from_millis(300), running)
            .await
            .is_err()
    );
    // It is undone, on record, and the database can be used again.
    let again = loop {
        match open.execute(sql("SELECT 1"), Vec::new()).await {
            Err(Failure::InUse(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            other => break other,
        }
    };
    again.unwrap();
    assert_eq!(keep.count("log"), 0);
    let outcomes = keep.outcomes("shop:log").await;
    assert_eq!(outcomes, [(Status::Stopped, Some(sql("stopped")), Some(0))]);

    // Rows that nobody reads to their end.
    let mut rows = open
        .query(format!("{forever} SELECT n FROM x"), Vec::new())
        .await
        .unwrap();
    assert!(!rows.next().await.unwrap().is_empty());
    let busy = open.execute(sql("SELECT 1"), Vec::new()).await;
    assert!(matches!(busy, Err(Failure::InUse(_))));
    rows.close().await;
    open.execute(sql("SELECT 1"), Vec::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_hold() {
    let grant = format!("{ALL}\nper_call = {{ rows = 3 }}");
    let keep = Keep::new("budget", &grant).await;
    let open = keep.open().await;
    let insert = "INSERT INTO log VALUES (?1, 1), (?2, 1)";
    let two = |one: i64| vec![Value::Integer(one), Value::Integer(one + 1)];
    open.execute(sql(insert), two(1)).await.unwrap();
    let over = open.execute(sql(insert), two(3)).await;
    assert_eq!(over, Err(Failure::Refused));
    assert_eq!(keep.count("log"), 2);
    let unknown = Databases::default().open(&keep.call, "other").await;
    assert!(matches!(unknown, Err(Failure::Refused)));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_change_meanwhile_are_not_reached() {
    let keep = Keep::new("changed", ALL).await;
    let open = keep.open().await;
    // Judged for what the view was then.
    let judged = {
        let database =
            super::sqlite::Database::open(&keep.file.0, Mode::Read, Duration::from_secs(5));
        super::act::judge(
            &open,
            Box::new(database.unwrap()),
            sql("SELECT * FROM names"),
        )
        .await
    };
    keep.file
        .change("DROP VIEW names; CREATE VIEW names AS SELECT pin AS name FROM people");
    let ran = super::act::run(judged.unwrap(), false, Vec::new(), true).await;
    assert_eq!(ran.map(drop), Err(Failure::Changed));
}
