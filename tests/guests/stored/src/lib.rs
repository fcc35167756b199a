//! A plugin that reads what is stored many times, so that it can be measured.

use toolkeep_sdk::{Failure, kv, sql, tool, tools};

tools![get_many, select_many];

/// Reads a value, again and again.
#[tool(read_only)]
fn get_many(
    /// How often.
    count: u32,
) -> Result<String, Failure> {
    let keys = kv::open("keys")?;
    let mut bytes = 0;
    for _ in 0..count {
        bytes += keys.get("key")?.map_or(0, |value| value.len());
    }
    Ok(bytes.to_string())
}

/// Reads all rows of a table, again and again.
#[tool(read_only)]
fn select_many(
    /// How often.
    count: u32,
) -> Result<String, Failure> {
    let shop = sql::open("shop")?;
    let mut values = 0;
    for _ in 0..count {
        for row in shop.query("SELECT id, what, price FROM orders", &[])? {
            values += row?.values().len();
        }
    }
    Ok(values.to_string())
}
