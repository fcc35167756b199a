//! Guests that are instantiated before anybody calls them, so that no call has to wait for that.
//!
//! Each serves one call, as every guest does. Nothing of it has run before that, and nothing was given to it: only
//! components of which instantiating runs nothing are made ready, see [`runs_at_start`].

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use wasmparser::{Parser, Payload};
use wasmtime::Store;

use super::bind::tool::bindings::{Plugin, PluginPre};
use super::guest::Guest;
use super::limits::Limits;
use super::links::Links;
use super::runtime::Engine;
use crate::base::digest::Digest;

/// How many there are at most, of all plugins together.
pub(super) const MOST: u32 = 8;

/// What one is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The component, by its bytes.
    pub(super) component: Digest,
    /// What it was linked with.
    pub(super) links: Links,
    /// What it may use.
    pub(super) limits: Limits,
}

/// A guest that nobody has called, and its store.
pub(super) struct Spare {
    pub(super) store: Store<Guest>,
    pub(super) plugin: Plugin,
}

/// Those that are ready; the newest is the last.
pub(super) struct Spares {
    ready: Mutex<VecDeque<(Kind, Spare)>>,
    /// One is made at a time, or the pool's room for them would not do.
    making: Semaphore,
}

impl Spares {
    pub(super) fn new() -> Self {
        Self {
            ready: Mutex::default(),
            making: Semaphore::new(1),
        }
    }

    /// Whether one has to be made for `kind`. Then there is room for it: the oldest one has gone.
    fn wants(&self, kind: &Kind) -> bool {
        let mut ready = self.ready();
        if ready.iter().any(|(of, _)| of == kind) {
            return false;
        }
        if ready.len() >= MOST as usize {
            ready.pop_front();
        }
        true
    }

    /// One that is good for `kind`, if there is one.
    pub(super) fn take(&self, kind: &Kind) -> Option<Spare> {
        let mut ready = self.ready();
        let at = ready.iter().position(|(of, _)| of == kind)?;
        ready.remove(at).map(|(_, spare)| spare)
    }

    fn ready(&self) -> MutexGuard<'_, VecDeque<(Kind, Spare)>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Sees to it that there is one for the next call of this kind. It takes the place of the one that was
    /// of no use for the longest time.
    pub(super) async fn make_ready(&self, kind: Kind, pre: &PluginPre<Guest>) {
        let Ok(_making) = self.spares.making.try_acquire() else {
            return;
        };
        if !self.spares.wants(&kind) {
            return;
        }
        let mut store = self.store(&kind.limits);
        // Where it does not work, the next call makes its own, and says what is wrong.
        if let Ok(plugin) = pre.instantiate_async(&mut store).await {
            let spare = Spare { store, plugin };
            self.spares.ready().push_back((kind, spare));
        }
    }
}

/// Whether anything of a component runs when it is instantiated, or may.
pub(super) fn runs_at_start(component: &[u8]) -> bool {
    Parser::new(0).parse_all(component).any(|payload| {
        matches!(
            payload,
            Err(_) | Ok(Payload::StartSection { .. } | Payload::ComponentStartSection { .. })
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = &[1, 4, 1, 0x60, 0, 0];
    const FUNCTION: &[u8] = &[3, 2, 1, 0];
    const START: &[u8] = &[8, 1, 0];
    const CODE: &[u8] = &[10, 4, 1, 2, 0, 0x0b];

    /// One section, which has to be short.
    fn section(kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// A component around a component around a module.
    fn nested(starts: bool) -> Vec<u8> {
        let start = if starts { START } else { &[] };
        let module = [b"\0asm\x01\0\0\0", TYPE, FUNCTION, start, CODE].concat();
        let component = |inside| [b"\0asm\x0d\0\x01\0".to_vec(), inside].concat();
        component(section(4, &component(section(1, &module))))
    }

    #[test]
    fn a_module_that_starts_by_itself_is_found_wherever_it_is() {
        assert!(!runs_at_start(&nested(false)));
        assert!(runs_at_start(&nested(true)));
        // What cannot be read may be anything.
        let whole = nested(false);
        assert!(runs_at_start(&whole[..whole.len() - 1]));
    }
}
