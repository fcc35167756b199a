//! Calling tools.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::error::CallError;
use super::host::{Host, Inner};
use super::limits::{engine_limits, explain};
use super::plugin::{Plugin, Tool};
use super::schema::TooLong;
use crate::base::content::{Failure, Output};
use crate::base::digest::Digest;
use crate::base::id::{CallId, SessionId};
use crate::base::label::Label;
use crate::base::principal::Principal;
use crate::base::text;
use crate::engine::links::Links;
use crate::engine::run::Job;
use crate::gate;
use crate::gate::approver::Approver;
use crate::gate::call::{Call, Identity};
pub use crate::gate::cancel::CancelToken;
use crate::gate::exit::{Ended, leave};
use crate::gate::refusal::Refusal;
use crate::handle::http;
use crate::handle::report::{Allowance, Listener, Reporter};
use crate::rules::config;
use crate::rules::scope::Scope;
use crate::rules::verb::Handle;
use crate::rules::verdict::Verdict;
use crate::store::error::StoreError;

/// A call that takes longer than this is on record while it runs; a shorter one as soon as it ends, or
/// does anything to the world.
const ON_RECORD_AFTER: Duration = Duration::from_millis(5);

/// One agent's conversation. Cheap to clone; calls may run at the same time.
#[derive(Clone)]
pub struct Session {
    host: Host,
    gate: Arc<gate::session::Session>,
}

/// What a runtime may say about one call.
#[derive(Default)]
pub struct CallOptions {
    /// Hears the tool's log lines and progress while it runs.
    pub listener: Option<Listener>,
    /// The runtime's own name for the call, for the record.
    pub runtime_call: Option<String>,
    /// The W3C trace parent, for the record.
    pub trace_parent: Option<String>,
    /// Cancels the call while it runs, or waits for a person or its turn.
    pub cancel: Option<CancelToken>,
    /// Who asks a person for this call, in place of the host's own approver.
    pub approver: Option<Arc<dyn Approver>>,
}

/// What a call gave back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reply {
    /// The tool's output.
    #[serde(flatten)]
    pub output: Output,
    /// This run.
    pub call: CallId,
    /// The label of all that the call has seen.
    pub label: Label,
    /// What was refused on the way, although the tool got by without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
}

impl Session {
    pub(super) fn new(host: Host, gate: Arc<gate::session::Session>) -> Self {
        Self { host, gate }
    }

    /// Its identifier.
    pub fn id(&self) -> &SessionId {
        self.gate.id()
    }

    /// On whose behalf it is held.
    pub fn principal(&self) -> &Principal {
        self.gate.principal()
    }

    /// The label of all that its calls have seen, in this process and in others, just now.
    ///
    /// # Errors
    /// If it can't be read. It must not be taken for clean then.
    pub fn label(&self) -> Result<Label, StoreError> {
        self.gate.label()
    }

