//! What the operator took away while calls run: they are held to it from then on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::rules::config::Config;
use crate::rules::scope::Scope;

/// The newest rules of a host, for calls that began under older ones. A reload can only narrow, so a call
/// may do what both give.
#[derive(Default)]
pub(super) struct Narrowed {
    newest: RwLock<Option<Arc<Config>>>,
    times: AtomicU64,
}

impl Narrowed {
    /// From now on these rules hold too.
    pub(super) fn to(&self, config: &Arc<Config>) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(Arc::clone(config));
        self.times.fetch_add(1, Ordering::AcqRel);
    }

    /// How often that happened.
    pub(super) fn times(&self) -> u64 {
        self.times.load(Ordering::Acquire)
    }

    /// What a call of `scope` may do by the newest rules; none where they are still its own.
    pub(super) fn scope(&self, scope: &Scope) -> Option<Scope> {
        if self.times() == 0 {
            return None;
        }
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let newest = newest.as_ref()?;
        (newest.digest() != scope.rules_version()).then(|| scope.under(newest))
    }
}
