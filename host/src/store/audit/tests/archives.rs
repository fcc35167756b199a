//! Archives and log are read and proved as one, and each archive by itself.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::super::query::{AuditReader, Filter};
use super::super::record::Kind;
use super::super::testing::Folder;
use super::super::verify::{verify, verify_archive};
use super::rotation::{archives, numbers, own, rotated};
use super::{check, findings, make, plain};
use crate::base::digest::Digest;
use crate::store::db::{Db, raw, raw_file};

#[test]
fn archives_and_log_are_proved_together_and_searched_together() {
    let folder = Folder::new();
    let (state, copy) = (folder.state(), folder.join("checkpoints"));
    for round in 1..=3 {
        make(&state, &plain(100), 10, Some(&copy));
        rotated(&state);
        assert_eq!(own(&state), 0);
        make(&state, &plain(15), 10, Some(&copy));
        let report = verify(&state, Some(&copy), None).unwrap();
        assert_eq!(findings(&report), Vec::<String>::new());
        assert_eq!((report.from, report.records), (0, 115 * round));
        assert_eq!(report.sealed, 115 * round);
        assert_eq!(report.checkpoints_checked, 12 * round);
        assert_eq!(report.external.unwrap().agreed, 12 * round);
        assert_eq!(archives(&state).len() as u64, round);
    }
    let all: Vec<u64> = (0..345).collect();
    let filter = Filter::default;
    assert_eq!(numbers(&state, &filter()), all);
    for last in [0, 3, 15, 16, 130, 131, 344, 345, 400] {
        let from = all.len().saturating_sub(last);
        let filter = Filter {
            last: Some(last as u64),
            kind: Some(Kind::Access),
            ..filter()
        };
        assert_eq!(numbers(&state, &filter), all[from..], "{last}");
    }
    for after in [0, 98, 99, 100, 214, 329, 330, 400] {
        let from = all.len().min(after + 1);
        let filter = Filter {
            after: Some(after as u64),
            ..filter()
        };
        assert_eq!(numbers(&state, &filter), all[from..], "{after}");
    }
    let middle = Filter {
        after: Some(90),
        before: Some(220),
        ..filter()
    };
    assert_eq!(numbers(&state, &middle), all[91..220]);
}

#[test]
fn archives_that_are_not_here_are_named_and_nothing_is_said_of_them() {
    let folder = Folder::new();
    let (state, copy) = (folder.state(), folder.join("checkpoints"));
    for _ in 0..3 {
        make(&state, &plain(50), 10, Some(&copy));
        rotated(&state);
    }
    let archives = archives(&state);
    let elsewhere = folder.join("elsewhere");
    let moved = |path: &Path| fs::rename(path, &elsewhere).unwrap();
    let absent = || AuditReader::open(&state).unwrap().absent().unwrap();
    // Not the oldest: that is no way to keep a record.
    moved(&archives[1]);
    assert_eq!(
        findings(&check(&state)),
        ["records 50 to 99 are missing".to_owned()]
    );
    assert_eq!(absent(), [(50, 99)]);
    fs::rename(&elsewhere, &archives[1]).unwrap();
    assert!(check(&state).is_sound());
    assert_eq!(absent(), []);

    moved(&archives[0]);
    let mut report = verify(&state, Some(&copy), None).unwrap();
    assert_eq!(
        findings(&report),
        ["records 0 to 49 are archived and not here: nothing is proved of them"]
    );
    assert!(!report.is_sound() && report.is_incomplete());
    assert_eq!((report.from, report.records), (50, 100));
    report.accept_from(49);
    assert!(!report.is_sound());
    report.accept_from(50);
    assert!(report.is_sound() && !report.is_incomplete());
    let external = report.external.unwrap();
    assert_eq!((external.agreed, external.elsewhere), (11, 4));
    assert_eq!(
        numbers(&state, &Filter::default()),
        (50..150).collect::<Vec<u64>>()
    );
    assert_eq!(absent(), [(0, 49)]);

    moved(&archives[1]);
    moved(&archives[2]);
    let mut report = verify(&state, Some(&copy), None).unwrap();
    assert!(report.is_incomplete());
    assert_eq!((report.from, report.records, report.sealed), (150, 0, 150));
    // The log goes on all the same.
    make(&state, &plain(7), 10, Some(&copy));
    report = verify(&state, Some(&copy), None).unwrap();
    assert!(report.is_incomplete());
    assert_eq!((report.from, report.records, report.sealed), (150, 7, 157));
}

