//! Both servers, and what they say to the same questions.

use std::process::Command;

use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::Client;

use crate::differences::{Pair, Pairs};
use crate::shapes;

/// The reference server, and `toolkeep serve` on a keep with the plugin that stands in for it. One client
/// speaks to both, and cannot ask anybody.
pub struct Sides {
    reference: Client,
    ours: Client,
    /// What was compared until now.
    pub pairs: Pairs,
}

impl Sides {
    /// Starts both, and compares their lists of tools.
    pub fn start(reference: Command, keep: &Keep) -> Self {
        let mut sides = Self {
            reference: Client::old_by(reference, json!({})),
            ours: ours(keep),
            pairs: Pairs::new(),
        };
        let (theirs, own) = (sides.reference.list(), sides.ours.list());
        shapes::compare(&theirs, &own, &mut sides.pairs);
        sides
    }

    /// Calls a tool of both.
    pub fn call(&mut self, name: &str, tool: &str, arguments: &Value) {
        let pair = Pair {
            reference: result(&mut self.reference, tool, arguments),
            ours: result(&mut self.ours, tool, arguments),
        };
        self.add(name, pair);
    }

    /// Calls a tool whose answer changes each second. All answers are of one second, or are asked for
    /// again.
    pub fn call_within_a_second(&mut self, name: &str, tool: &str, arguments: &Value) {
        let pair = loop {
            let before = result(&mut self.ours, tool, arguments);
            let reference = result(&mut self.reference, tool, arguments);
            if result(&mut self.ours, tool, arguments) == before {
                break Pair {
                    reference,
                    ours: before,
                };
            }
        };
        self.add(name, pair);
    }

    fn add(&mut self, name: &str, pair: Pair) {
        let twice = self.pairs.insert(name.to_owned(), pair);
        assert!(twice.is_none(), "two calls are called `{name}`");
    }
}

/// Our server on `keep`.
pub fn ours(keep: &Keep) -> Client {
    Client::old(keep, json!({}))
}

/// What counts of a result; what a server left out is there as what that means.
pub fn result(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    let result = client.call(tool, arguments.clone());
    json!({
        "content": result["content"],
        "structuredContent": result["structuredContent"],
        "isError": result["isError"].as_bool().unwrap_or(false),
    })
}
