//! The rows of sessions.

use rusqlite::{Connection, OptionalExtension as _};

use super::state::StateDb;
use crate::store::error::StoreError;

/// How much of a budget is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Less is of no use.
    pub least: u64,
    /// As much as is taken at once where there is plenty, so that not each piece is a write.
    pub block: u64,
    /// All that there is.
    pub limit: u64,
}

impl StateDb {
    /// The label of a session, as text; none if nothing is stored for it.
    pub fn label(&self, id: &str, principal: &str) -> Result<Option<String>, StoreError> {
        self.read("read the session", |conn| label(conn, id, principal))
    }

    /// Replaces the label of a session by what `raise` makes of it, and gives that back; none if it
    /// made nothing, and then nothing is changed.
    pub fn raise_label(
        &self,
        id: &str,
        principal: &str,
        raise: impl FnOnce(Option<String>) -> Option<String>,
    ) -> Result<Option<String>, StoreError> {
        self.write("write the session", |tx| {
            let Some(raised) = raise(label(tx, id, principal)?) else {
                return Ok(None);
            };
            tx.prepare_cached(
                "INSERT OR REPLACE INTO session (id, principal, label) VALUES (?1, ?2, ?3)",
            )?
            .execute((id, principal, &raised))?;
            Ok(Some(raised))
        })
    }

    /// Takes `least` of what a session may use up of `budget`, or `block` where there is plenty. Gives how
    /// much was taken; none, and nothing is, where there is less than `least` of `limit` left.
    pub fn take(
        &self,
        id: &str,
        principal: &str,
        budget: &str,
        wanted: Wanted,
    ) -> Result<Option<u64>, StoreError> {
        self.write("write what the session uses up", |tx| {
            let used: Option<i64> = tx
                .prepare_cached(
                    "SELECT used FROM spent WHERE id = ?1 AND principal = ?2 AND budget = ?3",
                )?
                .query_row((id, principal, budget), |row| row.get(0))
                .optional()?;
            // What is below zero was not written by us: nothing is left then.
            let used = u64::try_from(used.unwrap_or(0)).unwrap_or(u64::MAX);
            let left = wanted.limit.saturating_sub(used);
            let taken = match wanted {
                Wanted { block, .. } if left / 2 >= block => block.max(wanted.least),
                Wanted { least, .. } => least,
            };
            if taken > left {
                return Ok(None);
            }
            let used = i64::try_from(used.saturating_add(taken)).unwrap_or(i64::MAX);
            tx.prepare_cached(
                "INSERT OR REPLACE INTO spent (id, principal, budget, used) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((id, principal, budget, used))?;
            Ok(Some(taken))
        })
    }

    /// Gives back what was taken and not used.
    pub fn give_back(
        &self,
        id: &str,
        principal: &str,
        unused: &[(String, u64)],
    ) -> Result<(), StoreError> {
        self.write("write what the session uses up", |tx| {
            let mut back = tx.prepare_cached(
                "UPDATE spent SET used = max(0, used - ?4) \
                 WHERE id = ?1 AND principal = ?2 AND budget = ?3",
            )?;
            for (budget, amount) in unused {
                let amount = i64::try_from(*amount).unwrap_or(0);
                back.execute((id, principal, budget, amount))?;
            }
            Ok(())
        })
    }

    /// Takes a session away.
    pub fn end_session(&self, id: &str, principal: &str) -> Result<(), StoreError> {
        self.write("end the session", |tx| {
            for table in ["session", "spent"] {
                let sql = format!("DELETE FROM {table} WHERE id = ?1 AND principal = ?2");
                tx.execute(&sql, (id, principal))?;
            }
            Ok(())
        })
    }
}

fn label(conn: &Connection, id: &str, principal: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT label FROM session WHERE id = ?1 AND principal = ?2")?
        .query_row((id, principal), |row| row.get(0))
        .optional()
}
