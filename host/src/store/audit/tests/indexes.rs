//! What is done to the tables and indexes themselves, `verify` names too.

use super::super::testing::{Folder, plain as record};
use super::{check, findings, make, plain};
use crate::store::db::raw;

#[test]
fn a_changed_schema_and_a_lying_index_are_named() {
    let folder = Folder::new();
    make(&folder.state(), &plain(10), 10, None);
    raw(&folder.state())
        .execute_batch(
            "DROP INDEX record_call;
             CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record WHERE seq = 3; END;",
        )
        .unwrap();
    let found = findings(&check(&folder.state()));
    assert_eq!(
        found,
        [
            "the database is not sound: `record_call` is missing or changed",
            "the database is not sound: `t` does not belong there"
        ]
    );
}

/// An index that was made of fewer records, or of other columns, and looks like the real one.
#[test]
fn an_index_that_hides_or_moves_records_is_named() {
    for (name, lie) in [
        ("record_call", "(call) WHERE seq <> 13"),
        ("record_session", "(session) WHERE seq <> 13"),
        ("record_session", "(plugin)"),
        (
            "record_facets",
            "(seq, time, session, plugin, tool, handle, verbs, verdict, kind) WHERE seq <> 13",
        ),
        (
            "record_facets",
            "(seq, time, session, plugin, plugin, handle, verbs, verdict, kind)",
        ),
        // All is there, and nothing where it is looked for.
        (
            "record_facets",
            "(seq DESC, time, session, plugin, tool, handle, verbs, verdict, kind)",
        ),
    ] {
        let folder = Folder::new();
        make(&folder.state(), &plain(30), 10, None);
        let define = |sql: &str| {
            let conn = raw(&folder.state());
            conn.execute_batch("PRAGMA writable_schema = 1").unwrap();
            conn.execute(
                "UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1",
                [name, sql],
            )
            .unwrap();
        };
        let conn = raw(&folder.state());
        let real: String = conn
            .query_row(
                "SELECT sql FROM sqlite_schema WHERE name = ?1",
                [name],
                |row| row.get(0),
            )
            .unwrap();
        drop(conn);
        define(&format!("CREATE INDEX {name} ON record {lie}"));
        raw(&folder.state())
            .execute_batch(&format!("REINDEX {name}"))
            .unwrap();
        define(&real);
        let told = format!("the index `{name}` is not that of the records there are");
        let unsound = format!("the database is not sound: {told}");
        assert_eq!(findings(&check(&folder.state())), [unsound], "{lie}");
    }
}

#[test]
fn odd_texts_are_in_the_indexes_as_the_records_say() {
    let folder = Folder::new();
    let tools = ["a\0b", "", "\u{1f600}\"\\\u{7f}", "\u{ffff}"];
    let records = tools.map(|tool| {
        let mut record = record(1);
        record.tool = tool.to_owned();
        record
    });
    make(&folder.state(), &records, 10, None);
    assert_eq!(findings(&check(&folder.state())), Vec::<String>::new());
}
