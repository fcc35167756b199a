//! The server is ended at any moment.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::json;
use toolkeep_tests::rpc::Client;
use toolkeep_tests::{Keep, start};

use super::{ended, is_whole, looking, serve, writing};

/// What is begun before the signal comes.
const CALLS: u64 = 150;

/// Numbers that look random, and come again with the same seed.
pub(super) struct Moments(u64);

impl Moments {
    /// From `TOOLKEEP_FAULT_SEED`, or from the clock. It is told, so that a failure can be had again.
    pub(super) fn new() -> Self {
        let given = std::env::var("TOOLKEEP_FAULT_SEED").ok();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let seed = given.map_or(now as u64, |seed| seed.parse().unwrap());
        println!("TOOLKEEP_FAULT_SEED={seed}");
        Self(seed | 1)
    }

    /// The next moment, less than `most` from now.
    pub(super) fn next(&mut self, most: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        most.mul_f64((self.0 >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// Begins many calls, of which every other one writes a file of its own.
fn begin(client: &mut Client, round: u32) -> BTreeSet<u64> {
    (0..CALLS)
        .map(|n| {
            let arguments = match n % 2 {
                0 => looking(),
                _ => writing(&format!("{round}-{n}")),
            };
            client.begin("raw_steps", arguments)
        })
        .collect()
}

/// The calls that were answered with a result.
fn answered(client: &Client, calls: &BTreeSet<u64>) -> BTreeSet<u64> {
    client
        .heard
        .iter()
        .filter(|message| message["result"]["isError"] == false)
        .filter_map(|message| message["id"].as_u64())
        .filter(|id| calls.contains(id))
        .collect()
}

#[test]
fn whenever_it_is_killed_what_was_answered_is_on_record() {
    let keep = Keep::granting("");
    let mut moments = Moments::new();
    let mut all = 0;
    for round in 0..10 {
        let session = format!("killed-{round}");
        let mut client = serve(&keep, &session);
        let calls = begin(&mut client, round);
        // After some answer, wherever the others are by then.
        let mut left = moments.next(Duration::from_millis(CALLS)).as_millis();
        while left > 0 {
            client.hear_one();
            left -= 1;
        }
        std::thread::sleep(moments.next(Duration::from_millis(10)));
        client.signal(Signal::KILL);
        client.end();
        let answered = answered(&client, &calls);
        let ended = ended(&keep, &session);
        let lost: Vec<&u64> = answered.difference(&ended).collect();
        assert!(lost.is_empty(), "answered and not on record: {lost:?}");
        all += answered.len();
    }
    assert!(all > 0, "it was killed before it answered anything");
    is_whole(&keep);
    keep.lives();
}

/// While it opens the store, or takes up what the one before left.
#[test]
fn it_may_be_killed_while_it_starts() {
    let keep = Keep::granting("");
    let mut moments = Moments::new();
    for round in 0..15 {
        if round % 5 == 0 {
            let mut client = serve(&keep, "start");
            begin(&mut client, round);
            client.wait(|message| message["result"]["isError"] == false);
            client.signal(Signal::KILL);
            client.end();
        }
        let mut server = start(&mut keep.command(&["serve"]), true);
        std::thread::sleep(moments.next(Duration::from_millis(60)));
        server.kill().unwrap();
        server.wait().unwrap();
    }
    is_whole(&keep);
    keep.lives();
    // Nor do drafts or spools of the dead pile up.
    let left = std::fs::read_dir(keep.path("state/spool")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn whenever_it_is_told_to_end_everything_ends_on_record() {
    let keep = Keep::granting("");
    let mut moments = Moments::new();
    for round in 0..6 {
        let session = format!("told-{round}");
        let mut client = serve(&keep, &session);
        let mut calls = begin(&mut client, round);
        calls.insert(client.begin("spin", json!({})));
        std::thread::sleep(moments.next(Duration::from_millis(500)));
        client.signal(Signal::TERM);
        assert_eq!(client.end(), (Some(0), String::new()));
        let answered = answered(&client, &calls);
        assert!(answered.is_subset(&ended(&keep, &session)));
    }
    let told = is_whole(&keep);
    // Nothing that began is without its end.
    assert_eq!(told["unknown"], json!([]), "{told:#}");
    assert_eq!(told["sealed"], told["records"], "{told:#}");
}
