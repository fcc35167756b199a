//! What a call may do by the rules that it began under, and by those that hold now.

use super::Call;
use crate::base::id::Name;
use crate::rules::access::Access;
use crate::rules::scope::Scope;
use crate::rules::verb::Handle;
use crate::rules::verdict::{Judgement, Verdict};

impl Call {
    /// Judges `access` by the rules that the call began under, and by those that hold now.
    pub(super) fn decide(&self, access: &Access) -> Judgement {
        let seen = self.label();
        self.narrowed(access, self.scope.decide(access, &seen))
    }

    /// `judgement` with what is against `access` now that the rules are others or the call has seen more.
    /// An approval was given for what was known then, so that what it lifted stays lifted only as long as
    /// nothing stricter came.
    pub(super) fn again(
        &self,
        access: &Access,
        judgement: Judgement,
        before: Verdict,
    ) -> Judgement {
        let now = self.decide(access);
        if now.verdict() <= before && self.gate.narrowed.scope(&self.scope).is_none() {
            return judgement;
        }
        let against = now.reasons().iter();
        against
            .filter(|reason| reason.verdict != Verdict::Allow)
            .fold(judgement, |judgement, reason| judgement.and(reason.clone()))
    }

    /// `judgement` with what the rules that hold now have against `access`, if they are others.
    pub(super) fn narrowed(&self, access: &Access, judgement: Judgement) -> Judgement {
        let Some(now) = self.gate.narrowed.scope(&self.scope) else {
            return judgement;
        };
        let now = now.decide(access, &self.label());
        let against = now.reasons().iter();
        against
            .filter(|reason| reason.verdict != Verdict::Allow)
            .fold(judgement, |judgement, reason| judgement.and(reason.clone()))
    }

    /// Whether the call may see the name `path`, or the key, for `need` of `handle`, by the rules that it began under and by those
    /// that hold now.
    pub fn shows(&self, handle: Handle, need: &Name, path: &str, is_folder: bool) -> bool {
        let shows = |scope: &Scope| scope.shows(handle, need, path, is_folder);
        shows(&self.scope)
            && self
                .gate
                .narrowed
                .scope(&self.scope)
                .as_ref()
                .is_none_or(shows)
    }

    /// Whether everything at and below `path` is given for `need`, by both rules.
    pub fn gives_whole(&self, need: &Name, path: &str) -> bool {
        let gives = |scope: &Scope| scope.gives_whole(need, path);
        gives(&self.scope)
            && self
                .gate
                .narrowed
                .scope(&self.scope)
                .as_ref()
                .is_none_or(gives)
    }
}
