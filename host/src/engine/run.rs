//! One run of one guest: a fresh store, its limits, its clock, and how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::{Store, UpdateDeadline};

use super::bind::tool::bindings::PluginPre;
use super::bind::tool::{self, wit};
use super::compile::{CompileError, Compiled, one_line};
pub use super::guest::World;
use super::guest::{Guest, Listening};
use super::limits::Limits;
use super::links::Links;
use super::runtime::Engine;
use super::spare::Kind;
use crate::gate::call::Call;
use crate::gate::exit::Ended;
use crate::handle::report::{Level, Reporter};

/// How long a guest that asks whether its call was cancelled has to end by itself.
const GRACE: Duration = Duration::from_millis(200);

/// The record's word for a call that the runtime cancelled.
const CANCELLED: &str = "cancelled";

/// What a guest is asked to do, and what it is given for it.
pub struct Job {
    /// The tool.
    pub tool: String,
    /// Its arguments, a JSON object.
    pub arguments: String,
    /// The interfaces that it is given.
    pub links: Links,
    /// The data places that it is given.
    pub world: World,
    /// What it may use.
    pub limits: Limits,
    /// Its voice.
    pub reporter: Arc<Reporter>,
}

/// A tool as the guest describes it, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// A short name for people.
    pub title: Option<String>,
    /// What it does.
    pub description: String,
    /// A JSON Schema, as text.
    pub input_schema: String,
    /// A JSON Schema, as text.
    pub output_schema: Option<String>,
    /// It says that it changes nothing.
    pub read_only: bool,
    /// It says that it only adds.
    pub non_destructive: bool,
    /// It says that calling it again changes nothing more.
    pub idempotent: bool,
}

/// A guest was stopped by the host, for the reason of this fixed word.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("stopped: {0}")]
struct Stop(&'static str);

impl Engine {
    /// Runs one tool in a store of its own. What it was given is gone when this returns, however it ended.
    ///
    /// # Errors
    /// [`CompileError::Link`] where the component needs something that `job.links` does not give.
    pub async fn run(
        self: &Arc<Self>,
        plugin: &Compiled,
        call: &Arc<Call>,
        job: Job,
    ) -> Result<Ended, CompileError> {
        let pre = plugin.ready(job.links)?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = match call.cancel_token().or_cancelled(turn).await {
            Some(Ok(turn)) => turn,
            Some(Err(_)) => return Ok(Ended::Stopped("shutting-down")),
            None => return Ok(Ended::Stopped(CANCELLED)),
        };
        let kind = Kind {
            component: plugin.digest,
            links: job.links,
            limits: job.limits,
        };
        let (mut store, ready) = match self.spares.take(&kind) {
            Some(spare) => (spare.store, Some(spare.plugin)),
            None => (self.store(&job.limits), None),
        };
        let reporter = Arc::clone(&job.reporter);
        store.set_epoch_deadline(1);
        let guest = store.data_mut();
        guest.begin(Arc::clone(call), job.world, job.reporter);
        let listening = guest.listening.clone();
        let waited = || call.waited();
        let work = async {
            let plugin = match ready {
                Some(plugin) => plugin,
                None => pre.instantiate_async(&mut store).await?,
            };
            let tools = plugin.toolkeep_tool_tools();
            tools.call_call(&mut store, &job.tool, &job.arguments).await
        };
        let done = {
            tokio::pin!(work);
            tokio::select! {
                biased;
                () = out_of_grace(call, &listening) => None,
                done = within(job.limits.wall, waited, self.pace.keep(work)) => done,
            }
        };
        let ended = match done {
            None => Ended::Stopped("time-limit"),
            Some(Ok(Ok(output))) => match tool::output(output) {
                Some(output) => Ended::Done(output),
                None => Ended::Stopped("bad-output"),
            },
            Some(Ok(Err(failure))) => Ended::Failed(tool::failure(failure)),
            Some(Err(error)) => {
                let word = stopped_by(&store, &error);
                if word == "trap" {
                    reporter.log(
                        Level::Error,
                        &format!("the tool trapped: {}", one_line(&error)),
                    );
                }
                Ended::Stopped(word)
            }
        };
        let whole = matches!(ended, Ended::Done(_) | Ended::Failed(_));
        if whole {
            store.data().folders.settle();
        }
        store.data_mut().end(whole);
        let next = (!plugin.runs_at_start).then_some((kind, pre));
        self.tidy(store, turn, next);
        // Whatever it gave, and however it ended: nobody waits for it any more.
        if call.is_cancelled() {
            return Ok(Ended::Stopped(CANCELLED));
        }
        Ok(ended)
    }

    /// Asks a plugin for its tools, in a sandbox with nothing in it.
    ///
    /// # Errors
    /// A sentence on what went wrong.
    pub async fn describe(
        &self,
        plugin: &Compiled,
        limits: Limits,
    ) -> Result<Vec<Described>, String> {
        let pre = plugin
            .ready(Links::ALL)
            .map_err(|error| error.to_string())?;
        let turn = self.turns.acquire().await;
        let _turn = turn.map_err(|_| "the engine is shutting down".to_owned())?;
        let mut store = self.store(&limits);
        let work = async {
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.toolkeep_tool_tools().call_describe(&mut store).await
        };
        match within(limits.wall, || Duration::ZERO, work).await {
            None => Err("`describe` did not come back in time".to_owned()),
            Some(Err(error)) => Err(format!("`describe` failed: {}", one_line(&error))),
            Some(Ok(tools)) => Ok(tools.into_iter().map(described).collect()),
        }
    }

    /// Gives back what a guest took of the machine. On a runtime with one thread, when those who wait for the
    /// call's answer have it; and then one is made ready for the next call. Another thread would have to be
    /// woken for it, which takes longer than that.
    fn tidy(
        self: &Arc<Self>,
        store: Store<Guest>,
        turn: OwnedSemaphorePermit,
        next: Option<(Kind, PluginPre<Guest>)>,
    ) {
        if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
            return;
        }
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            drop(store);
            drop(turn);
            if let Some((kind, pre)) = next {
                engine.make_ready(kind, &pre).await;
            }
        });
    }

    /// A store with nothing in it yet.
    pub(super) fn store(&self, limits: &Limits) -> Store<Guest> {
        let mut store = Store::new(&self.wasm, Guest::new(limits));
        store.limiter(|guest| &mut guest.limiter);
        store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));
        let handles = usize::try_from(limits.open_handles).unwrap_or(usize::MAX);
        store.set_max_component_handles(handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            let guest = store.data_mut();
            match guest.ticks_left.checked_sub(1) {
                Some(left) => {
                    guest.ticks_left = left;
                    Ok(UpdateDeadline::Yield(1))
                }
                None => Err(wasmtime::Error::new(Stop("cpu-limit"))),
            }
        });
        store
    }
}

