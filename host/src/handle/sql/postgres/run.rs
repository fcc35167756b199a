//! Running a statement that was judged.

use std::pin::Pin;

use futures_core::Stream as _;
use tokio_postgres::{RowStream, Statement};

use super::look;
use super::session::{Session, beginning};
use super::statement::read;
use super::value::{Cell, Param, is_known};
use crate::gate::pass::Pass;
use crate::handle::sql::backend::{Connection as _, Sink};
use crate::handle::sql::failure::Failure;
use crate::handle::sql::value::{Batch, Done, Value};

/// How many bytes of rows are handed over at once; one row may be larger.
const BATCH_BYTES: usize = 64 * 1024;

/// How many rows are handed over at once.
const BATCH_ROWS: usize = 512;

impl Session {
    pub(super) fn run_judged(
        &mut self,
        passes: &[Pass],
        within: bool,
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        if within {
            self.really_begin()?;
            self.own("SAVEPOINT part")?;
        } else {
            self.link()?;
            let writes = passes.iter().any(|pass| pass.access().verbs.has_effect());
            self.own(beginning(writes))?;
        }
        self.note(passes);
        let done = self.step(passes, sql, params, sink);
        let done = done.and_then(|done| sink.finish(&done).map(|()| done));
        if self.loose.get() {
            // Without the connection there is nothing left of it.
            self.give_up();
            return done;
        }
        match (within, &done) {
            (false, Ok(_)) => self.own("COMMIT").map_err(|failure| match failure {
                // It may have got there, which is the same where nothing was changed.
                Failure::Unavailable
                    if passes.iter().any(|pass| pass.access().verbs.has_effect()) =>
                {
                    Failure::Lost
                }
                failure => failure,
            })?,
            (false, Err(_)) => {
                if self.own("ROLLBACK").is_err() {
                    self.give_up();
                }
            }
            (true, Ok(_)) => self.end_part("RELEASE part")?,
            (true, Err(_)) => self.end_part("ROLLBACK TO part; RELEASE part")?,
        }
        done
    }

    fn end_part(&mut self, sql: &str) -> Result<(), Failure> {
        self.own(sql).inspect_err(|_| self.roll_back())
    }

    fn step(
        &mut self,
        passes: &[Pass],
        sql: &str,
        params: &[Value],
        sink: &mut dyn Sink,
    ) -> Result<Done, Failure> {
        let schema = self.server.place.schema.clone();
        let sketched = read(sql, &schema, None).map_err(|_| Failure::Changed)?;
        let client = &self.open()?.client;
        // From here to the end of the transaction the server keeps others from changing the tables that
        // the statement names; what it was judged for may be older.
        let statement = self.wait(client.prepare(&sketched.text))?;
        let names = Some(sketched.named.as_slice());
        let catalog = self.wait(look::catalog(client, &schema, names))?;
        let again = read(sql, &schema, catalog.as_ref()).map_err(|_| Failure::Changed)?;
        let same = catalog.is_some() && again.text == sketched.text;
        if !same || !again.wants.are_covered(passes) {
            return Err(Failure::Changed);
        }
        check(&statement, params)?;
        let params: Vec<Param<'_>> = params.iter().map(Param).collect();
        let stream = self.wait(client.query_raw(&statement, params))?;
        let names = statement.columns().iter();
        sink.take(Batch {
            columns: names.map(|column| column.name().to_owned()).collect(),
            ..Batch::default()
        })
        .inspect_err(|_| self.loose.set(true))?;
        let mut stream = Box::pin(stream);
        loop {
            let (batch, over) = self.wait(next(stream.as_mut()))?;
            let batch = batch.inspect_err(|_| self.loose.set(true))?;
            if batch.rows > 0 {
                sink.take(batch).inspect_err(|_| self.loose.set(!over))?;
            }
            if over {
                break;
            }
        }
        let writes = passes.iter().any(|pass| pass.access().verbs.has_effect());
        let counted = stream.rows_affected().unwrap_or(0);
        Ok(Done {
            changed: if writes { counted } else { 0 },
            // There is no such number here: `RETURNING` gives it.
            last_row: 0,
        })
    }
}

/// Some of the rows, and whether there are no more.
async fn next(
    mut stream: Pin<&mut RowStream>,
) -> Result<(Result<Batch, Failure>, bool), tokio_postgres::Error> {
    let mut batch = Batch::default();
    while batch.bytes < BATCH_BYTES && batch.rows < BATCH_ROWS {
        let row = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await;
        let Some(row) = row else {
            return Ok((Ok(batch), true));
        };
        let row = row?;
        for at in 0..row.len() {
            match row.try_get(at) {
                Ok(Cell(value)) => batch.push(value),
                Err(_) => return Ok((Err(Failure::Unavailable), true)),
            }
        }
        batch.rows = batch.rows.saturating_add(1);
    }
    Ok((Ok(batch), false))
}

/// Whether the values fit in number, and all that comes out can be read.
fn check(statement: &Statement, params: &[Value]) -> Result<(), Failure> {
    if statement.params().len() != params.len() {
        return Err(Failure::Invalid(format!(
            "the statement has {} parameters, and {} values were given",
            statement.params().len(),
            params.len()
        )));
    }
    for (at, kind) in statement.params().iter().enumerate() {
        if !is_known(kind) {
            let at = at.saturating_add(1);
            return Err(Failure::Invalid(format!(
                "the parameter `${at}` has the type `{kind}`: cast it to a plainer one, as in \
                 `${at}::text`"
            )));
        }
    }
    for column in statement.columns() {
        if !is_known(column.type_()) {
            return Err(Failure::Invalid(format!(
                "the column `{}` has the type `{}`: cast it to text",
                column.name(),
                column.type_()
            )));
        }
    }
    Ok(())
}
