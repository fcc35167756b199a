//! Asking, as the gate does it: what counts as an answer, how often, and what is kept of it.

use std::sync::Mutex;

use super::tests::{Keep, MANIFEST, Says, access, done};
use super::*;
use crate::base::clock::Timestamp;
use crate::base::id::ApprovalId;
use crate::gate::approver::{Answer, Approver, Nobody, Question};
use crate::gate::exit::{Withheld, leave};
use crate::store::approvals::testing::Person;
use crate::store::approvals::{Answer as Signed, Approvals, Decision, Found, State as Standing};
use crate::store::audit::{AuditReader, Filter};
use crate::store::raw_state;
use crate::store::sessions::Sessions;

impl Keep {
    fn approvals(&self) -> Approvals {
        Approvals::open(&self.state).unwrap()
    }

    fn sql(&self, sql: &str) {
        raw_state(&self.state).execute_batch(sql).unwrap();
    }

    /// Asks for a deletion, in a call of its own, where only the store can answer.
    async fn delete(&self) -> Result<(), Refusal> {
        let call = self.call(Nobody, MANIFEST).await.unwrap();
        delete(&call).await
    }

    /// Lets a deletion be asked for, and a person answer it.
    async fn answered(&self, decision: Decision, person: &Person) -> ApprovalId {
        let id = self.delete().await.unwrap_err().approval.unwrap();
        sign(&self.approvals(), &id, decision, person);
        id
    }

    /// What each entry about a deletion says of approvals.
    async fn approved_by(&self) -> Vec<Option<String>> {
        self.log.flush().await.unwrap();
        let verb = Some(Verb::Delete);
        let filter = Filter {
            verb,
            ..Filter::default()
        };
        let log = AuditReader::open(&self.state).unwrap();
        let entries = log.collect(&filter).unwrap().into_iter();
        entries.map(|entry| entry.record.approval).collect()
    }
}

async fn delete(call: &Arc<Call>) -> Result<(), Refusal> {
    match call.judge(access(Verb::Delete), Span::Moment).await {
        Ok(pass) => {
            pass.settle_done();
            Ok(())
        }
        Err(Refused) => Err(call.refusals().pop().unwrap()),
    }
}

fn sign(approvals: &Approvals, id: &ApprovalId, decision: Decision, person: &Person) {
    let now = Timestamp::now();
    let Found::One(found) = approvals.find(id.as_str(), now).unwrap() else {
        panic!("{id} is not there");
    };
    let answer = Signed {
        approval: id.clone(),
        digest: found.question.digest,
        decision,
        at: now,
        expires: now.after(Duration::from_secs(900)),
    };
    let note = answer.sign(person).unwrap();
    assert!(approvals.answer(&answer, &note, now).unwrap());
}

fn code(refusal: &Refusal) -> ReasonCode {
    refusal.because().last().unwrap().code
}

#[tokio::test]
async fn a_signed_yes_lets_the_same_be_done_once() {
    let keep = Keep::new("signed");
    let first = keep.delete().await.unwrap_err();
    // The same question waits, however often it is asked.
    let again = keep.delete().await.unwrap_err();
    assert_eq!(first.approval, again.approval);
    assert_eq!(code(&first), ReasonCode::Unanswered);

    let id = keep
        .answered(Decision::Approve, &Person::new("ada", 1))
        .await;
    assert_eq!(Some(&id), first.approval.as_ref());
    keep.delete().await.unwrap();
    let by = Some(format!("{id} by ada"));
    assert_eq!(keep.approved_by().await.split_off(3), [by.clone(), by]);

    let after = keep.delete().await.unwrap_err();
    assert_ne!(after.approval, Some(id));
}

#[tokio::test]
async fn a_signed_no_is_final() {
    let keep = Keep::new("signed-no");
    let id = keep.answered(Decision::Deny, &Person::new("ada", 1)).await;
    let refusal = keep.delete().await.unwrap_err();
    assert_eq!(
        (code(&refusal), refusal.approval),
        (ReasonCode::Declined, None)
    );
    assert_eq!(
        keep.approved_by().await.pop().unwrap(),
        Some(format!("{id} by ada"))
    );
    // Not even the host's own approver is asked then.
    let call = keep
        .call(Says(Some(Answer::Approve)), MANIFEST)
        .await
        .unwrap();
    assert_eq!(
        code(&delete(&call).await.unwrap_err()),
        ReasonCode::Declined
    );
}

