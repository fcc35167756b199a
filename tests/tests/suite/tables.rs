//! Statements that would read or change what was not granted, however they are put; that never end; and
//! what becomes of those that are left lying.

use rusqlite::Connection;
use serde_json::{Value, json};
use toolkeep_tests::SECRET;

use crate::case::Outcome::{Failed, Harmless, Refused, Stopped};
use crate::case::{Case, Promise};
use crate::served::{NO, Served, results};

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("does with each verb of tables what needs another", Promise::DeleteIsNotWrite, Refused("not-granted"), each_verb),
    Case::new("deletes rows by replacing them", Promise::DeleteIsNotWrite, Refused("not-granted"), replaces),
    Case::new("reads a table through views, subqueries, triggers and whatever else SQL has", Promise::RealObject, Refused("not-granted"), other_tables),
    Case::new("reads columns that are hidden, sorts and filters by them", Promise::RealObject, Refused("pattern"), hidden_columns),
    Case::new("leaves the database by `ATTACH`, `PRAGMA`, virtual tables and SQLite's own", Promise::OneDoor, Refused("unreachable"), leaves),
    Case::new("puts statements into parameters, names and comments", Promise::RealObject, Harmless("they are values, or refused"), injects),
    Case::new("opens databases for which nothing was granted, or that nobody declared", Promise::DenyUnlessGiven, Refused("no-grant"), nothing_granted),
    Case::new("runs a statement without end", Promise::CallEnds, Stopped("time-limit"), endless),
    Case::new("asks for more rows and bytes than fit into any memory", Promise::CallEnds, Failed("too-large"), too_much),
    Case::new("opens the same database without end", Promise::CallEnds, Stopped("handle-limit"), hoards),
    Case::new("leaves a transaction open, and traps in one", Promise::CallEnds, Failed("rolled-back"), left_open),
    Case::new("carries a secret that it read into tables that do not accept it", Promise::DataStays, Refused("flow"), secret_to_tables),
    Case::new("changes tables from a tool that is narrowed to reading", Promise::DeleteIsNotWrite, Refused("narrowed"), narrowed),
    Case::new("is given Toolkeep's own record as a database", Promise::RealObject, Harmless("no such place is opened"), own_record),
];

const ALL: &str = "\"select\", \"insert\", \"update\", \"delete\", \"ddl\"";

/// A host that gives the plugin these verbs on all tables; `more` stands in the grant's table.
fn tables(verbs: &str, more: &str) -> String {
    format!(
        "[data.data]\ndir = \"data\"\n[data.shop]\nsql = \"sqlite:shop.db\"\n\
         [plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [\"list\"]\n\
         [plugins.hostile.sql.shop]\ndata = \"shop\"\nallow = [{verbs}]\n{more}\n"
    )
}

const SCHEMA: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT UNIQUE, price REAL);
    INSERT INTO orders VALUES (1, 'tea', 3), (2, 'milk', 1);
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, pin TEXT);
    CREATE TABLE pins (person INTEGER REFERENCES people(id) ON DELETE CASCADE, pin TEXT);
    CREATE VIEW pin_view AS SELECT name, pin FROM people;
    CREATE TABLE watched (a);
    CREATE TRIGGER tells AFTER INSERT ON watched BEGIN INSERT INTO orders(what) SELECT pin FROM people; END;
    CREATE VIRTUAL TABLE notes USING fts5(text);
";

/// The database as whoever made it has it.
fn shop(served: &Served) -> Connection {
    Connection::open(served.path("shop.db")).unwrap()
}

fn with_shop(config: &str) -> Served {
    let served = Served::new(config);
    let shop = shop(&served);
    shop.execute_batch(SCHEMA).unwrap();
    shop.execute("INSERT INTO people VALUES (1, 'Ada', ?1)", [SECRET])
        .unwrap();
    shop.execute("INSERT INTO pins VALUES (1, ?1)", [SECRET])
        .unwrap();
    served
}

