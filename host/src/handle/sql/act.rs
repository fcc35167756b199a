//! One statement: found out, judged, run, put on record.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::backend::{Connection, Planned, Sink, Stop};
use super::database::{Open, Slot, apart, status};
use super::failure::Failure;
use super::rows::{Rows, Wanted};
use super::value::{Batch, Done, Value};
use super::want::Wants;
use crate::gate::call::{Call, Span, Spend};
use crate::gate::pass::{Note, Pass};
use crate::rules::access::Access;
use crate::rules::verb::Verb;
use crate::rules::verdict::{ReasonCode, Verdict};
use crate::store::audit::record::Status;

/// How many rows one statement gives at most.
const MAX_ROWS: u64 = 1_000_000;

/// How many bytes of rows one statement gives at most, where they are read as they come.
const MAX_STREAMED: u64 = 256 * 1024 * 1024;

/// And where all are held until it is done.
const MAX_HELD: u64 = 16 * 1024 * 1024;

/// How many batches are read ahead.
const AHEAD: usize = 2;

/// A database that is taken out of its slot. It is put back on every way out.
pub(super) struct Lent {
    database: Option<Box<dyn Connection>>,
    slot: Slot,
}

impl Lent {
    pub(super) fn new(database: Box<dyn Connection>, slot: Slot) -> Self {
        Self {
            database: Some(database),
            slot,
        }
    }

    pub(super) fn get(&mut self) -> Result<&mut (dyn Connection + 'static), Failure> {
        self.database.as_deref_mut().ok_or(Failure::Unavailable)
    }

    fn stop(&self) -> Result<Stop, Failure> {
        let database = self.database.as_deref();
        Ok(database.ok_or(Failure::Unavailable)?.stop())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        match self.database.take() {
            Some(database) => self.slot.put(database),
            None => self.slot.close(),
        }
    }
}

/// While this is there somebody waits for what runs. It is stopped when it goes.
pub(super) struct Waiting(Option<Stop>);

impl Waiting {
    pub(super) fn for_what_runs_on(lent: &Lent) -> Result<Self, Failure> {
        Ok(Self(Some(lent.stop()?)))
    }

    /// What ran is over.
    pub(super) fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(stop) = &self.0 {
            stop.stop();
        }
    }
}

/// A statement that was judged.
pub(super) struct Judged {
    pub lent: Lent,
    pub passes: Vec<Pass>,
    pub sql: String,
}

/// Finds out what a statement wants, and asks the gate for all of it. Nothing of it has run then.
pub(super) async fn judge(
    open: &Open,
    database: Box<dyn Connection>,
    sql: String,
) -> Result<Judged, Failure> {
    let mut lent = Lent::new(database, open.slot.clone());
    if let Some(planned) = lent.get()?.sketch(&sql) {
        let surely = wants(open, &sql, planned)?;
        // Denied by the tables alone: then the database is not even reached for.
        for access in surely.accesses(&open.given.need, &open.given.data) {
            if open
                .call
                .scope()
                .decide(&access, &open.call.label())
                .verdict()
                == Verdict::Deny
            {
                // This goes on record.
                passes(&open.call, vec![access]).await?;
                return Err(Failure::Refused);
            }
        }
    }
    let waiting = Waiting::for_what_runs_on(&lent)?;
    let planned = apart(move || {
        let planned = lent.get().map(|database| database.plan(&sql));
        (lent, sql, planned)
    });
    let (lent, sql, planned) = planned.await.ok_or(Failure::Unavailable)?;
    waiting.over();
    let wants = wants(open, &sql, planned?)?;
    let accesses = wants.accesses(&open.given.need, &open.given.data);
    let passes = passes(&open.call, accesses).await?;
    Ok(Judged { lent, passes, sql })
}

/// What a statement wants; what cannot be told is refused.
fn wants(open: &Open, sql: &str, planned: Planned) -> Result<Wants, Failure> {
    let refuse = |text: &str| {
        let access = open.unknown(sql);
        let refused = open
            .call
            .refuse_always(&access, ReasonCode::Unreachable, text);
        Failure::from(refused)
    };
    match planned {
        Planned::Wants(wants) => Ok(wants),
        Planned::Unknown(why) => Err(refuse(&format!("the statement is not judged: {why}"))),
        Planned::Unreached(why) => {
            refuse(&format!("the database cannot be reached: {why}"));
            Err(Failure::Unavailable)
        }
        Planned::Invalid { failure, named } => Err(tell(open, failure, &named)),
    }
}

