//! The oldest records go to archives, and the proof goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archive;
use super::super::ledger::Ledger;
use super::super::log::{AuditLog, Durability, Options, Trouble};
use super::super::query::{AuditReader, Filter};
use super::super::record::{Kind, Record};
use super::super::rotate::{Rotation, rotate};
use super::super::testing::{Folder, effect};
use super::trouble::watched;
use super::{check, findings, make, on_demand, plain};
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::store::db::{Db, raw, raw_file};

pub(super) const NOW: Rotation = Rotation {
    bytes: Some(0),
    age: None,
};

pub(super) fn rotated(state: &Path) {
    rotate(state, NOW, || true).unwrap();
}

pub(super) fn archives(state: &Path) -> Vec<PathBuf> {
    let found = archive::finished(state).unwrap();
    found.into_iter().map(|archive| archive.path).collect()
}

pub(super) fn numbers(state: &Path, filter: &Filter) -> Vec<u64> {
    let found = AuditReader::open(state).unwrap().collect(filter).unwrap();
    assert!(found.iter().all(|record| record.intact));
    found.iter().map(|record| record.seq).collect()
}

/// How many records the log itself has.
pub(super) fn own(state: &Path) -> i64 {
    raw(state)
        .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
        .unwrap()
}

/// Each step is one after which the process may be gone.
#[test]
fn wherever_it_ends_nothing_is_lost_and_the_next_one_goes_on() {
    for stop in 1.. {
        let folder = Folder::new();
        let state = folder.state();
        make(&state, &plain(130), 13, None);
        let mut steps = 0;
        rotate(&state, NOW, || {
            steps += 1;
            steps < stop
        })
        .unwrap();
        let whole = |records: u64| {
            let report = check(&state);
            assert_eq!(findings(&report), Vec::<String>::new(), "{stop}");
            assert_eq!((report.from, report.records), (0, records), "{stop}");
            let all: Vec<u64> = (0..records).collect();
            assert_eq!(numbers(&state, &Filter::default()), all, "{stop}");
            let last = Filter {
                last: Some(100),
                ..Filter::default()
            };
            assert_eq!(numbers(&state, &last).len(), 100, "{stop}");
        };
        whole(130);
        // Others write on meanwhile.
        make(&state, &plain(20), 10, None);
        whole(150);
        rotated(&state);
        whole(150);
        rotated(&state);
        whole(150);
        assert_eq!(own(&state), 0, "{stop}");
        assert_eq!(archive::partial(&state).unwrap(), []);
        if steps < stop {
            assert!(steps > 8, "{steps}");
            break;
        }
    }
}

#[test]
fn nothing_is_taken_from_the_log_that_its_archive_does_not_have() {
    let folder = Folder::new();
    let state = folder.state();
    make(&state, &plain(130), 10, None);
    // Until the archive is there.
    while archives(&state).is_empty() {
        let mut steps = 0;
        rotate(&state, NOW, || {
            steps += 1;
            steps < 5
        })
        .unwrap();
    }
    assert_eq!(own(&state), 130);
    let archive = raw_file(&archives(&state)[0]);
    archive
        .execute_batch("UPDATE record SET private = '' WHERE seq = 30")
        .unwrap();
    drop(archive);
    let error = rotate(&state, NOW, || true).unwrap_err().to_string();
    assert!(error.contains("are not those in their archive"), "{error}");
    assert_eq!(own(&state), 105);
}

#[test]
fn a_log_that_its_checkpoint_does_not_sign_is_not_archived() {
    let folder = Folder::new();
    let state = folder.state();
    make(&state, &plain(30), 10, None);
    raw(&state)
        .execute_batch("UPDATE record SET leaf = randomblob(32) WHERE seq = 13")
        .unwrap();
    let error = rotate(&state, NOW, || true).unwrap_err().to_string();
    assert!(error.contains("the checkpoint at 30 signs"), "{error}");
    assert_eq!((own(&state), archives(&state).len()), (30, 0));
    assert_eq!(archive::partial(&state).unwrap(), []);
}

/// A log with a record a day, of which the newest is of today, each under a checkpoint.
fn daily(state: &Path, days: u64) {
    let now = Timestamp::now().micros();
    let mut ledger = Ledger::open(state, None).unwrap();
    for ago in (0..days).rev() {
        let mut record: Record = plain(1).remove(0);
        record.time = Timestamp::from_micros(now - ago * 24 * 3_600_000_000);
        ledger.write([&record], None, false).unwrap();
        ledger.seal().unwrap();
    }
}

