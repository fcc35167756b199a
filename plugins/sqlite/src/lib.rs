//! An SQLite database, for a model: a drop-in for the reference MCP server `mcp-server-sqlite`, with its
//! tool names, arguments, results and words for what went wrong.
//!
//! Where it differs: the host judges each statement, so that `PRAGMA`, `ATTACH`, several statements at once
//! and the like are refused; and insights are kept in a table of the database, since a plugin keeps
//! nothing from one call to the next.

mod python;

use toolkeep_sdk::sql::{self, Database, Error, Value};
use toolkeep_sdk::{Failure, params, tool, tools};

use python::Repr;

tools![
    read_query,
    write_query,
    create_table,
    list_tables,
    describe_table,
    append_insight
];

/// The table that insights are kept in.
const INSIGHTS: &str = "business_insights";

/// Execute a SELECT query on the SQLite database
#[tool(read_only)]
fn read_query(
    /// SELECT SQL query to execute
    #[arg(role = "content")]
    query: String,
) -> Result<String, Failure> {
    if !begins_with(&query, &["SELECT"]) {
        return Ok("Error: Only SELECT queries are allowed for read_query".to_owned());
    }
    said(ask(&open()?, &query))
}

/// Execute an INSERT, UPDATE, or DELETE query on the SQLite database
#[tool(destructive)]
fn write_query(
    /// SQL query to execute
    #[arg(role = "content")]
    query: String,
) -> Result<String, Failure> {
    if begins_with(&query, &["SELECT"]) {
        return Ok("Error: SELECT queries are not allowed for write_query".to_owned());
    }
    let database = open()?;
    let affected = |count: String| format!("[{{'affected_rows': {count}}}]");
    said(if begins_with(&query, &["INSERT", "UPDATE", "DELETE"]) {
        let done = database.execute(&query, &[]);
        done.map(|done| affected(done.changed.to_string()))
    } else if begins_with(&query, &["CREATE", "DROP", "ALTER"]) {
        // Python does not count there.
        let done = database.execute(&query, &[]);
        done.map(|_| affected("-1".to_owned()))
    } else {
        ask(&database, &query)
    })
}

/// Create a new table in the SQLite database
#[tool(destructive)]
fn create_table(
    /// CREATE TABLE SQL statement
    #[arg(role = "content")]
    query: String,
) -> Result<String, Failure> {
    if !begins_with(&query, &["CREATE TABLE"]) {
        return Ok("Error: Only CREATE TABLE statements are allowed".to_owned());
    }
    let created = open()?.execute(&query, &[]);
    said(created.map(|_| "Table created successfully".to_owned()))
}

/// List all tables in the SQLite database
#[tool(read_only)]
fn list_tables() -> Result<String, Failure> {
    let tables = open()?.tables()?.into_iter();
    let rows = tables.filter(|table| !table.is_view).map(|table| {
        let name = Value::Text(table.name);
        python::dict([("name", &name)])
    });
    Ok(python::list(rows))
}

/// Get the schema information for a specific table
#[tool(read_only)]
fn describe_table(
    /// Name of the table to describe
    #[arg(role = "object")]
    table_name: String,
) -> Result<String, Failure> {
    let columns = open()?.columns(unquoted(&table_name))?;
    let rows = columns.into_iter().zip(0i64..).map(|(column, number)| {
        python::dict([
            ("cid", &Value::Integer(number)),
            ("name", &Value::Text(column.name)),
            ("type", &Value::Text(column.kind)),
            ("notnull", &Value::from(column.not_null)),
            ("dflt_value", &Value::from(column.default)),
            ("pk", &Value::from(column.key)),
        ])
    });
    Ok(python::list(rows))
}

/// Add a business insight to the memo
// The first one makes the table, and hints are kept by the host.
#[tool(destructive)]
fn append_insight(
    /// Business insight discovered from data analysis
    #[arg(role = "content")]
    insight: String,
) -> Result<String, Failure> {
    let database = open()?;
    let tables = database.tables()?;
    if !tables.iter().any(|table| table.name == INSIGHTS) {
        let create = format!("CREATE TABLE IF NOT EXISTS {INSIGHTS}(insight TEXT NOT NULL)");
        database.execute(&create, &[])?;
    }
    let insert = format!("INSERT INTO {INSIGHTS}(insight) VALUES (?1)");
    database.execute(&insert, params![insight])?;
    Ok("Insight added to memo".to_owned())
}

/// The reference server writes the name into a statement as it is, so that models quote it.
fn unquoted(name: &str) -> &str {
    let pairs = [('"', '"'), ('\'', '\''), ('`', '`'), ('[', ']')];
    let inside = |(open, close)| name.strip_prefix(open)?.strip_suffix(close);
    pairs.into_iter().find_map(inside).unwrap_or(name)
}

fn open() -> Result<Database, Error> {
    sql::open("database")
}

/// Runs a query and shows its rows as the reference server does.
fn ask(database: &Database, query: &str) -> Result<String, Error> {
    let rows = database.query(query, &[])?;
    let shown: Result<Vec<Repr>, Error> = rows
        .map(|row| {
            let row = row?;
            let columns = row.columns().iter().map(String::as_str);
            Ok(python::dict(columns.zip(row.values())))
        })
        .collect();
    Ok(python::list(shown?))
}

/// The reference server tells what went wrong as if it were an answer; what the host refused stays a
/// failure, so that a person can be asked.
fn said(done: Result<String, Error>) -> Result<String, Failure> {
    match done {
        Ok(text) => Ok(text),
        Err(Error::Refused) => Err(Error::Refused.into()),
        Err(error) => Ok(format!("Database error: {error}")),
    }
}

fn begins_with(query: &str, words: &[&str]) -> bool {
    let query = query.trim().to_uppercase();
    words.iter().any(|word| query.starts_with(word))
}