/// What a database says of a statement that it does not take may tell what tables and columns there are. Who
/// may not select from them learns only that it was refused.
fn tell(open: &Open, failure: Failure, named: &[String]) -> Failure {
    for table in named {
        let access = open.selecting(table, Vec::new());
        if open.call.judge_silently(&access).is_err() {
            return Failure::Refused;
        }
    }
    let hides = named.iter().any(|table| !open.has_all_columns(table));
    match failure {
        Failure::Invalid(_) if hides => {
            Failure::Invalid("the database does not take the statement".to_owned())
        }
        failure => failure,
    }
}

/// Asks the gate for all accesses. What is denied comes first, so that nothing is asked or announced in
/// vain; then what raises the label, so that people are asked about what the call knows by then.
async fn passes(call: &Arc<Call>, mut accesses: Vec<Access>) -> Result<Vec<Pass>, Failure> {
    let label = call.label();
    let verdict = |access: &Access| call.scope().decide(access, &label).verdict();
    accesses.sort_by_key(
        |access| match (verdict(access), access.verbs.contains(Verb::Select)) {
            (Verdict::Deny, _) => 0,
            (Verdict::Allow, true) => 1,
            (Verdict::Allow, false) => 2,
            (Verdict::Ask, true) => 3,
            (Verdict::Ask, false) => 4,
        },
    );
    let mut passes = Vec::with_capacity(accesses.len());
    for access in accesses {
        match call.judge(access, Span::Moment).await {
            Ok(pass) => passes.push(pass),
            Err(refused) => {
                settle::<()>(&passes, &Err(Failure::Refused));
                return Err(refused.into());
            }
        }
    }
    // A person may have taken a while, and what was seen for one table may be too much for another.
    for pass in &passes {
        if pass.recheck().is_err() {
            settle::<()>(&passes, &Err(Failure::Refused));
            return Err(Failure::Refused);
        }
    }
    Ok(passes)
}

/// Runs a statement and gives its rows: as they come where it only reads, else when all is done.
pub(super) async fn query(
    open: &Open,
    database: Box<dyn Connection>,
    sql: String,
    params: Vec<Value>,
) -> Result<Rows, Failure> {
    let judged = judge(open, database, sql).await?;
    if judged.has_effect() {
        let (batches, _) = run(judged, false, params, true).await?;
        return Ok(Rows::held(batches.0));
    }
    let Judged {
        mut lent,
        passes,
        sql,
    } = judged;
    let waiting = Waiting::for_what_runs_on(&lent)?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let wanted = Wanted::default();
    let more_wanted = wanted.clone();
    // The task is the host's, whatever becomes of the guest.
    let task = tokio::task::spawn_blocking(move || {
        let mut sink = Metered::new(&passes, MAX_STREAMED, |batch| {
            let sent = sender.blocking_send(Ok(batch));
            sent.map_err(|_| Failure::Stopped)
        });
        let done = spend(&passes, &sql, &params)
            .and_then(|()| lent.get())
            .and_then(|database| database.run(&passes, false, &sql, &params, &mut sink));
        // Whoever has read enough has had all that was wanted.
        let closed = sender.is_closed() && !more_wanted.is_set();
        let enough = closed && matches!(done, Err(Failure::Stopped));
        if enough && passes.iter().all(|pass| pass.recheck().is_ok()) {
            settle(&passes, &Ok(()));
        } else {
            settle(&passes, &done);
        }
        drop(lent);
        if let Err(failure) = done {
            // Nobody may be there any more.
            drop(sender.blocking_send(Err(failure)));
        }
    });
    Rows::streamed(receiver, waiting, wanted, task).await
}

