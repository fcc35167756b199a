#![allow(unused)]

use toolkeep_sdk::tool;

/// Greets.
#[tool(name = "say hello")]
fn blank() {}

/// Greets.
#[tool]
fn größe() {}

fn main() {}
