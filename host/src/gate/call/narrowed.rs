//! What a call may do by the rules that it began under, and by those that hold now.

use super::Call;
use crate::base::id::Name;
use crate::rules::access::Access;
use crate::rules::scope::Scope;
use crate::rules::verdict::{Judgement, Verdict};

impl Call {
    /// Judges `access` by the rules that the call began under, and by those that hold now.
    pub(super) fn decide(&self, access: &Access) -> Judgement {
        self.narrowed(access, self.scope.decide(access))
    }

    /// `judgement` with what the rules that hold now have against `access`, if they are others.
    pub(super) fn narrowed(&self, access: &Access, judgement: Judgement) -> Judgement {
        let Some(now) = self.gate.narrowed.scope(&self.scope) else {
            return judgement;
        };
        let now = now.decide(access);
        let against = now.reasons().iter();
        against
            .filter(|reason| reason.verdict != Verdict::Allow)
            .fold(judgement, |judgement, reason| judgement.and(reason.clone()))
    }

    /// Whether the call may see the name `path` for `need`, by the rules that it began under and by those
    /// that hold now.
    pub fn shows(&self, need: &Name, path: &str, is_folder: bool) -> bool {
        let shows = |scope: &Scope| scope.shows(need, path, is_folder);
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
