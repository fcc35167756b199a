//! The plugins that stand in for reference servers, against those servers themselves: both are asked the
//! same, and have to answer the same, but for what `tests/dropins/differences.toml` lists.

mod calls;
mod differences;
mod shapes;
mod times;
mod tree;

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use toolkeep::api::error::CallError;
use toolkeep::api::session::{Reply, Session};
use toolkeep_tests::peer::Peer;
use toolkeep_tests::{ALL, Keep, clients};

use differences::{Pair, Pairs};

/// Our side: a session of a host. It answers as an MCP server does.
struct Ours(Session);

impl Ours {
    async fn call(&self, tool: &str, arguments: &Value) -> Value {
        result(self.0.call(tool, arguments.clone()).await)
    }
}

/// The result that an MCP server makes of what came of a call.
fn result(ended: Result<Reply, CallError>) -> Value {
    let text = match ended {
        Ok(reply) => {
            let output = serde_json::to_value(reply.output).unwrap();
            return comparable(&output);
        }
        Err(CallError::BadArguments { why, .. }) => why,
        Err(CallError::Failed { failure, .. }) => failure.text().to_owned(),
        Err(CallError::Denied {
            said: Some(said), ..
        }) => said.text().to_owned(),
        Err(error) => error.to_string(),
    };
    comparable(&json!({"content": [{"type": "text", "text": text}], "isError": true}))
}

/// What counts of a result; what a server left out is there as what that means.
fn comparable(result: &Value) -> Value {
    json!({
        "content": result["content"],
        "structuredContent": result["structuredContent"],
        "isError": result["isError"].as_bool().unwrap_or(false),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_answers_as_the_reference_server_does() {
    let theirs = TempDir::new().unwrap();
    let root = theirs.path().join("root");
    let root_text = root.to_str().unwrap();
    let keep = Keep::new(&format!(
        "[data.files]\ndir = \"data\"\n[plugins.files]\npath = {{files}}\n\
         [plugins.files.limits]\noutput_bytes = \"32 MiB\"\nargument_bytes = \"32 MiB\"\n\
         [plugins.files.fs.files]\ndata = \"files\"\nallow = {ALL}\nmount = {root_text:?}\n"
    ));
    tree::plant(&root);
    tree::plant(&keep.path("data"));
    let host = keep.host();
    let ours = Ours(keep.session(&host, "s"));
    let server = "@modelcontextprotocol/server-filesystem/dist/index.js";
    let mut reference = Peer::start(
        Command::new("node")
            .arg(clients::node_modules().join(server))
            .arg(&root)
            // Times in UTC, and names in the order that people who write English expect.
            .env("TZ", "UTC")
            .env("LC_ALL", "en_US.UTF-8"),
    );

    let mut pairs = Pairs::new();
    let listed: Vec<Value> = host.tools().map(|tool| shapes::listed(tool.info)).collect();
    shapes::compare(&reference.tools(), &listed, &mut pairs);

    let calls = calls::calls();
    assert!(calls.len() >= 120);
    for call in &calls {
        let text = call.arguments.to_string().replace("ROOT", root_text);
        let arguments: Value = serde_json::from_str(&text).unwrap();
        let pair = Pair {
            reference: comparable(&reference.call(call.tool, &arguments)),
            ours: ours.call(call.tool, &arguments).await,
        };
        let twice = pairs.insert(call.name.clone(), pair);
        assert!(twice.is_none(), "two calls are called `{}`", call.name);
    }
    println!("files: {} calls", calls.len());
    differences::check("files", pairs);

    // What both left behind is the same too.
    let (left, ours) = (tree::picture(&root), tree::picture(&keep.path("data")));
    let names = |tree: &std::collections::BTreeMap<String, Vec<u8>>| {
        tree.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&left), names(&ours));
    for (path, content) in &left {
        assert!(ours[path] == *content, "{path} differs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_answers_as_the_reference_server_does() {
    let keep = Keep::new(
        "[plugins.time]\npath = {time}\n\
         [plugins.time.config.local]\nvalues = { timezone = \"Asia/Tokyo\" }\n",
    );
    let host = keep.host();
    let ours = Ours(keep.session(&host, "s"));
    let mut reference = Peer::start(
        Command::new(clients::python("time"))
            .args(["-m", "mcp_server_time", "--local-timezone", "Asia/Tokyo"])
            // The database of time zones that the lock file names, not that of this machine.
            .env("PYTHONTZPATH", ""),
    );

    let mut pairs = Pairs::new();
    let listed: Vec<Value> = host.tools().map(|tool| shapes::listed(tool.info)).collect();
    shapes::compare(&reference.tools(), &listed, &mut pairs);
    let calls = times::calls();
    for (name, tool, arguments) in &calls {
        // All three answers are of one second, or are asked for again.
        let pair = loop {
            let before = ours.call(tool, arguments).await;
            let reference = comparable(&reference.call(tool, arguments));
            if ours.call(tool, arguments).await == before {
                break Pair {
                    reference,
                    ours: before,
                };
            }
        };
        let twice = pairs.insert(name.clone(), pair);
        assert!(twice.is_none(), "two calls are called `{name}`");
    }
    println!("time: {} calls", calls.len());
    differences::check("time", pairs);
}
