#![allow(unused)]

use toolkeep_sdk::tool;

/// Knows no such word.
#[tool]
fn unknown(/** A text. */ #[arg(defualt = 1)] text: u8, /** Another. */ #[arg(min = 1)] other: u8) {}

/// Says it without brackets.
#[tool]
fn bare(/** A text. */ #[arg] text: String, /** Another. */ #[arg = "object"] other: String) {}

/// Says it twice.
#[tool]
fn twice(
    /** A text. */
    #[arg(role = "object", role = "object")]
    text: String,
    /** Another. */
    #[arg(default = 1)]
    #[arg(default = 2)]
    number: u8,
) {
}

/// Has roles that there are not.
#[tool]
fn roles(
    /** A text. */
    #[arg(role = "destinaton")]
    near: String,
    /** A text. */
    #[arg(role = "victim")]
    far: String,
    /** A text. */
    #[arg(role = "")]
    empty: String,
    /** A text. */
    #[arg(role)]
    none: String,
    /** A text. */
    #[arg(role("object"))]
    list: String,
) {
}

/// Has defaults that are none.
#[tool]
fn defaults(
    /** A number. */
    #[arg(default)]
    nothing: u8,
    /** Perhaps a number. */
    #[arg(default = 1)]
    maybe: Option<u8>,
) {
}

/// Hides arguments, or gives two of them one name.
#[tool]
fn names(
    /** A text. */
    #[serde(skip)]
    skipped: String,
    /** A text. */
    #[serde(flatten)]
    flat: String,
    /** A text. */
    text: String,
    /** Another. */
    #[serde(rename = "text")]
    other: String,
) {
}

/// Takes patterns.
#[tool]
fn patterns(/** Any. */ _: u8, /** By reference. */ ref it: u8, /** Bound. */ all @ _: u8) {}

fn main() {}