#[tokio::test]
async fn what_somebody_else_signed_does_not_count() {
    for (name, seed) in [("eve", 2), ("ada", 2)] {
        let keep = Keep::new(&format!("stranger-{name}"));
        keep.answered(Decision::Approve, &Person::new(name, seed))
            .await;
        assert_eq!(
            code(&keep.delete().await.unwrap_err()),
            ReasonCode::Unanswered
        );
    }
}

#[tokio::test]
async fn an_answer_that_somebody_makes_unused_again_is_found_in_the_record() {
    let keep = Keep::new("spent");
    keep.answered(Decision::Approve, &Person::new("ada", 1))
        .await;
    keep.delete().await.unwrap();
    keep.sql("UPDATE approval SET state = 'answered'");
    let refusal = keep.delete().await.unwrap_err();
    assert_eq!(
        (refusal.verdict, code(&refusal)),
        (Verdict::Deny, ReasonCode::Spent)
    );
    let record = keep.record().await;
    assert!(
        record.contains(&"1 Outcome allow delete Refused".to_owned()),
        "{record:?}"
    );
}

/// Signs whatever it is asked, as a prompt on a terminal does.
struct Signs(Approvals, Person);

#[async_trait::async_trait]
impl Approver for Signs {
    async fn ask(&self, question: &Question) -> Answer {
        sign(&self.0, &question.approval, Decision::Approve, &self.1);
        Answer::Stored
    }
}

#[tokio::test]
async fn an_approver_can_sign_into_the_store() {
    let keep = Keep::new("signs");
    for (person, counts) in [
        (Person::new("eve", 2), false),
        (Person::new("ada", 1), true),
    ] {
        let call = keep.call(Signs(keep.approvals(), person), MANIFEST).await;
        assert_eq!(delete(&call.unwrap()).await.is_ok(), counts);
    }
}

#[tokio::test]
async fn an_approver_that_says_stored_and_stored_nothing_said_nothing() {
    let keep = Keep::new("stored-nothing");
    let call = keep
        .call(Says(Some(Answer::Stored)), MANIFEST)
        .await
        .unwrap();
    let refusal = delete(&call).await.unwrap_err();
    assert_eq!(code(&refusal), ReasonCode::Unanswered);
    assert!(refusal.approval.is_some());
}

#[tokio::test]
async fn a_yes_of_the_host_s_approver_is_kept_and_counts_for_one_access() {
    let keep = Keep::new("host");
    let call = keep
        .call(Says(Some(Answer::Approve)), MANIFEST)
        .await
        .unwrap();
    delete(&call).await.unwrap();
    let by = keep.approved_by().await.pop().flatten().unwrap();
    let id = by.strip_suffix(" by host").unwrap();
    let Found::One(kept) = keep.approvals().find(id, Timestamp::now()).unwrap() else {
        panic!("{id} is not there");
    };
    assert_eq!(
        (kept.state, kept.host),
        (Standing::Used, Some(Decision::Approve))
    );
    assert_eq!(
        code(&keep.delete().await.unwrap_err()),
        ReasonCode::Unanswered
    );
}

#[tokio::test]
async fn without_the_store_nobody_is_asked_and_nothing_is_done() {
    let keep = Keep::new("no-store");
    let call = keep
        .call(Says(Some(Answer::Approve)), MANIFEST)
        .await
        .unwrap();
    keep.sql("DROP TABLE approval");
    let refusal = delete(&call).await.unwrap_err();
    assert_eq!(
        (refusal.verdict, code(&refusal)),
        (Verdict::Deny, ReasonCode::StateFailed)
    );
}

/// Says yes, and remembers what it was asked.
struct Curious(Arc<Mutex<Vec<Question>>>);

#[async_trait::async_trait]
impl Approver for Curious {
    async fn ask(&self, question: &Question) -> Answer {
        self.0.lock().unwrap().push(question.clone());
        Answer::Approve
    }
}

#[tokio::test]
async fn whoever_is_asked_learns_what_was_done_already_and_where_it_may_be_asked() {
    let keep = Keep::new("told");
    let asked = Arc::<Mutex<Vec<Question>>>::default();
    let call = keep
        .call(Curious(Arc::clone(&asked)), MANIFEST)
        .await
        .unwrap();
    let created = call.judge(access(Verb::Create), Span::Moment).await;
    created.unwrap().settle(Status::Done, None);
    // What failed was not done.
    let failed = call.judge(access(Verb::Create), Span::Moment).await;
    failed.unwrap().settle(Status::Failed, Some("no-space"));
    delete(&call).await.unwrap();
    drop(
        call.judge(access(Verb::Modify), Span::Moment)
            .await
            .unwrap(),
    );
    let asked = asked.lock().unwrap();
    let done: Vec<_> = asked
        .iter()
        .map(|question| question.done.join("; "))
        .collect();
    let created = "fs create notes:a.md";
    assert_eq!(done, [created, &format!("{created}; fs delete notes:a.md")]);
    let console_only: Vec<_> = asked.iter().map(|question| question.console_only).collect();
    assert_eq!(console_only, [true, false]);
    assert!(asked.iter().all(Question::is_intact));
}

