//! A client of the Model Context Protocol that hides nothing: it writes lines and reads lines. It knows
//! nothing of what servers are made with, ours and those of others.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{Keep, PATIENCE};

/// The last version of the era in which client and server shake hands.
pub const OLD: &str = "2025-11-25";
/// The first version of the era in which each request stands alone.
pub const NEW: &str = "2026-07-28";

/// What a client can do that shows forms to a person.
pub fn forms() -> Value {
    json!({"elicitation": {"form": {}}})
}

/// A client and the server that it started.
pub struct Client {
    server: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    warnings: Receiver<String>,
    /// What the newer era wants in each request; none in the older one.
    meta: Option<Value>,
    requests: u64,
    /// Notifications and requests of the server that came while something else was waited for.
    pub heard: Vec<Value>,
}

impl Client {
    /// Starts a server on `keep` and says nothing to it.
    pub fn silent(keep: &Keep) -> Self {
        let mut command = keep.command(&["serve"]);
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> Self {
        Self::hearing(command, true)
    }

    fn hearing(command: &mut Command, hears: bool) -> Self {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let err = server.stderr.take().unwrap();
        let lines = if hears {
            listen(server.stdout.take().unwrap())
        } else {
            channel().1
        };
        let (warning, warnings) = channel();
        thread::spawn(move || {
            for text in BufReader::new(err).lines().map_while(Result::ok) {
                let _ = warning.send(text);
            }
        });
        Self {
            input: server.stdin.take(),
            server,
            lines,
            warnings,
            meta: None,
            requests: 0,
            heard: Vec::new(),
        }
    }

    /// Starts a server by a command of the caller's, and says nothing to it.
    pub fn silent_by(mut command: Command) -> Self {
        Self::start(&mut command)
    }

    /// Starts a server and shakes hands with it, as in the older era.
    pub fn old(keep: &Keep, capabilities: Value) -> Self {
        Self::old_by(keep.command(&["serve"]), capabilities)
    }

    /// The same by a command of the caller's.
    pub fn old_by(mut command: Command, capabilities: Value) -> Self {
        let mut client = Self::start(&mut command);
        let answer = client.hello(OLD, capabilities);
        assert!(answer["error"].is_null(), "{answer:#}");
        client
    }

    /// Starts a server for requests that stand alone, as in the newer era.
    pub fn new(keep: &Keep, capabilities: Value) -> Self {
        Self::new_by(keep.command(&["serve"]), capabilities)
    }

    /// The same by a command of the caller's.
    pub fn new_by(mut command: Command, capabilities: Value) -> Self {
        let mut client = Self::start(&mut command);
        client.meta = Some(meta(&capabilities));
        client
    }

    /// Starts a server and shakes hands with it, and reads nothing of what it says.
    pub fn deaf(keep: &Keep) -> Self {
        let mut command = keep.command(&["serve"]);
        let mut client = Self::hearing(&mut command, false);
        client.request("initialize", hello(OLD, &forms()));
        client.notify("notifications/initialized", json!({}));
        client
    }

    /// Begins to read what a server says to a client that was deaf until now.
    pub fn listen(&mut self) {
        let out = self.server.stdout.take().unwrap();
        self.lines = listen(out);
    }

    /// One of each era.
    pub fn both(keep: &Keep) -> [Self; 2] {
        [Self::old(keep, forms()), Self::new(keep, forms())]
    }

    /// Shakes hands; gives the server's answer.
    pub fn hello(&mut self, version: &str, capabilities: Value) -> Value {
        let answer = self.ask("initialize", hello(version, &capabilities));
        self.notify("notifications/initialized", json!({}));
        answer
    }

    /// Writes a line as it is.
    pub fn write(&mut self, line: impl AsRef<[u8]>) {
        let input = self.input.as_mut().unwrap();
        // A server that has ended reads nothing, and its test says so.
        let _ = input.write_all(&[line.as_ref(), b"\n"].concat());
    }

    /// Writes a part of a line.
    pub fn write_part(&mut self, part: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(part.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.write(message.to_string());
    }

    /// Sends a request, and gives its number.
    pub fn request(&mut self, method: &str, mut params: Value) -> u64 {
        self.requests += 1;
        if let Some(Value::Object(meta)) = &self.meta {
            for (key, value) in meta {
                params["_meta"][key] = value.clone();
            }
        }
        let id = self.requests;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.write(message.to_string());
        id
    }

    /// Answers a request of the server.
    pub fn respond(&mut self, request: &Value, result: Value) {
        let message = json!({"jsonrpc": "2.0", "id": request["id"], "result": result});
        self.write(message.to_string());
    }

    /// The next message of the server; none once it has closed its end.
    pub fn receive(&mut self) -> Option<Value> {
        use std::sync::mpsc::RecvTimeoutError;
        match self.lines.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it hangs; heard: {:#?}", self.heard),
        }
    }

    /// The next message that `is` what is waited for; what comes before it goes to `heard`.
    pub fn wait(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Some(message) = self.receive() else {
                panic!("it ended; heard: {:#?}", self.heard);
            };
            if is(&message) {
                return message;
            }
            self.heard.push(message);
        }
    }

    /// Hears one more message.
    pub fn hear_one(&mut self) {
        let message = self.receive();
        self.heard.extend(message);
    }

    /// The server's next message with this method.
    pub fn hear(&mut self, method: &str) -> Value {
        self.wait(|message| message["method"] == method)
    }

    /// The answer to request `id`.
    pub fn answer(&mut self, id: u64) -> Value {
        let is = |message: &Value| message["id"] == id && message.get("method").is_none();
        match self.heard.iter().position(is) {
            Some(at) => self.heard.remove(at),
            None => self.wait(is),
        }
    }

    /// A request and its answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// Begins to call a tool; gives the request's number.
    pub fn begin(&mut self, tool: &str, arguments: Value) -> u64 {
        let token = json!({"progressToken": "the token"});
        let params = json!({"name": tool, "arguments": arguments, "_meta": token});
        self.request("tools/call", params)
    }

    /// Calls a tool; gives the result.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let id = self.begin(tool, arguments);
        self.result(id)
    }

