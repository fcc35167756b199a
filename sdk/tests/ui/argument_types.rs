#![allow(unused)]

use std::collections::{BTreeMap, HashMap};

use toolkeep_sdk::tool;

/// Borrows inside.
#[tool]
fn borrows(/** Texts. */ texts: Vec<&str>, /** Perhaps. */ maybe: Option<&'static [u8]>) {}

/// Takes slices.
#[tool]
fn slice(/** A slice. */ slice: Box<[u8]>, /** Two. */ two: [Box<[u8]>; 2]) {}

/// Takes any function.
#[tool]
fn inside(/** Anything. */ list: Vec<impl Fn()>) {}

/// Takes what nobody knows.
#[tool]
fn dynamic(/** An error. */ error: Box<dyn std::error::Error>) {}

/// Takes tuples.
#[tool]
fn tuples(/** Two. */ pair: (u8, u8), /** More. */ pairs: Vec<(String, u8)>, /** None. */ none: ()) {}

/// Takes pointers.
#[tool]
fn pointers(/** Raw. */ raw: *const u8, /** A function. */ function: fn(u8) -> u8) {}

/// Takes whatever it is.
#[tool]
fn whatever(/** Any. */ any: Vec<_>) {}

/// Takes maps.
#[tool]
fn maps(
    /** By number. */ numbers: BTreeMap<u32, String>,
    /** By truth. */ truths: Option<std::collections::HashMap<bool, String>>,
    /** By pair. */ pairs: HashMap<(u8, u8), String>,
    /** By reference. */ references: HashMap<&'static str, String>,
    /** Deeper. */ deeper: Vec<BTreeMap<String, BTreeMap<Vec<u8>, u8>>>,
) {
}

fn main() {}
