//! What one call and one session may use up of a grant: `per_call` and `per_session` in its table.

use crate::rules::config::limits::size;
use crate::rules::read::{Reader, Table};
use crate::rules::verb::Handle;

/// What one call, or all calls of a session together, may use up of a grant. Nothing said is no limit
/// besides those of the call itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Accesses.
    pub requests: Option<u64>,
    /// Bytes that the guest gives.
    pub bytes_out: Option<u64>,
    /// Bytes that the guest gets.
    pub bytes_in: Option<u64>,
    /// Rows that the guest gets or changes.
    pub rows: Option<u64>,
}

impl Budget {
    /// Whether none of it is more than in `other`.
    pub(in crate::rules::config) fn within(self, other: Self) -> bool {
        let less = |new: Option<u64>, old: Option<u64>| match (new, old) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(new), Some(old)) => new <= old,
        };
        less(self.requests, other.requests)
            && less(self.bytes_out, other.bytes_out)
            && less(self.bytes_in, other.bytes_in)
            && less(self.rows, other.rows)
    }
}

/// Reads `key` of the table.
pub(super) fn read(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    key: &str,
    handle: Handle,
) -> Budget {
    let mut budget = Budget::default();
    let Some(table) = reader.table(table, key) else {
        return budget;
    };
    let known: &[&str] = match handle {
        Handle::Sql => &["requests", "bytes_out", "bytes_in", "rows"],
        _ => &["requests", "bytes_out", "bytes_in"],
    };
    reader.only(&table, known);
    budget.requests = reader.integer(&table, "requests").map(|(number, _)| number);
    budget.rows = reader.integer(&table, "rows").map(|(number, _)| number);
    budget.bytes_out = size(reader, &table, "bytes_out").map(|(size, _)| size);
    budget.bytes_in = size(reader, &table, "bytes_in").map(|(size, _)| size);
    if table.entries().next().is_none() {
        let message = format!("{} says nothing", table.shown());
        reader.problem(table.at(), message, None);
    }
    budget
}
