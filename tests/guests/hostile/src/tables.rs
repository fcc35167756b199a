//! Databases, through the bare interface: the SDK would not let some of this through.

use schemars::JsonSchema;
use serde::Deserialize;
use toolkeep_sdk::__private::bindings::toolkeep::data::sql::{Database, Error, Transaction, Value};
use toolkeep_sdk::{Json, tool};

use crate::raw::Report;

/// One thing to do with a database.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableStep {
    /// What to do; to query, if nothing is said.
    #[serde(default = "query")]
    op: String,
    /// The statement, or a table.
    #[serde(default)]
    sql: String,
    /// The values of its parameters.
    #[serde(default)]
    params: Vec<String>,
    /// How often.
    #[serde(default)]
    times: Option<usize>,
}

fn query() -> String {
    "query".to_owned()
}

/// What is open from one step to the next.
#[derive(Default)]
struct Open {
    transaction: Option<Transaction>,
    database: Option<Database>,
}

/// Does what it is told with a database, step by step.
#[tool]
pub fn table_steps(
    /// The need.
    at: String,
    /// The steps.
    steps: Vec<TableStep>,
) -> Json<Report> {
    Json(Report {
        results: run(&at, &steps),
    })
}

/// The same, and traps at the end, with all that is open still open.
#[tool]
pub fn table_steps_then_trap(
    /// The need.
    at: String,
    /// The steps.
    steps: Vec<TableStep>,
) -> Json<Report> {
    let mut open = Open::default();
    for step in &steps {
        drop(one(&at, &mut open, step));
    }
    #[cfg(target_family = "wasm")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_family = "wasm"))]
    Json(Report {
        results: Vec::new(),
    })
}

/// Reads a file, and puts what is in it into a table.
#[tool]
pub fn file_to_table(
    /// The need.
    at: String,
    /// The file.
    path: String,
    /// The steps, with the text of the file as a parameter of each.
    mut steps: Vec<TableStep>,
) -> Json<Report> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for step in &mut steps {
        step.params.push(text.clone());
    }
    let told = run(&at, &steps).into_iter();
    Json(Report {
        results: told.map(|told| told.replace(&text, "…")).collect(),
    })
}

fn run(at: &str, steps: &[TableStep]) -> Vec<String> {
    let mut open = Open::default();
    let told = steps.iter().map(|step| match one(at, &mut open, step) {
        Ok(done) => format!("ok {done}").trim_end().to_owned(),
        Err(Error::Refused) => "err not-permitted".to_owned(),
        Err(Error::Invalid(text)) => format!("err invalid {text}"),
        Err(Error::Constraint(text)) => format!("err constraint {text}"),
        Err(other) => format!("err {}", word(&other)),
    });
    told.collect()
}

fn word(error: &Error) -> &'static str {
    match error {
        Error::Busy => "busy",
        Error::Changed => "changed",
        Error::RolledBack => "rolled-back",
        Error::InUse => "in-use",
        Error::TimedOut => "timed-out",
        Error::TooLarge => "too-large",
        _ => "unavailable",
    }
}

fn one(at: &str, open: &mut Open, step: &TableStep) -> Result<String, Error> {
    if open.database.is_none() {
        open.database = Some(Database::open(at)?);
    }
    let Some(database) = &open.database else {
        return Err(Error::Unavailable);
    };
    let params: Vec<Value> = step.params.iter().cloned().map(Value::Text).collect();
    Ok(match step.op.as_str() {
        "query" => {
            let rows = match &open.transaction {
                Some(transaction) => transaction.query(&step.sql, &params)?,
                None => database.query(&step.sql, &params)?,
            };
            let mut all = Vec::new();
            loop {
                let more = rows.next()?;
                if more.is_empty() {
                    break all.join(" ");
                }
                all.extend(more.iter().map(shown));
            }
        }
        "execute" => match &open.transaction {
            Some(transaction) => transaction.execute(&step.sql, &params)?,
            None => database.execute(&step.sql, &params)?,
        }
        .changed
        .to_string(),
        "begin" => {
            open.transaction = Some(database.begin()?);
            String::new()
        }
        "commit" => {
            if let Some(transaction) = open.transaction.take() {
                Transaction::commit(transaction)?;
            }
            String::new()
        }
        "drop" => {
            open.transaction = None;
            String::new()
        }
        "tables" => {
            let tables = database.tables()?.into_iter();
            tables.map(|table| table.name).collect::<Vec<_>>().join(" ")
        }
        "columns" => {
            let columns = database.columns(&step.sql)?.into_iter();
            columns
                .map(|column| column.name)
                .collect::<Vec<_>>()
                .join(" ")
        }
        // One batch of rows, and the rest is let go.
        "some" => {
            let rows = database.query(&step.sql, &params)?;
            rows.next()?.len().to_string()
        }
        // All rows, none of which is kept.
        "drain" => {
            let rows = database.query(&step.sql, &params)?;
            let mut values = 0;
            loop {
                let more = rows.next()?.len();
                if more == 0 {
                    break values.to_string();
                }
                values += more;
            }
        }
        "hoard" => {
            let mut all = Vec::new();
            for _ in 0..step.times.unwrap_or(0) {
                all.push(Database::open(at)?);
            }
            all.len().to_string()
        }
        other => format!("unknown {other}"),
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
