//! What can be done with a bucket.

use std::sync::Arc;

use super::Bucket;
use super::backend::Held;
use super::failure::{CHANGED, KvFailure, told};
use crate::base::text;
use crate::gate::call::{Call, Span, Spend};
use crate::gate::pass::Pass;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::store::audit::record::Status;

/// The longest key, in bytes.
const MAX_KEY: usize = 512;
/// The most keys of one page, and of one batch.
pub(super) const MAX_KEYS: usize = 1000;
/// How often an act is judged anew because somebody else was faster.
pub(super) const TRIES: u32 = 8;

/// One page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys.
    pub keys: Vec<String>,
    /// Where the next page goes on; none where there is none.
    pub cursor: Option<String>,
}

/// A value that was read, to be exchanged if it is still the same then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cas {
    pub(super) key: String,
    pub(super) seen: Option<Held>,
}

impl Cas {
    /// The value that was read.
    pub fn current(&self) -> Option<&[u8]> {
        self.seen.as_ref().map(|held| held.value.as_slice())
    }
}

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// It was made.
    Done,
    /// Somebody was faster: this is there now.
    Changed(Cas),
}

impl Bucket {
    /// The value of `key`.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn get(&self, call: &Arc<Call>, key: &str) -> Result<Option<Vec<u8>>, KvFailure> {
        let held = self.read(call, key, Verbs::one(Verb::Get)).await?;
        Ok(held.map(|held| held.value))
    }

    /// Whether `key` has a value.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn exists(&self, call: &Arc<Call>, key: &str) -> Result<bool, KvFailure> {
        let held = self.read(call, key, Verbs::one(Verb::Get)).await?;
        Ok(held.is_some())
    }

    /// Gives `key` the value: `create` where it has none, else `modify`.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn set(
        self: &Arc<Self>,
        call: &Arc<Call>,
        key: &str,
        value: Vec<u8>,
    ) -> Result<(), KvFailure> {
        self.set_all(call, vec![(key.to_owned(), value)]).await
    }

    /// Gives each key its value, all together or none: each is judged before any is changed.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn set_all(
        self: &Arc<Self>,
        call: &Arc<Call>,
        values: Vec<(String, Vec<u8>)>,
    ) -> Result<(), KvFailure> {
        let changes = values.into_iter().map(|(key, value)| (key, Some(value)));
        self.change_all(call, changes.collect()).await
    }

    /// Takes the values of the keys away, all together or none.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn delete_all(
        self: &Arc<Self>,
        call: &Arc<Call>,
        keys: Vec<String>,
    ) -> Result<(), KvFailure> {
        let changes = keys.into_iter().map(|key| (key, None));
        self.change_all(call, changes.collect()).await
    }

    /// The keys that the grant is for, from behind `cursor` on.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn list(&self, call: &Arc<Call>, cursor: Option<String>) -> Result<Page, KvFailure> {
        let access = Access {
            is_folder: true,
            ..self.access("", Verbs::one(Verb::List))
        };
        let pass = call.judge(access, Span::Moment).await?;
        let mut page = Page::default();
        let mut after = cursor.map(|cursor| self.prefix.clone() + &cursor);
        loop {
            let keys = self
                .backend
                .keys(
                    &pass,
                    &self.namespace,
                    &self.prefix,
                    after.as_deref(),
                    MAX_KEYS,
                )
                .await
                .map_err(|error| told(call, &pass, &error))?;
            let more = keys.len() == MAX_KEYS;
            after = keys.last().cloned();
            let shown = keys.iter().filter_map(|key| key.strip_prefix(&self.prefix));
            for key in shown.filter(|key| call.shows(Handle::Kv, &self.need, key, false)) {
                if page.keys.len() == MAX_KEYS {
                    // A cursor that a guest sees is one of its own keys: it must not learn of others.
                    page.cursor = page.keys.last().cloned();
                    return Ok(done(&pass, page));
                }
                page.keys.push(key.to_owned());
            }
            if !more {
                return Ok(done(&pass, page));
            }
        }
    }

    /// Adds `delta` to the number that `key` has, in decimal digits, or to zero; gives the sum.
    ///
    /// # Errors
    /// [`KvFailure`]; also where the value is no number, or the sum too large.
    pub async fn increment(
        self: &Arc<Self>,
        call: &Arc<Call>,
        key: &str,
        delta: i64,
    ) -> Result<i64, KvFailure> {
        for _ in 0..TRIES {
            let held = self.read(call, key, Verbs::one(Verb::Get)).await?;
            let old = match &held {
                None => 0,
                Some(held) => std::str::from_utf8(&held.value)
                    .ok()
                    .and_then(|text| text.parse::<i64>().ok())
                    .ok_or(KvFailure::Failed("the value is no number"))?,
            };
            let sum = old
                .checked_add(delta)
                .ok_or(KvFailure::Failed("the sum is too large"))?;
            let cas = Cas {
                key: key.to_owned(),
                seen: held,
            };
            if self
                .exchange(call, &cas, sum.to_string().into_bytes())
                .await?
            {
                return Ok(sum);
            }
        }
        Err(KvFailure::Failed(CHANGED))
    }

    /// Reads `key`, to exchange its value later.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn cas(&self, call: &Arc<Call>, key: &str) -> Result<Cas, KvFailure> {
        let seen = self.read(call, key, Verbs::one(Verb::Get)).await?;
        let key = key.to_owned();
        Ok(Cas { key, seen })
    }

    /// Gives the key the value, if it still has the one that was read.
    ///
    /// # Errors
    /// [`KvFailure`].
    pub async fn swap(
        self: &Arc<Self>,
        call: &Arc<Call>,
        cas: Cas,
        value: Vec<u8>,
    ) -> Result<Swapped, KvFailure> {
        if self.exchange(call, &cas, value).await? {
            return Ok(Swapped::Done);
        }
        Ok(Swapped::Changed(self.cas(call, &cas.key).await?))
    }

    async fn read(
        &self,
        call: &Arc<Call>,
        key: &str,
        verbs: Verbs,
    ) -> Result<Option<Held>, KvFailure> {
        check(key)?;
        let pass = call.judge(self.access(key, verbs), Span::Moment).await?;
        let held = self
            .backend
            .get(&pass, &self.namespace, &self.stored(key))
            .await
            .map_err(|error| told(call, &pass, &error))?;
        let bytes = held.as_ref().map_or(0, |held| held.value.len() as u64);
        if let Err(refused) = pass.spend(Spend::BytesIn(bytes)) {
            pass.settle(Status::Refused, Some("budget"));
            return Err(refused.into());
        }
        pass.count_read(bytes);
        Ok(done(&pass, held))
    }

    pub(super) fn access(&self, key: &str, verbs: Verbs) -> Access {
        Access {
            handle: Handle::Kv,
            need: self.need.clone(),
            verbs,
            object: Object::Entry {
                data: self.data.clone(),
                key: key.to_owned(),
            },
            is_folder: false,
        }
    }

    pub(super) fn stored(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// Whether it can be a key at all.
pub(super) fn check(key: &str) -> Result<(), KvFailure> {
    Err(KvFailure::Failed(match key {
        "" => "the key is empty",
        key if key.len() > MAX_KEY => "the key is longer than 512 bytes",
        key if key.chars().any(text::is_unsafe) => "the key has control or invisible characters",
        _ => return Ok(()),
    }))
}

fn done<T>(pass: &Pass, value: T) -> T {
    pass.settle(Status::Done, None);
    value
}
