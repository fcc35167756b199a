//! Files, attacked through raw WASI.

use serde_json::json;
use toolkeep_tests::{ALL, Keep, SECRET};

#[test]
fn smoke() {
    let keep = Keep::granting("");
    keep.put("data/a.txt", "hello");
    let got = keep.steps(json!([
        {"op": "mounts"},
        {"op": "list"},
        {"op": "read", "path": "a.txt"},
        {"op": "write", "path": "b.txt", "text": "new"},
    ]));
    assert_eq!(got, ["ok /data", "ok a.txt", "ok hello", "ok"]);
    assert_eq!(keep.get("data/b.txt"), "new");
    keep.lives();
}
