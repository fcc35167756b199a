#![allow(unused)]

use toolkeep_sdk::tool;

/// Greets.
#[tool(readonly)]
fn nearest() {}

/// Greets.
#[tool(frobnicate, idempotent = true, title, name = "")]
fn forms() {}

/// Greets.
#[tool(idempotent, idempotent)]
fn twice() {}

/// Greets.
#[tool(read_only, destructive)]
fn contradiction() {}

/// Greets.
#[tool(non_destructive, destructive)]
fn another() {}

fn main() {}
