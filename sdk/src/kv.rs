//! Values by key, which outlive the call.
//!
//! This is the WASI draft `wasi:keyvalue@0.2.0-draft2`. A plugin that uses it names a need of `kv` in its
//! manifest, and opens it by that name. A key has 1 to 512 bytes and no control or invisible characters;
//! a value has at most 1 MiB.
//!
//! ```no_run
//! use toolkeep_sdk::kv;
//!
//! let counts = kv::open("counts")?;
//! let seen = counts.increment("visits", 1)?;
//! counts.set_json("last", &vec![seen])?;
//! # Ok::<(), kv::Error>(())
//! ```

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often [`Store::update`] tries again because somebody else was faster.
const TRIES: u32 = 16;

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The manifest names no such need.
    NoSuchStore,
    /// The host does not let the plugin do it. Trying again is of no use.
    Refused,
    /// It failed, for the reason in the text.
    Failed(String),
    /// A value is not what it was taken for.
    Malformed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchStore => f.write_str("the manifest names no such need of `kv`"),
            Self::Refused => f.write_str("refused by the host"),
            Self::Failed(why) => f.write_str(why),
            Self::Malformed(why) => write!(f, "the value is not what it was taken for: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Whether the host refused it.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused)
    }
}

/// Keys, each with its value if it has one.
pub type Values = Vec<(String, Option<Vec<u8>>)>;

/// The keys of one need. Outside a component, where no host is, it is empty and takes nothing.
#[derive(Debug)]
pub struct Store(host::Bucket);

/// Opens the keys of the need that the manifest calls `need`.
///
/// # Errors
///
/// [`Error::NoSuchStore`], and [`Error::Refused`] where nothing was granted for it.
pub fn open(need: &str) -> Result<Store, Error> {
    host::open(need).map(Store)
}

impl Store {
    /// The value of `key`; none where it has none.
    ///
    /// # Errors
    ///
    /// [`Error`], as with all that follow.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.0.get(key)
    }

    /// Gives `key` a value.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.0.set(key, value)
    }

    /// Takes the value of `key` away, if it has one.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        self.0.delete(key)
    }

    /// Whether `key` has a value.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn exists(&self, key: &str) -> Result<bool, Error> {
        self.0.exists(key)
    }

    /// All keys that begin with `prefix`, in the order of their bytes.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let (keys, next) = self.0.list_keys(cursor.as_deref())?;
            all.extend(keys.into_iter().filter(|key| key.starts_with(prefix)));
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Adds `delta` to the number that `key` has, in decimal digits, or to zero. Gives the sum.
    ///
    /// # Errors
    ///
    /// [`Error`]; also where the value is no number.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        self.0.increment(key, delta)
    }

    /// Gives `key` what `change` makes of its value. Where somebody else was faster, `change` is asked again
    /// with what is there then. A value can be changed so, but not taken away: `change` gives none to leave
    /// all as it is.
    ///
    /// # Errors
    ///
    /// [`Error`]; also where others are faster again and again.
    pub fn update(
        &self,
        key: &str,
        mut change: impl FnMut(Option<Vec<u8>>) -> Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let mut seen = self.0.cas(key)?;
        for _ in 0..TRIES {
            let Some(value) = change(seen.current()?) else {
                return Ok(());
            };
            match seen.swap(&value)? {
                None => return Ok(()),
                Some(now) => seen = now,
            }
        }
        Err(Error::Failed(
            "somebody else changes it all the time".to_owned(),
        ))
    }

    /// The value of each key; none where it has none.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn get_many(&self, keys: &[String]) -> Result<Values, Error> {
        self.0.get_many(keys)
    }

    /// Gives each key its value, all of them or none: 1000 at most.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn set_many(&self, values: &[(String, Vec<u8>)]) -> Result<(), Error> {
        self.0.set_many(values)
    }

    /// Takes the values of all keys away, all of them or none: 1000 at most.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn delete_many(&self, keys: &[String]) -> Result<(), Error> {
        self.0.delete_many(keys)
    }

    /// The value of `key`, which is JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where it is not, or is another type's.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let value = self.get(key)?;
        let read = |value: Vec<u8>| serde_json::from_slice(&value);
        let read = value.map(read).transpose();
        read.map_err(|error| Error::Malformed(error.to_string()))
    }

    /// Gives `key` the value, as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where it cannot be written as JSON.
    pub fn set_json<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), Error> {
        let json =
            serde_json::to_vec(value).map_err(|error| Error::Malformed(error.to_string()))?;
        self.set(key, &json)
    }
}