#[test]
fn a_beginning_that_was_moved_forward_is_found_out() {
    let folder = Folder::new();
    let (state, copy) = (folder.state(), folder.join("checkpoints"));
    make(&state, &plain(50), 10, Some(&copy));
    rotated(&state);
    make(&state, &plain(50), 10, Some(&copy));
    // By one who knows how: the tree that it is to begin with is the right one.
    let moved = |first: u64| {
        let mut tree = Db::open_read_only(&state).unwrap().begin().unwrap();
        let db = raw(&state);
        for seq in tree.size()..first {
            let sql = "SELECT leaf FROM record WHERE seq = ?1";
            let leaf: Vec<u8> = db.query_row(sql, [seq as i64], |row| row.get(0)).unwrap();
            tree.append(Digest::from_bytes(leaf.try_into().unwrap()));
        }
        let begin = (first as i64, tree.to_bytes());
        db.execute("UPDATE log_begin SET size = ?1, frontier = ?2", begin)
            .unwrap();
        let gone = [first as i64];
        db.execute("DELETE FROM record WHERE seq < ?1", gone)
            .unwrap();
        db.execute("DELETE FROM checkpoint WHERE size < ?1", gone)
            .unwrap();
    };
    moved(70);
    assert_eq!(findings(&check(&state)), ["records 50 to 69 are missing"]);
    // With the archive gone too it can't be told from one that was archived: it is not sound either.
    fs::remove_file(&archives(&state)[0]).unwrap();
    let mut report = verify(&state, Some(&copy), None).unwrap();
    assert!(report.is_incomplete());
    // Nor for one who knows what was archived.
    report.accept_from(50);
    assert_eq!(
        findings(&report),
        ["records 0 to 69 are archived and not here: nothing is proved of them"]
    );
    // With another tree it is another log.
    raw(&state)
        .execute_batch("UPDATE log_begin SET frontier = randomblob(length(frontier))")
        .unwrap();
    let found = findings(&check(&state));
    assert!(
        found.iter().any(|finding| finding.contains("another root")),
        "{found:?}"
    );
    // Without any checkpoint nothing is signed for it.
    raw(&state).execute_batch("DELETE FROM checkpoint").unwrap();
    let found = findings(&check(&state));
    let named = "no checkpoint proves that record 70 is where the log goes on";
    assert!(found.contains(&named.to_owned()), "{found:?}");
}