    /// Runs a tool. `arguments` is a JSON object.
    ///
    /// # Errors
    /// [`CallError`]: whatever kept the tool from giving something back.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Reply, CallError> {
        self.call_with(tool, arguments, CallOptions::default())
            .await
    }

    /// Runs a tool, with what the runtime has to say about the call.
    ///
    /// # Errors
    /// [`CallError`]: whatever kept the tool from giving something back.
    pub async fn call_with(
        &self,
        tool: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Result<Reply, CallError> {
        let host = &*self.host.inner;
        let (plugin, found) = find(host, tool)?;
        let limits = host
            .config
            .plugins
            .get(&plugin.name)
            .map_or(host.config.limits, |p| p.limits);
        let text = arguments.to_string();
        let arguments = Arc::new(arguments);
        let scope = Scope::new(&host.config, &plugin.manifest, &found.info, &plugin.name);
        let id = new_call_id().map_err(|why| CallError::Unusable {
            tool: tool.to_owned(),
            why,
        })?;
        let identity = Identity {
            call: id.clone(),
            plugin: plugin.name.clone(),
            plugin_digest: plugin.digest,
            tool: found.info.name.clone(),
            arguments: Digest::of(text.as_bytes()),
            runtime_call: options.runtime_call,
            trace_parent: options.trace_parent,
        };
        let gate = match options.approver {
            Some(approver) => Arc::new(host.gate.with_approver(approver)),
            None => Arc::clone(&host.gate),
        };
        let begun = Call::begin(
            gate,
            Arc::clone(&self.gate),
            identity,
            Arc::clone(&arguments),
            scope,
            limits.accesses,
            options.cancel.unwrap_or_default(),
        );
        let call = begun
            .await
            .map_err(|refusal| refused(tool, id.clone(), vec![refusal], None))?;

        let allowance = Allowance {
            lines: limits.log_lines,
            bytes: limits.log_bytes,
            updates: limits.progress_updates,
        };
        let work = Work {
            arguments: text,
            limits,
            reporter: Arc::new(Reporter::new(
                allowance,
                Some(voice(&call, options.listener)),
            )),
        };
        let ran = match misfit(found, &arguments, &work).await {
            Some(why) => Ok(Ended::Failed(Failure::BadArguments(why))),
            None => {
                let run = self.run(plugin, found, &call, work);
                tokio::pin!(run);
                match tokio::time::timeout(ON_RECORD_AFTER, &mut run).await {
                    Ok(ran) => ran,
                    Err(_) => {
                        call.catch_up().await;
                        run.await
                    }
                }
            }
        };
        let ended = match ran {
            Ok(ended) => ended,
            Err(why) => {
                // The call began, so it has to end, on record.
                let stopped = leave(&call, Ended::Stopped("unusable"), limits.output_bytes).await;
                return Err(match stopped {
                    Ok(_) => CallError::Unusable {
                        tool: tool.to_owned(),
                        why,
                    },
                    Err(_) => CallError::RecordFailed {
                        tool: tool.to_owned(),
                        call: id,
                    },
                });
            }
        };
        let left = leave(&call, ended, limits.output_bytes)
            .await
            .map_err(|_| CallError::RecordFailed {
                tool: tool.to_owned(),
                call: id.clone(),
            })?;
        let refusals = call.refusals();
        match left.ended {
            Ended::Done(output) => Ok(Reply {
                output,
                call: id,
                label: left.label,
                refusals,
            }),
            Ended::Failed(failure) if !refusals.is_empty() => {
                Err(refused(tool, id, refusals, Some(failure)))
            }
            Ended::Failed(Failure::BadArguments(why)) => Err(CallError::BadArguments {
                tool: tool.to_owned(),
                why,
            }),
            Ended::Failed(failure) => Err(CallError::Failed {
                tool: tool.to_owned(),
                call: id,
                failure,
            }),
            Ended::Stopped(word) if word == "trap" && !refusals.is_empty() => {
                Err(refused(tool, id, refusals, None))
            }
            Ended::Stopped(word) => Err(CallError::Stopped {
                tool: tool.to_owned(),
                call: id,
                word,
                why: explain(word, &limits),
            }),
        }
    }

    async fn run(
        &self,
        plugin: &Arc<Plugin>,
        tool: &Tool,
        call: &Arc<Call>,
        work: Work,
    ) -> Result<Ended, String> {
        let host = &*self.host.inner;
        let mut world = host.places.world(call.scope(), self.principal())?;
        if plugin.manifest.needs.wants(Handle::Http) {
            let limits = http::Limits::of(&work.limits);
            world.http = Some(http::Client::new(&host.web, limits));
        }
        if plugin.compiled().is_none() {
            let (host, plugin) = (Arc::clone(&self.host.inner), Arc::clone(plugin));
            let compiling =
                tokio::task::spawn_blocking(move || plugin.compile(&host.engine, &host.cache));
            // What is being compiled is finished in any case: the next call has use for it.
            let Some(compiled) = call.cancel_token().or_cancelled(compiling).await else {
                return Ok(Ended::Stopped("cancelled"));
            };
            compiled.map_err(|error| format!("compiling it failed: {error}"))??;
        }
        let compiled = plugin.compiled().ok_or("it is not compiled")?;
        let needs = &plugin.manifest.needs;
        let job = Job {
            tool: tool.info.name.to_string(),
            arguments: work.arguments,
            links: Links::of(|handle| needs.wants(handle)),
            world,
            limits: engine_limits(&work.limits),
            reporter: work.reporter,
        };
        let ended = host
            .engine
            .run(compiled, call, job)
            .await
            .map_err(|e| e.to_string())?;
        Ok(match ended {
            Ended::Done(output) if !keeps_promise(tool, &output).await => {
                Ended::Stopped("bad-output")
            }
            ended => ended,
        })
    }
}

