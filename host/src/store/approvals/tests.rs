use std::sync::Barrier;

use super::testing::{Person, VALID, question};
use super::*;
use crate::base::id::Identity;
use crate::base::id::ToolName;
use crate::store::audit::testing::Folder;
use crate::store::db::state::raw;

struct Keep {
    folder: Folder,
    approvals: Approvals,
    ada: Person,
    now: Timestamp,
}

impl Keep {
    fn new() -> Self {
        let folder = Folder::new();
        Self {
            approvals: Approvals::open(&folder.state()).unwrap(),
            folder,
            ada: Person::new("ada", 1),
            now: Timestamp::now(),
        }
    }

    /// A question that waits.
    fn asked(&self) -> Question {
        let mut asked = question();
        asked.approval = Approvals::new_id().unwrap();
        asked.expires = self.now.after(VALID);
        let placed = self.approvals.place(&asked, self.now).unwrap();
        assert_eq!(placed, Some((asked.approval.clone(), asked.expires)));
        asked
    }

    fn answer(&self, asked: &Question, decision: Decision) -> String {
        let answer = Answer {
            approval: asked.approval.clone(),
            digest: asked.digest,
            decision,
            at: self.now,
            expires: self.now.after(VALID),
        };
        let note = answer.sign(&self.ada).unwrap();
        assert!(self.approvals.answer(&answer, &note, self.now).unwrap());
        note
    }

    fn take(&self, asked: &Question) -> Option<Taken> {
        self.take_at(asked, self.now)
    }

    fn take_at(&self, asked: &Question, now: Timestamp) -> Option<Taken> {
        self.approvals
            .take(&asked.digest, &self.ada.keys(), now)
            .unwrap()
    }

    fn sql(&self, sql: &str) {
        raw(&self.folder.state()).execute_batch(sql).unwrap();
    }

