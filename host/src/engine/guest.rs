//! What the host keeps for one running guest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtxView;

use super::bind::fs::Folders;
use super::bind::http::Http;
use super::bind::stdio::Lines;
use super::limits::{Limiter, Limits};
use crate::gate::call::Call;
use crate::handle::fs::mount::Mount;
use crate::handle::http::Client;
use crate::handle::kv::Buckets;
use crate::handle::report::{Level, Reporter};
use crate::handle::sql::Databases;

/// The places that a call's guest is given.
#[derive(Debug, Default)]
pub struct World {
    /// Folders.
    pub mounts: Vec<Mount>,
    /// Values by key.
    pub buckets: Buckets,
    /// Databases.
    pub databases: Databases,
    /// What it sends requests with; none where it may send none.
    pub http: Option<Client>,
}

/// What the host keeps for one guest. It lives for one call; before [`Guest::begin`], and after
/// [`Guest::end`], nothing is in it.
pub(super) struct Guest {
    /// Before the table: it goes away first.
    http: Http,
    table: ResourceTable,
    wasi: WasiCtx,
    stdout: Lines,
    stderr: Lines,
    pub(super) folders: Folders,
    buckets: Buckets,
    databases: Databases,
    pub(super) reporter: Option<Arc<Reporter>>,
    pub(super) limiter: Limiter,
    /// None while a plugin is described, or made ready: then there is nothing to mediate, because nothing is given.
    pub(super) call: Option<Arc<Call>>,
    pub(super) listening: Listening,
    pub(super) ticks_left: u64,
}

/// Whether a guest has asked if its call was cancelled: such a one can be left to end by itself.
#[derive(Clone, Default)]
pub(super) struct Listening(Arc<AtomicBool>);

impl Listening {
    /// It has asked.
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it has.
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Guest {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(usize::try_from(limits.open_handles).unwrap_or(usize::MAX));
        let stdout = Lines::new(Level::Info, limits.stdout_bytes);
        let stderr = Lines::new(Level::Warning, limits.stdout_bytes);
        let wasi = WasiCtx::builder()
            .max_random_size(limits.random_bytes)
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .build();
        Self {
            table,
            wasi,
            stdout,
            stderr,
            folders: Folders::new(Vec::new()),
            http: Http::default(),
            buckets: Buckets::default(),
            databases: Databases::default(),
            reporter: None,
            limiter: Limiter::new(limits.memory_bytes, limits.table_elements, limits.instances),
            call: None,
            listening: Listening::default(),
            ticks_left: limits.cpu_ticks(),
        }
    }

    /// Gives it what it may use for a call.
    pub(super) fn begin(&mut self, call: Arc<Call>, world: World, reporter: Arc<Reporter>) {
        self.stdout.begin(Arc::clone(&reporter));
        self.stderr.begin(Arc::clone(&reporter));
        self.folders = Folders::new(world.mounts);
        self.buckets = world.buckets;
        self.databases = world.databases;
        self.http.begin(Arc::clone(&call), world.http);
        self.reporter = Some(reporter);
        self.call = Some(call);
    }

    /// Takes everything away again that belongs to the call. `whole` says that the guest came to its own end: what it
    /// left open it will not go on with.
    pub(super) fn end(&mut self, whole: bool) {
        // First: what is in the table ends the bodies of requests.
        self.http.end(whole);
        self.stdout.end();
        self.stderr.end();
        self.table = ResourceTable::new();
        self.folders = Folders::new(Vec::new());
        self.buckets = Buckets::default();
        self.databases = Databases::default();
        self.reporter = None;
        self.call = None;
    }

    /// What requests are made with.
    pub(super) fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.http.view(&mut self.table)
    }

    /// The parts that the view of values by key works on.
    pub(super) fn keys(&mut self) -> (&mut ResourceTable, &Buckets, Option<&Arc<Call>>) {
        (&mut self.table, &self.buckets, self.call.as_ref())
    }

    /// The parts that the view of databases works on.
    pub(super) fn sql_parts(&mut self) -> (&mut ResourceTable, &Databases, Option<&Arc<Call>>) {
        (&mut self.table, &self.databases, self.call.as_ref())
    }

    /// The parts that the file system's view works on.
    pub(super) fn parts(&mut self) -> (&mut ResourceTable, &mut Folders, Option<&Arc<Call>>) {
        (&mut self.table, &mut self.folders, self.call.as_ref())
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
