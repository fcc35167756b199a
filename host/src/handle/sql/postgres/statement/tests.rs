//! What is understood, what it wants, and what is not.

use super::*;

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for (name, columns, is_view) in [
        ("people", &["id", "name", "pin"][..], false),
        ("pets", &["id", "owner", "name"], false),
        ("names", &["name"], true),
        ("Mixed", &["A", "b"], false),
        ("twin", &["a"], false),
        ("Twin", &["a"], false),
        ("alike", &["a", "A"], false),
    ] {
        let columns = columns.iter().map(|&name| name.to_owned()).collect();
        catalog.add(name.to_owned(), Relation { columns, is_view });
    }
    catalog.add_index("people_name".to_owned(), "people".to_owned());
    catalog
}

/// One line for each case that is not as expected.
fn all_same(cases: impl IntoIterator<Item = (String, String, String)>) {
    let wrong = cases
        .into_iter()
        .filter(|(_, got, expected)| got != expected);
    let wrong: Vec<String> = wrong
        .map(|(sql, got, expected)| format!("{sql}\n  got:      {got}\n  expected: {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn wants(sql: &str) -> String {
    match read(sql, "public", Some(&catalog())) {
        Ok(statement) => statement.wants.to_string(),
        Err(Bad::Unknown(why)) => format!("unknown: {why}"),
        Err(Bad::Invalid(why, _)) => format!("invalid: {why}"),
        Err(Bad::TooLarge) => "too large".to_owned(),
    }
}

fn text(sql: &str) -> String {
    match read(sql, "public", Some(&catalog())) {
        Ok(statement) => statement.text,
        Err(bad) => format!("{bad:?}"),
    }
}

#[test]
fn what_statements_want() {
    let cases = [
        ("select 1", ""),
        ("SELECT name FROM people", "people: select (name)"),
        ("select Name from PEOPLE", "people: select (name)"),
        (
            "select \"name\" from public.people",
            "people: select (name)",
        ),
        ("select \"b\" from \"Mixed\"", "Mixed: select (b)"),
        ("select * from people", "people: select (id, name, pin)"),
        ("select p.* from people p", "people: select (id, name, pin)"),
        ("select count(*) from people", "people: select"),
        ("select count(pin) from people", "people: select (pin)"),
        ("select from people", "people: select"),
        ("select name from names", "names: select (name)"),
        // Reading a column is reading it wherever it stands.
        (
            "select 1 from people where pin = $1",
            "people: select (pin)",
        ),
        (
            "select name from people order by pin",
            "people: select (name, pin)",
        ),
        (
            "select name from people order by length(pin) desc nulls last",
            "people: select (name, pin)",
        ),
        (
            "select count(*) from people group by pin",
            "people: select (pin)",
        ),
        (
            "select 1 from people having max(pin) > 'a'",
            "people: select (pin)",
        ),
        (
            "select distinct on (pin) 1 from people",
            "people: select (pin)",
        ),
        (
            "select 1 from people limit (select max(pin)::int from people)",
            "people: select (pin)",
        ),
        (
            "select sum(1) filter (where pin = '1') from people",
            "people: select (pin)",
        ),
        (
            "select rank() over (partition by pin order by name) from people",
            "people: select (name, pin)",
        ),
        (
            "select case when pin like '1%' then 1 end from people",
            "people: select (pin)",
        ),
        ("select xmin from people", "people: select (xmin)"),
        // Whole rows.
        (
            "select people from people",
            "people: select (id, name, pin)",
        ),
        ("select p from people p", "people: select (id, name, pin)"),
        (
            "select row_to_json(p) from people as p",
            "people: select (id, name, pin)",
        ),
        (
            "select count(p) from people p",
            "people: select (id, name, pin)",
        ),
        (
            "select p::text from people p",
            "people: select (id, name, pin)",
        ),
        (
            "select 1 from people p where p is null",
            "people: select (id, name, pin)",
        ),
        // Joins.
        (
            "select a.name, b.name from people a join pets b on a.id = b.owner",
            "people: select (id, name); pets: select (name, owner)",
        ),
        (
            "select owner, pin from people, pets",
            "people: select (pin); pets: select (owner)",
        ),
        (
            "select name from people, pets",
            "people: select (name); pets: select (name)",
        ),
        (
            "select 1 from people join pets using (name)",
            "people: select (name); pets: select (name)",
        ),
        (
            "select 1 from people natural join pets",
            "people: select (id, name, pin); pets: select (id, name, owner)",
        ),
        (
            "select 1 from people cross join lateral (select pin) x",
            "people: select (pin)",
        ),
        (
            "select * from (people join pets on true)",
            "people: select (id, name, pin); pets: select (id, name, owner)",
        ),
        // Queries in queries.
        (
            "select (select pin from people limit 1)",
            "people: select (pin)",
        ),
        (
            "select 1 from pets where exists (select from people where people.id = owner)",
            "people: select (id); pets: select (owner)",
        ),
        (
            "select 1 from pets where owner in (select id from people)",
            "people: select (id); pets: select (owner)",
        ),
        (
            "select x.n from (select pin as n from people) x",
            "people: select (pin)",
        ),
        (
            "select x.a from (select pin from people) x(a)",
            "people: select (pin)",
        ),
        (
            "select * from (select * from people) x",
            "people: select (id, name, pin)",
        ),
        (
            "with x as (select pin from people) select * from x",
            "people: select (pin)",
        ),
        (
            "with people as (select 1 as pin) select pin from people",
            "",
        ),
        (
            "with people as (select 1 as pin) select pin from public.people",
            "people: select (pin)",
        ),
        (
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select i from n",
            "",
        ),
        (
            "select name from people union all select name from pets order by name",
            "people: select (name); pets: select (name)",
        ),
        (
            "values (1), ((select max(pin)::int from people))",
            "people: select (pin)",
        ),
        // Changes.
        (
            "insert into people (id, name) values (1, default)",
            "people: insert",
        ),
        ("insert into people default values", "people: insert"),
        (
            "insert into people (id, name) select id, name from pets",
            "people: insert; pets: select (id, name)",
        ),
        (
            "insert into people (id) values (1) returning pin",
            "people: select, insert (pin)",
        ),
        (
            "insert into people (id) values (1) returning *",
            "people: select, insert (id, name, pin)",
        ),
        (
            "insert into people (id) values (1) on conflict do nothing",
            "people: insert",
        ),
        (
            "insert into people (id) values (1) on conflict (id) do nothing",
            "people: select, insert (id)",
        ),
        (
            "insert into people as p (id, name) values (1, 'x') on conflict (id) do update set name = excluded.name where p.pin = '1'",
            "people: select, insert, update (id, name, pin)",
        ),
        (
            "update people set name = $1 where id = $2",
            "people: select, update (id, name)",
        ),
        ("update people set name = default", "people: update (name)"),
        (
            "update people set name = pin",
            "people: select, update (name, pin)",
        ),
        (
            "update people p set name = q.name from pets q where q.owner = p.id returning p.pin",
            "people: select, update (id, name, pin); pets: select (name, owner)",
        ),
        ("delete from people", "people: delete"),
        (
            "delete from people where pin = '1' returning name",
            "people: delete, select (name, pin)",
        ),
        (
            "delete from people p using pets q where q.owner = p.id",
            "people: delete, select (id); pets: select (owner)",
        ),
        // By their own verbs, wherever they stand.
        (
            "with x as (delete from people returning pin) select * from x",
            "people: delete, select (pin)",
        ),
        (
            "with x as (update people set pin = '1') select 1",
            "people: update (pin)",
        ),
        (
            "with x as (insert into people (id) values (1) returning id) delete from pets using x where pets.id = x.id",
            "people: select, insert (id); pets: delete, select (id)",
        ),
        (
            "with x as (select 1 as id) insert into people (id) select id from x",
            "people: insert",
        ),
        // Tables.
        (
            "create table fresh (id serial primary key, name varchar(20) not null default 'x', n numeric(9, 2) check (n > 0), unique (name))",
            "fresh: ddl",
        ),
        (
            "create table fresh (who int references people (id) on delete cascade)",
            "fresh: ddl; people: select (id)",
        ),
        (
            "create table if not exists fresh (id bigint generated always as identity)",
            "fresh: ddl",
        ),
        ("alter table people add column age int", "people: ddl"),
        ("alter table people drop column pin", "people: delete, ddl"),
        (
            "alter table people alter column name set default 'x'",
            "people: ddl",
        ),
        ("drop table people", "people: delete, ddl"),
        (
            "drop table if exists people, pets",
            "people: delete, ddl; pets: delete, ddl",
        ),
        (
            "create unique index i on people (name, id desc)",
            "people: ddl",
        ),
        ("drop index people_name", "people: ddl; people_name: ddl"),
        // What is not there is judged too.
        ("select a from gone", "gone: select (a)"),
        ("select secret from people", "people: select"),
        ("select 1 /* a /* nested */ comment */ -- and more\n;", ""),
        ("select '; drop table people; --', 'it''s'", ""),
    ];
    all_same(cases.map(|(sql, expected)| (sql.to_owned(), wants(sql), expected.to_owned())));
}

#[test]
fn what_is_not_understood_is_refused() {
    let mut wrong = Vec::new();
    for sql in [
        // Functions that reach out, or run a text.
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "select * from dblink('host=x', 'select 1') as t(a int)",
        "select set_config('role', 'postgres', false)",
        "select current_setting('data_directory')",
        "select pg_sleep(100)",
        "select query_to_xml('select * from people', true, true, '')",
        "select nextval('s')",
        "select pg_catalog.pg_sleep(1)",
        "select public.own()",
        "select \"pg_sleep\"(1)",
        "select PG_SLEEP(1)",
        "select U&\"pg\\005fsleep\"(1)",
        "select 1 order by pg_sleep(1)",
        "select 1 limit length(pg_read_file('x'))",
        "insert into people (name) values (pg_read_file('x'))",
        "update people set name = pg_read_file('x')",
        "select version()",
        "select current_user",
        "select * from generate_series(1, 1000000000)",
        "select * from unnest(array[1])",
        "select * from pg_ls_dir('.')",
        "select * from rows from (pg_ls_dir('.'))",
        "select * from xmltable('/a' passing '<a/>' columns x int)",
        // Types that look into the catalogue, and types of others.
        "select 'people'::regclass",
        "select cast('people' as regclass)",
        "select regclass 'people'",
        "select 'x'::public.own",
        "select 'x'::\"char\"",
        // Tables of others.
        "select * from pg_catalog.pg_authid",
        "select * from information_schema.tables",
        "select * from other.people",
        "select * from db.public.people",
        "insert into pg_catalog.pg_class default values",
        "table people",
        "select * from only people",
        "select * from people tablesample system (1)",
        "select * from people as p(a, b, c)",
        "select a from twin",
        "select a from alike",
        // Fields of rows.
        "select (people).pin from people",
        "select (p).* from people p",
        "select (select people from people limit 1).pin",
        // Other statements.
        "copy people to stdout",
        "copy people from program 'id'",
        "copy (select 1) to program 'id'",
        "do $$ begin end $$",
        "call own()",
        "set role postgres",
        "set search_path = other",
        "reset all",
        "listen x",
        "notify x",
        "lock table people",
        "prepare x as select 1",
        "execute x",
        "deallocate x",
        "explain analyze delete from people",
        "explain select 1",
        "begin",
        "commit",
        "rollback",
        "savepoint x",
        "truncate people",
        "vacuum",
        "analyze people",
        "grant select on people to public",
        "create role x",
        "create function f() returns int as 'select 1' language sql",
        "create view v as select * from people",
        "create trigger x after insert on people execute function f()",
        "create temp table x (a int)",
        "create table x as select * from people",
        "create table x (like people)",
        "create table x (a int) inherits (people)",
        "create table x partition of people default",
        "create unlogged table x (a int)",
        "create table x (a int default nextval('s'))",
        "create table x (a int references people)",
        "create table x (a regclass)",
        "create table other.x (a int)",
        "create schema x",
        "create extension dblink",
        "create index concurrently i on people (name)",
        "create index i on people (lower(name))",
        "alter table people rename to other",
        "alter table people rename column pin to name2",
        "alter table people owner to x",
        "alter table people set schema other",
        "alter table people disable trigger all",
        "alter table people alter column name type int using pg_sleep(1)::int",
        "drop table people cascade",
        "drop schema public",
        "drop view names",
        "merge into people using pets on true when matched then delete",
        "select * into x from people",
        "select * from people for update",
        "select * from people for share of people",
        "declare c cursor for select 1",
        "fetch all from c",
        "delete from people where current of c",
        // Other quotes than the plain ones.
        "select $$x$$",
        "select $a$ x $a$",
        "select E'\\x27'",
        "select U&'\\0041'",
        "select B'1'",
        "select X'1F'",
        "select `name` from people",
        "select [name] from people",
        // Odds and ends.
        "select 1 operator(public.+) 2",
        "select name collate \"C\" from people",
        "insert into people values (1) on conflict on constraint c do nothing",
        "update people set (name, pin) = (select 'a', 'b')",
        "select count(people.*) from people",
        "select sum(1) over w from people window w as (order by pin)",
        "select * from people p join pets q using (name) as j",
        "select * from people where pin = :pin",
        "select * from people where pin = ?",
        "select $0",
        "select array[1][1]",
        "select 1 from people where pin = any",
        "selec 1",
    ] {
        let said = wants(sql);
        if !said.starts_with("unknown: ") {
            wrong.push(format!("{sql}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_is_told_to_the_guest() {
    let cases = [
        ("", "invalid: there is no statement"),
        (" ; -- nothing", "invalid: there is no statement"),
        (
            "select 1; drop table people",
            "invalid: there is more than one statement: give them one by one",
        ),
        (
            "select 1; commit; drop table people",
            "invalid: there is more than one statement: give them one by one",
        ),
        (
            "select people.own from people",
            "invalid: there is no column `own` in `people`",
        ),
        (
            "select people.row_to_json from people",
            "invalid: there is no column `row_to_json` in `people`",
        ),
        (
            "select x.row_to_json from (select 1 as a) x",
            "invalid: there is no column `row_to_json` in `x`",
        ),
        (
            "select x.pg_sleep from (select 1 as pg_sleep) x(a)",
            "invalid: there is no column `pg_sleep` in `x`",
        ),
        (
            "select pets.name from people",
            "invalid: there is no `pets` here",
        ),
        (
            "select other.* from people",
            "invalid: there is no `other` here",
        ),
        (
            "with recursive n as (select 1) select 1",
            "invalid: name the columns: `WITH RECURSIVE name(column, …)`",
        ),
    ];
    all_same(cases.map(|(sql, expected)| (sql.to_owned(), wants(sql), expected.to_owned())));
    assert!(wants("select 'x").starts_with("invalid: syntax error"));
}

#[test]
fn what_is_sent_is_written_anew() {
    let cases = [
        (
            "SELECT Name /* x */, count(*) FROM People WHERE id=$1 -- y",
            "SELECT \"name\", pg_catalog.\"count\"(*) FROM \"public\".\"people\" AS \"people\" \
             WHERE (\"id\" = $1)",
        ),
        (
            "select \"a\"\"b\" from \"x\"\"y\"",
            "SELECT \"a\"\"b\" FROM \"public\".\"x\"\"y\" AS \"x\"\"y\"",
        ),
        (
            "select 'it''s', 'a\\', -1.5e3",
            "SELECT 'it''s',  E'a\\\\', (- 1.5e3)",
        ),
        ("select 1 + 2 * 3", "SELECT (1 + (2 * 3))"),
        (
            "select 'x'::text, date '2024-01-01'",
            "SELECT CAST('x' AS pg_catalog.text), CAST('2024-01-01' AS pg_catalog.date)",
        ),
        (
            "select coalesce(null, 1), current_date",
            "SELECT COALESCE(NULL, 1), CURRENT_DATE",
        ),
        ("select 1 limit 1 offset 2", "SELECT 1 LIMIT (1) OFFSET (2)"),
        (
            "drop index people_name",
            "DROP INDEX \"public\".\"people_name\"",
        ),
    ];
    all_same(cases.map(|(sql, expected)| (sql.to_owned(), text(sql), expected.to_owned())));
}

#[test]
fn what_is_sent_is_understood_again_as_the_same() {
    for sql in [
        "select a.name, b.name from people a left join pets b on a.id = b.owner where a.id in (1, 2)",
        "with x as (delete from people where id = 1 returning *) select x.pin from x order by 1",
        "insert into people (id, name) values (1, default) on conflict (id) do update set name = excluded.name",
        "update people p set name = upper(q.name) from pets q where q.owner = p.id",
        "select extract(year from now()), substring('abc' from 1 for 2), trim('x' from 'xax')",
        "select name, rank() over (partition by id order by pin rows between 1 preceding and current row) from people",
        "create table fresh (id serial primary key, at timestamptz default now(), n numeric(9, 2))",
    ] {
        let once = read(sql, "public", Some(&catalog())).unwrap();
        let again = read(&once.text, "public", Some(&catalog()));
        let again = again.unwrap_or_else(|bad| panic!("{}: {bad:?}", once.text));
        assert_eq!(again.wants, once.wants, "{sql}");
    }
}

#[test]
fn without_a_catalog_the_tables_are_known() {
    let sketch = |sql: &str| read(sql, "public", None).unwrap().wants.to_string();
    assert_eq!(sketch("select p.x, * from people p"), "people: select");
    assert_eq!(
        sketch("with x as (delete from people returning *) select x.y from x"),
        "people: delete, select"
    );
    assert_eq!(
        sketch("update people set pin = '1'"),
        "people: update (pin)"
    );
}

#[test]
fn what_is_long_or_deep_does_no_harm() {
    let long = format!("select {}", "1 + ".repeat(4000) + "1");
    assert_eq!(wants(&long), "");
    assert_eq!(
        wants(&format!("select {}", "1 + ".repeat(30000) + "1")),
        "too large"
    );
    assert_eq!(
        wants(&format!("select '{}'", "x".repeat(MAX_SQL))),
        "too large"
    );
    let deep = format!("select {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(wants(&deep).starts_with("unknown: "), "{}", wants(&deep));
    let nots = format!("select {} true", "not ".repeat(5000));
    assert!(wants(&nots).starts_with("unknown: "), "{}", wants(&nots));
    let unions = vec!["select 1"; 2000].join(" union ");
    assert_eq!(wants(&unions), "");
}

#[test]
fn nothing_takes_for_ever_to_read() {
    let nest = |before: &str, after: &str, times: usize, inner: &str, open: &str| {
        format!(
            "{open}{}{inner}{}",
            before.repeat(times),
            after.repeat(times)
        )
    };
    let mut slow = Vec::new();
    for times in [8, 16, 24, 32, 60, 1000, 3000] {
        for sql in [
            nest("(", ")", times, "people", "select 1 from "),
            nest("(", ")", times, "select 1", "select * from "),
            nest("(", "", times, "people", "select 1 from "),
            nest("(", ")", times, "1", "select "),
            nest("(", "", times, "1", "select "),
            nest("(", ")", times, "select 1", ""),
            nest("(select ", ")", times, "1", ""),
            nest("(select * from ", ")", times, "people", ""),
            nest("case when ", " then 1 end", times, "1", "select "),
            nest("lower(", ")", times, "'x'", "select "),
            nest("array[", "]", times, "1", "select "),
            nest("not ", "", times, "true", "select "),
            nest("- ", "", times, "1", "select "),
            nest("a.", "", times, "a", "select "),
            nest("", "::text", times, "1", "select "),
            nest("", " is null", times, "1", "select "),
            nest("", "+1", times, "1", "select "),
            nest("", " and 1", times, "1", "select "),
            nest("", "[1]", times, "a", "select "),
            nest("", ".a", times, "(a)", "select "),
            nest("", " between 1 and 1", times, "1", "select "),
            nest("exists (select 1 where ", ")", times, "true", "select "),
            nest("", " union select 1", times, "select 1", ""),
            nest(
                "",
                " join people on true",
                times,
                "people",
                "select 1 from ",
            ),
            nest(
                "(",
                " join people on true)",
                times,
                "people",
                "select 1 from ",
            ),
            nest("with x as (", ") select 1", times, "select 1", ""),
            nest("interval ", "", times, "'1'", "select "),
            nest("cast(", " as text)", times, "1", "select "),
            nest("x(", ")[1]", times, "1", "select "),
            nest("(1, ", ")", times, "1", "select "),
            nest("(", " in (1))", times, "1", "select "),
            nest("{", "}", times, "1", "select "),
            nest("<", ">", times, "int", "select cast(1 as array"),
            nest("int[", "]", times, "", "create table x (a "),
        ] {
            let began = std::time::Instant::now();
            let _ = wants(&sql);
            if began.elapsed() > std::time::Duration::from_secs(2) {
                let shown = crate::base::text::shorten(&sql, 60);
                slow.push(format!("{times}: {shown} ({:?})", began.elapsed()));
            }
        }
        assert!(slow.is_empty(), "{}", slow.join("\n"));
    }
}
