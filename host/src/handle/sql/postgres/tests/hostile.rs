//! Ways around what was granted.

use std::net::TcpListener;
use std::time::Duration;

use super::desk::{ALL, Desk, ask, text};
use crate::handle::sql::failure::Failure;
use crate::handle::sql::postgres::{Place, Postgres};
use crate::handle::sql::value::Value;

/// Two columns of `people`, and nothing else.
const NARROW: &str = "[plugins.clerk.sql.shop.tables.people]\n\
                      allow = [\"select\", \"insert\", \"update\", \"delete\"]\ncolumns = [\"id\", \"name\"]";

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_reach_beyond_the_tables_are_refused() {
    let desk = Desk::new("beyond", ALL).await;
    let open = desk.open().await;
    let before = desk.refusals().await;
    let statements = [
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "select * from dblink('host=127.0.0.1', 'select 1') as t(a int)",
        "select set_config('role', 'keeper', false)",
        "select set_config('statement_timeout', '0', false)",
        "select pg_sleep(100)",
        "select query_to_xml('delete from people', true, true, '')",
        "select table_to_xml('secrets', true, true, '')",
        "select pg_terminate_backend(1)",
        "select people.query_to_xml from people where (select pg_sleep(9)) is null",
        "copy people to program 'id'",
        "copy secrets to stdout",
        "do $$ begin delete from people; end $$",
        "set role keeper",
        "listen x",
        "notify x, 'secret'",
        "lock table people",
        "explain analyze delete from people",
        "begin",
        "rollback",
        "select * into x from people",
        "select * from people for update",
        "select 'secrets'::regclass",
        "select * from pg_catalog.pg_authid",
        "select * from information_schema.columns",
        "select * from pg_toast.x",
        "select $$x$$",
        "select E'\\x27 from secrets --'",
        "select U&'\\0027'",
        "select (people).pin from people",
        "truncate people",
        "prepare x as delete from people",
        "call x()",
        "grant all on secrets to public",
        "create function f() returns int language sql as 'select 1'",
        "alter table people rename to others",
        "drop table people cascade",
        "merge into people using pets on true when matched then delete",
    ];
    for sql in statements {
        assert_eq!(ask(&open, sql, &[]).await, Err(Failure::Refused), "{sql}");
    }
    assert_eq!(desk.refusals().await - before, statements.len());
    // More than one statement is nobody's.
    for sql in [
        "select 1; delete from people",
        "select 1;/* ; */ commit; select 2",
    ] {
        assert!(
            matches!(ask(&open, sql, &[]).await, Err(Failure::Invalid(_))),
            "{sql}"
        );
    }
    assert_eq!(desk.count("SELECT count(*) FROM people").await, 2);
    assert_eq!(
        ask(&open, "select 'it''s; -- ' /* ; drop */", &[])
            .await
            .unwrap(),
        [text("it's; -- ")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_column_list_hides_is_read_nowhere() {
    let desk = Desk::new("hidden", NARROW).await;
    let open = desk.open().await;
    for sql in [
        "select pin from people",
        "select * from people",
        "select p.* from people p",
        "select people from people",
        "select p::text from people p",
        "select row_to_json(p) from people p",
        "select json_agg(p) from people p",
        "select (select people from people limit 1)::text",
        "select name from people where pin like '1%'",
        "select name from people order by pin",
        "select count(*) from people group by pin",
        "select count(*) filter (where pin > '2') from people",
        "select rank() over (order by pin) from people",
        "select 1 from people a join people b using (pin)",
        "select 1 from people a natural join people b",
        "select 1 from people a join people b on a.pin = b.pin",
        "select x.y from (select pin as y from people) x",
        "with x as (select * from people) select 1 from x",
        "select exists (select 1 from people where pin = '1234')",
        "select (select max(pin) from people)",
        "select \"pin\" from \"public\".\"people\"",
        "select PIN from People",
        "insert into people (id) values (3) returning pin",
        "insert into people (id) values (3) returning *",
        "insert into people (id) values (1) on conflict (id) do update set pin = '0'",
        "insert into people (id) values (1) on conflict (id) do update set name = people.pin",
        "update people set pin = '0'",
        "update people set name = pin",
        "update people set name = 'x' returning pin",
        "delete from people where pin = '1234'",
        "delete from people returning *",
        "with x as (delete from people returning pin) select * from x",
        "with x as (update people set name = pin returning name) select name from x",
        "select word from secrets",
        "select name from names",
        "select name from people union select word from secrets",
        "select name from people where id in (select id from pets)",
        "with x as (delete from secrets returning word) select 1",
        "insert into people (id, name) select 3, word from secrets",
        "create table x (a int)",
        "drop table people",
    ] {
        assert_eq!(ask(&open, sql, &[]).await, Err(Failure::Refused), "{sql}");
    }
    // What the server would say of columns is not told.
    let hidden = Failure::Invalid("the database does not take the statement".to_owned());
    assert_eq!(
        ask(&open, "select people.pon from people", &[]).await,
        Err(hidden)
    );
    let count = "SELECT count(*) FROM people WHERE pin IN ('1234', '9999')";
    assert_eq!(desk.count(count).await, 2);
    let rows = ask(&open, "select name from people where id = 1", &[])
        .await
        .unwrap();
    assert_eq!(rows, [text("ada")]);
    let rows = ask(&open, "select count(*) from people", &[])
        .await
        .unwrap();
    assert_eq!(rows, [Value::Integer(2)]);
    let columns = open.columns("people".to_owned()).await.unwrap();
    assert_eq!(columns.len(), 2);
    assert_eq!(open.tables().await, Err(Failure::Refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_database_stands_in_for_what_was_judged() {
    let desk = Desk::new("shadows", ALL).await;
    let made = "
        CREATE SCHEMA evil;
        CREATE TABLE evil.people(id int, name text, pin text);
        INSERT INTO evil.people VALUES (1, 'evil', 'evil');
        CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
        CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
        CREATE FUNCTION public.same(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
        CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
        GRANT ALL ON SCHEMA evil TO shadows; GRANT ALL ON evil.people TO shadows;
        ALTER ROLE shadows SET search_path = evil, public, pg_catalog;
        ALTER ROLE shadows SET standard_conforming_strings = off;";
    desk.admin.batch_execute(made).await.unwrap();
    let open = desk.open().await;
    let sql = "select lower(name) from people where name = 'ada'";
    assert_eq!(ask(&open, sql, &[]).await.unwrap(), [text("ada")]);
    let sql = "select 'a\\', pin from people where id = 1 --'";
    assert_eq!(
        ask(&open, sql, &[]).await.unwrap(),
        [text("a\\"), text("1234")]
    );
    assert_eq!(
        ask(&open, "select name from evil.people", &[]).await,
        Err(Failure::Refused)
    );
    // Names that differ in capitals only could be mistaken for one another by the rules.
    desk.admin
        .batch_execute("CREATE TABLE \"People\"(pin text)")
        .await
        .unwrap();
    assert_eq!(
        ask(&open, "select name from people", &[]).await,
        Err(Failure::Refused)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_only_reads_changes_nothing_whatever_a_view_does() {
    let desk = Desk::new("reading", r#"allow = ["select"]"#).await;
    let made = "
        CREATE FUNCTION public.sneak() RETURNS int LANGUAGE sql AS
            'INSERT INTO public.secrets VALUES (''left''); SELECT 1';
        CREATE VIEW tricky AS SELECT public.sneak() AS n;
        GRANT SELECT ON tricky TO reading;";
    desk.admin.batch_execute(made).await.unwrap();
    for writes in [false, true] {
        let open = desk.open_as(desk.postgres(), writes).await;
        let permit = "the database itself does not permit it".to_owned();
        let tricked = ask(&open, "select n from tricky", &[]).await;
        assert_eq!(tricked, Err(Failure::Invalid(permit)));
        for sql in ["delete from people", "insert into people (id) values (9)"] {
            assert_eq!(ask(&open, sql, &[]).await, Err(Failure::Refused), "{sql}");
        }
    }
    assert_eq!(desk.count("SELECT count(*) FROM secrets").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tables_alone_deny_is_not_even_connected_for() {
    let desk = Desk::new("unreached", NARROW).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let place = Place {
        port: listener.local_addr().unwrap().port(),
        host: "127.0.0.1".to_owned(),
        ..desk.place()
    };
    let postgres = Postgres {
        place,
        ..desk.postgres()
    };
    let open = desk.open_as(postgres, true).await;
    for sql in [
        "select word from secrets",
        "drop table people",
        "select pg_sleep(1)",
        "select 1; select 2",
    ] {
        assert!(ask(&open, sql, &[]).await.is_err(), "{sql}");
    }
    assert!(open.tables().await.is_err());
    let begun = open.begin().await.unwrap();
    drop(begun);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        listener.accept().unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
}
