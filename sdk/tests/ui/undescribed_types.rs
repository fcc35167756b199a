#![allow(unused)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolkeep_sdk::{Json, tool};

struct Plain;

#[derive(Serialize, Deserialize)]
struct NoSchema;

#[derive(JsonSchema)]
struct NoSerde;

/// Takes what is neither read nor described.
#[tool]
fn plain(/** It. */ it: Plain) {}

/// Takes what is not described.
#[tool]
fn no_schema(/** It. */ it: Vec<NoSchema>) {}

/// Takes what is not read.
#[tool]
fn no_serde(/** It. */ it: NoSerde) {}

/// Gives what is not described.
#[tool]
fn gives_no_schema() -> Json<NoSchema> {
    Json(NoSchema)
}

/// Gives what is not written.
#[tool]
fn gives_no_serde() -> Json<NoSerde> {
    Json(NoSerde)
}

/// Fails with what cannot be told.
#[tool]
fn fails() -> Result<String, Plain> {
    Err(Plain)
}

/// Gives a number.
#[tool]
fn number() -> u64 {
    1
}

/// Gives nothing, perhaps.
#[tool]
fn maybe() -> Option<String> {
    None
}

fn main() {}
