//! Approvals: what people were asked, and what they answered. Kept where it outlives a process and is
//! shared by several.
//!
//! Whoever can write the state folder can write rows. So a yes is what a key of the operator's file
//! signed for one identifier and one bound digest, and nothing that a row says of itself.

mod answer;
pub mod key;
mod question;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use super::audit::leaf::{json, principal_text};
use super::db::ApprovalRow;
use super::db::state::StateDb;
use super::error::StoreError;
use crate::base::clock::Timestamp;
use crate::base::digest::{Digest, hex};
use crate::base::id::ApprovalId;
use crate::base::text;

pub use answer::{Answer, ApproverKeys, Decision};
pub use question::Question;

/// How many questions of one principal wait at a time: more would tire people into saying yes.
pub const MOST_WAITING: u32 = 100;

/// Who answered, where it was the host's own approver and no key.
pub const HOST: &str = "host";

/// All approvals of a state folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Approvals(Arc<StateDb>);

/// An answer that was found and taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The approval.
    pub approval: ApprovalId,
    /// What was said. A yes is used up now; a no stays.
    pub decision: Decision,
    /// By whom: the name of a key, or [`HOST`].
    pub by: String,
    /// When it was signed; none for an answer of [`HOST`].
    pub signed_at: Option<Timestamp>,
}

/// How far an approval has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for an answer.
    Pending,
    /// It was answered. A yes waits to be used.
    Answered,
    /// It was a yes, and something was done by it.
    Used,
    /// Its time was over before it was answered or used.
    Expired,
}

/// An approval as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What is asked. What an answer is bound to is as it was asked; the rest (session, reasons, what
    /// was done) is what the store says.
    pub question: Question,
    /// How far it has come.
    pub state: State,
    /// When it was asked.
    pub made: Timestamp,
    /// When the question, or its answer, stops to count.
    pub expires: Timestamp,
    /// The signed answer.
    pub note: Option<String>,
    /// What the host's own approver answered.
    pub host: Option<Decision>,
}

/// What an identifier, or the beginning of one, stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This one.
    One(Box<Approval>),
    /// Nothing.
    Nothing,
    /// More than one.
    Several,
}

impl Approvals {
    /// Opens the approvals of a state folder, and makes both where they are missing.
    ///
    /// # Errors
    /// If the folder or the database can't be used.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        StateDb::open(state).map(|db| Self(Arc::new(db)))
    }

    /// As [`Self::open`], but none where nothing was ever stored.
    ///
    /// # Errors
    /// If the database can't be used.
    pub fn open_existing(state: &Path) -> Result<Option<Self>, StoreError> {
        Ok(StateDb::open_existing(state)?.map(|db| Self(Arc::new(db))))
    }

    /// A new identifier.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new_id() -> Result<ApprovalId, StoreError> {
        let mut bytes = [0u8; 10];
        getrandom::fill(&mut bytes).map_err(StoreError::random)?;
        ApprovalId::new(&format!("apr_{}", hex(&bytes))).map_err(StoreError::random)
    }

    /// Looks for an answer to what `bound` stands for. A no comes before a yes. A yes is used up by
    /// this, durably: of all who look, in all processes, one gets it.
    ///
    /// # Errors
    /// If the store can't be read or written: then there is no answer.
    pub fn take(
        &self,
        bound: &Digest,
        keys: &ApproverKeys,
        now: Timestamp,
    ) -> Result<Option<Taken>, StoreError> {
        self.0.let_expire(&bound.to_string(), now)?;
        let mut yes = Vec::new();
        for row in self.0.answers(&bound.to_string(), now)? {
            match taken(&row, bound, keys, now) {
                Some(no) if no.decision == Decision::Deny => return Ok(Some(no)),
                // A yes of the host's own approver was used when it was given.
                Some(found) if found.signed_at.is_some() => yes.push((row, found)),
                _ => {}
            }
        }
        for (row, found) in yes {
            if self.0.take_answer(&row, now)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Lets a question wait for an answer. Gives the identifier and the end of the one that waits
    /// already for what has the same bound digest; none where too many of its principal wait.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub fn place(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Option<(ApprovalId, Timestamp)>, StoreError> {
        let row = row(question, "pending", None, now)?;
        let same = |row: &ApprovalRow| read(row, now).is_some();
        let placed = self.0.place(row, MOST_WAITING, same)?;
        Ok(placed
            .and_then(|row| read(&row, now))
            .map(|placed| (placed.question.approval, placed.expires)))
    }

    /// Stores what the host's own approver answered. A yes is used up by this. Gives back whether
    /// nobody was faster; if somebody was, their answer is there.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub fn answered_by_host(
        &self,
        question: &Question,
        decision: Decision,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let state = match decision {
            Decision::Approve => "used",
            Decision::Deny => "answered",
        };
        self.0
            .put_host_answer(&row(question, state, Some(decision), now)?, now)
    }

    /// Stores a signed answer. Gives back whether the question was still waiting for one.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub fn answer(&self, answer: &Answer, note: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.0
            .put_note(answer.approval.as_str(), note, answer.expires, now)
    }

    /// All approvals, or only those that wait for an answer; the oldest first. A row that was changed
    /// comes as what is wrong with it.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn list(
        &self,
        all: bool,
        now: Timestamp,
    ) -> Result<Vec<Result<Approval, String>>, StoreError> {
        let rows = self.0.approvals(all, now)?;
        Ok(rows.iter().map(|row| self.sound(row, now)).collect())
    }

    /// The approval whose identifier is, or begins with, `id`.
    ///
    /// # Errors
    /// If the store can't be read, or the row was changed.
    pub fn find(&self, id: &str, now: Timestamp) -> Result<Found, StoreError> {
        let rows = self.0.approvals_like(id)?;
        match rows.as_slice() {
            [] => Ok(Found::Nothing),
            [row] => match self.sound(row, now) {
                Ok(approval) => Ok(Found::One(Box::new(approval))),
                Err(why) => Err(self.0.damaged(why)),
            },
            _ => Ok(Found::Several),
        }
    }

    fn sound(&self, row: &ApprovalRow, now: Timestamp) -> Result<Approval, String> {
        read(row, now).ok_or_else(|| {
            let id = text::shorten(&text::visible(&row.id), 64);
            format!("the question of `{id}` was changed in the store")
        })
    }
}

