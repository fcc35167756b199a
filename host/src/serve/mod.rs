//! Faces: how the outside reaches a host.

pub mod mcp;
pub mod seat;