#[test]
fn an_archive_is_verified_by_itself_wherever_it_is() {
    let folder = Folder::new();
    let (state, copy) = (folder.state(), folder.join("checkpoints"));
    for _ in 0..3 {
        make(&state, &plain(50), 10, Some(&copy));
        rotated(&state);
    }
    let archive = folder.join("renamed");
    fs::rename(&archives(&state)[1], &archive).unwrap();
    let key = fs::read_to_string(state.join("keys/checkpoint.pub")).unwrap();
    fs::remove_dir_all(&state).unwrap();
    for key in [None, Some(key.trim())] {
        let report = verify_archive(&archive, Some(&copy), key).unwrap();
        assert_eq!(findings(&report), Vec::<String>::new());
        assert_eq!((report.from, report.records), (50, 50));
        assert_eq!(report.sealed, 100);
        let external = report.external.unwrap();
        assert_eq!((external.agreed, external.elsewhere), (6, 9));
    }
    for (change, named) in [
        ("DELETE FROM record WHERE seq = 73", "73 to 73 are missing"),
        (
            "DELETE FROM checkpoint WHERE size > 90",
            "signs its records from 90 on",
        ),
        (
            "DELETE FROM checkpoint",
            "no checkpoint proves that record 50",
        ),
        (
            "UPDATE record SET private = replace(private, 'diary', 'dairy') WHERE seq = 73",
            "record 73: the text of `object` is not the one that was recorded",
        ),
    ] {
        let tampered = folder.join("tampered");
        fs::copy(&archive, &tampered).unwrap();
        raw_file(&tampered).execute_batch(change).unwrap();
        let found = findings(&verify_archive(&tampered, None, None).unwrap());
        assert!(
            found.iter().any(|finding| finding.contains(named)),
            "{change}: {found:?}"
        );
    }
    // No archive at all.
    fs::write(folder.join("empty"), "").unwrap();
    assert!(verify_archive(&folder.join("empty"), None, None).is_err());
    assert!(verify_archive(&folder.join("none"), None, None).is_err());
}

#[test]
fn whatever_is_done_to_an_archive_is_named() {
    for (change, named) in [
        (
            "UPDATE record SET body = replace(body, '\"step\":13', '\"step\":14') WHERE seq = 13",
            "record 13: its body or its leaf hash was changed",
        ),
        (
            "UPDATE record SET private = replace(private, 'diary', 'dairy') WHERE seq = 13",
            "record 13: the text of `object` is not the one that was recorded",
        ),
        (
            "DELETE FROM record WHERE seq = 13",
            "records 13 to 13 are missing",
        ),
        (
            "DELETE FROM record WHERE seq >= 30",
            "the log was cut: it has 30 records",
        ),
        (
            "DELETE FROM record WHERE seq >= 30; DELETE FROM checkpoint WHERE size > 30",
            "records 30 to 39 are missing",
        ),
        (
            "UPDATE tree_head SET size = 30",
            "is not of the records in its name",
        ),
        (
            "DELETE FROM log_begin",
            "does not say where its records begin",
        ),
        (
            "UPDATE meta SET value = 'other' WHERE name = 'origin'",
            "name is not the one",
        ),
        (
            "DROP INDEX record_facets",
            "`record_facets` is missing or changed",
        ),
        ("PRAGMA user_version = 99", "can't be read"),
    ] {
        let folder = Folder::new();
        let state = folder.state();
        make(&state, &plain(40), 10, None);
        rotated(&state);
        make(&state, &plain(10), 10, None);
        let archive = raw_file(&archives(&state)[0]);
        archive.execute_batch(change).unwrap();
        drop(archive);
        let found = findings(&check(&state));
        assert!(
            found.iter().any(|finding| finding.contains(named)),
            "{change}: {found:?}"
        );
    }
    // One that is no database any more.
    let folder = Folder::new();
    let state = folder.state();
    make(&state, &plain(400), 10, None);
    rotated(&state);
    for (at, named) in [(4096 * 9, ""), (0, "can't be read")] {
        let file = fs::OpenOptions::new()
            .write(true)
            .open(&archives(&state)[0])
            .unwrap();
        file.write_all_at(&[7; 4096 * 3], at).unwrap();
        let found = findings(&check(&state)).concat();
        assert!(!found.is_empty() && found.contains(named), "{found}");
        assert!(
            AuditReader::open(&state)
                .unwrap()
                .collect(&Filter::default())
                .is_err()
        );
    }
    // An archive of another log.
    let (folder, other) = (Folder::new(), Folder::new());
    for state in [folder.state(), other.state()] {
        make(&state, &plain(40), 10, None);
        rotated(&state);
    }
    fs::copy(&archives(&other.state())[0], &archives(&folder.state())[0]).unwrap();
    assert!(!check(&folder.state()).is_sound());
}
