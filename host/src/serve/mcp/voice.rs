//! What a running tool says, as notifications to the client.

use rmcp::model::{
    LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::RequestContext;
use rmcp::{Peer, RoleServer};
use serde_json::Value;

use crate::api::session::CancelToken;
use crate::handle::report::{Level, Said};

/// One call's voice.
pub(super) struct Voice {
    peer: Peer<RoleServer>,
    progress: Option<ProgressToken>,
    /// What the client wants to hear at least; none where it wants no log.
    least: Option<LoggingLevel>,
    gone: CancelToken,
    /// Progress that the client heard last: the protocol wants it to rise.
    last: f64,
}

impl Voice {
    /// `level` is what an older client set for all calls. A newer one says so with each request, and is
    /// told nothing if it does not. `gone` is cancelled once nobody listens any more.
    pub(super) fn new(
        context: &RequestContext<RoleServer>,
        is_modern: bool,
        level: LoggingLevel,
        gone: CancelToken,
    ) -> Self {
        let asked = context.meta.log_level();
        Self {
            peer: context.peer.clone(),
            progress: context.meta.get_progress_token(),
            least: if is_modern { asked } else { Some(level) },
            gone,
            last: -1.0,
        }
    }

    /// Tells the client, in order. A client that is gone hears nothing: rmcp would never say that it was
    /// told.
    pub(super) async fn pass_on(&mut self, said: Said) {
        let gone = self.gone.clone();
        gone.or_cancelled(self.tell(said)).await;
    }

    async fn tell(&mut self, said: Said) {
        match said {
            Said::Log { level, message } => {
                let level = logging(level);
                if self.least.is_some_and(|least| rank(level) >= rank(least)) {
                    let line = LoggingMessageNotificationParam::new(level, Value::String(message))
                        .with_logger("tool");
                    drop(self.peer.notify_logging_message(line).await);
                }
            }
            Said::Progress {
                done,
                total,
                message,
            } => {
                let Some(token) = self.progress.clone() else {
                    return;
                };
                let done = number(done);
                if done <= self.last {
                    return;
                }
                self.last = done;
                let mut progress = ProgressNotificationParam::new(token, done);
                progress.total = total.map(number);
                progress.message = message;
                drop(self.peer.notify_progress(progress).await);
            }
        }
    }
}

/// A count as JSON has it. Beyond 2^53 it is rounded, where nobody counts any more.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn number(count: u64) -> f64 {
    count as f64
}

fn logging(level: Level) -> LoggingLevel {
    match level {
        Level::Debug => LoggingLevel::Debug,
        Level::Info => LoggingLevel::Info,
        Level::Warning => LoggingLevel::Warning,
        Level::Error => LoggingLevel::Error,
    }
}

/// The protocol's levels in their order.
fn rank(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}
