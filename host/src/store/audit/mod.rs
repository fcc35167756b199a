//! The audit log: what every call wanted, what was decided and why, and what came of it.
//!
//! Records are rows of the state folder's database; the proof that none was touched is a Merkle
//! tree over them ([`tree`]) whose head is signed now and then ([`checkpoint`]). `docs/formats.md`
//! describes all of it for people who read no Rust.

pub mod checkpoint;
mod key;
pub(super) mod leaf;
mod ledger;
pub mod query;
pub mod record;
pub(super) mod tree;
pub mod verify;
pub mod writer;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use query::{AuditReader, Filter, StoredRecord};
pub use record::Record;
pub use verify::{Finding, Report, verify};
pub use writer::{AuditLog, Durability, Options, Ticket};