    /// The result of a call that was begun.
    pub fn result(&mut self, id: u64) -> Value {
        let answer = self.answer(id);
        assert!(answer["error"].is_null(), "{answer:#}");
        answer["result"].clone()
    }

    /// All tools, as `tools/list` gives them.
    pub fn list(&mut self) -> Vec<Value> {
        let answer = self.ask("tools/list", json!({}));
        assert!(answer["result"]["nextCursor"].is_null(), "{answer:#}");
        answer["result"]["tools"].as_array().unwrap().clone()
    }

    /// The names of the tools.
    pub fn tools(&mut self) -> Vec<String> {
        let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
        self.list().iter().map(name).collect()
    }

    /// The server is there and answers.
    #[track_caller]
    pub fn lives(&mut self) {
        assert!(self.ask("tools/list", json!({}))["result"].is_object());
    }

    /// The next line on standard error that has `part` in it.
    pub fn warning(&mut self, part: &str) -> String {
        loop {
            let line = self.warnings.recv_timeout(PATIENCE).unwrap();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// The server's process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.server)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.server), signal).unwrap();
    }

    /// Closes this end.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Waits until the server has ended; gives its exit code.
    pub fn code(&mut self) -> Option<i32> {
        self.server.wait().unwrap().code()
    }

    /// Waits until the server has ended; gives its exit code, and what it wrote to standard error. What
    /// it said before goes to `heard`.
    pub fn end(&mut self) -> (Option<i32>, String) {
        while let Some(message) = self.receive() {
            self.heard.push(message);
        }
        let code = self.code();
        let warnings: Vec<String> = self.warnings.iter().collect();
        (code, warnings.join("\n"))
    }

    /// Closes this end, and expects the server to end well and without a word.
    #[track_caller]
    pub fn leave(&mut self) {
        self.close();
        assert_eq!(self.end(), (Some(0), String::new()));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What a server says, line by line.
fn listen(out: ChildStdout) -> Receiver<Value> {
    let (line, lines) = channel();
    thread::spawn(move || {
        for text in BufReader::new(out).lines().map_while(Result::ok) {
            let message = serde_json::from_str(&text);
            // The receiver goes away with its test.
            let _ = line.send(message.unwrap_or_else(|error| panic!("{error}: {text}")));
        }
    });
    lines
}

fn hello(version: &str, capabilities: &Value) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": capabilities,
        "clientInfo": {"name": "raw", "version": "1"},
    })
}

fn meta(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// The text of a result with one text.
#[track_caller]
pub fn text(result: &Value) -> &str {
    let content = result["content"].as_array().unwrap();
    assert_eq!(content.len(), 1, "{result:#}");
    content[0]["text"].as_str().unwrap()
}

/// What Toolkeep says of a result under `key`.
pub fn said<'a>(result: &'a Value, key: &str) -> &'a Value {
    &result["_meta"][format!("io.github.toolkeep/{key}")]
}

/// The fixed code of a result that is an error.
#[track_caller]
pub fn code(result: &Value) -> &str {
    assert_eq!(result["isError"], true, "{result:#}");
    said(result, "code").as_str().unwrap()
}
