//! The Model Context Protocol, in both of its eras: 2026-07-28, where each request stands alone and a
//! person is asked by a result that wants input, and 2025-11-25 and before, where the server asks back.

#![expect(
    deprecated,
    reason = "the newer era deprecates log messages, and has nothing in their place yet"
)]

mod answer;
mod ask;
mod conversation;
mod in_use;
mod listing;
mod server;
mod stdio;
mod suspended;
mod voice;
mod wire;

pub use stdio::serve;
