//! Plugin files: made, described and looked at.

pub mod build;
pub mod component;
pub mod inspect;
pub(crate) mod known;
