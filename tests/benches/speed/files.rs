//! Files: opening one to read, reading much, and effects, which are on disk as intents before they happen.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use toolkeep::Session;
use toolkeep_tests::{Keep, plugin};

use crate::direct::Direct;
use crate::table::{Budget, Row, median, ms, us};

const CONFIG: &str = "\
[limits]
cpu_ms = 600000
wall_ms = 600000
[data.data]
dir = \"data\"
[plugins.measured]
path = {measured}
[plugins.measured.fs.data]
data = \"data\"
allow = [\"read\", \"modify\"]
";

const OPENS: u32 = 2000;
const CHANGES: u32 = 200;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 9;
const LARGE: usize = 1 << 30;

/// What the measurements have in common.
struct Bench {
    runtime: Runtime,
    session: Session,
    direct: Direct,
    keep: Keep,
}

impl Bench {
    fn ours(&self, tool: &str, arguments: &Value) -> Duration {
        let began = Instant::now();
        let called = self.session.call(tool, arguments.clone());
        self.runtime.block_on(called).unwrap();
        began.elapsed()
    }

    fn floor(&self, tool: &str, arguments: &Value, blocks: bool) -> Duration {
        let text = arguments.to_string();
        let folder = self.keep.path("data");
        let began = Instant::now();
        let called = self.direct.call(tool, &text, Some(&folder), blocks);
        self.runtime.block_on(called);
        began.elapsed()
    }

    /// How long one of `count` takes, without the call around them.
    fn each(&self, count: u32, run: impl Fn(u32) -> Duration) -> Duration {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| run(count).saturating_sub(run(0)) / count)
            .collect();
        median(&mut times)
    }
}

pub fn rows() -> Vec<Row> {
    let keep = Keep::new(CONFIG);
    keep.put("data/small.txt", "small");
    let host = keep.host();
    let bench = Bench {
        runtime: tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap(),
        session: keep.session(&host, "bench"),
        direct: Direct::new(&plugin("tests/guests/measured")),
        keep,
    };
    vec![open(&bench), read(&bench), effect(&bench), effects(&bench)]
}

fn open(bench: &Bench) -> Row {
    let arguments = |count| json!({"path": "/data/small.txt", "count": count});
    let ours = bench.each(OPENS, |count| bench.ours("open_many", &arguments(count)));
    // The host opens on the thread of the call.
    let floor = bench.each(OPENS, |count| {
        bench.floor("open_many", &arguments(count), true)
    });
    Row {
        name: "one file opened to read",
        ours: us(ours),
        floor: Some(us(floor)),
        unit: "us",
        budget: Budget::Plus(15.0),
    }
}

fn read(bench: &Bench) -> Row {
    let path = bench.keep.path("data/large.bin");
    let mut file = File::create(&path).unwrap();
    let block = vec![7u8; 1 << 20];
    for _ in 0..LARGE / block.len() {
        file.write_all(&block).unwrap();
    }
    drop(file);
    let arguments = json!({"path": "/data/large.bin"});
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        ours.push(bench.ours("read_whole", &arguments));
        floor.push(bench.floor("read_whole", &arguments, false));
    }
    std::fs::remove_file(path).unwrap();
    Row {
        name: "reading 1 GiB through a file",
        ours: ms(median(&mut ours)),
        floor: Some(ms(median(&mut floor))),
        unit: "ms",
        budget: Budget::Times(1.1),
    }
}

/// An effect that changes nothing: to open a file for writing is judged and recorded as one.
fn effect(bench: &Bench) -> Row {
    let arguments = |count| json!({"path": "/data/small.txt", "count": count});
    let ours = bench.each(CHANGES, |count| {
        bench.ours("change_many", &arguments(count))
    });
    Row {
        name: "one effect, its intent on disk before it",
        ours: us(ours),
        floor: Some(us(one_sync(&bench.keep.state()))),
        unit: "us",
        budget: Budget::Times(1.3),
    }
}

/// Calls at the same time share syncs.
fn effects(bench: &Bench) -> Row {
    let arguments = json!({"path": "/data/small.txt", "count": 20});
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        bench.runtime.block_on(async {
            let calls: Vec<_> = (0..AT_ONCE)
                .map(|_| {
                    let (session, arguments) = (bench.session.clone(), arguments.clone());
                    tokio::spawn(async move { session.call("change_many", arguments).await })
                })
                .collect();
            for call in calls {
                call.await.unwrap().unwrap();
            }
        });
        times.push(began.elapsed() / (20 * AT_ONCE as u32));
    }
    Row {
        name: "one effect of 64 at once",
        ours: us(median(&mut times)),
        floor: Some(us(one_sync(&bench.keep.state()))),
        unit: "us",
        budget: Budget::Times(1.0),
    }
}

/// How long it takes to get 4 KiB to the disk behind what is there.
pub fn one_sync(folder: &Path) -> Duration {
    let path = folder.join("sync");
    let mut file = File::create(&path).unwrap();
    let mut times = Vec::new();
    for _ in 0..300 {
        let began = Instant::now();
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
        times.push(began.elapsed());
    }
    std::fs::remove_file(path).unwrap();
    median(&mut times)
}
