//! Statements that last together or not at all.

use super::act::{self, Lent, Waiting};
use super::backend::Connection;
use super::database::{Open, Slot, Taken, apart};
use super::failure::Failure;
use super::rows::Rows;
use super::value::{Done, Value};
use crate::gate::pass::Pass;
use crate::store::audit::record::Status;

/// Statements that last together or not at all. What was done is undone when this goes away without
/// [`Self::commit`], as it does when the call ends.
pub struct Transaction {
    open: Open,
    /// Where the database goes when this is over.
    home: Slot,
    /// For what was done and does not last yet.
    passes: Vec<Pass>,
    over: bool,
}

impl Transaction {
    pub(super) fn new(open: Open, home: Slot, database: Box<dyn Connection>) -> Self {
        open.slot.put(database);
        Self {
            open,
            home,
            passes: Vec::new(),
            over: false,
        }
    }

    /// Runs a statement; its rows are all there when it is done.
    ///
    /// # Errors
    /// [`Failure`] where it is refused or does not work. What was done before stays.
    pub async fn query(&mut self, sql: String, params: Vec<Value>) -> Result<Rows, Failure> {
        let (batches, _) = self.run(sql, params, true).await?;
        Ok(Rows::held(batches))
    }

    /// Runs a statement whose rows, if it has any, nobody wants.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn execute(&mut self, sql: String, params: Vec<Value>) -> Result<Done, Failure> {
        let (_, done) = self.run(sql, params, false).await?;
        Ok(done)
    }

    async fn run(
        &mut self,
        sql: String,
        params: Vec<Value>,
        keep: bool,
    ) -> Result<act::Ran, Failure> {
        let judged = act::judge(&self.open, self.take()?, sql).await?;
        let (ran, passes) = act::run(judged, true, params, keep).await?;
        self.passes.extend(passes);
        Ok(ran)
    }

    /// Makes all of it last. It is judged once more: what was seen since may forbid it.
    ///
    /// # Errors
    /// [`Failure`] where it does not last; then nothing was done.
    pub async fn commit(mut self) -> Result<(), Failure> {
        let database = self.take()?;
        let passes = std::mem::take(&mut self.passes);
        self.over = true;
        let mut lent = Lent::new(database, self.home.clone());
        let waiting = Waiting::for_what_runs_on(&lent)?;
        let done = apart(move || {
            let done = lent.get().and_then(|database| {
                if !database.in_transaction() {
                    return Err(Failure::RolledBack);
                }
                if passes.iter().any(|pass| pass.recheck().is_err()) {
                    database.roll_back();
                    return Err(Failure::Refused);
                }
                database.commit()
            });
            act::settle(&passes, &done);
            drop(lent);
            done
        });
        let done = done.await.unwrap_or(Err(Failure::Unavailable));
        waiting.over();
        done
    }

    fn take(&self) -> Result<Box<dyn Connection>, Failure> {
        match self.open.slot.take()? {
            Taken::Database(database) => Ok(database),
            Taken::Closed => {
                self.open.slot.close();
                Err(Failure::RolledBack)
            }
        }
    }
}

impl Transaction {
    /// Undoes all of it.
    pub async fn roll_back(mut self) {
        if let Some(undo) = self.undoing() {
            let _ = apart(undo).await;
        }
    }

    /// What undoes all of it; none where it is over.
    fn undoing(&mut self) -> Option<impl FnOnce() + Send + 'static> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        let passes = std::mem::take(&mut self.passes);
        let home = self.home.clone();
        let database = match self.open.slot.take() {
            Ok(Taken::Database(database)) => Some(database),
            // Something still runs on it, and is stopped: the file is closed then.
            _ => None,
        };
        Some(move || {
            match database {
                Some(mut database) => {
                    database.roll_back();
                    home.put(database);
                }
                None => home.close(),
            }
            for pass in &passes {
                pass.settle(Status::Failed, Some("rolled-back"));
            }
        })
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(undo) = self.undoing() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(undo)),
            Err(_) => undo(),
        }
    }
}
