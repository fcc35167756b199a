//! The `http` handle: requests to the web, each to a place that was granted and to an address that was
//! checked.
//!
//! The way of one request: [`destination`] (where to) → the gate → [`resolve`] (once) → [`address`] (public, or
//! named by the grant) → [`connect`] (to exactly that address) → secrets in → sent.

mod act;
pub mod address;
pub mod client;
pub mod connect;
mod deed;
pub mod destination;
mod download;
mod exchange;
pub mod failure;
mod head;
pub mod limits;
mod path;
mod place;
mod pool;
pub mod resolve;
mod stream;
mod tls;
mod upload;

pub use self::act::send;
pub use self::client::{Client, Settings, Web};
pub use self::download::Download;
pub use self::failure::{Failure, SendError};
pub use self::limits::Limits;
pub(super) use self::tls::Trust;
pub use self::upload::GuestBody;

#[cfg(test)]
mod tests;
