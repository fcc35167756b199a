//! What both servers for file systems are asked, in this order. `ROOT` in an argument is the folder that
//! both see.

mod changing;
mod faulty;
mod finding;
mod looking;

use serde_json::{Value, json};

/// One call, with a name of its own.
pub struct Call {
    pub name: String,
    pub tool: &'static str,
    pub arguments: Value,
}

/// All calls. What changes a file comes after what looks at it.
pub fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    looking::looking_at_one(&mut calls);
    looking::reading(&mut calls);
    looking::reading_parts(&mut calls);
    looking::reading_several(&mut calls);
    finding::listing(&mut calls);
    finding::searching(&mut calls);
    changing::writing(&mut calls);
    changing::editing(&mut calls);
    changing::making_and_moving(&mut calls);
    changing::looking_after(&mut calls);
    faulty::wrong_arguments(&mut calls);
    calls
}

/// Adds a call whose name says the tool and `name`.
pub fn add(calls: &mut Vec<Call>, tool: &'static str, name: &str, arguments: Value) {
    calls.push(Call {
        name: format!("{tool}: {name}"),
        tool,
        arguments,
    });
}

/// Adds a call for each path, named by it.
fn each(calls: &mut Vec<Call>, tool: &'static str, paths: &[&str]) {
    for path in paths {
        add(calls, tool, path, json!({"path": path}));
    }
}
