//! What statements want, against a real file.

use super::*;

/// A file with tables, a view, triggers, foreign keys and a virtual table.
const SCHEMA: &str = "
    CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT UNIQUE, pin TEXT);
    CREATE TABLE pets(id INTEGER PRIMARY KEY, owner REFERENCES people(id) ON DELETE CASCADE, name);
    CREATE TABLE toys(pet REFERENCES pets(id) ON DELETE SET NULL ON UPDATE CASCADE, what);
    CREATE TABLE log(what TEXT UNIQUE, at);
    CREATE TABLE keep(k TEXT PRIMARY KEY ON CONFLICT REPLACE, v);
    CREATE TABLE plain(a, b);
    CREATE TABLE count_me(n);
    CREATE TABLE auto(id INTEGER PRIMARY KEY AUTOINCREMENT, a);
    CREATE VIEW names AS SELECT name FROM people;
    CREATE VIEW tricky AS SELECT sql FROM sqlite_schema;
    CREATE TRIGGER plain_log AFTER INSERT ON plain BEGIN
        INSERT OR REPLACE INTO log VALUES (new.a, 1);
    END;
    CREATE TRIGGER count_gone AFTER UPDATE ON count_me BEGIN
        DELETE FROM log WHERE at = old.n;
    END;
    CREATE VIRTUAL TABLE notes USING fts5(body);
    INSERT INTO people VALUES (1, 'ada', '1234'), (2, 'bob', '9999');
";

pub(in crate::handle::sql) struct File(pub std::path::PathBuf);

