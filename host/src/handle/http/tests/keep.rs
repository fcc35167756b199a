//! A keep with one plugin that may use the web, and what it takes to watch it.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::base::digest::Digest;
use crate::base::id::{CallId, Identity as Who, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::gate::approver::{Approver, Nobody};
use crate::gate::call::{Call, Identity};
use crate::gate::cancel::CancelToken;
use crate::gate::door::Gate;
use crate::gate::session::Session;
use crate::handle::http::connect::Connector;
use crate::handle::http::resolve::Resolver;
use crate::handle::http::{Client, Limits, Settings, Web};
use crate::handle::secrets::{File, Vault, set};
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::scope::Scope;
use crate::rules::tool::{Hints, ToolInfo};
use crate::store::approvals::Approvals;
use crate::store::audit::record::{Kind, Record};
use crate::store::audit::{AuditLog, AuditReader, Filter, Options};
use crate::store::sessions::Sessions;

/// Gives the answers one after the other, and the last one for ever.
#[derive(Default)]
pub(super) struct Answers {
    names: Mutex<Vec<(String, VecDeque<Vec<IpAddr>>)>>,
    pub(super) asked: AtomicU64,
}

impl Answers {
    pub(super) fn say(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        let answers = answers.iter().map(parse).collect();
        self.names.lock().unwrap().push((name.to_owned(), answers));
    }
}

#[async_trait::async_trait]
impl Resolver for Answers {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut names = self.names.lock().unwrap();
        let known = names.iter_mut().find(|(known, _)| known == name);
        let (_, answers) = known.ok_or_else(|| io::Error::other("no such name"))?;
        if answers.len() > 1 {
            return Ok(answers.pop_front().unwrap());
        }
        Ok(answers.front().unwrap().clone())
    }
}

/// Counts connections, and lets none leave this machine.
#[derive(Default)]
pub(super) struct Counting {
    pub(super) made: Mutex<Vec<SocketAddr>>,
}

#[async_trait::async_trait]
impl Connector for Counting {
    async fn connect(&self, address: SocketAddr) -> io::Result<std::net::TcpStream> {
        self.made.lock().unwrap().push(address);
        assert!(address.ip().is_loopback(), "a packet to {address}");
        TcpStream::connect(address).await?.into_std()
    }
}

/// A keep with one plugin.
pub(super) struct Keep {
    pub(super) state: PathBuf,
    log: Arc<AuditLog>,
    pub(super) resolver: Arc<Answers>,
    pub(super) connector: Arc<Counting>,
    pub(super) limits: Limits,
    pub(super) proxy: Option<crate::handle::http::connect::Proxy>,
    pub(super) cancel: CancelToken,
    pub(super) approver: Arc<dyn Approver>,
}

pub(super) const VERBS: &str = r#"["get", "post", "put", "patch", "delete"]"#;

