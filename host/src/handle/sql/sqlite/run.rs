//! Running a statement that was judged.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

use super::plan::NoPlan;
use super::text::Text;
use super::{Database, Prepared};
use crate::gate::pass::Pass;
use crate::handle::sql::backend::Sink;
use crate::handle::sql::failure::Failure;
use crate::handle::sql::value::{Batch, Done, Value};

/// How many bytes of rows are handed over at once; one row may be larger.
const BATCH_BYTES: usize = 64 * 1024;

/// How many rows are handed over at once.
const BATCH_ROWS: usize = 512;

impl Database {
    /// Runs `sql`, which may do what `passes` are for: in the transaction that is open where it is
    /// `within` one, else in one of its own.
    ///
    /// # Errors
    /// [`Failure`] where it did not work, or `sink` says so. Then nothing was done.
    pub fn run(
        &self,
        passes: &[Pass],
        within: bool,
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        if within && !self.in_transaction() {
            return Err(Failure::RolledBack);
        }
        if within {
            self.begin_part()?;
        } else {
            let writes = passes.iter().any(|pass| pass.access().verbs.has_effect());
            self.begin(writes)?;
        }
        let done = self.timed(|| {
            let done = self.step(passes, sql, params, sink)?;
            sink.finish(&done)?;
            Ok(done)
        });
        match (within, done) {
            (false, Ok(done)) => self.commit().map(|()| done),
            (false, Err(failure)) => {
                self.roll_back();
                Err(failure)
            }
            (true, done) => {
                // Some errors end the whole transaction by themselves.
                if self.in_transaction() {
                    self.end_part(done.is_ok())
                        .inspect_err(|_| self.roll_back())?;
                }
                done
            }
        }
    }

    fn step(
        &self,
        passes: &[Pass],
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        let text = Text::of(sql).map_err(|_| Failure::Changed)?;
        // Inside the transaction nobody else changes the tables. What it was judged for may be older.
        let prepared = match self.prepare(sql, &text) {
            Ok(prepared) => prepared,
            Err(NoPlan::Unknown(_)) => return Err(Failure::Changed),
            Err(NoPlan::Failed(error)) => {
                return Err(match self.failure(&error) {
                    // It was taken before, so it is the tables that changed.
                    Failure::Invalid(_) => Failure::Changed,
                    failure => failure,
                });
            }
        };
        let Prepared {
            mut statement,
            wants,
            sight,
        } = prepared;
        if !wants.are_covered(passes) {
            return Err(Failure::Changed);
        }
        self.watch
            .bind(sight, || self.rows(&mut statement, params, sink))
    }

    fn rows(
        &self,
        statement: &mut Statement<'_>,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        let failed = |error: rusqlite::Error| self.failure(&error);
        if statement.parameter_count() != params.len() {
            return Err(Failure::Invalid(format!(
                "the statement has {} parameters, and {} values were given",
                statement.parameter_count(),
                params.len()
            )));
        }
        let names = statement.column_names();
        let columns: Vec<String> = names.map(str::to_owned).collect();
        let width = columns.len();
        sink.take(Batch {
            columns,
            ..Batch::default()
        })?;
        let before = self.connection.total_changes();
        let mut rows = statement
            .query(rusqlite::params_from_iter(params.iter().map(bound)))
            .map_err(failed)?;
        let mut batch = Batch::default();
        while let Some(row) = rows.next().map_err(failed)? {
            for at in 0..width {
                batch.push(value(row, at).map_err(failed)?);
            }
            batch.rows = batch.rows.saturating_add(1);
            if batch.bytes >= BATCH_BYTES || batch.rows >= BATCH_ROWS {
                sink.take(std::mem::take(&mut batch))?;
            }
        }
        if batch.rows > 0 {
            sink.take(batch)?;
        }
        drop(rows);
        let after = self.connection.total_changes();
        let changed = match after.saturating_sub(before) {
            0 => 0,
            // What triggers and foreign keys change on the way does not count here, as usual.
            _ => self.connection.changes(),
        };
        Ok(Done {
            changed,
            last_row: self.connection.last_insert_rowid(),
        })
    }
}

fn value(row: &Row<'_>, at: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // SQLite does not see to it that a text is one.
        ValueRef::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    })
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => ValueRef::Null,
        Value::Integer(number) => ValueRef::Integer(*number),
        Value::Real(number) => ValueRef::Real(*number),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Blob(bytes) => ValueRef::Blob(bytes),
    })
}
