//! The wasmtime engine of a host: its features, its pool and its clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::pace::Pace;
use super::spare::{self, Spares};

/// How long one tick of the engine's clock is. CPU time is counted in whole ticks, and a spinning
/// guest gives way to others once per tick.
pub const TICK: Duration = Duration::from_millis(10);

/// The most core instances of a component: its main module, adapters and shims.
const INSTANCES: u32 = 64;
/// The most memories of a component.
const MEMORIES: u32 = 4;
/// The most tables of a component.
const TABLES: u32 = 16;

/// How large the pool is. What one plugin may use of it are its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Calls at the same time; more wait for their turn.
    pub calls: u32,
    /// The largest memory that any plugin may have, in bytes.
    pub memory_bytes: usize,
    /// The most elements that any plugin's tables may have.
    pub table_elements: usize,
}

impl Default for PoolSize {
    fn default() -> Self {
        Self {
            calls: 256,
            memory_bytes: 256 << 20,
            table_elements: 100_000,
        }
    }
}

/// The engine could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the WebAssembly engine: {0}")]
pub struct EngineError(String);

/// The wasmtime engine of a host.
pub struct Engine {
    pub(super) wasm: wasmtime::Engine,
    pub(super) turns: Arc<tokio::sync::Semaphore>,
    pub(super) pace: Pace,
    pub(super) spares: Spares,
    stop: Arc<AtomicBool>,
}

impl Engine {
    /// Starts the engine and its clock.
    ///
    /// # Errors
    /// [`EngineError`] where the machine does not allow it (too little address space, say).
    pub fn start(size: PoolSize) -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError(format!("{error:#}"));
        let wasm = wasmtime::Engine::new(&config(size)).map_err(failed)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (ticking, stopped) = (wasm.weak(), Arc::clone(&stop));
        std::thread::Builder::new()
            .name("toolkeep-ticker".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::sleep(TICK);
                    match ticking.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })
            .map_err(|error| EngineError(format!("cannot start its clock: {error}")))?;
        Ok(Self {
            wasm,
            turns: Arc::new(tokio::sync::Semaphore::new(size.calls as usize)),
            pace: Pace::new(),
            spares: Spares::new(),
            stop,
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// How much of each table is cleared and kept between calls.
const TABLE_BYTES_KEPT: usize = 16 << 10;

fn config(size: PoolSize) -> Config {
    // Room for the most that any component may have, times all calls and what is made ready for them: one
    // greedy guest cannot take another's place.
    let guests = size.calls.saturating_add(spare::MOST);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(guests)
        .max_core_instances_per_component(INSTANCES)
        .total_core_instances(guests.saturating_mul(INSTANCES))
        .max_memories_per_component(MEMORIES)
        .total_memories(guests.saturating_mul(MEMORIES))
        .max_tables_per_component(TABLES)
        .total_tables(guests.saturating_mul(TABLES))
        .total_stacks(guests)
        // Cheaper to clear than to give back to the system and to get again, with all that this does to
        // the other processors.
        .table_keep_resident(TABLE_BYTES_KEPT)
        .max_memory_size(size.memory_bytes)
        .table_elements(size.table_elements);

    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .wasm_component_model(true)
        .epoch_interruption(true)
        .concurrency_support(false)
        // What no tool needs is off: less to be wrong about.
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // A trap's backtrace is for authors; the words of the guest's own names go to no model.
        .wasm_backtrace_max_frames(None);
    config
}
