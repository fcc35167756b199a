//! What a running tool says to those who watch: log lines and progress. Always there, never part of
//! the answer, and limited per call.

use std::sync::atomic::{AtomicU64, Ordering};

pub use crate::base::said::{Level, Said};
use crate::base::text;

/// How much one call may say.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Lines of log.
    pub lines: u64,
    /// Bytes of log and progress messages together.
    pub bytes: u64,
    /// Progress updates.
    pub updates: u64,
}

/// Where what a call says goes. Slow or gone listeners never hold a call up: they have to take what
/// they are given without waiting.
pub type Listener = Box<dyn Fn(Said) + Send + Sync>;

/// One call's voice. What is beyond the allowance is counted and dropped.
pub struct Reporter {
    allowance: Allowance,
    listener: Option<Listener>,
    lines: AtomicU64,
    bytes: AtomicU64,
    updates: AtomicU64,
    dropped: AtomicU64,
}

impl Reporter {
    /// A voice that `listener` hears.
    pub fn new(allowance: Allowance, listener: Option<Listener>) -> Self {
        Self {
            allowance,
            listener,
            lines: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            updates: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Says one line.
    pub fn log(&self, level: Level, message: &str) {
        if !self.take(&self.lines, self.allowance.lines, message.len()) {
            return;
        }
        self.say(|| Said::Log {
            level,
            message: text::visible(message),
        });
    }

    /// Says how far the call is.
    pub fn progress(&self, done: u64, total: Option<u64>, message: Option<&str>) {
        if !self.take(
            &self.updates,
            self.allowance.updates,
            message.map_or(0, str::len),
        ) {
            return;
        }
        self.say(|| Said::Progress {
            done,
            total,
            message: message.map(text::visible),
        });
    }

    /// How much was dropped because it was beyond the allowance.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn say(&self, said: impl FnOnce() -> Said) {
        if let Some(listener) = &self.listener {
            listener(said());
        }
    }

    fn take(&self, counter: &AtomicU64, most: u64, bytes: usize) -> bool {
        let within = |most: u64, more: u64| {
            move |used: u64| used.checked_add(more).filter(|used| *used <= most)
        };
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let fits = counter.fetch_update(set, get, within(most, 1)).is_ok()
            && self
                .bytes
                .fetch_update(set, get, within(self.allowance.bytes, bytes as u64))
                .is_ok();
        if !fits {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn says_what_is_allowed_and_counts_the_rest() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = {
            let heard = Arc::clone(&heard);
            Box::new(move |said| heard.lock().unwrap().push(said))
        };
        let reporter = Reporter::new(
            Allowance {
                lines: 2,
                bytes: 10,
                updates: 1,
            },
            Some(listener),
        );
        reporter.log(Level::Info, "a\u{1b}b");
        reporter.log(Level::Info, "much too long a line");
        reporter.log(Level::Info, "third");
        reporter.progress(1, Some(2), None);
        reporter.progress(2, Some(2), None);
        assert_eq!(reporter.dropped(), 3);
        assert_eq!(
            *heard.lock().unwrap(),
            [
                Said::Log {
                    level: Level::Info,
                    message: "a\\u{1b}b".into()
                },
                Said::Progress {
                    done: 1,
                    total: Some(2),
                    message: None
                },
            ]
        );
    }
}
