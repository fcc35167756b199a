//! Values by key and rows of databases, against SQLite itself.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;
use tokio::runtime::Runtime;
use toolkeep::Session;
use toolkeep_tests::Keep;

use crate::table::{Budget, Row, median, ms, us};

const CONFIG: &str = "\
[limits]
cpu_ms = 600000
wall_ms = 600000
[data.keys]
kv = \"sqlite:keys.db\"
[data.shop]
sql = \"sqlite:shop.db\"
[plugins.stored]
path = {stored}
[plugins.stored.kv.keys]
data = \"keys\"
allow = [\"get\"]
[plugins.stored.sql.shop]
data = \"shop\"
allow = [\"select\"]
";

const GETS: u32 = 2000;
const ROWS: i64 = 10_000;
const SELECTS: u32 = 10;
const ROUNDS: usize = 9;

pub fn rows() -> Vec<Row> {
    let keep = Keep::new(CONFIG);
    let shop = Connection::open(keep.path("shop.db")).unwrap();
    shop.execute_batch("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT, price REAL)")
        .unwrap();
    let all = shop.unchecked_transaction().unwrap();
    for id in 0..ROWS {
        let what = format!("order number {id}");
        let row = (id, what, id as f64 / 8.0);
        all.execute("INSERT INTO orders VALUES (?1, ?2, ?3)", row)
            .unwrap();
    }
    all.commit().unwrap();
    let host = keep.host();
    let runtime = Runtime::new().unwrap();
    let session = keep.session(&host, "bench");
    let ours =
        |tool: &str, count: u32| each(count, |count| called(&runtime, &session, tool, count));
    // The file of keys is made by the first call.
    called(&runtime, &session, "get_many", 0);
    let keys = Connection::open(keep.path("keys.db")).unwrap();
    keys.execute(
        "INSERT INTO entry VALUES ('plugin stored keys', 'key', zeroblob(100), 1)",
        [],
    )
    .unwrap();
    vec![
        Row {
            name: "one value by its key",
            ours: us(ours("get_many", GETS)),
            floor: Some(us(each(GETS, |count| got(&keys, count)))),
            unit: "us",
            budget: Budget::Plus(20.0),
        },
        Row {
            name: "10,000 rows of three columns",
            ours: ms(ours("select_many", SELECTS)),
            floor: Some(ms(each(SELECTS, |count| selected(&shop, count)))),
            unit: "ms",
            budget: Budget::Times(1.3),
        },
    ]
}

/// How long one of `count` takes, without what is around them.
fn each(count: u32, run: impl Fn(u32) -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| run(count).saturating_sub(run(0)) / count)
        .collect();
    median(&mut times)
}

fn called(runtime: &Runtime, session: &Session, tool: &str, count: u32) -> Duration {
    let began = Instant::now();
    let called = session.call(tool, json!({ "count": count }));
    runtime.block_on(called).unwrap();
    began.elapsed()
}

fn got(keys: &Connection, count: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..count {
        let mut query = keys
            .prepare_cached("SELECT value, version FROM entry WHERE namespace = ?1 AND key = ?2")
            .unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?));
        let (value, _) = query
            .query_row(["plugin stored keys", "key"], read)
            .unwrap();
        assert_eq!(value.len(), 100);
    }
    began.elapsed()
}

fn selected(shop: &Connection, count: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..count {
        let mut query = shop.prepare("SELECT id, what, price FROM orders").unwrap();
        let mut rows = query.query([]).unwrap();
        let mut values = 0;
        while let Some(row) = rows.next().unwrap() {
            // Each value is taken out, as whoever asks for them would.
            for column in 0..3 {
                let value: Value = row.get(column).unwrap();
                values += usize::from(value != Value::Null);
            }
        }
        assert_eq!(values, 3 * ROWS as usize);
    }
    began.elapsed()
}
