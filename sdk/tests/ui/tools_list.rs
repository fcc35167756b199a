#![allow(unused)]

use toolkeep_sdk::{tool, tools};

/// One.
#[tool]
fn one() {}

tools!["one"];
tools![one()];
tools![one, one];
tools![one; one];

fn main() {}
