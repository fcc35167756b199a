//! Finding records again.

use std::ops::ControlFlow;

use super::super::query::{AuditReader, Filter};
use super::super::record::Kind;
use super::super::testing::{Folder, varied};
use super::{make, plain};
use crate::base::clock::Timestamp;
use crate::rules::verb::{Handle, Verb};
use crate::rules::verdict::Verdict;
use crate::store::db::raw;

#[test]
fn every_filter_gives_what_it_says_in_the_order_of_the_log() {
    let folder = Folder::new();
    let records = varied();
    make(&folder.state(), &records, 100, None);
    let reader = AuditReader::open(&folder.state()).unwrap();
    let all = reader.collect(&Filter::default()).unwrap();
    assert!(all.iter().all(|stored| stored.intact));
    assert_eq!(
        all.iter().map(|stored| &stored.record).collect::<Vec<_>>(),
        records.iter().collect::<Vec<_>>()
    );

    let time = Timestamp::from_micros(records[0].time.micros() + 2);
    let some = &records[7];
    type Test<'a> = (Filter, Box<dyn Fn(u64) -> bool + 'a>);
    let of = |seq: u64| &records[seq as usize];
    let none = Filter::default;
    let cases: Vec<Test> = vec![
        (
            Filter {
                session: Some(some.session.clone()),
                ..none()
            },
            Box::new(|_| true),
        ),
        (
            Filter {
                call: Some(some.call.clone()),
                ..none()
            },
            Box::new(|_| true),
        ),
        (
            Filter {
                plugin: Some(some.plugin.clone()),
                ..none()
            },
            Box::new(|_| true),
        ),
        (
            Filter {
                tool: Some(some.tool.clone()),
                ..none()
            },
            Box::new(|seq| of(seq).tool == some.tool),
        ),
        (
            Filter {
                handle: Some(Handle::Config),
                ..none()
            },
            Box::new(|seq| of(seq).handle == Handle::Config),
        ),
        (
            Filter {
                verb: Some(Verb::Read),
                ..none()
            },
            Box::new(|seq| of(seq).verbs.contains(Verb::Read)),
        ),
        (
            Filter {
                verb: Some(Verb::Delete),
                ..none()
            },
            Box::new(|seq| of(seq).verbs.contains(Verb::Delete)),
        ),
        (
            Filter {
                verdict: Some(Verdict::Deny),
                ..none()
            },
            Box::new(|seq| of(seq).verdict == Verdict::Deny),
        ),
        (
            Filter {
                kind: Some(Kind::Refusal),
                ..none()
            },
            Box::new(|seq| of(seq).kind == Kind::Refusal),
        ),
        (
            Filter {
                since: Some(time),
                ..none()
            },
            Box::new(|seq| of(seq).time >= time),
        ),
        (
            Filter {
                until: Some(time),
                ..none()
            },
            Box::new(|seq| of(seq).time < time),
        ),
        (
            Filter {
                after: Some(20),
                ..none()
            },
            Box::new(|seq| seq > 20),
        ),
        (
            Filter {
                last: Some(3),
                ..none()
            },
            Box::new(|seq| seq >= records.len() as u64 - 3),
        ),
        (
            Filter {
                session: Some(some.session.clone()),
                call: Some(some.call.clone()),
                after: Some(4),
                kind: Some(Kind::Intent),
                ..none()
            },
            Box::new(|seq| seq > 4 && of(seq).kind == Kind::Intent),
        ),
    ];
    for (filter, expected) in cases {
        let found: Vec<u64> = reader
            .collect(&filter)
            .unwrap()
            .iter()
            .map(|stored| stored.seq)
            .collect();
        let expected: Vec<u64> = (0..records.len() as u64)
            .filter(|seq| expected(*seq))
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[test]
fn a_touched_record_is_shown_as_such_and_an_unreadable_one_hides_no_other() {
    let folder = Folder::new();
    make(&folder.state(), &plain(4), 10, None);
    raw(&folder.state())
        .execute_batch(
            "UPDATE record SET private = replace(private, 'diary', 'dairy') WHERE seq = 1;
             UPDATE record SET body = '{}' WHERE seq = 2;",
        )
        .unwrap();
    let reader = AuditReader::open(&folder.state()).unwrap();
    let mut seen = Vec::new();
    reader
        .each(&Filter::default(), |stored| {
            seen.push(
                stored
                    .map(|stored| stored.intact)
                    .map_err(|error| error.to_string()),
            );
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(
        (&seen[0], &seen[1], &seen[3]),
        (&Ok(true), &Ok(false), &Ok(true))
    );
    assert!(
        seen[2]
            .as_ref()
            .unwrap_err()
            .starts_with("record 2 can't be read: ")
    );
    assert!(reader.collect(&Filter::default()).is_err());
}

#[test]
fn a_caller_that_has_enough_is_given_no_more() {
    let folder = Folder::new();
    make(&folder.state(), &plain(4), 10, None);
    let mut count = 0;
    AuditReader::open(&folder.state())
        .unwrap()
        .each(&Filter::default(), |_| {
            count += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(count, 1);
}
