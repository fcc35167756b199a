//! What can be done with a bucket.

use std::sync::Arc;

use super::Bucket;
use super::backend::{Change, Expected, Held, KvError};
use crate::base::text;
use crate::gate::call::{Call, Span, Spend};
use crate::gate::pass::Pass;
use crate::gate::refusal::Refused;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::ReasonCode;
use crate::store::audit::record::Status;

/// The longest key, in bytes.
const MAX_KEY: usize = 512;
/// The largest value, in bytes.
const MAX_VALUE: usize = 1 << 20;
/// The most keys of one page, and of one batch.
const MAX_KEYS: usize = 1000;
/// How often an act is judged anew because somebody else was faster.
const TRIES: u32 = 8;

/// Why an act gave the guest nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvFailure {
    /// It was refused, which is on record.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// It could not be done; the word tells the guest why.
    #[error("{0}")]
    Failed(&'static str),
}

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
    key: String,
    seen: Option<Held>,
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

    /// Whether the exchange was made.
    async fn exchange(
        self: &Arc<Self>,
        call: &Arc<Call>,
        cas: &Cas,
        value: Vec<u8>,
    ) -> Result<bool, KvFailure> {
        let expected = Expected::as_found(cas.seen.as_ref().map(|held| held.version));
        let change = self.change(&cas.key, expected, Some(value))?;
        let pass = self.judge_change(call, &cas.key, &change).await?;
        match self.act(call, vec![pass], vec![change]).await {
            Ok(()) => Ok(true),
            Err(KvError::Changed) => Ok(false),
            Err(error) => Err(failure(&error)),
        }
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

    async fn change_all(
        self: &Arc<Self>,
        call: &Arc<Call>,
        wanted: Vec<(String, Option<Vec<u8>>)>,
    ) -> Result<(), KvFailure> {
        if wanted.len() > MAX_KEYS {
            return Err(KvFailure::Failed("more than 1000 keys at once"));
        }
        for _ in 0..TRIES {
            let mut passes = Vec::with_capacity(wanted.len());
            let mut changes: Vec<Change> = Vec::with_capacity(wanted.len());
            for (key, to) in &wanted {
                check(key)?;
                let stored = self.stored(key);
                if changes.iter().any(|change| change.key == stored) {
                    return Err(KvFailure::Failed("the same key twice at once"));
                }
                let expected = self.expected(&stored).await?;
                let change = self.change(key, expected, to.clone())?;
                match self.judge_change(call, key, &change).await {
                    Ok(pass) => passes.push(pass),
                    Err(failure) => {
                        // The others were allowed, and do not happen for this one.
                        for pass in &passes {
                            pass.settle(Status::Refused, Some("another-refused"));
                        }
                        return Err(failure);
                    }
                }
                changes.push(change);
            }
            match self.act(call, passes, changes).await {
                Err(KvError::Changed) => {}
                Ok(()) => return Ok(()),
                Err(error) => return Err(failure(&error)),
            }
        }
        Err(KvFailure::Failed(CHANGED))
    }

    /// What is there now, for the verdict. On another machine it could be anything until that is given.
    async fn expected(&self, stored: &str) -> Result<Expected, KvFailure> {
        if self.is_outside {
            return Ok(Expected::Anything);
        }
        let now = self.backend.version(&self.namespace, stored).await;
        let now = now.map_err(|error| KvFailure::Failed(word(&error)))?;
        Ok(Expected::as_found(now))
    }

    /// A change that was not judged yet.
    fn change(
        &self,
        key: &str,
        expected: Expected,
        to: Option<Vec<u8>>,
    ) -> Result<Change, KvFailure> {
        if to.as_ref().is_some_and(|value| value.len() > MAX_VALUE) {
            return Err(KvFailure::Failed("the value is larger than 1 MiB"));
        }
        Ok(Change {
            key: self.stored(key),
            expected,
            to,
        })
    }

    async fn judge_change(
        &self,
        call: &Arc<Call>,
        key: &str,
        change: &Change,
    ) -> Result<Pass, KvFailure> {
        let verbs = match (&change.to, change.expected) {
            (None, _) => Verbs::one(Verb::Delete),
            (Some(_), Expected::Nothing) => Verbs::one(Verb::Create),
            (Some(_), Expected::Version(_)) => Verbs::one(Verb::Modify),
            (Some(_), Expected::Anything) => Verbs::one(Verb::Create).with(Verb::Modify),
        };
        let access = self.access(key, verbs);
        let pass = call.judge(access, Span::Moment).await?;
        let bytes = change.to.as_ref().map_or(0, |value| value.len() as u64);
        if let Err(refused) = pass.spend(Spend::BytesOut(bytes)) {
            pass.settle(Status::Refused, Some("budget"));
            return Err(refused.into());
        }
        pass.count_written(bytes);
        Ok(pass)
    }

    /// Makes the changes, in a task of the host: a guest that goes away does not stop what was begun, and
    /// what came of it goes on record.
    async fn act(
        self: &Arc<Self>,
        call: &Arc<Call>,
        passes: Vec<Pass>,
        changes: Vec<Change>,
    ) -> Result<(), KvError> {
        let (bucket, call) = (Arc::clone(self), Arc::clone(call));
        let work = tokio::spawn(async move {
            let made = bucket
                .backend
                .apply(&passes, &bucket.namespace, changes, bucket.room)
                .await;
            for pass in &passes {
                match &made {
                    Ok(()) => pass.settle(Status::Done, None),
                    // It may have happened: it is not taken back.
                    Err(KvError::Unknown(_)) => pass.settle(Status::Stopped, Some("unknown")),
                    Err(error) => drop(told(&call, pass, error)),
                }
            }
            made
        });
        match work.await {
            Ok(made) => made,
            Err(error) => Err(KvError::Failed(error.to_string())),
        }
    }

    fn access(&self, key: &str, verbs: Verbs) -> Access {
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

    fn stored(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

const CHANGED: &str = "somebody else changes it all the time";

/// Whether it can be a key at all.
fn check(key: &str) -> Result<(), KvFailure> {
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

/// Puts on record why it failed; the guest hears less.
fn told(call: &Call, pass: &Pass, error: &KvError) -> KvFailure {
    if let KvError::Unreached(why) = error {
        // The operator has to know more than a word.
        pass.settle(Status::Refused, Some(code(error)));
        let refused = call.refuse_always(pass.access(), ReasonCode::Unreachable, why);
        return KvFailure::Refused(refused);
    }
    pass.settle(Status::Failed, Some(code(error)));
    failure(error)
}

/// The same, of what is on record already.
fn failure(error: &KvError) -> KvFailure {
    match error {
        KvError::Unreached(_) => KvFailure::Refused(Refused),
        error => KvFailure::Failed(word(error)),
    }
}

fn code(error: &KvError) -> &'static str {
    match error {
        KvError::Changed => "changed",
        KvError::Full => "full",
        KvError::Busy => "busy",
        KvError::Unreached(_) => "unreachable",
        KvError::Unknown(_) => "unknown",
        KvError::Failed(_) => "backend-failed",
    }
}

fn word(error: &KvError) -> &'static str {
    match error {
        KvError::Changed => CHANGED,
        KvError::Full => "there is no room for it",
        KvError::Busy => "it is in use by somebody else; try again",
        KvError::Unknown(_) => "nobody said whether it was done",
        KvError::Unreached(_) | KvError::Failed(_) => "it could not be done",
    }
}
