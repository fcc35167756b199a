#![allow(unused)]

use toolkeep_sdk::tool;

/// Is a tool twice.
#[tool(read_only)]
#[toolkeep_sdk::tool]
fn twice() {}

/// Is called from C.
#[tool]
extern "C" fn foreign() {}

/// Has a condition.
#[tool]
fn conditional()
where
    String: Clone,
{
}

/// Lives long.
#[tool]
fn lives<'a>(/** A text. */ text: String) {}

trait Greets {
    /// Greets.
    #[tool]
    fn greet();
}

/// Is a module.
#[tool]
mod module {}

/// Is a constant.
#[tool]
const NUMBER: u8 = 1;

struct Group;

/// Is an `impl`.
#[tool]
impl Group {}

fn main() {}
