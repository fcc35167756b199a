//! From where things happen to those who watch. Nobody who watches can hold a call up: what a slow
//! listener has not taken in time is dropped, and it is told how much that was.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::event::{Event, EventKind, Origin};
use crate::base::clock::Timestamp;
use crate::store::audit::log::{AuditLog, Trouble};

/// How many events wait for the slowest listener. A power of two, as the channel would make it anyway.
const WAITING: usize = 1024;

/// Tells whoever listens; costs next to nothing while nobody does.
#[derive(Clone, Debug)]
pub(super) struct Emitter(broadcast::Sender<Arc<Event>>);

impl Emitter {
    /// Tells of the trouble that `log` has, too.
    pub(super) fn of(log: &AuditLog) -> Self {
        let emitter = Self::new();
        let telling = emitter.clone();
        log.on_trouble(move |trouble| {
            telling.tell(Timestamp::now(), None, || vec![told_of(&trouble)]);
        });
        emitter
    }

    fn new() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells what `kinds` gives, which is not asked while nobody listens. Never waits.
    pub(super) fn tell(
        &self,
        time: Timestamp,
        origin: Option<&Arc<Origin>>,
        kinds: impl FnOnce() -> Vec<EventKind>,
    ) {
        if !self.is_heard() {
            return;
        }
        for kind in kinds() {
            let origin = origin.map(Arc::clone);
            let event = Event { time, origin, kind };
            // The last listener may have left just now.
            drop(self.0.send(Arc::new(event)));
        }
    }

    /// All that is told from now on.
    pub(super) fn listen(&self) -> Events {
        Events(self.0.subscribe())
    }
}

fn told_of(trouble: &Trouble) -> EventKind {
    match trouble {
        Trouble::Lost { records, error } => EventKind::RecordsLost {
            records: *records,
            why: error.to_string(),
        },
        Trouble::Behind { records, error } => EventKind::RecordBehind {
            records: *records,
            why: error.to_string(),
        },
        Trouble::Checkpoint(error) => EventKind::CheckpointFailed {
            why: error.to_string(),
        },
        Trouble::Archive(error) => EventKind::ArchiveFailed {
            why: error.to_string(),
        },
        Trouble::Archived { first, last, file } => EventKind::Archived {
            first: *first,
            last: *last,
            file: file.clone(),
        },
    }
}

/// What happens on a host, from the moment this was asked for: up to 1,024 events wait here. Take them
/// in time, in a task or thread of your own; where that is too slow the oldest are dropped, and
/// [`EventKind::Missed`] stands in their place.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Arc<Event>>);

impl Events {
    /// The next event; waits for it. None once the host is gone and its calls are over. Nothing is lost
    /// if the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(Arc::unwrap_or_clone(event)),
            Err(RecvError::Lagged(events)) => Some(missed(events)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next event, if it has happened already.
    pub fn try_next(&mut self) -> Option<Event> {
        match self.0.try_recv() {
            Ok(event) => Some(Arc::unwrap_or_clone(event)),
            Err(TryRecvError::Lagged(events)) => Some(missed(events)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

fn missed(events: u64) -> Event {
    Event {
        time: Timestamp::now(),
        origin: None,
        kind: EventKind::Missed { events },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{CallId, Identity, Name, SessionId, ToolName};
    use crate::base::principal::Principal;

    fn origin() -> Arc<Origin> {
        let identity = |text| Identity::new(text).unwrap();
        Arc::new(Origin {
            principal: Principal::new(identity("local"), identity("ada")),
            session: SessionId::new("s").unwrap(),
            call: CallId::new(&"a".repeat(32)).unwrap(),
            runtime_call: None,
            plugin: Name::new("notes").unwrap(),
            tool: ToolName::new("write_note").unwrap(),
        })
    }

    fn begin(emitter: &Emitter, origin: &Arc<Origin>) {
        emitter.tell(Timestamp::now(), Some(origin), || {
            vec![EventKind::CallBegun]
        });
    }

    #[test]
    fn a_listener_that_never_reads_holds_nobody_up_and_keeps_little() {
        let (emitter, origin) = (Emitter::new(), origin());
        let mut events = emitter.listen();
        for _ in 0..10_000 {
            begin(&emitter, &origin);
        }
        assert_eq!(Arc::strong_count(&origin), WAITING + 1);
        let first = events.try_next().unwrap();
        let missed = 10_000 - WAITING as u64;
        assert_eq!(first.kind, EventKind::Missed { events: missed });
        let rest = std::iter::from_fn(|| events.try_next());
        assert_eq!(rest.count(), WAITING);
        drop(events);
        assert_eq!(Arc::strong_count(&origin), 1);
    }

    #[test]
    fn nothing_is_made_while_nobody_listens() {
        let emitter = Emitter::new();
        drop(emitter.listen());
        emitter.tell(Timestamp::now(), None, || panic!("nobody listens"));
        assert_eq!(emitter.listen().try_next(), None);
    }

    #[tokio::test]
    async fn every_listener_hears_all_and_then_the_end() {
        let (emitter, origin) = (Emitter::new(), origin());
        let (mut one, mut other) = (emitter.listen(), emitter.listen());
        begin(&emitter, &origin);
        drop(emitter);
        for events in [&mut one, &mut other] {
            assert_eq!(
                events.next().await.unwrap().to_string(),
                "notes/write_note begins"
            );
            assert_eq!(events.next().await, None);
        }
    }

    #[test]
    fn an_event_is_one_flat_object() {
        let (emitter, origin) = (Emitter::new(), origin());
        let mut events = emitter.listen();
        let said = crate::base::said::Said::Progress {
            done: 1,
            total: None,
            message: None,
        };
        let time = Timestamp::from_micros(7);
        emitter.tell(time, Some(&origin), || vec![EventKind::Said { said }]);
        assert_eq!(
            serde_json::to_value(events.try_next()).unwrap(),
            serde_json::json!({
                "time": 7,
                "principal": {"tenant": "local", "user": "ada"},
                "session": "s",
                "call": "a".repeat(32),
                "plugin": "notes",
                "tool": "write_note",
                "event": "said",
                "said": {"type": "progress", "done": 1, "total": null, "message": null},
            })
        );
    }
}
