//! What Toolkeep costs a client over MCP on standard input and output: until the first reply, and per
//! call of `echo`, against the same protocol library with nothing behind it. `cargo bench --bench mcp`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Starts measured, and calls measured, in turns: one of ours, one of theirs.
const STARTS: usize = 30;
const CALLS: usize = 4000;
const WARM: usize = 500;

fn main() {
    let keep = TempDir::new().unwrap();
    let plugin = toolkeep_tests::plugin("plugins/echo");
    let config = keep.path().join("toolkeep.toml");
    fs::write(&config, format!("[plugins.echo]\npath = {plugin:?}\n")).unwrap();
    let ours = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_toolkeep-under-test"));
        command.arg("serve").arg("--config").arg(&config);
        command.arg("--state").arg(keep.path().join("state"));
        command
    };
    let bare = || Command::new(env!("CARGO_BIN_EXE_bare-echo"));

    // Compiles the plugin, once.
    Client::start(ours()).echo("warm");
    let mut first = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        first.0.push(until_first_call(ours()));
        first.1.push(until_first_call(bare()));
    }
    let (mut one, mut two) = (Client::start(ours()), Client::start(bare()));
    for _ in 0..WARM {
        one.echo("warm");
        two.echo("warm");
    }
    let mut call = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        call.0.push(one.echo("hello"));
        call.1.push(two.echo("hello"));
    }
    println!("median                            toolkeep     bare rmcp");
    row("process start to first reply", &mut first, |t| t.initialize);
    row("process start to first call's end", &mut first, |t| t.call);
    row("one echo call, one at a time", &mut call, |t| t);
}

fn row<T: Copy>(what: &str, (ours, bare): &mut (Vec<T>, Vec<T>), part: impl Fn(T) -> Duration) {
    let median = |times: &[T]| {
        let mut times: Vec<Duration> = times.iter().map(|time| part(*time)).collect();
        times.sort();
        times[times.len() / 2]
    };
    println!(
        "{what:<34}{:>8.3} ms  {:>9.3} ms",
        ms(median(ours)),
        ms(median(bare))
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[derive(Clone, Copy)]
struct Start {
    initialize: Duration,
    call: Duration,
}

fn until_first_call(command: Command) -> Start {
    let began = Instant::now();
    let mut client = Client::start(command);
    let initialize = began.elapsed();
    client.echo("first");
    Start {
        initialize,
        call: began.elapsed(),
    }
}

/// A client that does nothing but what is measured.
struct Client {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    line: String,
    id: u64,
}

impl Client {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.current_dir(Path::new("/")).spawn().unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        let mut client = Self {
            child,
            to,
            from,
            line: String::new(),
            id: 0,
        };
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "bench", "version": "1" },
        });
        client.request("initialize", hello);
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        writeln!(client.to, "{ready}").unwrap();
        client
    }

    fn echo(&mut self, text: &str) -> Duration {
        let began = Instant::now();
        let arguments = json!({ "name": "echo", "arguments": { "text": text } });
        let result = self.request("tools/call", arguments);
        let took = began.elapsed();
        assert_eq!(result["content"][0]["text"], text, "{result}");
        took
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params });
        writeln!(self.to, "{request}").unwrap();
        self.line.clear();
        self.from.read_line(&mut self.line).unwrap();
        let mut answer: Value = serde_json::from_str(&self.line).unwrap();
        answer["result"].take()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Closing the pipe would end it too, but nobody has to wait for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
