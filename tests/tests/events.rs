//! What those who watch a host are told: what goes on record, and what nobody else would tell.

use serde_json::json;
use toolkeep::{Answer, Approver, CallError, Event, EventKind, Events, Host, Question, Reloaded};
use toolkeep_tests::Keep;

struct Person(Answer);

#[toolkeep::async_trait]
impl Approver for Person {
    async fn ask(&self, _question: &Question) -> Answer {
        self.0
    }
}

/// All that happened so far.
fn told(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(Event::to_string).collect()
}

const NOTES: &str = "[data.notes]\ndir = \"data\"\n[plugins.notes]\npath = {notes}\n\
    [plugins.notes.fs.notebook]\ndata = \"notes\"\nallow = [\"list\", \"read\", \"create\"]\n\
    ask = [\"delete\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn events_say_what_is_on_record() {
    let keep = Keep::new(NOTES);
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .approver(Person(Answer::Approve))
        .build()
        .unwrap();
    let session = keep.session(&host, "s");
    let mut events = host.events();
    for name in ["a", "a", "b/../../c"] {
        let arguments = json!({"name": name, "text": "x"});
        drop(session.call("write_note", arguments).await);
    }
    session
        .call("delete_note", json!({"name": "a"}))
        .await
        .unwrap();
    let told = told(&mut events);
    host.checkpoint().await.unwrap();

    let origin = told[0].origin.as_ref().unwrap();
    assert_eq!(
        (origin.session.as_str(), origin.principal.to_string()),
        ("s", "local/ada".to_owned())
    );
    let of_record: Vec<String> = told
        .iter()
        .filter_map(|event| {
            let (kind, access) = match &event.kind {
                EventKind::CallBegun => ("begins", None),
                EventKind::CallEnded(_) => ("is over", None),
                EventKind::Allowed(access) => ("allow", Some(access)),
                EventKind::Refused(access) => ("refuse", Some(access)),
                EventKind::Ended { access, .. } => ("is over", Some(access)),
                _ => return None,
            };
            let origin = event.origin.as_ref().unwrap();
            let access = access.map_or(String::new(), ToString::to_string);
            Some(format!(
                "{} {} {kind} {access}",
                event.time.micros(),
                origin.call
            ))
        })
        .collect();
    let mut expected = Vec::new();
    for record in keep.records(&[]) {
        let of = format!("{} {}", record["time"], record["call"].as_str().unwrap());
        let verbs: Vec<&str> = record["verbs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|verb| verb.as_str().unwrap())
            .collect();
        let access = format!(
            "{} {} {}",
            record["handle"].as_str().unwrap(),
            verbs.join(", "),
            record["object"].as_str().unwrap()
        );
        let access = if record["step"] == 0 { "" } else { &access };
        match record["kind"].as_str().unwrap() {
            "intent" if record["step"] == 0 => expected.push(format!("{of} begins ")),
            "intent" => expected.push(format!("{of} allow {access}")),
            "refusal" => expected.push(format!("{of} refuse {access}")),
            "outcome" => expected.push(format!("{of} is over {access}")),
            _ => {
                expected.push(format!("{of} allow {access}"));
                expected.push(format!("{of} is over {access}"));
            }
        }
    }
    assert_eq!(of_record, expected);
    assert!(expected.len() > 10, "{expected:#?}");
    for (kind, times) in [(" ask ", 1), (" answer approve ", 1), (" refuse ", 2)] {
        let found = lines(&told)
            .iter()
            .filter(|line| line.contains(kind))
            .count();
        assert!(found >= times, "{kind} {:#?}", lines(&told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_never_reads_holds_no_call_up_and_learns_what_it_missed() {
    let keep = Keep::granting("[plugins.hostile.limits]\naccesses = 100000\n");
    keep.put("data/a.txt", "a");
    let host = keep.host();
    let session = keep.session(&host, "s");
    let mut silent = host.events();
    let arguments = json!({"path": "/data/a.txt", "times": 3000});
    session.call("touch_many", arguments).await.unwrap();

    let kept = told(&mut silent);
    let EventKind::Missed { events: missed } = kept[0].kind else {
        panic!("{}", kept[0]);
    };
    let rest = &kept[1..];
    assert_eq!(rest.len(), 1024);
    assert!(rest.iter().all(|event| event.origin.is_some()));
    assert_eq!(rest[1023].kind.to_string(), "ends: done");
    host.checkpoint().await.unwrap();
    // One event for each entry, and one more for what is allowed and over in one.
    let records = keep.records(&[]);
    let events = records.iter().map(|record| match &record["kind"] {
        kind if kind == "access" => 2,
        _ => 1,
    });
    assert_eq!(missed + 1024, events.sum::<u64>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_says_is_told_with_its_call() {
    let keep = Keep::granting("");
    let host = keep.host();
    let session = keep.session(&host, "s");
    let mut events = host.events();
    let error = session.call("panics", json!({})).await.unwrap_err();
    assert!(
        matches!(error, CallError::Stopped { word: "trap", .. }),
        "{error}"
    );
    let told = told(&mut events);
    let said = told.iter().find_map(|event| match &event.kind {
        EventKind::Said { said } => Some((said.to_string(), event.origin.as_ref()?)),
        _ => None,
    });
    let (said, origin) = said.unwrap();
    assert!(said.contains("panicked"), "{said}");
    assert_eq!(Some(&origin.call), error.call());
    assert_eq!(
        told.last().unwrap().to_string(),
        "hostile/panics ends: trap"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_not_be_made_is_refused_and_nothing_else() {
    let keep = Keep::new("[plugins.notes]\npath = {notes}\n");
    let host = keep.host();
    let session = keep.session(&host, "s");
    let mut events = host.events();
    assert!(session.call("list_notes", json!({})).await.is_err());
    let told = lines(&told(&mut events));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("notes/list_notes refuse tool call list_notes: "),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_told_once_and_its_host_is_watched_too() {
    let keep = Keep::new(NOTES);
    let mut host = keep.host();
    let mut events = host.events();
    keep.configure(&NOTES.replace(", \"create\"]", "]"));
    let Reloaded::Narrowed(narrowed) = host.reload().unwrap() else {
        panic!("it gives less");
    };
    host = *narrowed;
    assert!(matches!(host.reload().unwrap(), Reloaded::Unchanged));
    keep.configure(NOTES);
    assert!(matches!(host.reload().unwrap(), Reloaded::Wider(_)));
    let first = told(&mut events);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(
        matches!(first[0].kind, EventKind::Reloaded { .. }),
        "{first:?}"
    );

    let session = keep.session(&host, "s");
    let arguments = json!({"name": "a", "text": "x"});
    assert!(session.call("write_note", arguments).await.is_err());
    let refused = lines(&told(&mut events));
    assert!(
        refused
            .iter()
            .any(|line| line.contains("refuse fs create notes:a.md")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_records_are_told_and_the_end_of_the_host_too() {
    let keep = Keep::granting("");
    let host = keep.host();
    let session = keep.session(&host, "s");
    session.call("noop", json!({})).await.unwrap();
    let mut events = host.events();
    // Nobody can write any more, as on a full disk.
    let log = rusqlite::Connection::open(keep.path("state/audit.db")).unwrap();
    let records: i64 = log
        .query_row("SELECT max(seq) + 1 FROM record", [], |row| row.get(0))
        .unwrap();
    log.execute_batch(&format!(
        "CREATE INDEX full ON record (json('no' || seq)) WHERE seq >= {records}"
    ))
    .unwrap();
    // Until the database is asked for the first time, the spool answers.
    let mut answered = 1;
    let error = loop {
        assert!(answered < 10_000, "nothing is refused");
        match session.call("noop", json!({})).await {
            Ok(_) => answered += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CallError::RecordFailed { .. }), "{error}");
    log.execute_batch("DROP INDEX full").unwrap();
    drop((session, host));
    let (mut lost, mut behind) = (0, 0);
    while let Some(event) = events.next().await {
        match event.kind {
            EventKind::RecordsLost { records, .. } => lost += records,
            EventKind::RecordBehind { .. } => behind += 1,
            _ => {}
        }
    }
    // One entry of the last call, or two if it took its time.
    assert!((1..=2).contains(&lost), "{lost}");
    assert_eq!(behind, 1);
    // What was answered for is there, and no more.
    assert_eq!(keep.endings(&[]).len(), answered);
    keep.run(&["audit", "verify"]).expect(0);
}
