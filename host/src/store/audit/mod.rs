//! The audit log: what every call wanted, what was decided and why, and what came of it.
//!
//! Records are rows of the state folder's database; the proof that none was touched is a Merkle
//! tree over them (RFC 6962) whose head is signed now and then ([`checkpoint`]). `docs/formats.md`
//! describes all of it for people who read no Rust.

mod archive;
mod archivist;
pub mod checkpoint;
mod crew;
mod examined;
mod key;
pub(crate) mod leaf;
mod ledger;
pub mod log;
pub(crate) mod opened;
pub mod query;
mod queue;
pub mod record;
mod recovery;
pub mod report;
mod rotate;
mod spool;
pub(super) mod tree;
pub mod verify;
mod walk;
mod writer;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use checkpoint::{Checkpoint, Verifier};
pub use log::{AuditLog, Durability, Kept, Options, Ticket, Trouble};
pub use query::{AuditReader, Filter, StoredRecord};
pub use record::Record;
pub use report::{Finding, Report};
pub use rotate::Rotation;
pub use verify::{verify, verify_archive};