fn count(served: &Served, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    shop(served).query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn steps(served: &mut Served, steps: Value) -> Vec<String> {
    results(&served.call("table_steps", json!({"at": "shop", "steps": steps})))
}

fn queries(served: &mut Served, statements: &[&str]) -> Vec<String> {
    let all: Vec<Value> = statements.iter().map(|sql| json!({"sql": sql})).collect();
    steps(served, json!(all))
}

/// Each of these is refused.
fn refuses(served: &mut Served, statements: &[&str]) {
    for (sql, answer) in statements.iter().zip(queries(served, statements)) {
        assert_eq!(answer, NO, "{sql}");
    }
}

fn each_verb() -> Served {
    let mut served = with_shop(&tables(ALL, ""));
    let expected = [
        ("select", "100000"),
        ("insert", "010000"),
        ("update", "001000"),
        ("delete", "000100"),
        // To drop a table is to delete its rows too.
        ("ddl", "000010"),
    ];
    for (verb, works) in expected {
        served.rest();
        served.configure(&tables(&format!("{verb:?}"), ""));
        let got: String = queries(
            &mut served,
            &[
                "SELECT count(*) FROM orders",
                "INSERT INTO orders(what) VALUES ('x' || random())",
                "UPDATE orders SET price = 2",
                "DELETE FROM orders",
                "CREATE TABLE made (a)",
                "DROP TABLE watched",
            ],
        )
        .iter()
        .map(|answer| match answer.as_str() {
            NO => '0',
            answer if answer.starts_with("ok") => '1',
            _ => '?',
        })
        .collect();
        assert_eq!(got, works, "{verb}");
    }
    served
}

fn replaces() -> Served {
    let mut served = with_shop(&tables("\"select\", \"insert\", \"update\"", ""));
    refuses(
        &mut served,
        &[
            "REPLACE INTO orders VALUES (1, 'x', 1)",
            "INSERT OR REPLACE INTO orders VALUES (3, 'tea', 1)",
            "/* */ insert or/**/replace into orders values (1, 'x', 1)",
            "UPDATE OR REPLACE orders SET what = 'tea'",
            "WITH n AS (SELECT 1) REPLACE INTO orders SELECT 1, 'x', 1 FROM n",
            "DELETE FROM orders RETURNING id",
        ],
    );
    let kept = queries(&mut served, &["SELECT id, what FROM orders ORDER BY id"]);
    assert_eq!(kept, ["ok 1 tea 2 milk"]);
    served
}

fn other_tables() -> Served {
    let one = "[plugins.hostile.sql.shop.tables.orders]\nallow = [\"select\", \"insert\", \"update\", \"delete\"]\n\
               [plugins.hostile.sql.shop.tables.watched]\nallow = [\"insert\"]\n\
               [plugins.hostile.sql.shop.tables.sqlite_schema]\nallow = [\"select\"]";
    let config = tables(ALL, one).replace(&format!("allow = [{ALL}]\n"), "");
    let mut served = with_shop(&config);
    refuses(
        &mut served,
        &[
            "SELECT pin FROM people",
            "SELECT pin FROM main.people",
            "SELECT pin FROM \"people\"",
            "SELECT pin FROM pin_view",
            "SELECT (SELECT pin FROM people)",
            "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people WHERE pin LIKE 's%')",
            "SELECT what FROM orders UNION SELECT pin FROM people",
            "SELECT what FROM orders JOIN people USING (id)",
            "WITH p AS (SELECT pin FROM people) SELECT what FROM orders, p",
            "WITH RECURSIVE p(x) AS (SELECT pin FROM people UNION SELECT x FROM p) SELECT x FROM p",
            "SELECT id FROM orders ORDER BY (SELECT pin FROM people)",
            "SELECT count(*) FROM people",
            "SELECT 1 FROM people LIMIT 0",
            "INSERT INTO orders(what) SELECT pin FROM people",
            "INSERT INTO orders(what) VALUES ((SELECT pin FROM people))",
            "INSERT INTO orders(what) VALUES ('x') RETURNING (SELECT pin FROM people)",
            "UPDATE orders SET what = (SELECT pin FROM people)",
            "UPDATE orders SET what = pin FROM people",
            "DELETE FROM orders WHERE (SELECT pin FROM people) LIKE 's%'",
            // What the trigger reads is read by whoever pulls it.
            "INSERT INTO watched VALUES (1)",
            "EXPLAIN SELECT pin FROM people",
            "VALUES ((SELECT pin FROM people))",
        ],
    );
    let tables = steps(&mut served, json!([{"op": "tables"}]));
    assert_eq!(tables, ["ok orders"]);
    let columns = steps(&mut served, json!([{"op": "columns", "sql": "people"}]));
    assert_eq!(columns, [NO]);
    assert_eq!(count(&served, "orders"), 2);
    served
}

fn hidden_columns() -> Served {
    let some = "[plugins.hostile.sql.shop.tables.people]\nallow = [\"select\", \"update\"]\ncolumns = [\"id\", \"name\"]";
    let mut served = with_shop(&tables("\"select\"", some));
    refuses(
        &mut served,
        &[
            "SELECT pin FROM people",
            "SELECT * FROM people",
            "SELECT p.* FROM people AS p",
            "SELECT name FROM people WHERE pin LIKE 's%'",
            "SELECT name FROM people ORDER BY pin",
            "SELECT count(pin) FROM people",
            "SELECT name FROM people GROUP BY pin",
            "SELECT max(id) OVER (ORDER BY pin) FROM people",
            "SELECT name FROM pin_view",
            "UPDATE people SET pin = ''",
            "UPDATE people SET name = pin",
            "UPDATE people SET name = 'x' RETURNING pin",
            "SELECT name FROM people NATURAL JOIN pins",
            "SELECT name FROM people NATURAL JOIN (SELECT 's' AS pin)",
            "SELECT name FROM people JOIN pins USING (\"PIN\")",
        ],
    );
    let seen = steps(
        &mut served,
        json!([
            {"sql": "SELECT id, name FROM people"},
            {"sql": "SELECT count(*) FROM people"},
            {"op": "columns", "sql": "people"},
        ]),
    );
    assert_eq!(seen, ["ok 1 Ada", "ok 1", "ok id name"]);
    served
}

fn leaves() -> Served {
    let mut served = with_shop(&tables(ALL, ""));
    let other = served.path("other/made.db").display().to_string();
    let attach = format!("ATTACH '{other}' AS other");
    let vacuum = format!("VACUUM INTO '{other}'");
    refuses(
        &mut served,
        &[
            &attach,
            &vacuum,
            "ATTACH ':memory:' AS m",
            "DETACH main",
            "PRAGMA writable_schema = ON",
            "PRAGMA table_info(people)",
            "PRAGMA journal_mode = DELETE",
            "SELECT * FROM pragma_database_list",
            "SELECT * FROM sqlite_schema",
            "SELECT * FROM sqlite_master",
            "SELECT name FROM temp.sqlite_schema",
            "SELECT * FROM dbstat",
            "SELECT * FROM notes",
            "SELECT * FROM notes_content",
            "CREATE VIRTUAL TABLE v USING fts5(a)",
            "CREATE TEMP TABLE t (a)",
            "BEGIN",
            "COMMIT",
            "SAVEPOINT a",
            "REINDEX",
            "ANALYZE",
        ],
    );
    let functions = [
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('x', 'y')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('x')",
    ];
    for (sql, answer) in functions.iter().zip(queries(&mut served, &functions)) {
        let is_none = answer == NO || answer.starts_with("err invalid no such function");
        assert!(is_none, "{sql}: {answer}");
    }
    assert!(!served.has("other/made.db"));
    served
}

fn injects() -> Served {
    let mut served = with_shop(&tables("\"select\", \"insert\"", ""));
    let drop = "x'); DROP TABLE orders; --";
    let answers = steps(
        &mut served,
        json!([
            {"sql": "INSERT INTO orders(what) VALUES (?1)", "params": [drop]},
            {"sql": "SELECT id FROM orders WHERE what = ?1", "params": [drop]},
            {"sql": "SELECT 1; DROP TABLE orders"},
            {"sql": "SELECT 1 -- ?1\n; DROP TABLE orders"},
            {"sql": "SELECT ?1", "params": []},
            {"sql": "SELECT 1", "params": ["more"]},
        ]),
    );
    assert_eq!(answers[..2], ["ok", "ok 3"]);
    for answer in &answers[2..] {
        assert!(answer.starts_with("err invalid"), "{answer}");
    }
    assert_eq!(count(&served, "orders"), 3);
    served
}

fn nothing_granted() -> Served {
    let mut served = Served::granting("");
    let tried = json!({"at": "shop", "steps": [{"sql": "SELECT 1"}, {"op": "tables"}]});
    assert_eq!(results(&served.call("table_steps", tried)), [NO, NO]);
    let tried = json!({"at": "../shop.db", "steps": [{"sql": "SELECT 1"}]});
    assert_eq!(results(&served.call("table_steps", tried)), [NO]);
    served
}

const FOR_EVER: &str =
    "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

fn endless() -> Served {
    let limits = "[plugins.hostile.limits]\nwall_ms = 4000";
    let mut served = with_shop(&tables(ALL, limits));
    let endless = json!({"at": "shop", "steps": [{"sql": FOR_EVER}]});
    served.stops("table_steps", endless, "time-limit");
    // It does not hold the database any longer.
    let next = queries(&mut served, &["INSERT INTO orders(what) VALUES ('after')"]);
    assert_eq!(next, ["ok"]);
    served
}

fn too_much() -> Served {
    let mut served = with_shop(&tables(ALL, ""));
    let rows = |length: &str| {
        format!(
            "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT {length} FROM n"
        )
    };
    let inserts = "WITH RECURSIVE n(x) AS (VALUES (10) UNION ALL SELECT x + 1 FROM n LIMIT 100) \
                   INSERT INTO orders(id, price) SELECT x, 1 FROM n RETURNING zeroblob(1000000)";
    let answers = steps(
        &mut served,
        json!([
            {"op": "drain", "sql": rows("zeroblob(1000000)")},
            {"op": "drain", "sql": "SELECT zeroblob(2000000000)"},
            {"op": "drain", "sql": "SELECT replace(printf('%1000000d', 1), ' ', printf('%1000d', 1))"},
            {"op": "drain", "sql": inserts},
            {"op": "some", "sql": rows("x")},
        ]),
    );
    assert_eq!(answers[0], "err too-large");
    assert!(answers[1].starts_with("err "), "{answers:?}");
    assert!(answers[2].starts_with("err "), "{answers:?}");
    assert_eq!(answers[3], "err too-large");
    assert!(answers[4].starts_with("ok "), "{answers:?}");
    // What gave too much did nothing.
    assert_eq!(count(&served, "orders"), 2);
    served
}

fn hoards() -> Served {
    let mut served = with_shop(&tables(ALL, ""));
    let hoard = json!({"at": "shop", "steps": [{"op": "hoard", "times": 100_000}]});
    served.stops("table_steps", hoard, "handle-limit");
    served
}

fn left_open() -> Served {
    let mut served = with_shop(&tables(ALL, ""));
    let insert = json!({"op": "execute", "sql": "INSERT INTO orders(what) VALUES ('left')"});
    let left = json!([{"op": "begin"}, insert, {"sql": "SELECT count(*) FROM orders"}]);
    assert_eq!(steps(&mut served, left.clone()), ["ok", "ok 1", "ok 3"]);
    assert_eq!(count(&served, "orders"), 2);
    let trap = json!({"at": "shop", "steps": left});
    served.stops("table_steps_then_trap", trap, "trap");
    assert_eq!(count(&served, "orders"), 2);
    // Nobody holds the database any longer.
    let again =
        json!([{"op": "begin"}, insert, {"op": "drop"}, {"op": "begin"}, insert, {"op": "commit"}]);
    assert_eq!(
        steps(&mut served, again),
        ["ok", "ok 1", "ok", "ok", "ok 1", "ok"]
    );
    assert_eq!(count(&served, "orders"), 3);
    served
}

fn secret_to_tables() -> Served {
    let config = tables(ALL, "")
        .replace("dir = \"data\"", "dir = \"data\"\nlabel = [\"hr\"]")
        .replace("[\"list\"]", "[\"list\", \"read\"]");
    let mut served = with_shop(&config);
    served.put("data/secret.txt", SECRET);
    let result = served.call(
        "file_to_table",
        json!({"at": "shop", "path": "/data/secret.txt", "steps": [
            {"op": "execute", "sql": "INSERT INTO orders(what) VALUES (?1)"},
            {"op": "execute", "sql": "UPDATE orders SET what = ?1"},
            {"op": "execute", "sql": "DELETE FROM orders WHERE what = ?1"},
            {"sql": "INSERT INTO orders(what) VALUES (?1) RETURNING id"},
        ]}),
    );
    assert_eq!(results(&result), [NO; 4]);
    // The session has seen it now: the next call cannot carry it there either.
    let next = queries(&mut served, &["CREATE TABLE carried (a)"]);
    assert_eq!(next, [NO]);
    assert_eq!(count(&served, "orders"), 2);
    served
}

fn narrowed() -> Served {
    let more = "[plugins.hostile.tools.table_steps]\nallow = [\"select\"]";
    let mut served = with_shop(&tables(ALL, more));
    let tried = [
        "INSERT INTO orders(what) VALUES ('x')",
        "DROP TABLE orders",
        "SELECT what FROM orders ORDER BY id",
    ];
    assert_eq!(queries(&mut served, &tried), [NO, NO, "ok tea milk"]);
    served
}

fn own_record() -> Served {
    let mut served = with_shop(&tables(ALL, ""));
    served.rest();
    for file in ["state/audit.db", "state/state.db", "linked.db"] {
        if file == "linked.db" {
            served.link("state/audit.db", "linked.db");
        }
        served.configure(&tables(ALL, "").replace("shop.db", file));
        let tried = json!({"at": "shop", "steps": [{"sql": "DELETE FROM record"}]});
        let answer = served.call("table_steps", tried);
        assert_eq!(answer["isError"], true, "{file}: {answer:#}");
        served.gone();
    }
    served.configure(&tables(ALL, ""));
    let fine = queries(&mut served, &["SELECT count(*) FROM orders"]);
    assert_eq!(fine, ["ok 2"]);
    served
}