#[test]
fn by_age_the_half_of_it_stays() {
    let folder = Folder::new();
    let state = folder.state();
    daily(&state, 31);
    let rotate = |days: u64| {
        let age = Some(Duration::from_secs(days * 24 * 3600));
        rotate(&state, Rotation { bytes: None, age }, || true).unwrap();
        own(&state)
    };
    assert_eq!(rotate(31), 31);
    assert_eq!(rotate(20), 10);
    assert_eq!(rotate(20), 10);
    assert_eq!(rotate(9), 5);
    assert!(check(&state).is_sound());
    assert_eq!(numbers(&state, &Filter::default()).len(), 31);
    // Everything is too old, but the last record is under no checkpoint.
    let mut ledger = Ledger::open(&state, None).unwrap();
    ledger.write(&plain(1), None, false).unwrap();
    super::super::rotate::rotate(&state, NOW, || true).unwrap();
    assert_eq!(own(&state), 1);
    assert!(check(&state).is_sound());
}

#[test]
fn by_size_the_half_of_it_stays() {
    let folder = Folder::new();
    let state = folder.state();
    make(&state, &plain(2000), 10, None);
    let bytes = || Db::open_read_only(&state).unwrap().bytes().unwrap();
    let most = bytes() / 2;
    let rotate = |bytes| {
        let bytes = Some(bytes);
        rotate(&state, Rotation { bytes, age: None }, || true).unwrap();
    };
    rotate(most * 3);
    assert_eq!(own(&state), 2000);
    rotate(most);
    assert!(
        (most / 3..most * 2 / 3).contains(&bytes()),
        "{} of {most}",
        bytes()
    );
    let left = own(&state);
    rotate(most);
    assert_eq!(own(&state), left);
    assert!(check(&state).is_sound());
}

#[test]
fn an_approval_that_was_used_stays_used() {
    let folder = Folder::new();
    let state = folder.state();
    let mut records = plain(30);
    let id = ApprovalId::new("apr_5d41402abc4b2a76b971").unwrap();
    let other = ApprovalId::new("apr_6d41402abc4b2a76b971").unwrap();
    records[13] = effect(Kind::Intent, 1, 1);
    records[13].time = Timestamp::now();
    records[13].approval = Some(format!("{id} by ada"));
    make(&state, &records, 10, None);
    let ledger = Ledger::open(&state, None).unwrap();
    let used = |id: &ApprovalId, before| {
        let signed = Timestamp::now();
        ledger.approval_used(id, signed, before).unwrap()
    };
    for _ in 0..2 {
        assert!(used(&id, 30));
        assert!(!used(&id, 13));
        assert!(!used(&other, 30));
        rotated(&state);
    }
    assert_eq!(own(&state), 0);
}

#[tokio::test]
async fn whoever_writes_the_log_sees_to_it_and_tells() {
    let folder = Folder::new();
    let state = folder.state();
    make(&state, &plain(60), 10, None);
    let open = || {
        let rotation = NOW;
        let options = Options {
            rotation,
            ..on_demand()
        };
        AuditLog::open(&state, options).unwrap()
    };
    // Each process brings it a few steps forward.
    let mut told = Vec::new();
    while own(&state) > 0 {
        let log = open();
        let telling = watched(&log);
        log.seal().await.unwrap();
        log.close().unwrap();
        told.append(&mut telling.lock().unwrap());
    }
    let named = "archive/000000000000-000000000060.db";
    assert!(
        matches!(
            told.as_slice(),
            [Trouble::Archived { first: 0, last: 59, file }] if file == named
        ),
        "{told:?}"
    );
    let log = open();
    let telling = watched(&log);
    fs::remove_dir_all(state.join("archive")).unwrap();
    fs::write(state.join("archive"), "in its place").unwrap();
    for record in plain(5) {
        drop(log.append(record, Durability::Written).await);
        log.seal().await.unwrap();
    }
    log.close().unwrap();
    // However often it fails, that is told once.
    let told = telling.lock().unwrap();
    assert!(matches!(told.as_slice(), [Trouble::Archive(_)]), "{told:?}");
}
