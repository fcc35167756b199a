//! The same components on wasmtime and wasmtime-wasi, with nothing in between.

use std::path::Path;

use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit/tool/0.1.0",
        world: "plugin",
        exports: { default: async },
    });
}

use bindings::toolkeep::tool::{cancellation, report};

struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl report::Host for Guest {
    fn log(&mut self, _: report::Level, _: String) {}
    fn progress(&mut self, _: u64, _: Option<u64>, _: Option<String>) {}
}

impl cancellation::Host for Guest {
    fn requested(&mut self) -> bool {
        false
    }
}

/// A component, ready to be instantiated.
pub struct Direct {
    engine: Engine,
    pre: bindings::PluginPre<Guest>,
}

impl Direct {
    /// Compiles `file` for an engine like the host's.
    pub fn new(file: &Path) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.table_keep_resident(16 << 10);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .epoch_interruption(true)
            .concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_file(&engine, file).unwrap();
        let mut linker = Linker::<Guest>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        report::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).unwrap();
        cancellation::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        Self {
            engine,
            pre: bindings::PluginPre::new(pre).unwrap(),
        }
    }

    /// New store, instantiate, call, drop. `folder` is the guest's `/data`; with `blocks` its calls to the
    /// system are made on this thread.
    pub async fn call(&self, tool: &str, arguments: &str, folder: Option<&Path>, blocks: bool) {
        let mut wasi = WasiCtx::builder();
        wasi.allow_blocking_current_thread(blocks);
        if let Some(folder) = folder {
            wasi.preopened_dir(folder, "/data", FsPerms::ReadWrite)
                .unwrap();
        }
        let guest = Guest {
            table: ResourceTable::new(),
            wasi: wasi.build(),
        };
        let mut store = Store::new(&self.engine, guest);
        store.set_epoch_deadline(u64::MAX / 2);
        let plugin = self.pre.instantiate_async(&mut store).await.unwrap();
        let tools = plugin.toolkeep_tool_tools();
        let answer = tools.call_call(&mut store, tool, arguments).await.unwrap();
        assert!(answer.is_ok(), "{tool} {arguments}: {answer:?}");
    }
}
