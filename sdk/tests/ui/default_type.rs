#![allow(unused)]

use schemars::JsonSchema;
use serde::Deserialize;
use toolkeep_sdk::tool;

#[derive(Deserialize, JsonSchema)]
enum Order {
    First,
    Last,
}

/// Has a default of another type.
#[tool]
fn other(/** A number. */ #[arg(default = "ten")] number: u8, /** A text. */ #[arg(default = 10)] text: String) {}

/// Has a default that the schema cannot tell.
#[tool]
fn untold(/** In which order. */ #[arg(default = Order::First)] order: Order) {}

fn main() {}
