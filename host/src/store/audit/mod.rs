//! The audit log: what every call wanted, what was decided and why, and what came of it.

pub mod record;
