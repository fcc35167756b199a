//! The rows of approvals. What a row says of itself proves nothing: whoever can write the state folder
//! can write rows.

use rusqlite::{Connection, Row};

use super::log::integer;
use super::state::StateDb;
use crate::base::clock::Timestamp;
use crate::store::error::StoreError;

/// A question and its answer as they stand in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    /// The approval's identifier.
    pub id: String,
    /// The bound digest.
    pub bound: String,
    /// On whose behalf it was asked.
    pub principal: String,
    /// All that is asked, as JSON.
    pub question: String,
    /// `pending`, `answered` or `used`.
    pub state: String,
    /// When it was asked, in microseconds.
    pub made: i64,
    /// When it stops to count, in microseconds.
    pub expires: i64,
    /// The signed answer.
    pub note: Option<String>,
    /// `approve` or `deny`, where the host's own approver answered.
    pub host: Option<String>,
}

/// How many answers to one question are looked at. There is one, unless somebody forges rows.
const MOST_ANSWERS: u32 = 16;

/// How long questions that nobody answered are kept after they expired.
const KEEP_UNANSWERED_US: i64 = 24 * 3600 * 1_000_000;

/// How long the others are kept. What was done by them stays on record for ever.
const KEEP_US: i64 = 30 * KEEP_UNANSWERED_US;

const COLUMNS: &str = "id, bound, principal, question, state, made, expires, note, host";

