//! Changes: judged by what is there, and made only as long as it is.

use std::sync::Arc;

use super::Bucket;
use super::acts::{Cas, MAX_KEYS, TRIES, check};
use super::backend::{Change, Expected, KvError};
use super::failure::{CHANGED, KvFailure, failure, told};
use crate::gate::call::{Call, Span, Spend};
use crate::gate::pass::Pass;
use crate::rules::verb::{Verb, Verbs};
use crate::store::audit::record::Status;

/// The largest value, in bytes.
const MAX_VALUE: usize = 1 << 20;

impl Bucket {
    /// Whether the exchange was made.
    pub(super) async fn exchange(
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

    pub(super) async fn change_all(
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
        let now = now.map_err(|error| failure(&error))?;
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
}
