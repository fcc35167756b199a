//! The whole program on a real PostgreSQL server: the plugin `sqlite` does not mind what keeps its tables.

#[path = "../../host/src/handle/sql/postgres/tests/server.rs"]
mod server;

use serde_json::{Value, json};
use server::{PASSWORD, Server, server};
use toolkeep_tests::{Keep, Ran};

/// A role and a database for the user `ada`.
fn set_up(server: &Server) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let admin = server.admin("postgres").await;
        let role = format!("CREATE ROLE ada LOGIN PASSWORD '{PASSWORD}'");
        admin.batch_execute(&role).await.unwrap();
        admin.batch_execute("CREATE DATABASE ada").await.unwrap();
        let admin = server.admin("ada").await;
        let made = "CREATE TABLE people(id int PRIMARY KEY, name text, pin text);
            CREATE TABLE secrets(word text);
            INSERT INTO people VALUES (1, 'Ada', '1234');
            GRANT ALL ON ALL TABLES IN SCHEMA public TO ada";
        admin.batch_execute(made).await.unwrap();
    });
}

fn call(keep: &Keep, password: &str, tool: &str, query: &str) -> Ran {
    let arguments = json!({ "query": query }).to_string();
    let mut command = keep.command(&["call", "--json", tool, &arguments]);
    command.env("TOOLKEEP_SECRET_SHOP_PASSWORD", password);
    Ran::of(&mut command, None)
}

fn said(ran: &Ran) -> String {
    let answer = ran.json();
    match &answer["content"][0]["text"] {
        Value::String(text) => text.clone(),
        _ => panic!("{answer}"),
    }
}

#[test]
fn a_plugin_uses_a_database_on_a_server_as_the_user_that_calls() {
    let server = server();
    set_up(server);
    let keep = Keep::new(&format!(
        "[data.shop]\nsql = \"postgres://{{user}}@localhost:{}/{{user}}\"\n\
         password = \"shop-password\"\nroots = \"{}\"\n\
         [plugins.sqlite]\npath = {{sqlite}}\n[plugins.sqlite.sql.database]\ndata = \"shop\"\n\
         [plugins.sqlite.sql.database.tables.people]\nallow = [\"select\", \"insert\"]\n\
         columns = [\"id\", \"name\"]\n",
        server.port,
        server.roots.display()
    ));
    keep.run(&["check"]).expect(0);
    let added = "INSERT INTO people (id, name) VALUES (2, 'Bob')";
    call(&keep, PASSWORD, "write_query", added).expect(0);
    let read = "SELECT name FROM people ORDER BY id";
    let names = call(&keep, PASSWORD, "read_query", read).expect(0);
    assert_eq!(said(&names), "[{'name': 'Ada'}, {'name': 'Bob'}]");
    for query in [
        "SELECT pin FROM people",
        "SELECT word FROM secrets",
        "SELECT pg_read_file('/etc/passwd')",
    ] {
        let refused = call(&keep, PASSWORD, "read_query", query).expect(3);
        assert!(!refused.stdout.contains("1234"), "{refused:?}");
    }
    // Nobody learns the password, and without the right one nothing is had.
    let wrong = "not-that-one-0815";
    let unavailable = call(&keep, wrong, "read_query", read);
    assert!(!unavailable.stdout.contains("Ada"), "{unavailable:?}");
    let record = keep.run(&["audit", "show", "--json"]).expect(0).stdout;
    for (what, there) in [
        ("\"shop-password\"", true),
        ("127.0.0.1", true),
        ("the password is wrong (28P01)", true),
        (PASSWORD, false),
        (wrong, false),
    ] {
        assert_eq!(record.contains(what), there, "{what}: {record}");
    }
    keep.run(&["audit", "verify"]).expect(0);
}
