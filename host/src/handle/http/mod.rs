//! The `http` handle: requests to the web, each to a place that was granted and to an address that was
//! checked.
//!
//! The way of one request: [`target`] (where to) → the gate → [`resolve`] (once) → [`address`] (public, or
//! named by the grant) → [`connect`] (to exactly that address) → secrets in → sent.

pub mod address;
pub mod connect;
pub mod failure;
mod path;
pub mod resolve;
mod stream;
pub mod target;
mod tls;