impl StateDb {
    /// The answers for a bound digest that are neither used nor expired.
    pub fn answers(&self, bound: &str, now: Timestamp) -> Result<Vec<ApprovalRow>, StoreError> {
        self.read("read the approvals", |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM approval WHERE bound = ?1 AND state = 'answered' \
                 AND expires > ?2 ORDER BY made LIMIT {MOST_ANSWERS}"
            );
            rows(conn, &sql, (bound, at(now)))
        })
    }

    /// Sees to it that answers which have expired stay so, even if the clock is set back.
    pub fn let_expire(&self, bound: &str, now: Timestamp) -> Result<(), StoreError> {
        let which = "bound = ?1 AND state = 'answered' AND expires <= ?2 AND expires > made";
        let any: bool = self.read("read the approvals", |conn| {
            conn.prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM approval WHERE {which})"
            ))?
            .query_row((bound, at(now)), |row| row.get(0))
        })?;
        if !any {
            return Ok(());
        }
        // Before it was asked no answer to it counts either: that would be from the future.
        self.write("let answers expire", |tx| {
            let sql = format!("UPDATE approval SET expires = made WHERE {which}");
            tx.execute(&sql, (bound, at(now))).map(drop)
        })
    }

    /// Takes an answer, so that nobody else can. Whether it was there to be taken.
    pub fn take_answer(&self, answer: &ApprovalRow, now: Timestamp) -> Result<bool, StoreError> {
        self.write("use the approval", |tx| {
            tx.prepare_cached(
                "UPDATE approval SET state = 'used' WHERE id = ?1 AND bound = ?2 AND note = ?3 \
                 AND state = 'answered' AND expires > ?4",
            )?
            .execute((&answer.id, &answer.bound, &answer.note, at(now)))
            .map(|changed| changed == 1)
        })
    }

    /// Puts a question into the store, unless one with its bound digest waits there that `same`
    /// recognises: then that. None where `most` questions of its principal are waiting already.
    pub fn place(
        &self,
        question: ApprovalRow,
        most: u32,
        same: impl Fn(&ApprovalRow) -> bool,
    ) -> Result<Option<ApprovalRow>, StoreError> {
        let now = question.made;
        self.write("store the question", |tx| {
            let sql = format!(
                "SELECT {COLUMNS} FROM approval WHERE bound = ?1 AND state = 'pending' \
                 AND expires > ?2 ORDER BY made LIMIT {MOST_ANSWERS}"
            );
            let waiting = rows(tx, &sql, (&question.bound, now))?;
            if let Some(waiting) = waiting.into_iter().find(same) {
                return Ok(Some(waiting));
            }
            let waiting: u32 = tx
                .prepare_cached(
                    "SELECT count(*) FROM approval \
                     WHERE principal = ?1 AND state = 'pending' AND expires > ?2",
                )?
                .query_row((&question.principal, now), |row| row.get(0))?;
            if waiting >= most {
                return Ok(None);
            }
            tx.prepare_cached("DELETE FROM approval WHERE expires < ?1")?
                .execute([now.saturating_sub(KEEP_US)])?;
            tx.prepare_cached("DELETE FROM approval WHERE state = 'pending' AND expires < ?1")?
                .execute([now.saturating_sub(KEEP_UNANSWERED_US)])?;
            insert(tx, &question)?;
            Ok(Some(question))
        })
    }

    /// Stores a signed answer to a question that waits. Whether there was one.
    pub fn put_note(
        &self,
        id: &str,
        note: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write("store the answer", |tx| {
            tx.execute(
                "UPDATE approval SET state = 'answered', note = ?2, expires = ?3 \
                 WHERE id = ?1 AND state = 'pending' AND expires > ?4",
                (id, note, at(expires), at(now)),
            )
            .map(|changed| changed == 1)
        })
    }

    /// Stores what the host's own approver answered, with the question where that is not there.
    /// Whether nobody was faster, and it was in time.
    pub fn put_host_answer(
        &self,
        answered: &ApprovalRow,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write("store the answer", |tx| {
            let changed = tx.execute(
                "UPDATE approval SET state = ?2, host = ?3, expires = ?4 \
                 WHERE id = ?1 AND state = 'pending' AND expires > ?5",
                (
                    &answered.id,
                    &answered.state,
                    &answered.host,
                    answered.expires,
                    at(now),
                ),
            )?;
            if changed == 1 {
                return Ok(true);
            }
            let there: bool = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM approval WHERE id = ?1)",
                [&answered.id],
                |row| row.get(0),
            )?;
            let in_time = !there && answered.expires > at(now);
            if in_time {
                insert(tx, answered)?;
            }
            Ok(in_time)
        })
    }

    /// All approvals, or only those that wait for an answer; the oldest first.
    pub fn approvals(&self, all: bool, now: Timestamp) -> Result<Vec<ApprovalRow>, StoreError> {
        self.read("read the approvals", |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM approval \
                 WHERE ?1 OR (state = 'pending' AND expires > ?2) ORDER BY made, id"
            );
            rows(conn, &sql, (all, at(now)))
        })
    }

    /// The approvals whose identifiers begin with `prefix`, two at most.
    pub fn approvals_like(&self, prefix: &str) -> Result<Vec<ApprovalRow>, StoreError> {
        self.read("read the approvals", |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM approval WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2"
            );
            rows(conn, &sql, [prefix])
        })
    }
}

fn insert(conn: &Connection, row: &ApprovalRow) -> rusqlite::Result<()> {
    conn.prepare_cached(&format!(
        "INSERT INTO approval ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    ))?
    .execute((
        &row.id,
        &row.bound,
        &row.principal,
        &row.question,
        &row.state,
        row.made,
        row.expires,
        &row.note,
        &row.host,
    ))
    .map(drop)
}

fn rows(
    conn: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<ApprovalRow>> {
    conn.prepare_cached(sql)?.query_map(values, row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<ApprovalRow> {
    Ok(ApprovalRow {
        id: row.get(0)?,
        bound: row.get(1)?,
        principal: row.get(2)?,
        question: row.get(3)?,
        state: row.get(4)?,
        made: row.get(5)?,
        expires: row.get(6)?,
        note: row.get(7)?,
        host: row.get(8)?,
    })
}

/// A time as the database holds it.
fn at(time: Timestamp) -> i64 {
    integer(time.micros())
}
