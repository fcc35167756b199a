//! Grants of values by key: `[plugins.NAME.kv.NEED]`.

use super::{Declared, Grant, Placed};
use crate::base::id::Name;
use crate::rules::config::limits::size;
use crate::rules::read::{Reader, Table};
use crate::rules::verb::Handle;

/// What an operator gives for a need of values by key.
#[derive(Clone, Debug)]
pub struct KvGrant {
    /// The place, the verbs and the keys.
    pub grant: Grant,
    /// The keys are those of all grants of the place that name the same; none: of this plugin and need
    /// alone.
    pub namespace: Option<Name>,
    /// How many keys there may be.
    pub max_keys: u64,
    /// How many bytes keys and values may take together.
    pub max_bytes: u64,
}

impl Placed for KvGrant {
    fn grant(&self) -> &Grant {
        &self.grant
    }
}

const MAX_KEYS: u64 = 10_000;
const MAX_BYTES: u64 = 16 << 20;

/// Reads one of `[plugins.NAME.kv]`.
pub(super) fn one(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    places: Declared<'_>,
) -> Option<KvGrant> {
    let own = ["namespace", "max_keys", "max_bytes"];
    let grant = super::common(reader, table, Handle::Kv, places, &own);
    let namespace = reader.text(table, "namespace");
    let namespace = namespace.map(|word| reader.name(word.text, word.at));
    let max_keys = reader.integer(table, "max_keys").map(|(number, _)| number);
    let max_bytes = size(reader, table, "max_bytes").map(|(size, _)| size);
    Some(KvGrant {
        grant: grant?,
        namespace: namespace.flatten(),
        max_keys: max_keys.unwrap_or(MAX_KEYS),
        max_bytes: max_bytes.unwrap_or(MAX_BYTES),
    })
}
