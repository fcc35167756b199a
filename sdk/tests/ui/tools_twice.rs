#![allow(unused)]

use toolkeep_sdk::{tool, tools};

/// One.
#[tool]
fn one() {}

/// Another.
#[tool]
fn two() {}

tools![one];
tools![two];

fn main() {}