    fn state(&self, asked: &Question) -> State {
        match self.approvals.find(asked.approval.as_str(), self.now) {
            Ok(Found::One(found)) => found.state,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_yes_is_used_once() {
    let keep = Keep::new();
    let asked = keep.asked();
    assert_eq!(keep.take(&asked), None);
    assert_eq!(keep.state(&asked), State::Pending);
    keep.answer(&asked, Decision::Approve);
    assert_eq!(keep.state(&asked), State::Answered);
    let taken = keep.take(&asked).unwrap();
    assert_eq!(taken.approval, asked.approval);
    assert_eq!(
        (taken.decision, taken.by.as_str()),
        (Decision::Approve, "ada")
    );
    assert_eq!(keep.state(&asked), State::Used);
    assert_eq!(keep.take(&asked), None);
    // The next question for the same is a new one.
    let again = keep.asked();
    assert_ne!(again.approval, asked.approval);
}

#[test]
fn a_no_stays_until_it_expires() {
    let keep = Keep::new();
    let asked = keep.asked();
    keep.answer(&asked, Decision::Deny);
    for _ in 0..2 {
        assert_eq!(keep.take(&asked).unwrap().decision, Decision::Deny);
    }
    assert_eq!(keep.take_at(&asked, keep.now.after(VALID)), None);
}

#[test]
fn a_no_comes_before_a_yes() {
    let keep = Keep::new();
    let yes = keep.asked();
    keep.answer(&yes, Decision::Approve);
    let no = keep.asked();
    keep.answer(&no, Decision::Deny);
    assert_eq!(keep.take(&yes).unwrap().decision, Decision::Deny);
    assert_eq!(keep.state(&yes), State::Answered);
}

#[test]
fn a_question_waits_once_and_is_answered_once() {
    let keep = Keep::new();
    let asked = keep.asked();
    let mut again = asked.clone();
    again.approval = Approvals::new_id().unwrap();
    let placed = keep.approvals.place(&again, keep.now).unwrap();
    assert_eq!(placed, Some((asked.approval.clone(), asked.expires)));
    keep.answer(&asked, Decision::Approve);
    let answer = Answer {
        approval: asked.approval.clone(),
        digest: asked.digest,
        decision: Decision::Deny,
        at: keep.now,
        expires: keep.now.after(VALID),
    };
    assert!(!keep.approvals.answer(&answer, "", keep.now).unwrap());
    // Nor when it is too late.
    let other = keep.asked();
    let late = Answer {
        approval: other.approval,
        ..answer
    };
    let after = keep.now.after(VALID);
    assert!(!keep.approvals.answer(&late, "", after).unwrap());
}

#[test]
fn rows_that_somebody_made_up_are_not_there() {
    let all = "UPDATE approval SET";
    let attacks = [
        // A row that says of itself that it was answered.
        format!("{all} state = 'answered'"),
        format!("{all} state = 'answered', host = 'approve'"),
        format!("{all} state = 'answered', note = 'yes'"),
    ];
    for attack in attacks {
        let keep = Keep::new();
        let asked = keep.asked();
        keep.sql(&attack);
        assert_eq!(keep.take(&asked), None, "{attack}");
    }
    let attacks = [
        // The signed text, edited.
        format!("{all} note = replace(note, 'sha256:', 'sha256:0')"),
        format!("{all} note = replace(note, 'approve', 'approve ')"),
        format!("{all} note = ''"),
        format!("{all} note = NULL"),
        // The signature for one question, put on another.
        format!("{all} id = 'apr_00000000000000000001'"),
        format!("{all} id = 'apr_'"),
    ];
    for attack in attacks {
        let keep = Keep::new();
        let asked = keep.asked();
        keep.answer(&asked, Decision::Approve);
        keep.sql(&attack);
        assert_eq!(keep.take(&asked), None, "{attack}");
    }
    // The answer to one question, made to stand for another.
    let keep = Keep::new();
    let asked = keep.asked();
    keep.answer(&asked, Decision::Approve);
    let mut other = asked.clone();
    other.tool = ToolName::new("other").unwrap();
    other.digest = other.bound().unwrap();
    keep.sql(&format!("{all} bound = '{}'", other.digest));
    assert_eq!(keep.take(&other), None);
    // Nor does a row make an answer live longer than its signer said.
    keep.sql(&format!(
        "{all} bound = '{}', expires = {}",
        asked.digest,
        i64::MAX
    ));
    assert_eq!(keep.take_at(&asked, keep.now.after(VALID)), None);
    assert!(keep.take(&asked).is_some());
}

#[test]
fn what_is_shown_to_a_person_is_what_is_signed_for() {
    let keep = Keep::new();
    let asked = keep.asked();
    keep.sql("UPDATE approval SET question = replace(question, 'a.md', 'b.md')");
    let found = keep.approvals.find(asked.approval.as_str(), keep.now);
    assert!(
        matches!(found, Err(StoreError::Damaged { .. })),
        "{found:?}"
    );
    let listed = keep.approvals.list(true, keep.now).unwrap();
    assert!(matches!(listed.as_slice(), [Err(_)]), "{listed:?}");
    // What was changed is not what waits, so it is asked anew.
    let again = keep.asked();
    assert_ne!(again.approval, asked.approval);
}

#[test]
fn the_host_s_own_approver_leaves_an_answer_that_counts_no_second_time() {
    let keep = Keep::new();
    // Placed before, or not: where too many wait it is not.
    for placed in [true, false] {
        let asked = if placed { keep.asked() } else { question() };
        let answered = |decision| {
            keep.approvals
                .answered_by_host(&asked, decision, keep.now)
                .unwrap()
        };
        assert!(answered(Decision::Approve));
        assert!(!answered(Decision::Approve));
        assert_eq!(keep.state(&asked), State::Used);
        keep.sql("UPDATE approval SET state = 'answered'");
        assert_eq!(keep.take(&asked), None);
        keep.sql("DELETE FROM approval");
    }
    let asked = keep.asked();
    let answered = keep
        .approvals
        .answered_by_host(&asked, Decision::Deny, keep.now);
    assert!(answered.unwrap());
    let no = keep.take(&asked).unwrap();
    assert_eq!((no.decision, no.by.as_str()), (Decision::Deny, HOST));
}

#[test]
fn a_signed_no_is_not_overtaken_by_the_host_s_yes() {
    let keep = Keep::new();
    let asked = keep.asked();
    keep.answer(&asked, Decision::Deny);
    let answered = keep
        .approvals
        .answered_by_host(&asked, Decision::Approve, keep.now);
    assert!(!answered.unwrap());
    assert_eq!(keep.take(&asked).unwrap().decision, Decision::Deny);
}

#[test]
fn people_are_not_flooded() {
    let keep = Keep::new();
    let asked = |number: u32, user: &str| {
        let mut asked = question();
        asked.approval = Approvals::new_id().unwrap();
        asked.principal.user = Identity::new(user).unwrap();
        asked.tool = ToolName::new(&format!("t{number}")).unwrap();
        asked.digest = asked.bound().unwrap();
        asked.expires = keep.now.after(VALID);
        asked
    };
    let place = |number, user, now| keep.approvals.place(&asked(number, user), now).unwrap();
    for number in 0..MOST_WAITING {
        assert!(place(number, "ada", keep.now).is_some());
    }
    assert_eq!(place(MOST_WAITING, "ada", keep.now), None);
    assert!(place(0, "ada", keep.now).is_some());
    assert!(place(MOST_WAITING, "bob", keep.now).is_some());
    let waiting = keep.approvals.list(false, keep.now).unwrap().len();
    assert_eq!(waiting, 101);
    // What expired waits no more, and is gone after a day.
    let day = std::time::Duration::from_secs(24 * 3600);
    let later = keep.now.after(VALID).after(day);
    assert_eq!(keep.approvals.list(false, later).unwrap().len(), 0);
    let mut late = asked(MOST_WAITING, "ada");
    late.expires = later.after(VALID);
    assert!(
        keep.approvals
            .place(&late, later.after(VALID / 2))
            .unwrap()
            .is_some()
    );
    assert_eq!(keep.approvals.list(true, later).unwrap().len(), 1);
}

#[test]
fn of_many_who_look_one_gets_the_answer() {
    let keep = Keep::new();
    let asked = keep.asked();
    keep.answer(&asked, Decision::Approve);
    let start = Barrier::new(8);
    let won: Vec<bool> = std::thread::scope(|scope| {
        let look = || {
            // Each with a connection of its own, as processes have.
            let approvals = Approvals::open(&keep.folder.state()).unwrap();
            start.wait();
            let taken = approvals.take(&asked.digest, &keep.ada.keys(), keep.now);
            taken.unwrap().is_some()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(look)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
}

#[test]
fn an_identifier_can_be_cut_short() {
    let keep = Keep::new();
    let asked = keep.asked();
    let id = asked.approval.as_str();
    let found = |id: &str| keep.approvals.find(id, keep.now).unwrap();
    assert!(matches!(found(id.get(..10).unwrap()), Found::One(_)));
    assert_eq!(found("apr_%"), Found::Nothing);
    keep.answer(&asked, Decision::Deny);
    keep.asked();
    assert_eq!(found("apr_"), Found::Several);
}
