//! Reading stored records again, and comparing their texts with the commitments to them.

use super::leaf::{Body, BodyLabel, Private, Secret, commitment};
use super::record::{RECORD_VERSION, Record};
use crate::base::digest::{Digest, from_hex};
use crate::base::id::Identity;
use crate::base::label::Label;
use crate::base::principal::Principal;
use crate::rules::verdict::Reason;

/// What stands in place of a text that was erased.
pub const ERASED: &str = "(erased)";
/// A stored record, read again.
#[derive(Debug)]
pub struct Opened {
    /// The record, its texts restored as far as they are there.
    pub record: Record,
    /// The number that the body itself states.
    pub seq: u64,
    /// What is wrong with the texts, in words; each names its field.
    pub faults: Vec<String>,
    /// How many texts were erased.
    pub erased: usize,
}

/// Reads a stored record and compares every text with its commitment.
///
/// # Errors
/// Why the body or the texts cannot be read at all.
pub fn open(body: &str, private: &str) -> Result<Opened, String> {
    let unreadable = |what| move |error| format!("{what} can't be read: {error}");
    let body: Body = serde_json::from_str(body).map_err(unreadable("the body"))?;
    let texts: Private = serde_json::from_str(private).map_err(unreadable("the private part"))?;
    let mut check = Check::default();
    // A newer program may have written more than this one knows.
    if body.v <= RECORD_VERSION && serde_json::to_string(&texts).ok().as_deref() != Some(private) {
        check.fault("the private part is not as it was written");
    }
    if texts.reasons.len() != body.reasons.len() {
        check.fault("the private part has another number of reasons than the body");
    }
    let object = check.text("object", body.object, texts.object);
    let principal = check.text("principal", body.principal, texts.principal);
    let principal = check.principal(principal)?;
    let mut secrets = texts.reasons.into_iter();
    let mut reasons = Vec::with_capacity(body.reasons.len());
    for (index, reason) in body.reasons.into_iter().enumerate() {
        let (text, remedy) = secrets.next().map_or((None, None), |s| (s.text, s.remedy));
        reasons.push(Reason {
            verdict: reason.verdict,
            code: reason.code,
            text: check.text(&format!("reasons[{index}].text"), reason.text, text),
            remedy: match (reason.remedy, remedy) {
                (Some(commitment), remedy) => {
                    Some(check.text(&format!("reasons[{index}].remedy"), commitment, remedy))
                }
                (None, Some(_)) => {
                    check.fault("the private part has a remedy that the body does not");
                    None
                }
                (None, None) => None,
            },
        });
    }
    let record = Record {
        kind: body.kind,
        time: body.time,
        principal,
        session: body.session,
        call: body.call,
        step: body.step,
        runtime_call: body.runtime_call,
        trace_parent: body.trace_parent,
        plugin: body.plugin,
        plugin_digest: body.plugin_digest,
        tool: body.tool,
        handle: body.handle,
        need: body.need,
        verbs: body.verbs,
        object,
        arguments: body.arguments,
        verdict: body.verdict,
        reasons,
        approval: body.approval,
        rules: body.rules,
        label_before: label(body.label_before),
        label_after: body.label_after.map(label),
        outcome: body.outcome,
    };
    Ok(Opened {
        record,
        seq: body.seq,
        faults: check.faults,
        erased: check.erased,
    })
}

#[derive(Default)]
struct Check {
    faults: Vec<String>,
    erased: usize,
}

impl Check {
    fn fault(&mut self, what: &str) {
        self.faults.push(what.to_owned());
    }

    /// The text that opens `commitment`, whether it does or not.
    fn text(&mut self, field: &str, wanted: Digest, secret: Option<Secret>) -> String {
        let Some(Secret { salt, text }) = secret else {
            self.erased += 1;
            return ERASED.to_owned();
        };
        if from_hex(&salt).is_none_or(|salt| commitment(&salt, &text) != wanted) {
            self.faults.push(format!(
                "the text of `{field}` is not the one that was recorded"
            ));
        }
        text
    }

    fn principal(&mut self, text: String) -> Result<Principal, String> {
        if text == ERASED {
            let erased = || Identity::new(ERASED).map_err(|error| error.to_string());
            return Ok(Principal::new(erased()?, erased()?));
        }
        serde_json::from_str(&text)
            .map_err(|error| format!("the text of `principal` can't be read: {error}"))
    }
}

fn label(body: BodyLabel) -> Label {
    Label {
        integrity: body.integrity,
        confidentiality: body.confidentiality,
    }
}

#[cfg(test)]
mod tests {
    use super::super::leaf::{Salts, write};
    use super::super::testing;
    use super::*;

    #[test]
    fn erasing_a_text_is_seen_and_is_no_fault() {
        let leaf = write(0, &testing::full(), &mut Salts::default()).unwrap();
        let mut texts: serde_json::Value = serde_json::from_str(&leaf.private).unwrap();
        texts["object"] = serde_json::Value::Null;
        texts["principal"] = serde_json::Value::Null;
        let opened = open(&leaf.body, &texts.to_string()).unwrap();
        assert_eq!(opened.faults, Vec::<String>::new());
        assert_eq!(opened.erased, 2);
        assert_eq!(opened.record.object, ERASED);
        assert_eq!(opened.record.principal.to_string(), "(erased)/(erased)");
    }
}
