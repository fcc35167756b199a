//! The server is killed while it sends requests.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use toolkeep_tests::{Keep, plugin};

use super::killed::Moments;
use super::serve;

const ROUNDS: u32 = 6;
const CALLS: u32 = 24;

/// A web server that keeps the path of each request whose body came whole, and takes its time to answer.
fn listen() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || drop(answer(stream.unwrap(), &kept)));
        }
    });
    (port, got)
}

fn answer(mut stream: TcpStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    const BODY: usize = "effect".len();
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        stream.read_exact(&mut [0; BODY])?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        kept.lock().unwrap().push(path);
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}

/// The path at the end of an object on record.
fn path(record: &Value) -> String {
    let object = record["object"].as_str().unwrap();
    format!("/{}", object.rsplit('/').next().unwrap())
}

#[test]
fn whenever_it_is_killed_nothing_is_sent_twice_or_unrecorded() {
    let (port, got) = listen();
    let file = plugin("tests/guests/web").display().to_string();
    let keep = Keep::new(&format!(
        "[data.site]\nurl = \"http://127.0.0.1:{port}\"\naddresses = [\"127.0.0.1\"]\n\
         [plugins.web]\npath = {file:?}\n\
         [plugins.web.http.api]\ndata = \"site\"\nallow = [\"post\"]\n"
    ));
    let mut moments = Moments::new();
    for round in 0..ROUNDS {
        let mut client = serve(&keep, &format!("killed-{round}"));
        for n in 0..CALLS {
            let url = format!("http://127.0.0.1:{port}/{round}-{n}");
            let step = json!({"op": "POST", "url": url, "body": "effect"});
            client.begin("web_steps", json!({ "steps": [step] }));
        }
        // After the first has arrived, wherever the others are by then.
        let first = |path: &String| path.starts_with(&format!("/{round}-"));
        keep.wait_for(|| got.lock().unwrap().iter().any(first));
        std::thread::sleep(moments.next(Duration::from_millis(60)));
        client.signal(Signal::KILL);
        client.end();
    }
    // What was on its way arrives; and a host that starts again sends nothing of it.
    std::thread::sleep(Duration::from_millis(200));
    let mut client = serve(&keep, "after");
    client.call("noop", json!({}));
    drop(client);
    std::thread::sleep(Duration::from_millis(200));

    let arrived = got.lock().unwrap().clone();
    let once: BTreeSet<&String> = arrived.iter().collect();
    assert_eq!(once.len(), arrived.len(), "sent twice: {arrived:#?}");
    let told = keep.run(&["audit", "verify", "--json"]).expect(0).json();
    let unknown: BTreeSet<u64> = told["unknown"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["seq"].as_u64().unwrap())
        .collect();
    let records = keep.records(&["--handle", "http"]);
    let of = |kind: &str| -> Vec<&Value> {
        let records = records.iter();
        records.filter(|record| record["kind"] == kind).collect()
    };
    let intents: BTreeSet<String> = of("intent").into_iter().map(path).collect();
    let known: BTreeSet<String> = of("outcome").into_iter().map(path).collect();
    for path in once {
        assert!(intents.contains(path), "{path} is not on record");
    }
    let mut open = 0;
    for intent in of("intent") {
        let is_unknown = unknown.contains(&intent["seq"].as_u64().unwrap());
        assert_eq!(is_unknown, !known.contains(&path(intent)), "{intent:#}");
        open += u32::from(is_unknown);
    }
    assert!(open > 0, "it was never killed in the middle of a request");
}
