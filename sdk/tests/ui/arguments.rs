#![allow(unused)]

use toolkeep_sdk::tool;

/// Takes a pair apart.
#[tool]
fn pattern(/** Both. */ (a, b): (u8, u8)) {}

/// Borrows.
#[tool]
fn borrows(/** A text. */ text: &str) {}

/// Takes anything.
#[tool]
fn nameless(/** Anything. */ it: impl Copy) {}

/// Has attributes that mean nothing.
#[tool]
fn attribute(
    /// A text.
    #[cfg(unix)]
    #[arg(long)]
    text: String,
) {
}

fn main() {}
