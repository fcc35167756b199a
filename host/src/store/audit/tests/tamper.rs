//! Whatever is done to a log behind the host's back, `verify` names it.

use std::path::Path;

use super::super::leaf;
use super::super::report::{Finding, Source};
use super::super::testing::{Folder, full, plain as record};
use super::super::tree::{Frontier, leaf_hash};
use super::super::verify::verify;
use super::{check, findings, make, plain};
use crate::store::db::{Db, raw};

#[test]
fn an_untouched_log_is_sound() {
    let folder = Folder::new();
    let copy = folder.join("checkpoints");
    let mut records = plain(25);
    records.push(full());
    make(&folder.state(), &records, 10, Some(&copy));
    let report = verify(&folder.state(), Some(&copy), None).unwrap();
    assert_eq!(findings(&report), Vec::<String>::new());
    assert_eq!(
        (report.records, report.sealed, report.checkpoints_checked),
        (26, 26, 3)
    );
    let external = report.external.unwrap();
    assert_eq!((external.agreed, external.size), (3, 26));
}

#[test]
fn each_column_of_a_row_is_proved() {
    for (change, named) in [
        (
            "body = replace(body, '\"step\":13', '\"step\":14')",
            "record 13: its body or its leaf hash was changed",
        ),
        (
            "body = replace(body, '{', '{ ')",
            "record 13: its body or its leaf hash was changed",
        ),
        (
            "body = 'null'",
            "record 13: its body or its leaf hash was changed",
        ),
        (
            "leaf = randomblob(32)",
            "record 13: its body or its leaf hash was changed",
        ),
        (
            "leaf = x'00'",
            "record 13: its body or its leaf hash was changed",
        ),
        (
            "private = replace(private, 'diary', 'dairy')",
            "record 13: the text of `object` is not the one that was recorded",
        ),
        (
            "private = replace(private, 'ada', 'eve')",
            "record 13: the text of `principal` is not the one that was recorded",
        ),
        (
            "private = replace(private, '\"salt\":\"', '\"salt\":\"0')",
            "record 13: the text of `object` is not the one that was recorded",
        ),
        (
            "private = replace(private, ',', ', ')",
            "record 13: the private part is not as it was written",
        ),
        (
            "private = replace(private, '\"reasons\":', '\"a\":1,\"reasons\":')",
            "record 13: the private part is not as it was written",
        ),
        ("private = ''", "record 13: the private part can't be read"),
        ("seq = 1000", "records 13 to 13 are missing"),
        ("seq = -1", "records 13 to 13 are missing"),
    ] {
        let folder = Folder::new();
        make(&folder.state(), &plain(30), 10, None);
        let changed = raw(&folder.state())
            .execute(&format!("UPDATE record SET {change} WHERE seq = 13"), [])
            .unwrap();
        assert_eq!(changed, 1);
        let found = findings(&check(&folder.state()));
        assert!(
            found.iter().any(|finding| finding.starts_with(named)),
            "{change}: {found:?}"
        );
        // Nothing else is accused.
        let others = found.iter().filter(|finding| !finding.contains("13"));
        let others: Vec<_> = others
            .filter(|f| !f.contains("1000") && !f.contains("-1"))
            .collect();
        assert_eq!(others, Vec::<&String>::new(), "{change}");
    }
}

/// What is no UTF-8 is shown as U+FFFD, and must not pass for a text that was written with one.
#[test]
fn bytes_that_are_no_text_do_not_pass_for_one() {
    for column in ["body", "private"] {
        let folder = Folder::new();
        let mut odd = full();
        odd.tool.push('\u{fffd}');
        odd.object.push('\u{fffd}');
        make(&folder.state(), &[odd], 10, None);
        assert!(check(&folder.state()).is_sound());
        let sql = format!(
            "UPDATE record SET {column} = CAST(replace({column}, char(65533), CAST(x'ff' AS TEXT)) AS TEXT)"
        );
        raw(&folder.state()).execute(&sql, []).unwrap();
        assert!(!check(&folder.state()).is_sound(), "{column}");
    }
}

