//! Whether what a call has seen may go where the access would take it.

use super::Reasons;
use crate::base::label::{Integrity, Label};
use crate::rules::access::Access;
use crate::rules::config::Grant;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::{ReasonCode, Verdict};

/// Whatever changes the world, and every request, carries something of what the call has seen.
pub(super) fn judge_flow(access: &Access, grant: &Grant, seen: &Label, reasons: &mut Reasons) {
    let data = &grant.data;
    if !access.verbs.has_effect() && !data.source.is_outside() {
        return;
    }
    let missing: Vec<&str> = seen
        .confidentiality
        .difference(&data.accepts.confidentiality)
        .map(|tag| tag.as_str())
        .collect();
    if !missing.is_empty() {
        let missing = missing.join("`, `");
        // Of the outside of which the operator said nothing a person may say more.
        let undeclared = access.handle == Handle::Http && !data.says_accepts;
        let (verdict, remedy) = if undeclared && missing == "private" {
            let remedy = format!(
                "if it may always have that, write `label` and `accepts` into [data.{}] at {}",
                data.name, data.line
            );
            (Verdict::Ask, remedy)
        } else {
            let remedy = format!(
                "if it may have that, add `{missing}` to `label` and `accepts` of [data.{}] at {}",
                data.name, data.line
            );
            (Verdict::Deny, remedy)
        };
        let text = format!(
            "the call has seen what is `{missing}`, and [data.{}] at {} does not accept that",
            data.name, data.line
        );
        reasons.with_remedy(verdict, ReasonCode::Flow, text, remedy);
    }
    if seen.integrity != Integrity::Untrusted {
        return;
    }
    let destroying = Verbs::one(Verb::Delete).with(Verb::Ddl);
    if data.accepts.integrity == Integrity::Trusted && access.verbs.has_effect() {
        let text = format!(
            "the call has seen what is untrusted, and what is in [data.{}] at {} is trusted",
            data.name, data.line
        );
        reasons.add(Verdict::Ask, ReasonCode::Flow, text);
    } else if !access.verbs.intersection(destroying).is_empty() {
        let text = "the call has seen what is untrusted, and this cannot be taken back".to_owned();
        reasons.add(Verdict::Ask, ReasonCode::Flow, text);
    }
}
