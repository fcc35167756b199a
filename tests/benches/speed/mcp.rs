//! The server on standard input and output, against the same protocol library with nothing behind it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::table::{Budget, Row, median, ms, us};

/// Starts measured, and calls measured, in turns: one of ours, one of theirs.
const STARTS: usize = 30;
const CALLS: usize = 4000;
const WARM: usize = 500;

/// Calls in flight at the same time, and how many such rounds.
const IN_FLIGHT: u64 = 16;
const ROUNDS: u64 = 1500;

pub fn rows() -> Vec<Row> {
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
    let mut rows = starts(&ours, &bare);
    let (call, floor) = awake(|| one_by_one(&ours, &bare));
    rows.push(Row {
        name: "MCP echo, one at a time",
        ours: ms(call),
        floor: Some(ms(floor)),
        unit: "ms",
        budget: Budget::Plus(0.1),
    });
    let (call, floor) = one_by_one(&ours, &bare);
    rows.push(Row {
        name: "MCP echo, one at a time, processors asleep before it",
        ours: ms(call),
        floor: Some(ms(floor)),
        unit: "ms",
        budget: Budget::Plus(0.1),
    });
    let (call, floor) = on_one_processor(|| one_by_one(&ours, &bare));
    rows.push(Row {
        name: "MCP echo, one at a time, all on one processor",
        ours: ms(call),
        floor: Some(ms(floor)),
        unit: "ms",
        budget: Budget::Plus(0.1),
    });
    rows.push(Row {
        name: "MCP echo, 16 in flight: processor time of the server",
        ours: us(in_flight(ours())),
        floor: Some(us(in_flight(bare()))),
        unit: "us/call",
        budget: Budget::Times(4.0),
    });
    rows
}

fn starts(ours: &impl Fn() -> Command, bare: &impl Fn() -> Command) -> Vec<Row> {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        one.push(until_first_call(ours()));
        two.push(until_first_call(bare()));
    }
    let row = |name, part: fn(&Start) -> Duration| {
        let middle =
            |starts: &[Start]| ms(median(&mut starts.iter().map(part).collect::<Vec<_>>()));
        Row {
            name,
            ours: middle(&one),
            floor: Some(middle(&two)),
            unit: "ms",
            budget: Budget::AtMost(50.0),
        }
    };
    vec![
        row("MCP: process start to first reply", |start| {
            start.initialize
        }),
        row("MCP: process start to first call's end", |start| start.call),
    ]
}

/// How long a call takes, of ours and of theirs, in turns.
fn one_by_one(ours: &impl Fn() -> Command, bare: &impl Fn() -> Command) -> (Duration, Duration) {
    let (mut one, mut two) = (Client::start(ours()), Client::start(bare()));
    for _ in 0..WARM {
        one.echo("warm");
        two.echo("warm");
    }
    let (mut call, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        call.push(one.echo("hello"));
        floor.push(two.echo("hello"));
    }
    (median(&mut call), median(&mut floor))
}

/// Keeps the processors from falling asleep, by work that gives way to all other: how long one takes to wake
/// depends on how long it slept, and on a virtual machine it can be longer than a call.
fn awake<T>(work: impl FnOnce() -> T) -> T {
    let idle = || {
        let mut command = Command::new("chrt");
        command.args(["--idle", "0", "sh", "-c", "while :; do :; done"]);
        command.spawn().unwrap()
    };
    let cpus = std::thread::available_parallelism().unwrap().get();
    let mut busy: Vec<Child> = (0..cpus).map(|_| idle()).collect();
    let out = work();
    for child in &mut busy {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    out
}

/// Where client and server share a processor it does not fall asleep between the two: on a virtual
/// machine, waking it takes longer than a call.
fn on_one_processor<T>(work: impl FnOnce() -> T) -> T {
    let all = sched_getaffinity(None::<Pid>).unwrap();
    let mut one = CpuSet::new();
    let last = (0..CpuSet::MAX_CPU).rfind(|cpu| all.is_set(*cpu)).unwrap();
    one.set(last);
    sched_setaffinity(None::<Pid>, &one).unwrap();
    let out = work();
    sched_setaffinity(None::<Pid>, &all).unwrap();
    out
}

/// The processor time that the server needs for a call.
fn in_flight(command: Command) -> Duration {
    let mut client = Client::start(command);
    client.rounds(ROUNDS / 10);
    let before = client.processor_time();
    client.rounds(ROUNDS);
    (client.processor_time() - before) / (ROUNDS * IN_FLIGHT) as u32
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

/// How long a server takes to its first answer.
pub fn until_first_reply(command: Command) -> Duration {
    let began = Instant::now();
    let client = Client::start(command);
    let took = began.elapsed();
    drop(client);
    took
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

    /// So many times: calls at the same time, and then all their answers.
    fn rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let mut lines = String::new();
            for _ in 0..IN_FLIGHT {
                self.id += 1;
                let params = json!({ "name": "echo", "arguments": { "text": "hello" } });
                let request = json!({
                    "jsonrpc": "2.0", "id": self.id, "method": "tools/call", "params": params,
                });
                lines.push_str(&request.to_string());
                lines.push('\n');
            }
            self.to.write_all(lines.as_bytes()).unwrap();
            for _ in 0..IN_FLIGHT {
                self.line.clear();
                self.from.read_line(&mut self.line).unwrap();
                assert!(self.line.contains("hello"), "{}", self.line);
            }
        }
    }

    /// What the server has used so far, in user and system mode.
    fn processor_time(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(path).unwrap();
        // The name before may have spaces in it.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let ticks: Vec<u64> = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse().unwrap())
            .collect();
        Duration::from_millis(
            (ticks[0] + ticks[1]) * 1000 / rustix::param::clock_ticks_per_second(),
        )
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
