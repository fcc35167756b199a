#![allow(unused)]

use toolkeep_sdk::{tool, tools};

#[tool]
fn greet(name: String, /** How often. */ times: u8, /** */ loud: bool) -> String {
    name
}

tools![greet];

fn main() {}
