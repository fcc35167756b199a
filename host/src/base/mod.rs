//! Words: the small types every other room speaks in. No I/O.

pub mod clock;
pub mod content;
pub mod digest;
pub mod id;
pub mod label;
pub mod principal;
pub mod said;
pub mod text;
