#![allow(unused)]

use toolkeep_sdk::tool;

struct Unknown;

/// Gives what a model cannot take.
#[tool]
fn gives() -> Unknown {
    Unknown
}

/// Gives it, or fails.
#[tool]
fn may_fail() -> Result<Unknown, String> {
    Ok(Unknown)
}

fn main() {}
