//! What one call has used up of each grant, against the grant's `per_call`.

use std::collections::BTreeMap;

use super::Call;
use super::refusing::always;
use crate::base::id::Name;
use crate::gate::refusal::Refused;
use crate::rules::access::Access;
use crate::rules::config::Budget;
use crate::rules::verb::Handle;
use crate::rules::verdict::{Judgement, ReasonCode};

/// What was used up, by handle and need.
#[derive(Default)]
pub(super) struct Spent(BTreeMap<(Handle, Name), Used>);

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

impl Used {
    /// Adds to what was used; the word for what is used up by it, if anything is.
    fn add(&mut self, spend: Spend, budget: Budget) -> Option<&'static str> {
        let (used, more, limit, word) = match spend {
            Spend::Requests(n) => (&mut self.requests, n, budget.requests, "requests"),
            Spend::BytesOut(n) => (&mut self.bytes_out, n, budget.bytes_out, "bytes_out"),
            Spend::BytesIn(n) => (&mut self.bytes_in, n, budget.bytes_in, "bytes_in"),
            Spend::Rows(n) => (&mut self.rows, n, budget.rows, "rows"),
        };
        *used = used.saturating_add(more);
        limit.is_some_and(|limit| *used > limit).then_some(word)
    }
}

impl Call {
    /// Counts one access against its grant's budget.
    pub(super) fn afford(&self, access: &Access) -> Result<(), Refused> {
        self.spend(access, Spend::Requests(1))
    }

    /// Counts what an access uses up.
    pub(in crate::gate) fn spend(&self, access: &Access, spend: Spend) -> Result<(), Refused> {
        let Some(budget) = self.scope.budget(access.handle, &access.need) else {
            return Ok(());
        };
        let word = {
            let mut state = self.state();
            let key = (access.handle, access.need.clone());
            state.spent.0.entry(key).or_default().add(spend, budget)
        };
        let Some(word) = word else { return Ok(()) };
        let text = format!("the call has used up the `{word}` of its grant");
        let judgement = Judgement::new(vec![always(ReasonCode::Limit, &text)]);
        Err(self.refuse(access, &judgement))
    }
}
