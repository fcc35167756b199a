//! The server is killed in the middle of a transaction.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::json;
use toolkeep_tests::Keep;

use super::{is_whole, serve};

#[test]
fn a_transaction_that_was_under_way_is_undone_and_unknown() {
    let keep = Keep::granting(
        "[data.shop]\nsql = \"sqlite:shop.db\"\n[plugins.hostile.sql.shop]\ndata = \"shop\"\n\
         allow = [\"select\", \"insert\"]\n",
    );
    let shop = Connection::open(keep.path("shop.db")).unwrap();
    shop.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE orders (what TEXT)")
        .unwrap();
    let count = || -> i64 {
        let sql = "SELECT count(*) FROM orders";
        shop.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let mut client = serve(&keep, "killed");
    let insert = json!({"op": "execute", "sql": "INSERT INTO orders VALUES ('tea')"});
    let endless =
        "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let steps = json!({"at": "shop", "steps": [{"op": "begin"}, insert, {"sql": endless}]});
    client.begin("table_steps", steps);
    let intents = || {
        keep.records(&["--kind", "intent", "--verb", "insert"])
            .len()
    };
    let began = Instant::now();
    while intents() == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing happens");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    client.signal(Signal::KILL);
    client.end();

    let told = is_whole(&keep);
    let unknown = told["unknown"].as_array().unwrap();
    let insert = &keep.records(&["--kind", "intent", "--verb", "insert"])[0];
    let is_insert = |entry: &serde_json::Value| {
        entry["call"] == insert["call"] && entry["step"] == insert["step"]
    };
    assert!(unknown.iter().any(is_insert), "{told:#} {insert:#}");
    assert_eq!(count(), 0);

    // Nobody does it again, and nothing is in the way of whoever asks for it.
    let mut again = serve(&keep, "killed");
    let insert = json!({"op": "execute", "sql": "INSERT INTO orders VALUES ('milk')"});
    let steps = json!({"at": "shop", "steps": [{"op": "begin"}, insert, {"op": "commit"}]});
    let done = again.call("table_steps", steps);
    assert_eq!(
        done["structuredContent"]["results"],
        json!(["ok", "ok 1", "ok"])
    );
    again.leave();
    assert_eq!(count(), 1);
    is_whole(&keep);
}
