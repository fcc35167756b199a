#![allow(unused)]

use toolkeep_sdk::tool;

/// Waits.
#[tool]
async fn waits() {}

/// Is dangerous.
#[tool]
unsafe fn dangerous() {}

/// Takes anything.
#[tool]
fn generic<T: Default>(/** Anything. */ it: T) {}

/// Gives anything.
#[tool]
fn nameless() -> impl Sized {}

struct Counter;

impl Counter {
    /// Counts.
    #[tool]
    fn count(/** Itself. */ &self) {}
}

/// Is no function.
#[tool]
struct Thing;

fn main() {}