impl File {
    pub(in crate::handle::sql) fn new(name: &str) -> Self {
        let name = format!("toolkeep-sql-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().canonicalize().unwrap().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("data.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Self(file)
    }

    /// What another program finds in it.
    pub(in crate::handle::sql) fn ask(&self, sql: &str) -> i64 {
        let connection = Connection::open(&self.0).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// What another program does to it.
    pub(in crate::handle::sql) fn change(&self, sql: &str) {
        Connection::open(&self.0)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    pub(in crate::handle::sql) fn backend(&self) -> SqliteFile {
        SqliteFile {
            file: self.0.clone(),
            time: Duration::from_secs(5),
        }
    }

    pub(super) fn open(&self, mode: Mode) -> Database {
        Database::open(&self.0, mode, Duration::from_secs(5)).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn wants(database: &Database, sql: &str) -> String {
    match database.plan(sql) {
        Planned::Wants(wants) => wants.to_string(),
        Planned::Unreached(why) | Planned::Unknown(why) => format!("unknown: {why}"),
        Planned::Invalid { failure, .. } => format!("invalid: {failure}"),
    }
}

#[test]
fn statements_want_what_they_do() {
    let file = File::new("wants");
    let database = file.open(Mode::Write);
    let cases = [
        ("SELECT 1", ""),
        (
            "SELECT name FROM people WHERE id = 1",
            "people: select (id, name)",
        ),
        ("SELECT * FROM people", "people: select (id, name, pin)"),
        ("SELECT count(*) FROM PEOPLE", "people: select"),
        ("SELECT rowid FROM log", "log: select (rowid)"),
        (
            "SELECT name FROM names",
            "names: select (name); people: select (name)",
        ),
        ("SELECT count(*) FROM names", "people: select (name)"),
        (
            "WITH x AS (SELECT pin FROM people) SELECT count(*) FROM x",
            "people: select (pin)",
        ),
        ("WITH x AS (SELECT 1) SELECT count(*) FROM x", ""),
        (
            "WITH people AS (SELECT a FROM plain) SELECT * FROM people",
            "plain: select (a)",
        ),
        (
            "SELECT (SELECT pin FROM people LIMIT 1) FROM plain",
            "people: select (pin); plain: select",
        ),
        (
            "SELECT a FROM plain UNION SELECT pin FROM people",
            "people: select (pin); plain: select (a)",
        ),
        ("SELECT value FROM json_each('[1]')", ""),
        (
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM people)",
            "people: select",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT pin FROM people",
            "people: select (pin)",
        ),
        ("EXPLAIN DELETE FROM log", "log: delete"),
        ("INSERT INTO log VALUES ('x', 1)", "log: insert"),
        ("INSERT INTO auto(a) VALUES (1)", "auto: insert"),
        (
            "INSERT INTO log VALUES ('x', 1) RETURNING at",
            "log: select, insert (at)",
        ),
        (
            "INSERT INTO log SELECT pin, 1 FROM people",
            "log: insert; people: select (pin)",
        ),
        ("INSERT OR IGNORE INTO log VALUES ('x', 1)", "log: insert"),
        (
            "INSERT OR REPLACE INTO log VALUES ('x', 1)",
            "log: delete, insert",
        ),
        ("REPLACE INTO log VALUES ('x', 1)", "log: delete, insert"),
        (
            "UPDATE OR REPLACE log SET what = 1",
            "log: delete, update (what)",
        ),
        ("INSERT INTO keep VALUES ('x', 1)", "keep: delete, insert"),
        ("UPDATE keep SET k = 1", "keep: delete, update (k)"),
        (
            "INSERT INTO log VALUES ('x', 1) ON CONFLICT(what) DO UPDATE SET at = 2",
            "log: select, insert, update (at, what)",
        ),
        (
            "INSERT INTO log VALUES ('x', 1) ON CONFLICT(what) DO UPDATE SET at = excluded.what",
            "log: select, insert, update (at, what)",
        ),
        ("UPDATE log SET at = 1", "log: update (at)"),
        (
            "UPDATE log SET at = (SELECT pin FROM people)",
            "log: update (at); people: select (pin)",
        ),
        (
            "UPDATE log SET at = p.pin FROM people p",
            "log: select, update (at); people: select (pin)",
        ),
        ("DELETE FROM log", "log: delete"),
        ("DELETE FROM log WHERE at = 1", "log: delete, select (at)"),
        // Triggers do what they do with the rights of who sets them off.
        (
            "INSERT INTO plain VALUES (1, 2)",
            "log: delete, insert; plain: delete, select, insert (a)",
        ),
        (
            "UPDATE count_me SET n = 1",
            "count_me: select, update (n); log: delete, select (at)",
        ),
        // So do foreign keys.
        (
            "DELETE FROM people",
            "people: delete, select (id); pets: delete, select (id, owner); toys: select, update (pet)",
        ),
        (
            "INSERT INTO pets VALUES (1, 1, 'x')",
            "people: select (id); pets: insert",
        ),
        ("CREATE TABLE new_one(a, b)", "new_one: ddl"),
        ("CREATE TABLE IF NOT EXISTS People(a)", "people: ddl"),
        (
            "CREATE TABLE copy AS SELECT pin FROM people",
            "copy: ddl; people: select (pin)",
        ),
        ("CREATE VIEW v AS SELECT pin FROM people", "v: ddl"),
        ("CREATE INDEX i ON log(at)", "log: select, ddl (at)"),
        ("ALTER TABLE log ADD COLUMN more", "log: ddl"),
        ("ALTER TABLE main.log DROP COLUMN at", "log: delete, ddl"),
        ("DROP TABLE log", "log: delete, ddl"),
        ("DROP VIEW names", "names: delete, ddl"),
        ("DROP TRIGGER plain_log", "plain: ddl"),
    ];
    let mut wrong = Vec::new();
    for (sql, expected) in cases {
        let found = wants(&database, sql);
        if found != expected {
            wrong.push(format!("{sql}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_no_grant_gives_is_not_taken() {
    let file = File::new("attacks");
    let database = file.open(Mode::Write);
    let attacks = [
        "ATTACH '/etc/passwd' AS x",
        "DETACH main",
        "PRAGMA writable_schema = on",
        "PRAGMA table_info(people)",
        "VACUUM",
        "VACUUM INTO '/tmp/x'",
        "ANALYZE",
        "REINDEX",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT a",
        "ROLLBACK",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT fts3_tokenizer('x')",
        "SELECT sqlite_compileoption_get(1)",
        "SELECT * FROM sqlite_schema",
        "SELECT count(*) FROM sqlite_master",
        "SELECT sql FROM \"SQLite_Master\"",
        "SELECT * FROM tricky",
        "SELECT count(*) FROM tricky",
        "SELECT * FROM sqlite_temp_schema",
        "SELECT * FROM sqlite_sequence",
        "UPDATE sqlite_schema SET sql = 'x'",
        "DELETE FROM sqlite_sequence",
        "SELECT * FROM pragma_table_list",
        "SELECT count(*) FROM pragma_database_list",
        "SELECT * FROM pragma_table_info('people')",
        "SELECT * FROM dbstat",
        "SELECT count(*) FROM dbstat",
        "SELECT * FROM sqlite_dbpage",
        "SELECT * FROM notes",
        "SELECT count(*) FROM notes",
        "SELECT * FROM notes_content",
        "SELECT * FROM NOTES_data",
        "INSERT INTO notes VALUES ('x')",
        "DROP TABLE notes",
        "CREATE TEMP TABLE t(a)",
        "CREATE TABLE temp.t(a)",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM people",
        "CREATE TEMP VIEW t AS SELECT 1",
        "CREATE TABLE t AS SELECT * FROM sqlite_schema",
        "CREATE TABLE t AS SELECT * FROM tricky",
        "ALTER TABLE people RENAME TO plain2",
        "ALTER TABLE people RENAME COLUMN pin TO name2",
        "SELECT 1\0",
        "EXPLAIN PRAGMA table_info(people)",
        "EXPLAIN VACUUM",
    ];
    let mut wrong = Vec::new();
    for sql in attacks {
        let found = wants(&database, sql);
        if !found.starts_with("unknown: ")
            && !found.contains("no such table")
            && !found.contains("no such function")
            && !found.contains("may not be modified")
        {
            wrong.push(format!("{sql}\n  found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE log",
        "",
        "SELECT \"pin\" FROM log",
    ] {
        let found = wants(&database, sql);
        assert!(found.starts_with("invalid: "), "{sql}: {found}");
    }
}
