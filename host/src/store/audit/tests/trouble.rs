//! The queue, and what callers learn when the log can't be written.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::ledger::Ledger;
use super::super::log::{AuditLog, Durability, Options, Trouble};
use super::super::testing::{Folder, full, plain as record};
use super::super::verify::verify;
use super::{check, on_demand, open};
use crate::store::StoreError;
use crate::store::db::raw;

/// All that the watcher of `log` is told.
pub(super) fn watched(log: &AuditLog) -> Arc<Mutex<Vec<Trouble>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    log.on_trouble(move |trouble| telling.lock().unwrap().push(trouble));
    told
}

/// How many records were told to be lost for this reason.
fn lost(told: &Mutex<Vec<Trouble>>, for_this: &StoreError) -> u64 {
    let told = told.lock().unwrap();
    let lost = told.iter().filter_map(|trouble| match trouble {
        Trouble::Lost { records, error } if error == for_this => Some(*records),
        _ => None,
    });
    lost.sum()
}

#[tokio::test]
async fn records_enter_in_the_order_of_the_calls_and_tickets_say_where() {
    let folder = Folder::new();
    let log = open(&folder.state());
    let mut tickets = Vec::new();
    for step in 0..10_000 {
        let durability = if step % 100 == 0 {
            Durability::Durable
        } else {
            Durability::Written
        };
        tickets.push(log.append(record(step), durability).await);
    }
    for (seq, ticket) in tickets.into_iter().enumerate() {
        assert_eq!(ticket.await, Ok(seq as u64));
    }
    let stored = super::super::AuditReader::open(&folder.state()).unwrap();
    let stored = stored.collect(&Default::default()).unwrap();
    assert!(
        stored
            .iter()
            .zip(0..)
            .all(|(stored, step)| stored.record.step == step)
    );
    log.close().unwrap();
    assert!(check(&folder.state()).is_sound());
}

#[tokio::test]
async fn a_dropped_ticket_takes_nothing_back_and_flush_waits_for_it() {
    let folder = Folder::new();
    let log = open(&folder.state());
    drop(log.append(record(0), Durability::Written).await);
    log.flush().await.unwrap();
    assert_eq!(check(&folder.state()).records, 1);
    drop(log.append(record(1), Durability::Written).await);
    drop(log);
    let report = check(&folder.state());
    assert_eq!((report.records, report.sealed), (2, 2));
}

#[tokio::test]
async fn checkpoints_come_by_count_by_clock_on_demand_and_at_the_end() {
    let folder = Folder::new();
    let copy = folder.join("checkpoints");
    let log = AuditLog::open(
        &folder.state(),
        Options {
            checkpoint_to: Some(copy.clone()),
            checkpoint_every: 5,
            checkpoint_after: Duration::from_secs(1),
            ..Options::default()
        },
    )
    .unwrap();
    assert_eq!(log.seal().await, Ok(None));
    for step in 0..5 {
        log.append(record(step), Durability::Written)
            .await
            .await
            .unwrap();
    }
    log.flush().await.unwrap();
    assert_eq!(
        log.latest_checkpoint().map(|checkpoint| checkpoint.size),
        Some(5)
    );
    log.append(record(5), Durability::Written)
        .await
        .await
        .unwrap();
    while log
        .latest_checkpoint()
        .is_none_or(|checkpoint| checkpoint.size < 6)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    log.append(record(6), Durability::Written)
        .await
        .await
        .unwrap();
    assert_eq!(log.seal().await.unwrap().unwrap().size, 7);
    log.append(record(7), Durability::Written)
        .await
        .await
        .unwrap();
    let key = log.verifier_key().to_owned();
    log.close().unwrap();
    let report = verify(&folder.state(), Some(&copy), Some(&key)).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(
        (report.checkpoints_checked, report.external.unwrap().agreed),
        (4, 4)
    );
}

