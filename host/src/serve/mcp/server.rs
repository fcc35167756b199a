//! The protocol's server: one client on one connection, for one principal and session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, ElicitResult, ErrorCode,
    Implementation, InputRequest, InputRequiredResult, ListToolsResult, LoggingLevel,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, Peer, RoleServer, ServerHandler};
use serde_json::Value;
use tokio::runtime::Handle;

use super::conversation::{Asked, Conversation, Start, UnderWay};
use super::in_use::InUse;
use super::suspended::{Suspended, Waiting, binding};
use super::voice::Voice;
use super::{answer, ask, listing};
use crate::api::host::Host;
use crate::api::session::CancelToken;
use crate::base::id::SessionId;
use crate::base::principal::Principal;
use crate::base::text;
use crate::gate::approver::Answer;

/// The key of the one question in a result that wants input.
const QUESTION: &str = "approval";

const INSTRUCTIONS: &str = "\
These tools run inside Toolkeep, which lets each one touch only what an operator granted and records \
every access. A result that begins with `denied:` is final: do not retry it in other words. One that \
begins with `approval-required:` needs your user to act first; repeat the same call after they have.";

/// The requests that are answered, apart from those whose parameters are left out or not looked at.
const METHODS: [&str; 6] = [
    "initialize",
    "server/discover",
    "tools/list",
    "tools/call",
    "logging/setLevel",
    "subscriptions/listen",
];

/// How long a call may take on the thread that the line to the client has.
const SHORT: Duration = Duration::from_millis(2);

/// The protocol's server.
pub(super) struct Server {
    in_use: InUse,
    principal: Principal,
    session: SessionId,
    waiting: Waiting,
    under_way: UnderWay,
    /// Cancelled once the client has closed its end.
    gone: CancelToken,
    /// What an older client wants to hear at least.
    level: Mutex<LoggingLevel>,
    /// An older client, to be told when the list changes.
    peer: Mutex<Option<Peer<RoleServer>>>,
    /// The version of the host in use whose tools the client saw last.
    listed: AtomicU64,
}

impl Server {
    pub(super) fn new(
        host: Host,
        principal: Principal,
        session: SessionId,
        pool: Handle,
        waiting: Waiting,
        gone: CancelToken,
    ) -> Self {
        Self {
            in_use: InUse::new(host),
            principal,
            session,
            waiting,
            under_way: UnderWay::new(pool),
            gone,
            level: Mutex::new(LoggingLevel::Info),
            peer: Mutex::default(),
            listed: AtomicU64::new(0),
        }
    }

    /// Uses another host from now on, and tells the client.
    pub(super) fn replace(&self, host: Host) {
        self.in_use.replace(host);
        // What waits for an answer was asked by the old rules. Nothing that was can come to wait now.
        self.waiting.clear();
        let peer = lock(&self.peer).clone();
        if let Some(peer) = peer {
            // Not waited for: a client that does not listen must not keep the next change from being used.
            tokio::spawn(async move { drop(peer.notify_tool_list_changed().await) });
        }
    }

    /// Ends the calls that wait for answers, and waits until all calls have ended, on record.
    pub(super) async fn stop(&self) {
        self.waiting.clear();
        self.under_way.none().await;
    }

    async fn call(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let host = self.in_use.get();
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        // What the client can do is read anew for each call: only where it matters.
        let can_ask =
            host.lets_clients_answer() && ask::shows_forms(context.client_capabilities().as_ref());
        // Only what may be asked, or was, has to be bound to its call.
        let bound = if can_ask || request.request_state.is_some() {
            binding(&self.principal, &self.session, &request.name, &arguments)
        } else {
            Vec::new()
        };
        let mut given = None;
        if let Some(sealed) = &request.request_state {
            let Ok(state) = self.waiting.open(sealed, &bound) else {
                return Ok(answer::too_late(&host, 0).into());
            };
            let came = request
                .input_responses
                .and_then(|mut responses| responses.remove(QUESTION))
                .and_then(|response| serde_json::from_value::<ElicitResult>(response).ok())
                .map_or(Answer::Nobody, |result| ask::answer(&result));
            match self.waiting.take(&state) {
                Some(Suspended {
                    conversation,
                    answer,
                }) => {
                    if !self.in_use.pass_on(&conversation.host, answer, came) {
                        return Ok(answer::too_late(&host, state.done).into());
                    }
                    return self.attend(conversation, &bound, context).await;
                }
                // It was answered already, or nobody answered in time. Or another process asked and is gone:
                // what it did then must not be done twice.
                None if state.done > 0 || self.waiting.asked(&state) => {
                    return Ok(answer::too_late(&host, state.done).into());
                }
                None => given = Some((state.approval, came)),
            }
        }
        let start = Start {
            tool: request.name.into_owned(),
            arguments,
            runtime_call: Some(text::shorten(&text::visible(&context.id.to_string()), 128)),
            trace_parent: context
                .meta
                .get_traceparent()
                .map(|parent| text::shorten(&text::visible(parent), 128)),
            can_ask,
            given,
        };
        let session = host.session(self.session.clone(), self.principal.clone());
        let conversation = Conversation::begin(host, session, start, &self.under_way);
        self.attend(conversation, &bound, context).await
    }

