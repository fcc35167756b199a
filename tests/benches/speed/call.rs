//! One call that touches nothing: a fresh instance, judged and recorded.

use std::time::Instant;

use serde_json::json;
use toolkeep_tests::{Keep, plugin};

use crate::direct::Direct;
use crate::table::{Budget, Row, median, us};

const ROUNDS: usize = 40;
const CALLS: usize = 100;

pub fn rows() -> Vec<Row> {
    let keep = Keep::new("[plugins.echo]\npath = {echo}\n");
    let host = keep.host();
    let session = keep.session(&host, "bench");
    let direct = Direct::new(&plugin("plugins/echo"));
    let arguments = json!({"text": "hello"});
    let text = arguments.to_string();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        for round in 0..=ROUNDS {
            for _ in 0..CALLS {
                let began = Instant::now();
                session.call("echo", arguments.clone()).await.unwrap();
                ours.push(began.elapsed());
            }
            for _ in 0..CALLS {
                let began = Instant::now();
                direct.call("echo", &text, None, true).await;
                floor.push(began.elapsed());
            }
            if round == 0 {
                // To warm up.
                ours.clear();
                floor.clear();
            }
        }
    });
    vec![Row {
        name: "one call: fresh instance, judged, recorded",
        ours: us(median(&mut ours)),
        floor: Some(us(median(&mut floor))),
        unit: "us",
        budget: Budget::Times(1.5),
    }]
}
