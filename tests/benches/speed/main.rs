//! What mediation and record cost, against the same work without them: one table. `cargo bench` measures
//! all of it; `cargo bench --bench speed -- WORD` only the parts whose names have the word in them. The
//! same table goes to `target/bench.json`.

mod call;
mod direct;
mod files;
mod mcp;
mod record;
mod scale;
mod sessions;
mod stores;
mod table;
mod web;

use table::Row;

/// What is measured in one go.
type Part = (&'static str, fn() -> Vec<Row>);

/// Memory first: what others leave behind would be counted.
const PARTS: [Part; 8] = [
    ("sessions", sessions::rows),
    ("call", call::rows),
    ("files", files::rows),
    ("stores", stores::rows),
    ("web", web::rows),
    ("record", record::rows),
    ("mcp", mcp::rows),
    ("scale", scale::rows),
];

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let mut rows = Vec::new();
    for (name, part) in PARTS {
        if wanted(name) {
            eprintln!("measuring: {name}");
            rows.extend(part());
        }
    }
    print!("{}", table::text(&rows));
    let json = toolkeep_tests::deps().join("../../bench.json");
    std::fs::write(json, table::json(&rows)).unwrap();
}
