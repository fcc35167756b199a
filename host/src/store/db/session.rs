//! The rows of sessions.

use rusqlite::{Connection, OptionalExtension as _};

use super::state::StateDb;
use crate::store::error::StoreError;

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

    /// Takes a session away.
    pub fn end_session(&self, id: &str, principal: &str) -> Result<(), StoreError> {
        self.write("end the session", |tx| {
            tx.execute(
                "DELETE FROM session WHERE id = ?1 AND principal = ?2",
                (id, principal),
            )
            .map(drop)
        })
    }
}

fn label(conn: &Connection, id: &str, principal: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT label FROM session WHERE id = ?1 AND principal = ?2")?
        .query_row((id, principal), |row| row.get(0))
        .optional()
}
