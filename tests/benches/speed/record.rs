//! Records that nobody waits for one by one.

use std::time::Instant;

use toolkeep::store::audit::{AuditLog, Durability, Options, Record};
use toolkeep_tests::Keep;

use crate::table::{Budget, Row};

const RECORDS: usize = 200_000;

pub fn rows() -> Vec<Row> {
    let keep = Keep::new("[plugins.echo]\npath = {echo}\n");
    keep.run(&["call", "echo", r#"{"text":"one"}"#]).expect(0);
    let mut records = keep.records(&[]);
    let record: Record = serde_json::from_value(records.remove(1)).unwrap();
    let log = AuditLog::open(&keep.path("log"), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let took = runtime.block_on(async {
        let began = Instant::now();
        for _ in 0..RECORDS {
            drop(log.append(record.clone(), Durability::Written).await);
        }
        log.flush().await.unwrap();
        began.elapsed()
    });
    vec![Row {
        name: "records into the log, many at once",
        ours: RECORDS as f64 / took.as_secs_f64(),
        floor: None,
        unit: "records/s",
        budget: Budget::AtLeast(50_000.0),
    }]
}