impl Keep {
    pub(super) fn new(name: &str) -> Self {
        let state =
            std::env::temp_dir().join(format!("toolkeep-http-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        let log = Arc::new(AuditLog::open(&state, Options::default()).unwrap());
        let limits = Limits {
            connect: Duration::from_secs(5),
            header: Duration::from_secs(5),
            idle: Duration::from_secs(5),
            ..Limits::default()
        };
        Self {
            state,
            log,
            resolver: Arc::default(),
            connector: Arc::default(),
            limits,
            proxy: None,
            cancel: CancelToken::new(),
            approver: Arc::new(Nobody),
        }
    }

    /// Keeps `value` as the secret `name`.
    pub(super) fn secret(&self, name: &str, value: &str) {
        let file = File::new(self.state.join("secrets"));
        set(&file, &Name::new(name).unwrap(), value.to_owned()).unwrap();
    }

    /// The file in which roots are.
    pub(super) fn roots(&self, pem: &str) {
        std::fs::write(self.state.join("roots.pem"), pem).unwrap();
    }

    /// A call that may do all to `url` on loopback. `more` goes into the grant.
    pub(super) async fn to(&self, url: &str, more: &str) -> (Arc<Call>, Client) {
        let data = format!("[data.web]\nurl = \"{url}\"\naddresses = [\"127.0.0.1\"]\n");
        let grant = format!("[plugins.p.http.api]\ndata = \"web\"\nallow = {VERBS}\n{more}\n");
        self.with(&data, &grant).await
    }

    /// A call under this config, of a plugin that needs `api` and `other`.
    pub(super) async fn with(&self, data: &str, grants: &str) -> (Arc<Call>, Client) {
        let config = format!("{data}\n[plugins.p]\npath = \"p.wasm\"\n{grants}");
        let config = Config::parse("toolkeep.toml", &config).unwrap();
        let need = |name: &str| {
            format!("[needs.http.{name}]\nverbs = {VERBS}\nwhy = \"to fetch\"\noptional = true\n")
        };
        let manifest = format!(
            "name = \"p\"\nversion = \"1\"\ndescription = \"fetches\"\n{}{}",
            need("api"),
            need("other")
        );
        let manifest = Arc::new(Manifest::parse_toml("plugin.toml", &manifest).unwrap());
        let tool = ToolInfo {
            name: ToolName::new("fetch").unwrap(),
            title: None,
            description: "fetches".to_owned(),
            input_schema: serde_json::json!({"type": "object"}).into(),
            output_schema: None,
            hints: Hints::default(),
        };
        let plugin = Name::new("p").unwrap();
        let scope = Scope::new(&config, &manifest, &tool, &plugin);
        let who = Principal::new(Who::new("local").unwrap(), Who::new("ada").unwrap());
        let sessions = Sessions::open(&self.state).unwrap();
        let session = Session::new(SessionId::new("s").unwrap(), who, sessions);
        let gate = Gate::new(
            self.state.clone(),
            Arc::clone(&self.log),
            Approvals::open(&self.state).unwrap(),
            Arc::clone(&self.approver),
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
        let (gate, session) = (Arc::new(gate), Arc::new(session));
        let (arguments, cancel) = (Arc::new(serde_json::json!({})), self.cancel.clone());
        let call = Call::begin(gate, session, identity, arguments, scope, 1000, cancel);
        (call.await.unwrap(), Client::new(&self.web(), self.limits))
    }

    pub(super) fn web(&self) -> Arc<Web> {
        let vault = Vault::new().with(File::new(self.state.join("secrets")));
        let settings = Settings {
            proxy: self.proxy.clone(),
            resolver: self.resolver.clone(),
            connector: self.connector.clone(),
            ..Settings::new(&self.state, Arc::new(vault))
        };
        Web::new(settings).unwrap()
    }

    /// What is on record of requests.
    pub(super) async fn record(&self) -> Vec<Record> {
        self.log.flush().await.unwrap();
        let reader = AuditReader::open(&self.state).unwrap();
        let entries = reader.collect(&Filter::default()).unwrap();
        entries
            .into_iter()
            .map(|entry| entry.record)
            .filter(|record| record.step > 0)
            .collect()
    }

    /// The outcome that is on record last, once there is one for each intent.
    pub(super) async fn outcome(&self) -> crate::store::audit::record::Outcome {
        for _ in 0..500 {
            let records = self.record().await;
            let count = |kind| records.iter().filter(|record| record.kind == kind).count();
            if count(Kind::Intent) > 0 && count(Kind::Intent) == count(Kind::Outcome) {
                let mut outcomes = records.into_iter().filter_map(|record| record.outcome);
                return outcomes.next_back().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no outcome: {:#?}", self.record().await);
    }

    /// The texts of the last refusal on record.
    pub(super) async fn refusal(&self) -> String {
        let records = self.record().await;
        let mut refusals = records
            .into_iter()
            .filter(|record| record.kind == Kind::Refusal);
        let last = refusals.next_back().expect("a refusal");
        let texts = last.reasons.iter().map(|reason| reason.text.clone());
        format!("{}: {}", last.object, texts.collect::<Vec<_>>().join("; "))
    }

    /// How many connections were made.
    pub(super) fn connections(&self) -> usize {
        self.connector.made.lock().unwrap().len()
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.state);
    }
}
