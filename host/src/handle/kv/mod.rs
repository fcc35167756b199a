//! The `kv` handle: values by key. Each act is an access of its own; changes are made only as long as
//! what they were judged by is still so.

mod acts;
pub mod backend;
mod change;
mod failure;
pub mod redis;
pub mod sqlite;

use std::sync::Arc;

pub use self::acts::{Cas, Page, Swapped};
use self::backend::{Backend, Room};
pub use self::failure::KvFailure;
use crate::base::id::Name;

/// What one call may reach of values by key: a bucket for each need that is granted.
#[derive(Clone, Debug, Default)]
pub struct Buckets(Vec<Arc<Bucket>>);

impl Buckets {
    /// These.
    pub fn new(buckets: Vec<Bucket>) -> Self {
        Self(buckets.into_iter().map(Arc::new).collect())
    }

    /// The one for `need`.
    pub fn get(&self, need: &str) -> Option<Arc<Bucket>> {
        let mut all = self.0.iter();
        all.find(|bucket| bucket.need.as_str() == need).cloned()
    }
}

/// The keys of one grant.
#[derive(Debug)]
pub struct Bucket {
    /// The need.
    pub need: Name,
    /// The place.
    pub data: Name,
    /// What keeps them.
    pub backend: Arc<dyn Backend>,
    /// Whether that may be another machine: then nothing is asked of it before the verdict.
    pub is_outside: bool,
    /// What they are kept apart by: two plugins with the same key do not meet.
    pub namespace: String,
    /// With what each key begins that is kept; the guest does not see it.
    pub prefix: String,
    /// How much there may be.
    pub room: Room,
}

#[cfg(test)]
mod tests;
