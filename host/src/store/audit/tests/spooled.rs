//! Records that are answered for by the spool.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::ledger::Ledger;
use super::super::log::{AuditLog, Durability, Kept, Options, Trouble};
use super::super::query::AuditReader;
use super::super::record::Record;
use super::super::recovery::settle;
use super::super::spool::{self, Line};
use super::super::testing::{Folder, plain as record, varied};
use super::trouble::watched;
use super::{check, findings, on_demand, open};
use crate::store::db::{Db, raw};
use crate::store::error::StoreError;

fn keep(log: &AuditLog, step: u32) -> Kept {
    log.try_keep(Vec::new(), Box::new(record(step))).unwrap()
}

fn steps(state: &Path) -> Vec<u32> {
    let reader = AuditReader::open(state).unwrap();
    let stored = reader.collect(&Default::default()).unwrap();
    stored.iter().map(|stored| stored.record.step).collect()
}

fn spools(state: &Path) -> Vec<PathBuf> {
    let files = spool::files(&spool::folder(state)).unwrap();
    files.into_iter().map(|(_, path)| path).collect()
}

/// A spool with these lines, as a process that died leaves it.
fn left_behind(state: &Path, name: &str, lines: &[(u64, Record)], tail: &str) -> PathBuf {
    let folder = spool::folder(state);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.jsonl"));
    let mut text = String::new();
    for (line, record) in lines {
        let line = *line;
        text.push_str(&serde_json::to_string(&Line { line, record }).unwrap());
        text.push('\n');
    }
    text.push_str(tail);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn what_is_kept_has_its_place_among_all_others() {
    let folder = Folder::new();
    let log = open(&folder.state());
    let mut tickets = Vec::new();
    let mut kept = Vec::new();
    for step in (0..3000).step_by(3) {
        let durability = match step % 30 {
            0 => Durability::Durable,
            _ => Durability::Written,
        };
        tickets.push((step, log.append(record(step), durability).await));
        let before = vec![Box::new(record(step + 1))];
        kept.push(log.try_keep(before, Box::new(record(step + 2))).unwrap());
    }
    for (step, ticket) in tickets {
        assert_eq!(ticket.await, Ok(u64::from(step)));
    }
    for kept in kept {
        assert_eq!(kept.known().await, Ok(()));
    }
    log.flush().await.unwrap();
    assert_eq!(steps(&folder.state()), (0..3000).collect::<Vec<_>>());
    log.close().unwrap();
    assert!(check(&folder.state()).is_sound());
    assert_eq!(spools(&folder.state()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn another_process_that_writes_keeps_nobody_waiting() {
    let folder = Folder::new();
    let log = open(&folder.state());
    let other = raw(&folder.state());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for step in 0..100 {
        assert!(matches!(keep(&log, step), Kept::Already), "{step}");
    }
    assert_eq!(check_now(&folder.state()), 0);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(steps(&folder.state()).len(), 100);
    log.close().unwrap();
    assert_eq!(check(&folder.state()).records, 100);
}

/// How many records the database has at this moment.
fn check_now(state: &Path) -> i64 {
    raw(state)
        .query_row("SELECT count(*) FROM record", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
}

#[tokio::test]
async fn nothing_is_answered_for_before_what_came_first() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.state(), None).unwrap();
    ledger.db.set_patience(Duration::from_millis(300));
    let log = AuditLog::start(ledger, on_demand(), &folder.state()).unwrap();
    let other = raw(&folder.state());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let first = log.append(record(0), Durability::Written).await;
    // The thread has it, and waits for the database.
    let hurry = tokio::time::timeout(Duration::from_millis(50), log.flush()).await;
    assert!(hurry.is_err());
    let second = keep(&log, 1);
    assert!(matches!(second, Kept::Once(_)), "{second:?}");
    assert!(matches!(first.await, Err(StoreError::Busy { .. })));
    assert!(matches!(second.known().await, Err(StoreError::Busy { .. })));
    assert_eq!(log.lost(), 2);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(keep(&log, 2).known().await, Ok(()));
    log.close().unwrap();
    assert_eq!(steps(&folder.state()), [2]);
}

#[tokio::test]
async fn a_database_that_fails_ends_the_answers_and_loses_nothing() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.state(), None).unwrap();
    ledger.db.execute("PRAGMA query_only = 1");
    let log = AuditLog::start(ledger, on_demand(), &folder.state()).unwrap();
    let told = watched(&log);
    assert!(matches!(keep(&log, 0), Kept::Already));
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while told.lock().unwrap().is_empty() {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // From now on the database itself has to answer.
    let error = keep(&log, 1).known().await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert_eq!(log.lost(), 1);
    assert!(
        log.append(record(2), Durability::Durable)
            .await
            .await
            .is_err()
    );
    drop(log);
    let told = told.lock().unwrap();
    let behind = |trouble: &&Trouble| matches!(trouble, Trouble::Behind { records: 1, .. });
    assert_eq!(told.iter().filter(behind).count(), 1, "{told:?}");
    // What was answered for is in the log once it can be.
    assert_eq!(spools(&folder.state()).len(), 1);
    let log = open(&folder.state());
    log.close().unwrap();
    assert_eq!(steps(&folder.state()), [0]);
    assert_eq!(spools(&folder.state()), Vec::<PathBuf>::new());
}

#[test]
fn what_the_dead_left_is_taken_up_once() {
    let folder = Folder::new();
    let state = folder.state();
    let mut ledger = Ledger::open(&state, None).unwrap();
    let lines: Vec<(u64, Record)> = (0..).zip(varied()).collect();
    // It died after the first three were in the database.
    let first = lines.iter().take(3).map(|(_, record)| record);
    ledger.write(first, Some(("left", 3)), false).unwrap();
    drop(ledger);
    let path = left_behind(&state, "left", &lines, "");
    let stored = AuditReader::open(&state).unwrap();
    let stored = stored.collect(&Default::default()).unwrap();
    let records = stored.into_iter().map(|stored| stored.record);
    assert!(records.eq(varied()));
    assert!(!path.exists());
    // Nothing is taken up twice, by whomever.
    drop(open(&state));
    let report = check(&state);
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.records, lines.len() as u64);
}

#[test]
fn a_line_cut_off_was_never_answered_for_and_a_damaged_one_is_told() {
    let folder = Folder::new();
    let state = folder.state();
    drop(open(&state));
    left_behind(&state, "cut", &[(7, record(0))], "{\"line\":8,\"rec");
    left_behind(&state, "empty", &[], "");
    let tail = "{}\n{\"line\":9";
    let damaged = left_behind(&state, "torn", &[(0, record(2))], tail);
    let written = std::fs::read_to_string(&damaged).unwrap();
    assert_eq!(steps(&state), [0, 2]);
    let report = check(&state);
    assert_eq!(
        findings(&report),
        ["records in the spool `torn` are not in the log"]
    );
    let kept = std::fs::read_to_string(damaged.with_extension("damaged")).unwrap();
    assert_eq!(kept, written);
    assert_eq!(spools(&state), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_spool_that_cannot_be_made_is_no_loss() {
    let folder = Folder::new();
    let log = open(&folder.state());
    std::fs::write(spool::folder(&folder.state()), "in the way").unwrap();
    let kept = keep(&log, 0);
    assert!(matches!(kept, Kept::Once(_)), "{kept:?}");
    assert_eq!(kept.known().await, Ok(()));
    log.close().unwrap();
    std::fs::remove_file(spool::folder(&folder.state())).unwrap();
    assert_eq!(steps(&folder.state()), [0]);
}

#[tokio::test]
async fn a_long_spool_is_emptied_and_goes_on() {
    let folder = Folder::new();
    let log = open(&folder.state());
    let mut big = record(0);
    big.object = "x".repeat(900_000);
    let mut longest = 0;
    for step in 0..40 {
        big.step = step;
        let kept = log.try_keep(Vec::new(), Box::new(big.clone())).unwrap();
        longest = longest.max(spools(&folder.state())[0].metadata().unwrap().len());
        kept.known().await.unwrap();
    }
    assert!(longest < 10 << 20, "{longest}");
    log.flush().await.unwrap();
    assert_eq!(steps(&folder.state()), (0..40).collect::<Vec<_>>());
    // A checkpoint leaves nothing behind in it.
    log.seal().await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(spools(&folder.state())[0].metadata().unwrap().len(), 0);
    assert!(matches!(keep(&log, 40), Kept::Already));
    log.close().unwrap();
    assert_eq!(check(&folder.state()).records, 41);
}

#[tokio::test]
async fn what_is_kept_is_under_a_checkpoint_in_time() {
    let folder = Folder::new();
    let options = Options {
        checkpoint_after: Duration::from_millis(10),
        ..on_demand()
    };
    let log = AuditLog::open(&folder.state(), options).unwrap();
    assert!(matches!(keep(&log, 0), Kept::Already));
    while log.latest_checkpoint().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        log.latest_checkpoint().map(|checkpoint| checkpoint.size),
        Some(1)
    );
}

#[test]
fn old_spools_are_forgotten() {
    let folder = Folder::new();
    let state = folder.state();
    let mut db = Db::open(&state).unwrap();
    db.write("test", false, |tx| {
        (0..70).try_for_each(|nth| tx.set_spooled(&format!("old-{nth}"), 1))
    })
    .unwrap();
    drop(db);
    drop(open(&state));
    let db = Db::open_read_only(&state).unwrap();
    assert_eq!(db.spools().unwrap(), 0);
    assert_eq!(settle(&db, &state).unwrap(), Vec::<String>::new());
}
