//! What one call has used up of each grant, against the grant's `per_call` and `per_session`.

use std::collections::BTreeMap;

use super::Call;
use super::refusing::{always, state_failed};
use crate::base::id::Name;
use crate::gate::refusal::Refused;
use crate::rules::access::Access;
use crate::rules::config::Budget;
use crate::rules::verb::Handle;
use crate::rules::verdict::{Judgement, ReasonCode};
use crate::store::sessions::Wanted;

/// Of a session's budget a call takes one part of so many at a time, while there is plenty: not every
/// piece of a body is then a write to disk.
const PARTS: u64 = 64;

/// What was used up, by handle and need.
#[derive(Default)]
pub(super) struct Spent {
    used: BTreeMap<(Handle, Name), Used>,
    /// What was taken of the session's budgets, and not used yet.
    taken: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Default)]
struct Used {
    requests: u64,
    bytes_out: u64,
    bytes_in: u64,
    rows: u64,
}

/// Something that a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// Accesses.
    Requests(u64),
    /// Bytes that the guest gives.
    BytesOut(u64),
    /// Bytes that the guest gets.
    BytesIn(u64),
    /// Rows.
    Rows(u64),
}

impl Spend {
    fn amount(self) -> u64 {
        match self {
            Self::Requests(n) | Self::BytesOut(n) | Self::BytesIn(n) | Self::Rows(n) => n,
        }
    }

    /// How much there may be of it.
    fn limit(self, budget: Budget) -> Option<u64> {
        match self {
            Self::Requests(_) => budget.requests,
            Self::BytesOut(_) => budget.bytes_out,
            Self::BytesIn(_) => budget.bytes_in,
            Self::Rows(_) => budget.rows,
        }
    }

    /// Its key in the operator's file.
    fn word(self) -> &'static str {
        match self {
            Self::Requests(_) => "requests",
            Self::BytesOut(_) => "bytes_out",
            Self::BytesIn(_) => "bytes_in",
            Self::Rows(_) => "rows",
        }
    }
}

impl Used {
    /// Adds to what was used; whether that is still within the limit.
    fn add(&mut self, spend: Spend, limit: u64) -> bool {
        let used = match spend {
            Spend::Requests(_) => &mut self.requests,
            Spend::BytesOut(_) => &mut self.bytes_out,
            Spend::BytesIn(_) => &mut self.bytes_in,
            Spend::Rows(_) => &mut self.rows,
        };
        *used = used.saturating_add(spend.amount());
        *used <= limit
    }
}

impl Call {
    /// Counts one access against its grant's budgets.
    pub(super) fn afford(&self, access: &Access) -> Result<(), Refused> {
        self.spend(access, Spend::Requests(1))
    }

    /// Counts what an access uses up.
    pub(in crate::gate) fn spend(&self, access: &Access, spend: Spend) -> Result<(), Refused> {
        let Some((per_call, per_session)) = self.scope.budgets(access.handle, &access.need) else {
            return Ok(());
        };
        let mut why = None;
        if let Some(limit) = spend.limit(per_call) {
            let key = (access.handle, access.need.clone());
            let mut state = self.state();
            let used = state.spent.used.entry(key).or_default();
            if !used.add(spend, limit) {
                why = Some("call");
            }
        }
        if let (None, Some(limit)) = (why, spend.limit(per_session)) {
            match self.spend_of_session(access, spend, limit) {
                Ok(true) => {}
                Ok(false) => why = Some("session"),
                Err(failed) => return Err(failed),
            }
        }
        let Some(who) = why else { return Ok(()) };
        let text = format!("the {who} has used up the `{}` of its grant", spend.word());
        let judgement = Judgement::new(vec![always(ReasonCode::Limit, &text)]);
        Err(self.refuse(access, &judgement))
    }

    /// Whether the session, in this process and in others, may still use that up.
    fn spend_of_session(&self, access: &Access, spend: Spend, limit: u64) -> Result<bool, Refused> {
        let budget = format!(
            "{} {} {} {}",
            self.scope.plugin(),
            access.handle,
            access.need,
            spend.word()
        );
        let within = {
            // Held over the write: another thread of the call must not take a block of its own meanwhile.
            let mut state = self.state();
            let taken = state.spent.taken.entry(budget.clone()).or_default();
            let missing = spend.amount().saturating_sub(*taken);
            let more = if missing == 0 {
                Ok(Some(0))
            } else {
                let wanted = Wanted {
                    least: missing,
                    block: limit / PARTS,
                    limit,
                };
                self.session.take(&budget, wanted)
            };
            more.map(|more| match more {
                Some(more) => {
                    *taken = taken.saturating_add(more).saturating_sub(spend.amount());
                    true
                }
                None => false,
            })
        };
        // What is not known to be left is not given.
        within.map_err(|_| self.refuse(access, &state_failed()))
    }

    /// What was taken of the session's budgets and not used, once the call is over.
    pub(super) async fn give_back(&self) {
        let taken = std::mem::take(&mut self.state().spent.taken);
        let unused = taken.into_iter().filter(|(_, amount)| *amount > 0);
        self.session.give_back(unused.collect()).await;
    }
}