#[cfg(target_family = "wasm")]
mod host {
    use super::{Error, Values};
    use crate::__private::bindings::wasi::keyvalue::{atomics, batch, store};

    #[derive(Debug)]
    pub(super) struct Bucket(store::Bucket);

    pub(super) struct Seen(atomics::Cas);

    pub(super) fn open(need: &str) -> Result<Bucket, Error> {
        store::open(need).map(Bucket).map_err(told)
    }

    impl Bucket {
        pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
            self.0.get(key).map_err(told)
        }

        pub(super) fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
            self.0.set(key, value).map_err(told)
        }

        pub(super) fn delete(&self, key: &str) -> Result<(), Error> {
            self.0.delete(key).map_err(told)
        }

        pub(super) fn exists(&self, key: &str) -> Result<bool, Error> {
            self.0.exists(key).map_err(told)
        }

        pub(super) fn list_keys(
            &self,
            cursor: Option<&str>,
        ) -> Result<(Vec<String>, Option<String>), Error> {
            let page = self.0.list_keys(cursor).map_err(told)?;
            Ok((page.keys, page.cursor))
        }

        pub(super) fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
            atomics::increment(&self.0, key, delta).map_err(told)
        }

        pub(super) fn cas(&self, key: &str) -> Result<Seen, Error> {
            atomics::Cas::new(&self.0, key).map(Seen).map_err(told)
        }

        pub(super) fn get_many(&self, keys: &[String]) -> Result<Values, Error> {
            batch::get_many(&self.0, keys).map_err(told)
        }

        pub(super) fn set_many(&self, values: &[(String, Vec<u8>)]) -> Result<(), Error> {
            batch::set_many(&self.0, values).map_err(told)
        }

        pub(super) fn delete_many(&self, keys: &[String]) -> Result<(), Error> {
            batch::delete_many(&self.0, keys).map_err(told)
        }
    }

    impl Seen {
        pub(super) fn current(&self) -> Result<Option<Vec<u8>>, Error> {
            self.0.current().map_err(told)
        }

        /// What is there now, where somebody was faster.
        pub(super) fn swap(self, value: &[u8]) -> Result<Option<Self>, Error> {
            match atomics::swap(self.0, value) {
                Ok(()) => Ok(None),
                Err(atomics::CasError::CasFailed(now)) => Ok(Some(Self(now))),
                Err(atomics::CasError::StoreError(error)) => Err(told(error)),
            }
        }
    }

    fn told(error: store::Error) -> Error {
        match error {
            store::Error::NoSuchStore => Error::NoSuchStore,
            store::Error::AccessDenied => Error::Refused,
            store::Error::Other(why) => Error::Failed(why),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::{Error, Values};

    #[derive(Debug)]
    pub(super) struct Bucket;

    pub(super) struct Seen;

    fn nothing<T>() -> Result<T, Error> {
        Err(Error::Failed("there is no host here".to_owned()))
    }

    pub(super) fn open(_: &str) -> Result<Bucket, Error> {
        Ok(Bucket)
    }

    impl Bucket {
        pub(super) fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Error> {
            Ok(None)
        }

        pub(super) fn set(&self, _: &str, _: &[u8]) -> Result<(), Error> {
            nothing()
        }

        pub(super) fn delete(&self, _: &str) -> Result<(), Error> {
            Ok(())
        }

        pub(super) fn exists(&self, _: &str) -> Result<bool, Error> {
            Ok(false)
        }

        pub(super) fn list_keys(
            &self,
            _: Option<&str>,
        ) -> Result<(Vec<String>, Option<String>), Error> {
            Ok((Vec::new(), None))
        }

        pub(super) fn increment(&self, _: &str, _: i64) -> Result<i64, Error> {
            nothing()
        }

        pub(super) fn cas(&self, _: &str) -> Result<Seen, Error> {
            nothing()
        }

        pub(super) fn get_many(&self, keys: &[String]) -> Result<Values, Error> {
            Ok(keys.iter().map(|key| (key.clone(), None)).collect())
        }

        pub(super) fn set_many(&self, _: &[(String, Vec<u8>)]) -> Result<(), Error> {
            nothing()
        }

        pub(super) fn delete_many(&self, _: &[String]) -> Result<(), Error> {
            Ok(())
        }
    }

    impl Seen {
        pub(super) fn current(&self) -> Result<Option<Vec<u8>>, Error> {
            Ok(None)
        }

        pub(super) fn swap(self, _: &[u8]) -> Result<Option<Self>, Error> {
            nothing()
        }
    }
}
