//! The hostile-guest suite: one guest for every way out, each through the real program, serving. Each
//! ends as its case says, the host lives and serves the next good call, its memory stays bounded, and the
//! record says what happened.
//!
//! `cargo test -p toolkeep-tests --test suite` runs all and prints the table;
//! `cargo test -p toolkeep-tests --test suite -- 'hard link'` runs those with these words in their names.
//! The same table without what was measured stands in `docs/threat-model.md`; `TOOLKEEP_DOCS=write` writes
//! it anew. `TOOLKEEP_SUITE_SECONDS` is how long guests race with one another (4, if nothing is said).

mod case;
mod served;

mod ambient;
mod calls;
mod keys;
mod links;
mod people;
mod record;
mod renames;
mod sizes;
mod tables;
mod texts;
mod time;
mod verbs;
mod web;

mod table;

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use case::{Case, Promise};

/// How many guests are at work at once.
const AT_ONCE: usize = 2;

fn cases() -> Vec<Case> {
    [
        ambient::CASES,
        links::CASES,
        renames::CASES,
        verbs::CASES,
        sizes::CASES,
        time::CASES,
        calls::CASES,
        keys::CASES,
        tables::CASES,
        record::CASES,
        people::CASES,
        texts::CASES,
        web::CASES,
    ]
    .concat()
}

/// How one case went: what its host took, in MiB; none where it failed.
struct Run {
    case: Case,
    peak: Option<u64>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| words.iter().any(|word| word == flag);
    let wanted: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |case: &Case| {
        wanted.is_empty()
            || wanted.iter().any(|word| match has("--exact") {
                true => case.name == **word,
                false => case.name.contains(word.as_str()),
            })
    };
    let all = cases();
    let picked: Vec<Case> = all.iter().copied().filter(is_wanted).collect();
    if has("--list") {
        for case in &picked {
            println!("{}: test", case.name);
        }
        return ExitCode::SUCCESS;
    }

    let mut faults = faults(&all);
    faults.extend(table::differs(&all));
    let runs = run(&picked);
    println!("{}", table::measured(&runs));
    for run in runs.iter().filter(|run| run.peak.is_none()) {
        faults.push(format!("FAILED {}", run.case.name));
    }
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    let passed = runs.iter().filter(|run| run.peak.is_some()).count();
    eprintln!("{passed} of {} hostile guests are kept", runs.len());
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is wrong with the suite itself.
fn faults(all: &[Case]) -> Vec<String> {
    let mut faults = Vec::new();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name).collect();
    if names.len() != all.len() {
        faults.push("two guests have one name".to_owned());
    }
    for promise in Promise::ALL {
        if !all.iter().any(|case| case.promise == promise) {
            let words = promise.words();
            faults.push(format!("no hostile guest tries the promise \"{words}\""));
        }
    }
    // Where one was taken out, that is the one that does not fit.
    if std::env::var_os("TOOLKEEP_WITHOUT_WALL").is_none() {
        faults.extend(toolkeep_tests::walls::misfits(&names));
    }
    faults
}

fn run(cases: &[Case]) -> Vec<Run> {
    let next = AtomicUsize::new(0);
    let runs = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let peak = catch_unwind(|| one(case)).ok();
                    let how = peak.map_or("FAILED".to_owned(), |peak| format!("{peak} MiB"));
                    let took = began.elapsed().as_secs_f32();
                    eprintln!("{:60} {how:>8} {took:6.1} s", case.name);
                    runs.lock().unwrap().push(Run { case: *case, peak });
                }
            });
        }
    });
    let mut runs = runs.into_inner().unwrap();
    let at = |run: &Run| cases.iter().position(|case| case.name == run.case.name);
    runs.sort_by_key(at);
    runs
}

/// Runs one case; gives the most memory that its host had, in MiB.
fn one(case: &Case) -> u64 {
    let mut served = (case.run)();
    served.rest();
    served.is_on_record(case.outcome);
    let peak = served.peak();
    assert!(peak > 0, "the host's memory was not measured");
    assert!(
        peak < case.memory,
        "the host of `{}` took {peak} MiB, and may take {}",
        case.name,
        case.memory
    );
    peak
}