/// Rewrites a record with all that the row says of it, and the stored tree head too.
fn forge(state: &Path, seq: u64) {
    let conn = raw(state);
    let forged = leaf::write(seq, &record(999), &mut leaf::Salts::default()).unwrap();
    conn.execute(
        "UPDATE record SET body = ?2, private = ?3, leaf = ?4 WHERE seq = ?1",
        (
            seq as i64,
            forged.body,
            forged.private,
            forged.hash.as_bytes(),
        ),
    )
    .unwrap();
    fix_head(state);
}

/// Makes the stored tree head that of the records.
fn fix_head(state: &Path) {
    let conn = raw(state);
    let mut tree = Frontier::default();
    let mut statement = conn
        .prepare("SELECT body FROM record ORDER BY seq")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        tree.append(leaf_hash(row.get::<_, String>(0).unwrap().as_bytes()));
    }
    conn.execute(
        "UPDATE tree_head SET size = ?1, frontier = ?2",
        (tree.size() as i64, tree.to_bytes()),
    )
    .unwrap();
}

#[test]
fn a_forged_leaf_is_told_to_a_range_by_the_next_checkpoint() {
    let folder = Folder::new();
    make(&folder.state(), &plain(40), 10, None);
    forge(&folder.state(), 13);
    let report = check(&folder.state());
    assert_eq!(
        findings(&report),
        [
            "the stored checkpoint at size 20 has another root: one of the records 10 to 19 is not the one that was written"
        ]
    );
    assert_eq!((report.sealed, report.checkpoints_checked), (10, 1));
}

#[test]
fn a_deleted_record_is_named() {
    let folder = Folder::new();
    make(&folder.state(), &plain(30), 10, None);
    raw(&folder.state())
        .execute("DELETE FROM record WHERE seq IN (13, 14)", [])
        .unwrap();
    assert_eq!(
        findings(&check(&folder.state())),
        ["records 13 to 14 are missing"]
    );
}

#[test]
fn a_deleted_record_is_named_when_the_rest_moved_up() {
    let folder = Folder::new();
    make(&folder.state(), &plain(30), 10, None);
    raw(&folder.state())
        .execute_batch(
            "DELETE FROM record WHERE seq = 13;
             UPDATE record SET seq = -seq WHERE seq > 13;
             UPDATE record SET seq = -seq - 1 WHERE seq < 0;
             DELETE FROM checkpoint WHERE size > 10;",
        )
        .unwrap();
    fix_head(&folder.state());
    let found = findings(&check(&folder.state()));
    assert_eq!(found.len(), 16, "{found:?}");
    assert_eq!(
        found[0],
        "record 13: its body says that it is record 14: moved, or renumbered"
    );
}

#[test]
fn records_in_another_order_are_named() {
    let folder = Folder::new();
    make(&folder.state(), &plain(30), 10, None);
    raw(&folder.state())
        .execute_batch(
            "UPDATE record SET seq = -1 WHERE seq = 13;
             UPDATE record SET seq = 13 WHERE seq = 14;
             UPDATE record SET seq = 14 WHERE seq = -1;",
        )
        .unwrap();
    fix_head(&folder.state());
    let report = check(&folder.state());
    assert!(
        report
            .findings
            .contains(&Finding::Moved { seq: 13, says: 14 })
    );
    assert!(
        report
            .findings
            .contains(&Finding::Moved { seq: 14, says: 13 })
    );
}

#[test]
fn a_cut_tail_is_named_by_the_head_the_checkpoints_and_a_copy() {
    let folder = Folder::new();
    let (state, copy) = (folder.state(), folder.join("checkpoints"));
    make(&state, &plain(30), 10, Some(&copy));
    let cut = |sql: &str| {
        raw(&state).execute_batch(sql).unwrap();
        findings(&verify(&state, Some(&copy), None).unwrap())
    };
    let gone = "the log was cut: it has 25 records, the given checkpoint proves 30".to_owned();
    let stored = "the log was cut: it has 25 records, the stored checkpoint proves 30".to_owned();
    let missing = "records 25 to 29 are missing".to_owned();
    let found = cut("DELETE FROM record WHERE seq >= 25");
    assert_eq!(found, [stored.clone(), gone.clone(), missing]);
    fix_head(&state);
    assert_eq!(cut(""), [stored, gone.clone()]);
    // Only what is held elsewhere tells, once everything here is made to fit.
    assert_eq!(cut("DELETE FROM checkpoint WHERE size > 25"), [gone]);
    assert!(check(&state).is_sound());
}

