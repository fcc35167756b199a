//! Where the graph is kept.

use toolkeep_sdk::kv;

/// What the graph needs of a store.
pub trait Shelf {
    /// All keys that begin so.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, kv::Error>;
    /// The values of the keys that have one, in the keys' order.
    fn read(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, kv::Error>;
    /// Gives the key the value that `change` makes of its own; nothing to leave all as it is.
    fn update(
        &self,
        key: &str,
        change: &mut dyn FnMut(Option<Vec<u8>>) -> Option<Vec<u8>>,
    ) -> Result<(), kv::Error>;
    /// Takes the values of all keys away, or of none.
    fn delete(&self, keys: &[String]) -> Result<(), kv::Error>;
}

/// The need of that name.
pub fn open() -> Result<kv::Store, kv::Error> {
    kv::open("graph")
}

impl Shelf for kv::Store {
    fn keys(&self, prefix: &str) -> Result<Vec<String>, kv::Error> {
        self.keys(prefix)
    }

    fn read(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, kv::Error> {
        let values = self.get_many(keys)?.into_iter();
        Ok(values
            .filter_map(|(key, value)| Some((key, value?)))
            .collect())
    }

    fn update(
        &self,
        key: &str,
        change: &mut dyn FnMut(Option<Vec<u8>>) -> Option<Vec<u8>>,
    ) -> Result<(), kv::Error> {
        self.update(key, change)
    }

    fn delete(&self, keys: &[String]) -> Result<(), kv::Error> {
        keys.chunks(1000)
            .try_for_each(|some| self.delete_many(some))
    }
}