/// Runs a statement and gives what it did.
pub(super) async fn execute(
    open: &Open,
    database: Box<dyn Connection>,
    sql: String,
    params: Vec<Value>,
) -> Result<Done, Failure> {
    let judged = judge(open, database, sql).await?;
    let (ran, _) = run(judged, false, params, false).await?;
    Ok(ran.1)
}

/// What a statement gave, and did.
pub(super) type Ran = (Vec<Batch>, Done);

/// Runs a statement to its end, in a task of the host's own. `within` a transaction the passes come back
/// where they are for what lasts only if that does.
pub(super) async fn run(
    judged: Judged,
    within: bool,
    params: Vec<Value>,
    keep: bool,
) -> Result<(Ran, Vec<Pass>), Failure> {
    let Judged {
        mut lent,
        passes,
        sql,
    } = judged;
    let waiting = Waiting::for_what_runs_on(&lent)?;
    let ran = apart(move || {
        let mut batches = Vec::new();
        let done = {
            let mut sink = Metered::new(&passes, MAX_HELD, |batch| {
                if keep {
                    batches.push(batch);
                }
                Ok(())
            });
            spend(&passes, &sql, &params)
                .and_then(|()| lent.get())
                .and_then(|database| database.run(&passes, within, &sql, &params, &mut sink))
        };
        let (held, over): (Vec<_>, Vec<_>) = passes
            .into_iter()
            .partition(|pass| within && done.is_ok() && pass.access().verbs.has_effect());
        settle(&over, &done);
        // What does not last is on record as such, should the guest be gone.
        for pass in &held {
            pass.settle(Status::Failed, Some("rolled-back"));
        }
        drop(lent);
        done.map(|done| ((batches, done), held))
    });
    let ran = ran.await.unwrap_or(Err(Failure::Unavailable));
    waiting.over();
    ran
}

impl Judged {
    pub(super) fn has_effect(&self) -> bool {
        let mut passes = self.passes.iter();
        passes.any(|pass| pass.access().verbs.has_effect())
    }
}

/// Counts what the guest gives.
fn spend(passes: &[Pass], sql: &str, params: &[Value]) -> Result<(), Failure> {
    let given = params.iter().map(Value::bytes).sum::<usize>();
    let bytes = given.saturating_add(sql.len()) as u64;
    if let Some(pass) = passes.first() {
        pass.spend(Spend::BytesOut(bytes))?;
        pass.count_written(bytes);
    }
    Ok(())
}

/// Puts on record how it went.
pub(super) fn settle<T>(passes: &[Pass], done: &Result<T, Failure>) {
    for pass in passes {
        match done {
            Ok(_) => pass.settle(Status::Done, None),
            Err(failure) => pass.settle(status(failure), Some(failure.word())),
        }
    }
}

/// Counts what a statement gives, and stops it where that is too much or no longer allowed.
struct Metered<'a, F> {
    passes: &'a [Pass],
    most: u64,
    bytes: u64,
    rows: u64,
    take: F,
}

impl<'a, F> Metered<'a, F> {
    fn new(passes: &'a [Pass], most: u64, take: F) -> Self {
        Self {
            passes,
            most,
            bytes: 0,
            rows: 0,
            take,
        }
    }

    /// All tables of a statement have its rows; the budget has them once.
    fn count(&mut self, rows: u64, bytes: u64) -> Result<(), Failure> {
        for pass in self.passes {
            pass.recheck()?;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.rows = self.rows.saturating_add(rows);
        if self.bytes > self.most || self.rows > MAX_ROWS {
            return Err(Failure::TooLarge);
        }
        if let Some(pass) = self.passes.first() {
            pass.spend(Spend::Rows(rows))?;
            pass.spend(Spend::BytesIn(bytes))?;
            pass.count_read(bytes);
        }
        for pass in self.passes {
            pass.note(Note::Rows(rows));
        }
        Ok(())
    }
}

impl<F: FnMut(Batch) -> Result<(), Failure>> Sink for Metered<'_, F> {
    fn take(&mut self, batch: Batch) -> Result<(), Failure> {
        self.count(batch.rows as u64, batch.bytes as u64)?;
        (self.take)(batch)
    }

    fn finish(&mut self, done: &Done) -> Result<(), Failure> {
        self.count(done.changed, 0)
    }
}