#[test]
fn a_rewritten_and_signed_again_log_is_a_fork_of_the_copy() {
    let folder = Folder::new();
    let (state, copy) = (folder.state(), folder.join("checkpoints"));
    make(&state, &plain(20), 10, Some(&copy));
    raw(&state)
        .execute_batch("DELETE FROM record WHERE seq >= 15; DELETE FROM checkpoint WHERE size > 10")
        .unwrap();
    fix_head(&state);
    make(&state, &plain(7), 10, None);
    assert!(check(&state).is_sound());
    let report = verify(&state, Some(&copy), None).unwrap();
    assert_eq!(
        report.findings,
        [Finding::Fork {
            held: Source::File,
            after: 10,
            size: 20
        }]
    );
    assert_eq!(report.external.unwrap().size, 10);
}

#[test]
fn extra_records_and_a_wrong_head_are_named() {
    let folder = Folder::new();
    make(&folder.state(), &plain(10), 10, None);
    let extra = leaf::write(10, &record(10), &mut leaf::Salts::default()).unwrap();
    raw(&folder.state())
        .execute(
            "INSERT INTO record (seq, body, private, leaf) VALUES (10, ?1, ?2, ?3)",
            (extra.body, extra.private, extra.hash.as_bytes()),
        )
        .unwrap();
    let found = findings(&check(&folder.state()));
    assert_eq!(found[0], "record 10 does not belong in the log");
    assert_eq!(
        found[1],
        "the stored tree head is not that of the 11 records there are"
    );

    let folder = Folder::new();
    make(&folder.state(), &plain(10), 10, None);
    for change in [
        "frontier = randomblob(64)",
        "frontier = x''",
        "size = 9",
        "size = -1",
    ] {
        raw(&folder.state())
            .execute(&format!("UPDATE tree_head SET {change}"), [])
            .unwrap();
        assert!(!check(&folder.state()).is_sound(), "{change}");
        fix_head(&folder.state());
        assert!(check(&folder.state()).is_sound());
    }
}

#[test]
fn checkpoints_that_the_key_did_not_sign_count_for_nothing() {
    let (folder, other) = (Folder::new(), Folder::new());
    make(&folder.state(), &plain(10), 10, None);
    make(&other.state(), &plain(10), 10, None);
    raw(&folder.state())
        .execute("UPDATE checkpoint SET note = replace(note, char(10) || '10' || char(10), char(10) || '11' || char(10))", [])
        .unwrap();
    let found = findings(&check(&folder.state()));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("the stored checkpoint at size 10 is not valid: invalid signature"),
        "{found:?}"
    );

    let key = std::fs::read_to_string(folder.state().join("keys/checkpoint.pub")).unwrap();
    let report = verify(&other.state(), None, Some(&key)).unwrap();
    assert_eq!(
        (report.findings.len(), report.checkpoints_checked),
        (2, 0),
        "{report:?}"
    );
    assert!(verify(&other.state(), None, Some("no key")).is_err());
}

#[test]
fn a_head_that_is_none_stops_writing() {
    let folder = Folder::new();
    make(&folder.state(), &plain(10), 10, None);
    raw(&folder.state())
        .execute("UPDATE tree_head SET frontier = x'00'", [])
        .unwrap();
    let mut ledger = super::Ledger::open(&folder.state(), None).unwrap();
    let error = ledger.write(&plain(1), None, true).unwrap_err().to_string();
    assert!(
        error.contains("audit.db") && error.contains("the tree head is not one"),
        "{error}"
    );
    assert!(Db::open_read_only(&folder.state()).is_ok());
}

#[test]
fn intents_without_outcome_are_listed() {
    use super::super::record::Kind::{Intent, Outcome};
    use super::super::testing::effect;
    let folder = Folder::new();
    let records = [
        effect(Intent, 1, 1),
        effect(Intent, 1, 2),
        effect(Intent, 2, 1),
        effect(Outcome, 1, 2),
        effect(Outcome, 2, 1),
    ];
    make(&folder.state(), &records, 10, None);
    let report = check(&folder.state());
    assert_eq!(report.unknown, [(records[0].call.clone(), 1, 0)]);
}
