//! Sessions that were used and now wait.

use serde_json::json;
use toolkeep_tests::Keep;

use crate::table::{Budget, Row};

const SESSIONS: usize = 1000;

pub fn rows() -> Vec<Row> {
    let keep = Keep::new("[plugins.echo]\npath = {echo}\n");
    let host = keep.host();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let used = |from: usize, to: usize| {
        let sessions: Vec<_> = (from..to)
            .map(|nth| keep.session(&host, &format!("s{nth}")))
            .collect();
        runtime.block_on(async {
            for session in &sessions {
                session.call("echo", json!({"text": "hi"})).await.unwrap();
            }
        });
        sessions
    };
    let warm = used(0, 50);
    let before = resident_mib();
    let kept = used(50, 50 + SESSIONS);
    let after = resident_mib();
    drop((warm, kept));
    vec![Row {
        name: "memory for 1,000 idle sessions, beside one idle host",
        ours: after,
        floor: Some(before),
        unit: "MiB",
        budget: Budget::Plus(32.0),
    }]
}

/// Memory of this process that is in use.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}