/// What the answer in a row says, if it counts for `bound`.
fn taken(row: &ApprovalRow, bound: &Digest, keys: &ApproverKeys, now: Timestamp) -> Option<Taken> {
    let approval = ApprovalId::new(&row.id).ok()?;
    if let Some(host) = &row.host {
        let decision = host.parse().ok()?;
        let (by, signed_at) = (HOST.to_owned(), None);
        return Some(Taken {
            approval,
            decision,
            by,
            signed_at,
        });
    }
    let (answer, by) = keys.check(row.note.as_deref()?, now).ok()?;
    (answer.approval == approval && answer.digest == *bound).then_some(Taken {
        approval,
        decision: answer.decision,
        by,
        signed_at: Some(answer.at),
    })
}

fn row(
    question: &Question,
    state: &str,
    host: Option<Decision>,
    now: Timestamp,
) -> Result<ApprovalRow, StoreError> {
    let micros = |time: Timestamp| i64::try_from(time.micros()).unwrap_or(i64::MAX);
    Ok(ApprovalRow {
        id: question.approval.to_string(),
        bound: question.digest.to_string(),
        principal: principal_text(&question.principal)?,
        question: json(question)?,
        state: state.to_owned(),
        made: micros(now),
        expires: micros(question.expires),
        note: None,
        host: host.map(|decision| decision.to_string()),
    })
}

/// A row, if the question in it is the one that its digest and identifier stand for.
fn read(row: &ApprovalRow, now: Timestamp) -> Option<Approval> {
    let time = |micros: i64| u64::try_from(micros).ok().map(Timestamp::from_micros);
    let question: Question = serde_json::from_str(&row.question).ok()?;
    let is_its_own = question.is_intact()
        && question.approval.as_str() == row.id
        && question.digest.to_string() == row.bound;
    let expires = time(row.expires)?;
    let state = match row.state.as_str() {
        "used" => State::Used,
        _ if expires <= now => State::Expired,
        "pending" => State::Pending,
        "answered" => State::Answered,
        _ => return None,
    };
    is_its_own.then_some(Approval {
        question,
        state,
        made: time(row.made)?,
        expires,
        note: row.note.clone(),
        host: row.host.as_deref().and_then(|word| word.parse().ok()),
    })
}
