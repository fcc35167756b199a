//! What those who watch are told of a call.

use super::*;

/// All that happened so far, a line each.
fn lines(events: &mut crate::gate::events::Events) -> Vec<String> {
    std::iter::from_fn(|| events.try_next())
        .map(|event| event.to_string())
        .collect()
}

#[tokio::test]
async fn an_access_is_told_when_it_is_allowed_and_when_it_is_over() {
    let keep = Keep::new("tell-access");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let mut events = call.gate.events();
    let pass = call
        .judge(access(Verb::Create), Span::Moment)
        .await
        .unwrap();
    assert_eq!(
        lines(&mut events),
        ["notes/write allow fs create notes:a.md"]
    );
    drop(pass);
    let read = call.judge(access(Verb::Read), Span::Moment).await.unwrap();
    read.settle(Status::Failed, Some("no-entry"));
    drop(read);
    leave(&call, done(), 1000).await.unwrap();
    assert_eq!(
        lines(&mut events),
        [
            "notes/write abandoned fs create notes:a.md",
            "notes/write allow fs read notes:a.md",
            "notes/write no-entry fs read notes:a.md",
            "notes/write ends: done",
        ]
    );
}

#[tokio::test]
async fn every_question_is_told_and_so_is_its_end() {
    let cases = [
        (Some(Answer::Approve), "approve", "allow"),
        (Some(Answer::Decline), "decline", "refuse"),
        (None, "nobody", "refuse"),
    ];
    for (says, answer, then) in cases {
        let keep = Keep::new(&format!("tell-{answer}"));
        let call = keep.call(Says(says), MANIFEST).await.unwrap();
        let mut events = call.gate.events();
        let judged = call.judge(access(Verb::Delete), Span::Moment).await;
        let told = lines(&mut events);
        drop(judged);
        assert_eq!(told[0], "notes/write ask fs delete notes:a.md");
        let expected = format!("notes/write answer {answer} fs delete notes:a.md");
        assert_eq!(told[1], expected);
        let expected = format!("notes/write {then} fs delete notes:a.md");
        assert!(told[2].starts_with(&expected), "{told:?}");
        assert_eq!(told.len(), 3, "{told:?}");
    }
}

#[tokio::test]
async fn a_question_that_is_dropped_is_told_as_unanswered() {
    let mut keep = Keep::new("tell-dropped");
    keep.patience = Duration::from_secs(600);
    let call = keep.call(Says(None), MANIFEST).await.unwrap();
    let mut events = call.gate.events();
    let asking = call.judge(access(Verb::Delete), Span::Moment);
    // As when the guest's run is stopped by its time limit.
    drop(tokio::time::timeout(Duration::from_millis(10), asking).await);
    let told = lines(&mut events);
    assert_eq!(told[1], "notes/write answer nobody fs delete notes:a.md");
    assert!(
        told[2].starts_with("notes/write refuse fs delete"),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_waits_for_a_listener_is_short() {
    let keep = Keep::new("tell-long");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let mut events = call.gate.events();
    let mut long = access(Verb::Delete);
    long.object = Object::Path {
        data: Name::new("notes").unwrap(),
        path: "x".repeat(1 << 20),
    };
    assert!(call.judge(long, Span::Moment).await.is_err());
    call.tell_said(&Said::Log {
        level: crate::base::said::Level::Info,
        message: "x".repeat(1 << 20),
    });
    let told = lines(&mut events);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|line| line.len() < 4096));
}