#[tokio::test]
async fn a_full_disk_fails_every_append_until_there_is_room() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.state(), None).unwrap();
    ledger.db.execute("PRAGMA max_page_count = 30");
    let log = AuditLog::start(ledger, on_demand(), &folder.state()).unwrap();
    let told = watched(&log);
    let mut written = 0;
    let error = loop {
        match log.append(full(), Durability::Durable).await.await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(written > 0 && error.to_string().contains("audit.db"));
    for _ in 0..3 {
        let again = log.append(full(), Durability::Durable).await.await;
        assert_eq!(again, Err(error.clone()));
    }
    assert_eq!(log.lost(), 4);
    drop(log);
    assert_eq!(lost(&told, &error), 4);
    let report = check(&folder.state());
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.records, written);
    let log = open(&folder.state());
    assert_eq!(
        log.append(full(), Durability::Durable).await.await,
        Ok(written)
    );
}

#[tokio::test]
async fn a_log_that_another_process_holds_fails_in_time_and_recovers() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.state(), None).unwrap();
    ledger.db.set_patience(Duration::from_millis(50));
    let log = AuditLog::start(ledger, on_demand(), &folder.state()).unwrap();
    let other = raw(&folder.state());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = log.append(record(0), Durability::Durable).await.await;
    assert!(matches!(answer, Err(StoreError::Busy { .. })), "{answer:?}");
    assert!(log.flush().await.is_err());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        log.append(record(1), Durability::Durable).await.await,
        Ok(0)
    );
    assert_eq!(log.flush().await, Ok(()));
    assert_eq!(log.lost(), 1);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.state(), None).unwrap();
    let log = AuditLog::start(ledger, on_demand(), &folder.state()).unwrap();
    let other = raw(&folder.state());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut huge = record(0);
    huge.object = "x".repeat(1 << 20);
    let mut taken = 0;
    let refused = loop {
        match log.try_append(Box::new(huge.clone()), Durability::Written) {
            Ok(_ticket) => taken += 1,
            Err(record) => break record,
        }
    };
    assert_eq!(*refused, huge);
    assert!((10..20).contains(&taken), "{taken}");
    let waiting = log.append(huge, Durability::Written);
    let waited = tokio::time::timeout(Duration::from_millis(50), waiting).await;
    assert!(waited.is_err());
    other.execute_batch("ROLLBACK").unwrap();
    log.flush().await.unwrap();
    assert_eq!(check(&folder.state()).records, taken);
}

#[test]
fn a_lost_or_foreign_key_is_said_plainly() {
    let folder = Folder::new();
    let other = Folder::new();
    drop((open(&folder.state()), open(&other.state())));
    let path = folder.state().join("keys/checkpoint.key");
    let error = |()| {
        AuditLog::open(&folder.state(), on_demand())
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    std::fs::copy(other.state().join("keys/checkpoint.key"), &path).unwrap();
    assert!(error(()).ends_with("is not this log's"), "{}", error(()));
    std::fs::remove_file(&path).unwrap();
    assert!(
        error(()).ends_with("checkpoint.key` is missing"),
        "{}",
        error(())
    );
}

#[test]
fn a_place_for_checkpoints_that_is_none_is_said_at_once() {
    let folder = Folder::new();
    let options = Options {
        checkpoint_to: Some(folder.join("no/such/folder")),
        ..on_demand()
    };
    let error = AuditLog::open(&folder.state(), options)
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("can't open `") && error.contains("no/such/folder"),
        "{error}"
    );
}

#[tokio::test]
async fn a_checkpoint_that_fails_again_and_again_is_told_once() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.state(), None).unwrap();
    ledger.db.set_patience(Duration::from_millis(10));
    let log = AuditLog::start(ledger, on_demand(), &folder.state()).unwrap();
    let told = watched(&log);
    let written = log.append(record(0), Durability::Written).await.await;
    assert_eq!(written, Ok(0));
    let other = raw(&folder.state());
    for _ in 0..2 {
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..3 {
            assert!(log.seal().await.is_err());
        }
        other.execute_batch("ROLLBACK").unwrap();
        assert!(log.seal().await.is_ok());
    }
    let told = told.lock().unwrap();
    assert!(
        matches!(told[..], [Trouble::Checkpoint(_), Trouble::Checkpoint(_)]),
        "{told:?}"
    );
}
