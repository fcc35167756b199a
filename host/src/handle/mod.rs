//! The world: what each handle does once the gate has let it. Every act takes a
//! [`crate::gate::pass::Pass`].

pub mod config;
pub mod fs;
pub mod http;
pub mod kv;
pub mod remote;
pub mod report;
pub mod secrets;
pub mod sql;
