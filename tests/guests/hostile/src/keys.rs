//! Values by key, through the bare interface: the SDK would not let some of this through.

use schemars::JsonSchema;
use serde::Deserialize;
use toolkeep_sdk::__private::bindings::wasi::keyvalue::{atomics, batch, store};
use toolkeep_sdk::{Json, tool};

use crate::raw::Report;

/// One thing to do with keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyStep {
    /// What to do.
    op: String,
    /// The need.
    #[serde(default = "keys")]
    at: String,
    /// The key, or a cursor.
    #[serde(default)]
    key: String,
    /// Other keys.
    #[serde(default)]
    more: Vec<String>,
    /// The value.
    #[serde(default)]
    text: String,
    /// The value is repeated so often, or the deed is.
    #[serde(default)]
    times: Option<usize>,
}

fn keys() -> String {
    "keys".to_owned()
}

/// Does what it is told with values by key, step by step.
#[tool]
pub fn key_steps(
    /// The steps.
    steps: Vec<KeyStep>,
) -> Json<Report> {
    let results = steps.iter().map(|step| match one(step) {
        Ok(done) => format!("ok {done}").trim_end().to_owned(),
        Err(store::Error::AccessDenied) => "err not-permitted".to_owned(),
        Err(store::Error::NoSuchStore) => "err no-such-store".to_owned(),
        Err(store::Error::Other(why)) => format!("err {why}"),
    });
    Json(Report {
        results: results.collect(),
    })
}

/// Reads a file, and keeps what is in it under a key.
#[tool]
pub fn file_to_key(
    /// The file.
    path: String,
) -> Json<Report> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let step = |op: &str| KeyStep {
        op: op.to_owned(),
        at: keys(),
        key: "copy".to_owned(),
        more: Vec::new(),
        text: text.clone(),
        times: None,
    };
    let tell = |op| match one(&step(op)) {
        Ok(_) => "ok".to_owned(),
        Err(store::Error::AccessDenied) => "err not-permitted".to_owned(),
        Err(error) => format!("err {error:?}"),
    };
    Json(Report {
        results: ["set", "swap", "set-many", "delete"].map(tell).to_vec(),
    })
}

fn one(step: &KeyStep) -> Result<String, store::Error> {
    let bucket = store::open(&step.at)?;
    let text = |value: Option<Vec<u8>>| match value {
        Some(value) => String::from_utf8_lossy(&value).into_owned(),
        None => "-".to_owned(),
    };
    let value = step.text.repeat(step.times.unwrap_or(1)).into_bytes();
    let all = || std::iter::once(&step.key).chain(&step.more).cloned();
    Ok(match step.op.as_str() {
        "get" => text(bucket.get(&step.key)?),
        "exists" => bucket.exists(&step.key)?.to_string(),
        "set" => {
            bucket.set(&step.key, &value)?;
            String::new()
        }
        "delete" => {
            bucket.delete(&step.key)?;
            String::new()
        }
        "list" => {
            let cursor = (!step.key.is_empty()).then_some(step.key.as_str());
            bucket.list_keys(cursor)?.keys.join(" ")
        }
        "increment" => atomics::increment(&bucket, &step.key, 1)?.to_string(),
        "swap" => {
            let cas = atomics::Cas::new(&bucket, &step.key)?;
            match atomics::swap(cas, &value) {
                Ok(()) => String::new(),
                Err(atomics::CasError::StoreError(error)) => return Err(error),
                Err(atomics::CasError::CasFailed(_)) => "changed".to_owned(),
            }
        }
        "get-many" => {
            let all: Vec<String> = all().collect();
            let values = batch::get_many(&bucket, &all)?.into_iter();
            values
                .map(|(_, value)| text(value))
                .collect::<Vec<_>>()
                .join(" ")
        }
        "set-many" => {
            let all: Vec<_> = all().map(|key| (key, value.clone())).collect();
            batch::set_many(&bucket, &all)?;
            String::new()
        }
        "delete-many" => {
            batch::delete_many(&bucket, &all().collect::<Vec<_>>())?;
            String::new()
        }
        // As many keys as there is room for.
        "fill" => {
            for n in 0..step.times.unwrap_or(0) {
                if let Err(error) = bucket.set(&format!("{}{n}", step.key), step.text.as_bytes()) {
                    return Ok(format!("{n}, then {error:?}"));
                }
            }
            "all".to_owned()
        }
        // As many handles as there are given.
        "hoard" => {
            let mut open = Vec::new();
            for _ in 0..step.times.unwrap_or(0) {
                open.push(store::open(&step.at)?);
            }
            open.len().to_string()
        }
        other => format!("unknown {other}"),
    })
}
