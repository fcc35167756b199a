//! How statements and transactions end: by themselves, by a limit, or since nobody waits any more.

use std::time::{Duration, Instant};

use super::desk::{ALL, Desk, ask, text};
use crate::handle::sql::backend::{Backend as _, Mode};
use crate::handle::sql::failure::Failure;
use crate::handle::sql::postgres::{Postgres, PostgresServer};
use crate::handle::sql::value::Value;
use crate::store::audit::record::Status;

/// Runs for hours.
const SLOW: &str = "select count(*) from big a, big b, big c where a.n + b.n + c.n = 0";

fn sql(text: &str) -> String {
    text.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_lasts_only_when_it_is_committed() {
    let desk = Desk::new("transactions", ALL).await;
    let open = desk.open().await;
    let insert = "insert into pets (owner, name) values (1, 'rex')";
    let mut transaction = open.begin().await.unwrap();
    transaction.execute(sql(insert), Vec::new()).await.unwrap();
    // What does not work is undone by itself, and what is refused changes nothing.
    let bad = transaction
        .execute(sql("insert into pets (owner) values (1)"), Vec::new())
        .await;
    assert!(matches!(bad, Err(Failure::Constraint(_))), "{bad:?}");
    let bad = transaction
        .execute(sql("select pg_sleep(1)"), Vec::new())
        .await;
    assert_eq!(bad, Err(Failure::Refused));
    let in_use = open.query(sql("select 1"), Vec::new()).await.map(drop);
    assert!(matches!(in_use, Err(Failure::InUse(_))), "{in_use:?}");
    transaction.execute(sql(insert), Vec::new()).await.unwrap();
    assert_eq!(desk.count("SELECT count(*) FROM pets").await, 0);
    transaction.commit().await.unwrap();
    assert_eq!(desk.count("SELECT count(*) FROM pets").await, 2);
    let outcome = desk.outcome("shop:pets").await;
    assert_eq!((outcome.status, outcome.error), (Status::Done, None));

    let mut transaction = open.begin().await.unwrap();
    transaction
        .execute(sql("delete from pets"), Vec::new())
        .await
        .unwrap();
    // As when the call ends.
    drop(transaction);
    assert!(desk.is_idle().await);
    let outcome = desk.outcome("shop:pets").await;
    let said = (outcome.status, outcome.error.as_deref());
    assert_eq!(said, (Status::Failed, Some("rolled-back")));
    assert_eq!(desk.count("SELECT count(*) FROM pets").await, 2);
    assert_eq!(
        ask(&open, "select count(*) from pets", &[]).await.unwrap(),
        [Value::Integer(2)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_connection_is_lost_is_over() {
    let desk = Desk::new("lost", ALL).await;
    let open = desk.open().await;
    let mut transaction = open.begin().await.unwrap();
    transaction
        .execute(sql("delete from pets"), Vec::new())
        .await
        .unwrap();
    let kill =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'lost'";
    assert_eq!(desk.count(kill).await, 1);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        transaction
            .execute(sql("delete from people"), Vec::new())
            .await
            .is_err()
    );
    let committed = transaction.commit().await;
    assert_eq!(committed, Err(Failure::RolledBack));
    assert_eq!(desk.count("SELECT count(*) FROM people").await, 2);
    assert_eq!(
        ask(&open, "select 1", &[]).await.unwrap(),
        [Value::Integer(1)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_is_cancelled_at_the_server() {
    let desk = Desk::new("cancelled", ALL).await;
    let open = desk.open().await;
    let begun = Instant::now();
    let late = tokio::time::timeout(Duration::from_millis(300), ask(&open, SLOW, &[])).await;
    assert!(late.is_err());
    assert!(desk.is_idle().await);
    assert!(begun.elapsed() < Duration::from_secs(10));
    let said = desk.outcome("shop:big (n)").await;
    assert_eq!(
        (said.status, said.error.as_deref()),
        (Status::Stopped, Some("stopped"))
    );
    assert_eq!(
        ask(&open, "select 1", &[]).await.unwrap(),
        [Value::Integer(1)]
    );

    // Rows that are still coming.
    let mut rows = open
        .query(sql("select a.n from big a, big b"), Vec::new())
        .await
        .unwrap();
    assert!(!rows.next().await.unwrap().is_empty());
    drop(rows);
    assert!(desk.is_idle().await);
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'cancelled'";
    for _ in 0..100 {
        if desk.count(gone).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(desk.count(gone).await, 0);
    let said = desk.outcome("shop:big (n)").await;
    assert!(
        said.rows.unwrap() > 0 && said.rows.unwrap() < 9_000_000,
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_taken_back_stops_its_rows() {
    let desk = Desk::new("taken_back", ALL).await;
    let open = desk.open().await;
    let mut rows = open
        .query(sql("select a.n from big a, big b"), Vec::new())
        .await
        .unwrap();
    assert!(!rows.next().await.unwrap().is_empty());
    desk.call.cancel();
    let end = loop {
        match rows.next().await {
            Ok(more) => assert!(!more.is_empty()),
            Err(failure) => break failure,
        }
    };
    assert_eq!(end, Failure::Refused);
    assert!(desk.is_idle().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_time_and_size_hold() {
    let desk = Desk::new("limits", ALL).await;
    let made = "INSERT INTO huge SELECT repeat('x', 9000000)";
    desk.admin.batch_execute(made).await.unwrap();
    let quick = Postgres {
        time: Duration::from_millis(500),
        ..desk.postgres()
    };
    let open = desk.open_as(quick, true).await;
    assert_eq!(ask(&open, SLOW, &[]).await, Err(Failure::TimedOut));
    let said = desk.outcome("shop:big (n)").await;
    assert_eq!(
        (said.status, said.error.as_deref()),
        (Status::Stopped, Some("timed-out"))
    );
    assert_eq!(
        ask(&open, "select 1", &[]).await.unwrap(),
        [Value::Integer(1)]
    );

    let open = desk.open().await;
    assert_eq!(
        ask(&open, "select body from huge", &[]).await,
        Err(Failure::TooLarge)
    );
    let said = desk.outcome("shop:huge (body)").await;
    assert_eq!(said.error.as_deref(), Some("too-large"));
    assert_eq!(
        ask(&open, "select 1", &[]).await.unwrap(),
        [Value::Integer(1)]
    );
    // All of what a change gives is held until it lasts.
    let sql = "update big set n = n returning n, (select left(body, 60000) from huge)";
    assert_eq!(ask(&open, sql, &[]).await, Err(Failure::TooLarge));
    assert!(desk.is_idle().await);
    // Another's lock is not waited for.
    desk.admin
        .batch_execute("BEGIN; LOCK TABLE people")
        .await
        .unwrap();
    assert_eq!(
        ask(&open, "select name from people", &[]).await,
        Err(Failure::Busy)
    );
    desk.admin.batch_execute("COMMIT").await.unwrap();
    assert_eq!(
        ask(&open, "select max(name) from people", &[])
            .await
            .unwrap(),
        [text("bob")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_change_meanwhile_are_not_reached() {
    let desk = Desk::new("changed", ALL).await;
    let open = desk.open().await;
    let server = PostgresServer::new(desk.postgres());
    for (sql, change) in [
        (
            "select * from names",
            "CREATE OR REPLACE VIEW names AS SELECT name, pin FROM people",
        ),
        (
            "select pin from people",
            "ALTER TABLE people DROP COLUMN pin CASCADE; ALTER TABLE people ADD COLUMN pin int",
        ),
    ] {
        let database = server.open(Mode::Write).unwrap();
        let judged = crate::handle::sql::act::judge(&open, database, sql.to_owned()).await;
        desk.admin.batch_execute(change).await.unwrap();
        let ran = crate::handle::sql::act::run(judged.unwrap(), false, Vec::new(), true).await;
        let expected = if sql.contains('*') {
            Err(Failure::Changed)
        } else {
            // The same column by name is what was judged.
            Ok(())
        };
        assert_eq!(ran.map(drop), expected, "{sql}");
    }
}
