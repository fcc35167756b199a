//! A client of MCP servers over standard input and output, as plain as can be: it knows JSON-RPC, a line
//! for each message, and nothing of what the servers are made with.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use serde_json::{Value, json};

use crate::PATIENCE;

/// A server that was started, and ends with this.
pub struct Peer {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    asked: u64,
}

impl Peer {
    /// Starts a server and introduces itself.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut peer = Self {
            child,
            input,
            lines,
            asked: 0,
        };
        let greeting = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "toolkeep-tests", "version": "1"},
        });
        peer.ask("initialize", &greeting).unwrap();
        peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        peer
    }

    /// All tools, as `tools/list` gives them.
    pub fn tools(&mut self) -> Vec<Value> {
        let answer = self.ask("tools/list", &json!({})).unwrap();
        assert_eq!(answer["nextCursor"], Value::Null);
        answer["tools"].as_array().unwrap().clone()
    }

    /// The result of a call.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask("tools/call", &params)
            .unwrap_or_else(|error| panic!("{tool} {arguments}: {error}"))
    }

    /// The result of a request, or its error.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let line = match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => panic!("no answer to {method} {params}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended at {method} {params}"),
            };
            let mut message: Value = serde_json::from_str(&line).unwrap();
            // What comes without this number is a notification.
            if message["id"] == id {
                return match message["error"].take() {
                    Value::Null => Ok(message["result"].take()),
                    error => Err(error),
                };
            }
        }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
