//! What both servers for SQLite are asked, one after the other, each on a file of its own.

use serde_json::{Value, json};

/// Each call: a name of its own, the tool and the arguments.
pub fn calls() -> Vec<(String, &'static str, Value)> {
    let mut calls = Vec::new();
    let mut call = |what: &str, tool: &'static str, arguments: Value| {
        calls.push((format!("{tool}: {what}"), tool, arguments));
    };
    call("nothing yet", "list_tables", json!({}));
    for (what, sql) in [
        (
            "people",
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age REAL DEFAULT 1.5, photo BLOB)",
        ),
        ("small letters", "create table notes(a, b default 'it''s')"),
        (
            "spaces before",
            "  \n CREATE TABLE \"odd name\" (\"a b\" TEXT)",
        ),
        ("one that is there", "CREATE TABLE people (a)"),
        (
            "if it is not there",
            "CREATE TABLE IF NOT EXISTS people (a)",
        ),
        ("an index", "CREATE INDEX by_name ON people(name)"),
        ("a temporary one", "CREATE TEMP TABLE t (a)"),
        ("to be renamed", "CREATE TABLE spare (a)"),
        ("no columns", "CREATE TABLE empty ()"),
        ("a select", "SELECT 1"),
        ("nothing", ""),
        ("two at once", "CREATE TABLE one (a); CREATE TABLE two (a)"),
    ] {
        call(what, "create_table", json!({"query": sql}));
    }
    call("three", "list_tables", json!({}));
    for table in [
        "people",
        "notes",
        "\"odd name\"",
        "PEOPLE",
        "nobody",
        "not a name",
    ] {
        call(table, "describe_table", json!({"table_name": table}));
    }
    for (what, sql) in [
        ("one row", "INSERT INTO people VALUES (1, 'Ada', 36, NULL)"),
        (
            "several rows",
            "INSERT INTO people(name, age) VALUES ('Bob', 40.25), ('it''s \"Eve\"', -0.0), ('日本\n', 1e300)",
        ),
        (
            "bytes",
            "UPDATE people SET photo = x'0061ff27' WHERE id < 3",
        ),
        ("no row", "UPDATE people SET age = 1 WHERE id = 99"),
        (
            "a second of its kind",
            "INSERT INTO people VALUES (1, 'Zoe', 1, NULL)",
        ),
        ("no name", "INSERT INTO people(name) VALUES (NULL)"),
        ("no such table", "INSERT INTO nothing VALUES (1)"),
        ("no such column", "UPDATE people SET nothing = 1"),
        (
            "instead",
            "REPLACE INTO people VALUES (1, 'Ada L', 36, NULL)",
        ),
        (
            "or else instead",
            "INSERT OR REPLACE INTO people VALUES (1, 'Ada', 37, NULL)",
        ),
        (
            "or else nothing",
            "INSERT OR IGNORE INTO people VALUES (1, 'x', 37, NULL)",
        ),
        (
            "what comes back",
            "INSERT INTO notes VALUES (1, 2) RETURNING a",
        ),
        ("a parameter", "INSERT INTO notes VALUES (?, 2)"),
        ("a column more", "ALTER TABLE notes ADD COLUMN c INTEGER"),
        ("another name", "ALTER TABLE spare RENAME TO remarks"),
        (
            "a view",
            "CREATE VIEW adults AS SELECT name FROM people WHERE age > 38",
        ),
        ("a table away", "DROP TABLE \"odd name\""),
        ("a table that is not there", "DROP TABLE nothing"),
        ("rows away", "DELETE FROM people WHERE id = 4"),
        ("a select", "SELECT 1"),
        ("words", "make me a table"),
        (
            "with rows",
            "WITH n(x) AS (VALUES (1), (2)) SELECT x FROM n",
        ),
        ("what SQLite is told", "PRAGMA user_version = 3"),
        ("another file", "ATTACH DATABASE ':memory:' AS other"),
        ("two at once", "DELETE FROM remarks; DELETE FROM people"),
    ] {
        call(what, "write_query", json!({"query": sql}));
    }
    for (what, sql) in [
        ("all", "SELECT * FROM people ORDER BY id"),
        ("small letters", "  select name from people where id = 1"),
        (
            "kinds",
            "SELECT 1, 2.0, 1e16, 1e-5, NULL, 'a''b', x'41', 9223372036854775807",
        ),
        ("two of a name", "SELECT 1 AS a, 2 AS b, 3 AS a"),
        (
            "sums",
            "SELECT count(*), sum(age), avg(age), group_concat(name) FROM people",
        ),
        (
            "joined",
            "SELECT p.name, r.a FROM people p LEFT JOIN notes r ON r.b = p.name ORDER BY p.id",
        ),
        ("a view", "SELECT * FROM adults"),
        ("nobody", "SELECT * FROM people WHERE id = 99"),
        ("no such table", "SELECT * FROM nothing"),
        ("no such column", "SELECT nothing FROM people"),
        ("a slip", "SELECT * FORM people"),
        (
            "functions",
            "SELECT upper('a'), length('äö'), substr('abc', 2), coalesce(NULL, 1), round(2.5)",
        ),
        (
            "over rows",
            "SELECT name, row_number() OVER (ORDER BY name) AS n FROM people ORDER BY n",
        ),
        ("JSON", "SELECT json_extract('{\"a\": [1, 2]}', '$.a[1]')"),
        ("a function that is none", "SELECT nothing(1)"),
        ("a comment", "SELECT 1 -- one"),
        ("two at once", "SELECT 1; SELECT 2"),
        ("an insert", "INSERT INTO people(name) VALUES ('x')"),
        ("a schema", "SELECT name FROM sqlite_master ORDER BY name"),
        ("nothing", ""),
    ] {
        call(what, "read_query", json!({"query": sql}));
    }
    call("no query", "read_query", json!({}));
    call("a number", "read_query", json!({"query": 1}));
    call(
        "more than it has",
        "read_query",
        json!({"query": "SELECT 1", "more": 1}),
    );
    call(
        "one",
        "append_insight",
        json!({"insight": "People like tables."}),
    );
    call(
        "with a quote",
        "append_insight",
        json!({"insight": "it's so"}),
    );
    call("in the end", "list_tables", json!({}));
    calls
}