/// Says yes, but not before it is told to.
struct Slow(Arc<tokio::sync::Notify>);

#[async_trait::async_trait]
impl Approver for Slow {
    async fn ask(&self, _question: &Question) -> Answer {
        self.0.notified().await;
        Answer::Approve
    }
}

#[tokio::test]
async fn a_yes_to_a_clean_call_is_none_to_one_that_has_read() {
    let keep = Keep::new("overtaken");
    let go = Arc::new(tokio::sync::Notify::new());
    let call = keep.call(Slow(Arc::clone(&go)), MANIFEST).await.unwrap();
    let read = async {
        drop(call.judge(access(Verb::Read), Span::Moment).await.unwrap());
        go.notify_one();
    };
    let (deleted, ()) = tokio::join!(delete(&call), read);
    assert_eq!(code(&deleted.unwrap_err()), ReasonCode::Unanswered);
}

#[tokio::test]
async fn what_a_session_has_seen_is_stored_before_anybody_can_hear_of_it() {
    let keep = Keep::new("label");
    let stored = || {
        let sessions = Sessions::open(&keep.state).unwrap();
        let (id, principal) = (keep.session.id(), keep.session.principal());
        sessions.label(id, principal).unwrap().to_string()
    };
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    drop(
        call.judge(access(Verb::Create), Span::Moment)
            .await
            .unwrap(),
    );
    assert_eq!(stored(), "trusted public");
    drop(call.judge(access(Verb::Read), Span::Moment).await.unwrap());
    assert_eq!(stored(), "trusted private");
}

#[tokio::test]
async fn a_label_that_another_process_raised_is_seen_by_the_next_call() {
    let keep = Keep::new("label-shared");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    assert_eq!(call.label(), Label::clean());
    let (id, principal) = (keep.session.id(), keep.session.principal());
    let other = Sessions::open(&keep.state).unwrap();
    other
        .raise(id, principal, &crate::rules::config::local_label())
        .unwrap();
    let next = keep.call(Nobody, MANIFEST).await.unwrap();
    assert_eq!(next.label().to_string(), "trusted private");
}

#[tokio::test]
async fn a_label_that_somebody_takes_away_comes_back_with_the_next_answer() {
    let keep = Keep::new("label-lowered");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    drop(call.judge(access(Verb::Read), Span::Moment).await.unwrap());
    keep.sql("DELETE FROM session");
    let next = keep.call(Nobody, MANIFEST).await.unwrap();
    assert_eq!(next.label().to_string(), "trusted private");
    leave(&next, done(), 1000).await.unwrap();
    let stored = Sessions::open(&keep.state).unwrap();
    let label = stored.label(keep.session.id(), keep.session.principal());
    assert_eq!(label.unwrap().to_string(), "trusted private");
}

#[tokio::test]
async fn a_session_that_cannot_be_read_or_stored_is_not_clean() {
    // Before a call.
    let keep = Keep::new("label-unread");
    keep.sql("ALTER TABLE session RENAME TO gone");
    let refusal = keep.call(Nobody, MANIFEST).await.err().unwrap();
    assert_eq!(
        (refusal.verdict, code(&refusal)),
        (Verdict::Deny, ReasonCode::StateFailed)
    );
    assert_eq!(keep.record().await, ["0 Refusal deny call"]);

    // When the call sees something: now and ever after, and its answer does not leave.
    let keep = Keep::new("label-unwritten");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    keep.sql("ALTER TABLE session RENAME TO gone");
    for _ in 0..2 {
        assert!(call.judge(access(Verb::Read), Span::Moment).await.is_err());
        assert_eq!(
            code(call.refusals().last().unwrap()),
            ReasonCode::StateFailed
        );
    }
    let left = leave(&call, done(), 1000).await;
    assert_eq!(left.unwrap_err(), Withheld::StateFailed);
    assert_eq!(
        keep.record().await.pop().unwrap(),
        "0 Outcome allow call Stopped"
    );
}
