//! Several processes on one log, and processes that die. The test binary runs itself again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::super::archive;
use super::super::log::{AuditLog, Durability, Options};
use super::super::testing::{Folder, plain as record};
use super::check;

const WORK: &str = "TOOLKEEP_TEST_WORK";
const STATE: &str = "TOOLKEEP_TEST_STATE";

fn child(work: &str, state: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::audit::tests::process::in_a_child",
            "--nocapture",
        ])
        .env(WORK, work)
        .env(STATE, state)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does nothing unless another test started it.
#[tokio::test]
async fn in_a_child() {
    let (Ok(work), Some(state)) = (std::env::var(WORK), std::env::var_os(STATE)) else {
        return;
    };
    let mut options = Options::default();
    if work == "archiving" {
        options.checkpoint_every = 40;
        options.rotation.bytes = Some(1);
    }
    let log = AuditLog::open(Path::new(&state), options).unwrap();
    match work.as_str() {
        "thousand" => {
            let mut tickets = Vec::new();
            for step in 0..1000 {
                tickets.push(log.append(record(step), Durability::Written).await);
                if step % 50 == 0 {
                    log.flush().await.unwrap();
                }
            }
            for ticket in tickets {
                ticket.await.unwrap();
            }
        }
        // Until there are two archives: how many records that takes is the scheduler's business.
        "archiving" => {
            let state = Path::new(&state);
            let mut step = 0;
            while step < 1000 || archive::finished(state).unwrap().len() < 2 {
                for _ in 0..50 {
                    drop(log.append(record(step), Durability::Written).await);
                    step += 1;
                }
                log.flush().await.unwrap();
            }
            println!("wrote {step}");
        }
        "keeping" => {
            for step in 0.. {
                let kept = log.try_keep(vec![], Box::new(record(step))).unwrap();
                kept.known().await.unwrap();
                println!("wrote {step}");
            }
        }
        "for ever" => {
            for step in 0.. {
                let seq = log
                    .append(record(step), Durability::Durable)
                    .await
                    .await
                    .unwrap();
                println!("wrote {seq}");
            }
        }
        _ => {}
    }
    log.close().unwrap();
}

#[test]
fn processes_share_a_log_and_lose_nothing() {
    let folder = Folder::new();
    // All at once on a folder that does not exist yet: they race for folder, database and key too.
    let children: Vec<Child> = (0..3).map(|_| child("thousand", &folder.state())).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let report = check(&folder.state());
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.records, report.sealed), (3000, 3000));
    let reader = super::super::AuditReader::open(&folder.state()).unwrap();
    let mut steps = [0u8; 1000];
    for stored in reader.collect(&Default::default()).unwrap() {
        steps[stored.record.step as usize] += 1;
    }
    assert!(steps.iter().all(|count| *count == 3));
}

#[test]
fn what_was_acknowledged_outlives_a_killed_process() {
    let folder = Folder::new();
    for round in 0..3 {
        let mut child = child("for ever", &folder.state());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = 0;
        let mut count = 0;
        for line in lines.map_while(Result::ok) {
            if let Some((_, seq)) = line.split_once("wrote ") {
                last = seq.parse::<u64>().unwrap();
                count += 1;
                if count == 40 + round {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        let report = check(&folder.state());
        assert!(report.is_sound(), "{report:?}");
        assert!(report.records > last, "{} {last}", report.records);
    }
}

#[test]
fn what_was_kept_outlives_a_killed_process_in_order() {
    let folder = Folder::new();
    let mut before = 0;
    for round in 0..3u32 {
        let mut child = child("keeping", &folder.state());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = 0;
        for line in lines.map_while(Result::ok) {
            if let Some((_, step)) = line.split_once("wrote ") {
                last = step.parse::<usize>().unwrap();
                if last == 700 + 31 * round as usize {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        let report = check(&folder.state());
        assert!(report.is_sound(), "{report:?}");
        let reader = super::super::AuditReader::open(&folder.state()).unwrap();
        let stored = reader.collect(&Default::default()).unwrap();
        let steps: Vec<usize> = stored[before..]
            .iter()
            .map(|stored| stored.record.step as usize)
            .collect();
        assert!(steps.len() > last, "{} {last}", steps.len());
        assert!(steps.iter().copied().eq(0..steps.len()), "{steps:?}");
        before = stored.len();
    }
}

#[test]
fn threads_of_one_process_may_open_it_several_times() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut ledger = super::Ledger::open(&folder.state(), None).unwrap();
                for step in 0..50 {
                    ledger.write(&[record(step)], None, false).unwrap();
                }
                ledger.seal().unwrap();
            });
        }
    });
    let report = check(&folder.state());
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.records, 200);
}

#[test]
fn processes_share_the_archiving_and_lose_nothing() {
    let folder = Folder::new();
    let children: Vec<_> = (0..3)
        .map(|_| child("archiving", &folder.state()))
        .collect();
    let mut written = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        let count = said.lines().find_map(|line| line.split_once("wrote "));
        written += count.expect(&said).1.parse::<u64>().unwrap();
    }
    let report = check(&folder.state());
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.from, report.records), (0, written));
    let archives = archive::finished(&folder.state()).unwrap();
    assert!(archives.len() > 1, "{archives:?}");
    for two in archives.windows(2) {
        assert_eq!(two[0].end, two[1].first, "{archives:?}");
    }
}
