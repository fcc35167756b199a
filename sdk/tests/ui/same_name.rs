#![allow(unused)]

use toolkeep_sdk::{tool, tools};

/// One.
#[tool]
fn one() {}

/// Another.
#[tool(name = "one")]
fn another() {}

tools![one, another];

fn main() {}