/// Runs `work` for at most `limit`, not counting what `waited` says was spent waiting for a person.
async fn within<T>(
    limit: Duration,
    waited: impl Fn() -> Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let began = Instant::now();
    tokio::pin!(work);
    loop {
        let left = (limit + waited()).saturating_sub(began.elapsed());
        match tokio::time::timeout(left, &mut work).await {
            Ok(done) => return Some(done),
            Err(_) if began.elapsed() < limit + waited() => {}
            Err(_) => return None,
        }
    }
}

/// Waits until `call` is cancelled, and then as long as its guest may still tidy up.
async fn out_of_grace(call: &Call, listening: &Listening) {
    call.cancel_token().cancelled().await;
    if listening.get() {
        tokio::time::sleep(GRACE).await;
    }
}

/// The fixed word for why a guest was stopped.
fn stopped_by(store: &Store<Guest>, error: &wasmtime::Error) -> &'static str {
    if let Some(Stop(word)) = error.downcast_ref::<Stop>() {
        return word;
    }
    if error.is::<wasmtime_wasi::I32Exit>() {
        return "exit";
    }
    if error.is::<wasmtime::component::ResourceTableError>() {
        return "handle-limit";
    }
    if store.data().limiter.hit {
        return "memory-limit";
    }
    // wasmtime has no types for these.
    let text = format!("{error:#}");
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return "data-limit";
    }
    if text.contains("handle limit exceeded") {
        return "handle-limit";
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => "stack-overflow",
        _ => "trap",
    }
}

fn described(tool: wit::Tool) -> Described {
    Described {
        name: tool.name,
        title: tool.title,
        description: tool.description,
        input_schema: tool.input_schema,
        output_schema: tool.output_schema,
        read_only: tool.hints.read_only,
        non_destructive: tool.hints.non_destructive,
        idempotent: tool.hints.idempotent,
    }
}
