//! Against a real server: what is done, what is refused, and what the record says.

mod desk;
mod ending;
mod hostile;
mod server;

use std::time::Duration;

use self::desk::{ALL, Desk, Fixed, ask, text};
use super::*;
use crate::handle::sql::failure::Failure;
use crate::handle::sql::value::Value;
use crate::store::audit::record::Status;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_done_and_on_record() {
    let desk = Desk::new("granted", ALL).await;
    let open = desk.open().await;
    let sql = "select name from people where id >= $1 order by id";
    let rows = ask(&open, sql, &[Value::Integer(1)]).await.unwrap();
    assert_eq!(rows, [text("ada"), text("bob")]);
    // What is asked leaves this machine: there is an intent too, which was on disk before.
    let said = desk.outcome("shop:people (id, name)").await;
    assert_eq!((said.status, said.rows), (Status::Done, Some(2)));
    assert_eq!(said.peer.as_deref(), Some("127.0.0.1"));
    assert_eq!(said.secrets.len(), 1);
    let insert = "insert into pets (owner, name) values ($1, $2) returning id";
    let id = ask(&open, insert, &[Value::Integer(1), text("rex")])
        .await
        .unwrap();
    assert_eq!(id, [Value::Integer(1)]);
    let execute = |sql: &str, params: Vec<Value>| open.execute(sql.to_owned(), params);
    let update = execute("update pets set name = $1", vec![text("max")])
        .await
        .unwrap();
    assert_eq!(update.changed, 1);
    let update = execute(
        "insert into people (id, name) values (1, 'eve') on conflict (id) do update set name = excluded.name",
        Vec::new(),
    );
    assert_eq!(update.await.unwrap().changed, 1);
    assert_eq!(
        desk.count("SELECT count(*) FROM people WHERE name = 'eve'")
            .await,
        1
    );
    let delete = execute("delete from pets where owner = $1::int", vec![text("1")]).await;
    assert_eq!(delete.unwrap().changed, 1);
    assert_eq!(desk.count("SELECT count(*) FROM pets").await, 0);
    for (sql, failure) in [
        (
            "insert into people (id) values (1)",
            Failure::Constraint(
                "duplicate key value violates unique constraint \"people_pkey\"".to_owned(),
            ),
        ),
        (
            "select 1 / 0",
            Failure::Invalid("division by zero".to_owned()),
        ),
        (
            "select x from gone",
            Failure::Invalid("relation \"public.gone\" does not exist".to_owned()),
        ),
        (
            "select $1::int",
            Failure::Invalid("the statement has 1 parameters, and 0 values were given".to_owned()),
        ),
    ] {
        assert_eq!(ask(&open, sql, &[]).await, Err(failure), "{sql}");
    }
    assert_eq!(
        ask(&open, "select 1", &[]).await.unwrap(),
        [Value::Integer(1)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_changed_and_removed() {
    let desk = Desk::new("shapes", ALL).await;
    let open = desk.open().await;
    for sql in [
        "create table notes (id bigint generated always as identity primary key, \
         who int references people (id) on delete cascade, body varchar(20) not null default 'x', \
         price numeric(9, 2) check (price > 0), at timestamptz default now(), unique (who, body))",
        "alter table notes add column seen boolean not null default false",
        "alter table notes alter column body set default 'y'",
        "create index notes_body on notes (body, at desc)",
        "insert into notes (who) values (1)",
        "drop index notes_body",
        "alter table notes drop column seen",
    ] {
        let done = open.execute(sql.to_owned(), Vec::new()).await;
        assert!(done.is_ok(), "{sql}: {done:?}");
    }
    let columns = open.columns("notes".to_owned()).await.unwrap();
    let seen: Vec<_> = columns
        .iter()
        .map(|c| (&*c.name, &*c.kind, c.not_null, c.key))
        .collect();
    assert_eq!(
        seen,
        [
            ("id", "bigint", true, 1),
            ("who", "integer", false, 0),
            ("body", "character varying(20)", true, 0),
            ("price", "numeric(9,2)", false, 0),
            ("at", "timestamp with time zone", false, 0),
        ]
    );
    assert_eq!(
        columns[2].default.as_deref(),
        Some("'y'::character varying")
    );
    let tables = open.tables().await.unwrap();
    let names: Vec<_> = tables.iter().map(|t| (&*t.name, t.is_view)).collect();
    let expected = [
        ("big", false),
        ("huge", false),
        ("names", true),
        ("notes", false),
        ("people", false),
        ("pets", false),
        ("secrets", false),
    ];
    assert_eq!(names, expected);
    open.execute("drop table notes".to_owned(), Vec::new())
        .await
        .unwrap();
    assert_eq!(open.columns("notes".to_owned()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_as_the_server_has_them() {
    let desk = Desk::new("types", ALL).await;
    let open = desk.open().await;
    let made = "
        CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE TABLE t(b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, v varchar(9),
            c char(3), bytes bytea, m mood);
        INSERT INTO t VALUES (true, -1, 2147483647, -9223372036854775808, 1.5, 1e300, 'v', 'c',
            '\\x00ff', 'sad'), (null, null, null, null, null, null, null, null, null, null);
        CREATE TABLE texts(n int, num numeric, d date, tm time, ts timestamp, tz timestamptz, u uuid,
            j json, jb jsonb);
        CREATE TABLE odd(at point, many int[]);
        INSERT INTO texts VALUES
            (1, 0, '2000-01-01', '00:00', '2000-01-01', '2000-01-01 00:00+00',
                '00112233-4455-6677-8899-aabbccddeeff', '{\"a\":  1}', '{\"a\":  1}'),
            (2, 123456789012345678901234567890.000012345, '1999-12-31', '23:59:59.999999',
                '1969-07-20 20:17:40.5', '2024-02-29 12:00+05:30', null, 'null', 'null'),
            (3, -0.0001, '0001-01-01', '12:34:56.78', '0044-03-15 BC', '4713-01-01 00:00:01+00 BC',
                null, null, '[]'),
            (4, 10000, '9999-12-31', '24:00', '294276-12-31', 'infinity', null, null, null),
            (5, 'NaN', 'infinity', null, '-infinity', '-infinity', null, null, null),
            (6, 1e20, '0001-12-31 BC', null, '1600-02-29 00:00:00.000001', '1900-03-01 00:00+00',
                null, null, null),
            (7, 100.50, '2100-02-28', null, '2100-03-01', '1582-10-15 00:00+00', null, null, null),
            (8, 0.000, '1900-02-28', null, null, null, null, null, null),
            (9, -98765.4321, '2400-02-29', null, null, null, null, null, null);
        GRANT ALL ON t, texts, odd TO types; SET \"TimeZone\" = 'UTC';";
    desk.admin.batch_execute(made).await.unwrap();
    let rows = ask(&open, "select * from t", &[]).await.unwrap();
    let expected = [
        Value::Integer(1),
        Value::Integer(-1),
        Value::Integer(2_147_483_647),
        Value::Integer(i64::MIN),
        Value::Real(1.5),
        Value::Real(1e300),
        text("v"),
        text("c  "),
        Value::Blob(vec![0, 255]),
        text("sad"),
    ];
    assert_eq!(rows[..10], expected);
    assert!(rows[10..].iter().all(|value| *value == Value::Null));
    for column in ["num", "d", "tm", "ts", "tz", "u", "j", "jb"] {
        let sql = format!("select {column}, {column}::text from texts order by n");
        let rows = ask(&open, &sql, &[]).await.unwrap();
        assert_eq!(rows.len(), 18);
        for pair in rows.chunks(2) {
            assert_eq!(pair[0], pair[1], "{column}");
        }
    }
    // And back.
    let sql = "insert into t (b, i2, f8, bytes, v) values ($1, $2, $3, $4, $5) returning b, i2, f8, bytes, v";
    let given = [
        Value::Integer(0),
        Value::Integer(7),
        Value::Real(-0.25),
        Value::Blob(vec![1, 2]),
        Value::Null,
    ];
    assert_eq!(ask(&open, sql, &given).await.unwrap(), given);
    let odd = "the column `at` has the type `point`: cast it to text".to_owned();
    assert_eq!(
        ask(&open, "select at from odd", &[]).await,
        Err(Failure::Invalid(odd))
    );
    assert_eq!(
        ask(&open, "select at::text, many::text from odd", &[]).await,
        Ok(Vec::new())
    );
    let blob = ask(&open, "select $1::text", &[Value::Blob(vec![1])]).await;
    let bytes = "bytes can only be given for a `bytea`".to_owned();
    assert_eq!(blob, Err(Failure::Invalid(bytes)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_has_to_prove_who_it_is() {
    let desk = Desk::new("proofs", ALL).await;
    let with = |tls: bool, roots: Option<std::path::PathBuf>, host: &str| Postgres {
        place: Place {
            tls,
            roots,
            host: host.to_owned(),
            ..desk.place()
        },
        ..desk.postgres()
    };
    let roots = Some(desk.server.roots.clone());
    let open = desk
        .open_as(with(true, roots.clone(), "localhost"), true)
        .await;
    assert_eq!(
        ask(&open, "select 1", &[]).await.unwrap(),
        [Value::Integer(1)]
    );
    // A cancel goes the same way.
    let slow = "select count(*) from big a, big b, big c where a.n + b.n + c.n = 0";
    let late = tokio::time::timeout(Duration::from_millis(300), ask(&open, slow, &[])).await;
    assert!(late.is_err());
    assert!(desk.is_idle().await);
    for (roots, host) in [(None, "localhost"), (roots, "127.0.0.1")] {
        let open = desk.open_as(with(true, roots, host), true).await;
        assert_eq!(ask(&open, "select 1", &[]).await, Err(Failure::Unavailable));
    }
    let told = desk.records().await;
    let told = told
        .iter()
        .filter(|r| format!("{:?}", r).contains("be talked to with TLS"));
    assert_eq!(told.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_password_nothing_works_and_nobody_learns_it() {
    let desk = Desk::new("passwords", ALL).await;
    let missing = Postgres {
        password: Some(Name::new("other").unwrap()),
        ..desk.postgres()
    };
    let wrong = Postgres {
        vault: Arc::new(Vault::new().with(Fixed("no-sesame-0815"))),
        ..desk.postgres()
    };
    let none = Postgres {
        password: None,
        ..desk.postgres()
    };
    let superuser = Postgres {
        place: Place {
            user: server::KEEPER.to_owned(),
            ..desk.place()
        },
        ..desk.postgres()
    };
    for (postgres, why) in [
        (missing, "the secret `other` is not set"),
        (wrong, "the password is wrong (28P01)"),
        (none, "wants a password that is not there"),
        (superuser, "is a superuser"),
    ] {
        let open = desk.open_as(postgres, true).await;
        assert_eq!(ask(&open, "select 1", &[]).await, Err(Failure::Unavailable));
        let records = format!("{:?}", desk.records().await.last());
        assert!(records.contains(why), "{why}: {records}");
        assert!(!records.contains("sesame"), "{records}");
    }
    for file in std::fs::read_dir(desk.folder().join("state"))
        .unwrap()
        .flatten()
    {
        let content = std::fs::read(file.path()).unwrap_or_default();
        assert!(
            !String::from_utf8_lossy(&content).contains("sesame"),
            "{file:?}"
        );
    }
}
