//! What keeps values by key. An embedder can bring one of its own.

use std::fmt;

use async_trait::async_trait;

use crate::gate::pass::Pass;

/// Keeps values by key, apart for each namespace. What it promises: a change is seen by all who read
/// after it, and the changes of one [`Backend::apply`] are made together or not at all.
#[async_trait]
pub trait Backend: Send + Sync + fmt::Debug {
    /// Whether there is a value, and which version of it: what an access is to be judged by. Nothing of
    /// it may reach a guest. Asked of files on this machine only: to ask anybody else before the verdict
    /// would tell them the key.
    async fn version(&self, namespace: &str, key: &str) -> Result<Option<i64>, KvError> {
        let (_, _) = (namespace, key);
        let why = "nothing is asked of it before the verdict";
        Err(KvError::Failed(why.to_owned()))
    }

    /// The value, and its version: a number that is never used again for another value of the key.
    async fn get(&self, pass: &Pass, namespace: &str, key: &str) -> Result<Option<Held>, KvError>;

    /// Keys that begin with `prefix` and come after `after`, in the order of their bytes: `limit` of them
    /// at most, and fewer only where there are no more.
    async fn keys(
        &self,
        pass: &Pass,
        namespace: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, KvError>;

    /// Makes all of `changes`, if each key is still as expected and all that is kept then fits `room`.
    ///
    /// # Errors
    /// [`KvError::Changed`] where a key is not as expected, [`KvError::Full`] where there is no room. Then
    /// nothing is changed, nor with any other but [`KvError::Unknown`].
    async fn apply(
        &self,
        passes: &[Pass],
        namespace: &str,
        changes: Vec<Change>,
        room: Room,
    ) -> Result<(), KvError>;
}

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The value.
    pub value: Vec<u8>,
    /// Its version.
    pub version: i64,
}

/// One change to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// What is expected to be there.
    pub expected: Expected,
    /// The new value; none to have none.
    pub to: Option<Vec<u8>>,
}

/// What is expected of a key that is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing in particular.
    Anything,
    /// It has no value.
    Nothing,
    /// It has this version of a value.
    Version(i64),
}

impl Expected {
    /// What was found is what is expected to be there still.
    pub fn as_found(version: Option<i64>) -> Self {
        version.map_or(Self::Nothing, Self::Version)
    }

    /// Whether that is what there is.
    pub fn is_met_by(self, version: Option<i64>) -> bool {
        self == Self::Anything || self == Self::as_found(version)
    }
}

/// How much may be kept in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many keys.
    pub keys: u64,
    /// How many bytes, keys and values together.
    pub bytes: u64,
}

/// Why a backend did not do it. The texts are for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// Somebody changed it meanwhile.
    #[error("somebody changed it meanwhile")]
    Changed,
    /// There would be more keys or bytes than may be kept.
    #[error("there is no room for it")]
    Full,
    /// It is used by somebody else for too long.
    #[error("it is in use by somebody else")]
    Busy,
    /// It cannot be reached, or does not let us in. Nothing was asked of it.
    #[error("{0}")]
    Unreached(String),
    /// It was asked for, and nobody said whether it was made.
    #[error("nobody said whether it was made: {0}")]
    Unknown(String),
    /// Whatever else went wrong.
    #[error("{0}")]
    Failed(String),
}