/// Where what a tool says goes: to those who watch the host, and to whom the call's own listener is.
fn voice(call: &Arc<Call>, listener: Option<Listener>) -> Listener {
    let call = Arc::clone(call);
    Box::new(move |said| {
        call.tell_said(&said);
        if let Some(listener) = &listener {
            listener(said);
        }
    })
}

/// What a call brings to its run.
struct Work {
    arguments: String,
    limits: config::Limits,
    reporter: Arc<Reporter>,
}

fn find<'a>(host: &'a Inner, tool: &str) -> Result<(&'a Arc<Plugin>, &'a Tool), CallError> {
    let found = host.names.get(tool).and_then(|named| host.at(named));
    found.ok_or_else(|| CallError::UnknownTool {
        tool: text::shorten(&text::visible(tool), 64),
        nearest: nearest(host, tool),
    })
}

/// The tool that was meant: one whose plugin stands before its name, or one of a like name.
fn nearest(host: &Inner, tool: &str) -> Option<String> {
    let own = tool.rsplit('/').next().unwrap_or(tool);
    let with_plugin = format!("_{own}");
    // No word of tools that are not listed.
    let names = || {
        let callable = host.names.iter().filter(|(_, named)| named.callable);
        callable.map(|(name, _)| name.as_str())
    };
    names()
        .find(|name| *name == own || !own.is_empty() && name.ends_with(&with_plugin))
        .or_else(|| text::nearest(tool, names()))
        .map(str::to_owned)
}

/// What does not fit of a call's arguments.
async fn misfit(tool: &Tool, arguments: &Value, work: &Work) -> Option<String> {
    if !arguments.is_object() {
        return Some("they have to be a JSON object".to_owned());
    }
    let bytes = work.arguments.len();
    if bytes as u64 > work.limits.argument_bytes {
        return Some(format!(
            "they have more than {} bytes",
            work.limits.argument_bytes
        ));
    }
    let schema = match tool.input() {
        Ok(schema) => schema,
        Err(why) => return Some(why),
    };
    match schema.misfit(arguments, bytes).await {
        Ok(misfit) => misfit,
        Err(TooLong) => Some("checking them against the tool's schema takes too long".to_owned()),
    }
}

/// Whether an output is what the tool's output schema promises.
async fn keeps_promise(tool: &Tool, output: &Output) -> bool {
    match (tool.output(), &output.structured_content) {
        (None, _) => true,
        (Some(Ok(schema)), Some(value)) => {
            schema.misfit(value, value.to_string().len()).await == Ok(None)
        }
        (Some(_), _) => false,
    }
}

/// The error for a call that did not work because of what was refused: unanswered only where a person
/// could lift all of it.
fn refused(tool: &str, call: CallId, refusals: Vec<Refusal>, said: Option<Failure>) -> CallError {
    let tool = tool.to_owned();
    if refusals
        .iter()
        .all(|refusal| refusal.verdict == Verdict::Ask)
    {
        CallError::Unanswered {
            tool,
            call,
            refusals,
            said,
        }
    } else {
        CallError::Denied {
            tool,
            call,
            refusals,
            said,
        }
    }
}

fn new_call_id() -> Result<CallId, String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random: {error}"))?;
    CallId::new(&crate::base::digest::hex(&bytes)).map_err(|error| error.to_string())
}