    /// Talks about a call, and cancels it if the client takes it back, even while the client does not
    /// listen and the talk is stuck.
    async fn attend(
        &self,
        conversation: Conversation,
        bound: &[u8],
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let cancel = conversation.cancel_token();
        let watch = async {
            context.ct.cancelled().await;
            cancel.cancel();
            std::future::pending().await
        };
        tokio::select! {
            biased;
            never = watch => never,
            ended = self.talk(conversation, bound, context) => ended,
        }
    }

    /// Passes on what the tool says and the gate asks, until the call ends or has to wait for the
    /// client's next request.
    async fn talk(
        &self,
        mut conversation: Conversation,
        bound: &[u8],
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let is_modern = is_modern(context);
        let mut voice = Voice::new(context, is_modern, *lock(&self.level), self.gone.clone());
        let ended = loop {
            tokio::select! {
                biased;
                Some(said) = conversation.said.recv() => {
                    conversation.detach();
                    voice.pass_on(said).await;
                }
                Some(asked) = conversation.asked.recv() => {
                    conversation.detach();
                    if let Some(came) = conversation.given(&asked.question) {
                        self.in_use.pass_on(&conversation.host, asked.answer, came);
                    } else if is_modern {
                        match self.suspend(conversation, asked, bound) {
                            Ok(wanted) => return Ok(wanted.into()),
                            Err(back) => conversation = *back,
                        }
                    } else {
                        let host = &conversation.host;
                        ask::ask_back(asked, host, &self.in_use, context, &self.gone).await;
                    }
                }
                ended = &mut conversation.end => break ended,
                // It is none of the short ones, and the line is needed for others.
                () = tokio::time::sleep(SHORT), if !conversation.is_detached() => {
                    conversation.detach();
                }
            }
        };
        // Whatever the tool said before its end is told before it.
        while let Ok(said) = conversation.said.try_recv() {
            voice.pass_on(said).await;
        }
        let host = &conversation.host;
        match ended {
            Err(_panicked) => Ok(answer::broken(host).into()),
            Ok(Ok(reply)) => Ok(answer::reply(host, reply).into()),
            Ok(Err(failed)) => match answer::error(host, &failed) {
                Some(result) => Ok(result.into()),
                None => Err(ErrorData::new(
                    ErrorCode::INVALID_PARAMS,
                    failed.to_string(),
                    None,
                )),
            },
        }
    }

    /// Keeps the call until the client comes back with an answer. Gives it back where it cannot be kept,
    /// or asks by rules that are not in use any more: then its question is not answered.
    fn suspend(
        &self,
        conversation: Conversation,
        asked: Asked,
        bound: &[u8],
    ) -> Result<InputRequiredResult, Box<Conversation>> {
        let host = conversation.host.clone();
        let Some(_held) = self.in_use.hold(&host) else {
            return Err(Box::new(conversation));
        };
        let Asked { question, answer } = asked;
        let form = ask::form(&question);
        let suspended = Suspended {
            conversation,
            answer,
        };
        match self.waiting.keep(suspended, &question, bound) {
            Ok(sealed) => {
                let question = InputRequest::Elicitation(rmcp::model::ElicitRequest::new(form));
                let questions = [(QUESTION.to_owned(), question)].into();
                Ok(InputRequiredResult::new(Some(questions), Some(sealed)))
            }
            // The answer's sender goes away, which is no answer.
            Err(back) => Err(Box::new(back.conversation)),
        }
    }
}

/// Whether a request is of the era in which each one stands alone. Versions are dates.
fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        let about =
            Implementation::new("toolkeep", env!("CARGO_PKG_VERSION")).with_title("Toolkeep");
        ServerConfig::new(capabilities)
            .with_server_info(about)
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|request| request.cursor.is_some()) {
            let message = "there is no such page: all tools are on the first one";
            return Err(ErrorData::invalid_params(message, None));
        }
        let version = self.in_use.version();
        let host = self.in_use.get();
        let tools = host
            .tools()
            .filter(|entry| entry.callable)
            .map(|entry| listing::tool(&entry))
            .collect();
        self.listed.store(version, Ordering::Release);
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, &context).await
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        *lock(&self.level) = request.level;
        Ok(())
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        *lock(&self.peer) = Some(context.peer);
    }

    fn accepted_subscription_filter(
        &self,
        _requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    /// Tells a client of the newer era of changes. One that happened between its last list and now
    /// would be lost otherwise, so it is told at once.
    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut version = self.in_use.changes();
        let mut told = self.listed.load(Ordering::Acquire);
        loop {
            let now = *version.borrow_and_update();
            if now != told {
                told = now;
                if context.sink().notify_tool_list_changed().await.is_err() {
                    return Ok(());
                }
            }
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.gone.cancelled() => return Ok(()),
                changed = version.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    /// Answers what is not known, and what is known by its name but not by its parameters.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = text::shorten(&text::visible(&request.method), 64);
        Err(if METHODS.contains(&request.method.as_str()) {
            let message = format!("the parameters of `{method}` are not what it takes");
            ErrorData::invalid_params(message, None)
        } else {
            let message = format!("there is no method `{method}`");
            ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
        })
    }
}
