//! The form in which a record is stored: the body that enters the tree, and beside it the texts
//! that the body only commits to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::{Kind, Outcome, RECORD_VERSION, Record};
use super::tree::leaf_hash;
use crate::base::clock::Timestamp;
use crate::base::digest::{Digest, from_hex, hex};
use crate::base::id::{CallId, Identity, Name, SessionId};
use crate::base::label::{Integrity, Label};
use crate::base::principal::Principal;
use crate::rules::verb::{Handle, Verbs};
use crate::rules::verdict::{Reason, ReasonCode, Verdict};
use crate::store::error::StoreError;

/// What stands in place of a text that was erased.
pub const ERASED: &str = "(erased)";
/// The largest number that every reader of JSON agrees on (RFC 8785 writes numbers as doubles).
const LARGEST: u64 = (1 << 53) - 1;

/// A record ready to be stored.
#[derive(Debug)]
pub struct Leaf {
    /// Canonical JSON (RFC 8785): what the tree proves.
    pub body: String,
    /// Canonical JSON: the texts and salts of the body's commitments.
    pub private: String,
    /// The leaf's hash (RFC 6962).
    pub hash: Digest,
}

/// The body. Its fields, and those of everything in it, stand in the order of their names and hold
/// neither floats nor numbers above [`LARGEST`]: so plain serialisation is the canonical form, at a
/// tenth of what sorting costs. A test compares it with a canonicaliser.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arguments: Option<Digest>,
    call: CallId,
    handle: Handle,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_after: Option<BodyLabel>,
    label_before: BodyLabel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    need: Option<Name>,
    object: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    plugin: Name,
    plugin_digest: Digest,
    principal: Digest,
    reasons: Vec<BodyReason>,
    rules: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runtime_call: Option<String>,
    seq: u64,
    session: SessionId,
    step: u32,
    time: Timestamp,
    tool: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_parent: Option<String>,
    v: u32,
    verbs: Verbs,
    verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
struct BodyLabel {
    confidentiality: BTreeSet<Name>,
    integrity: Integrity,
}

#[derive(Serialize, Deserialize)]
struct BodyReason {
    code: ReasonCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remedy: Option<Digest>,
    text: Digest,
    verdict: Verdict,
}

/// What stands beside the body. A text that was erased is `null`.
#[derive(Serialize, Deserialize)]
struct Private {
    object: Option<Secret>,
    principal: Option<Secret>,
    reasons: Vec<PrivateReason>,
}

#[derive(Serialize, Deserialize)]
struct PrivateReason {
    remedy: Option<Secret>,
    text: Option<Secret>,
}

#[derive(Serialize, Deserialize)]
struct Secret {
    salt: String,
    text: String,
}

#[derive(Serialize)]
struct CanonicalPrincipal<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: &'a Option<Identity>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    roles: &'a BTreeSet<Identity>,
    tenant: &'a Identity,
    user: &'a Identity,
}

/// A supply of random salts: asked from the system by the page, since each record needs several.
#[derive(Debug, Default)]
pub struct Salts(Vec<[u8; 16]>);

impl Salts {
    fn take(&mut self) -> Result<[u8; 16], StoreError> {
        if let Some(salt) = self.0.pop() {
            return Ok(salt);
        }
        let mut page = [0u8; 4096];
        getrandom::fill(&mut page).map_err(StoreError::random)?;
        self.0.extend(page.as_chunks::<16>().0);
        self.0.pop().ok_or(StoreError::Closed)
    }

    /// The commitment to `text`, and what opens it.
    fn commit(&mut self, text: String) -> Result<(Digest, Secret), StoreError> {
        let salt = self.take()?;
        let commitment = commitment(&salt, &text);
        let salt = hex(&salt);
        Ok((commitment, Secret { salt, text }))
    }
}

fn commitment(salt: &[u8; 16], text: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(text);
    Digest::from_bytes(hasher.finalize().into())
}

/// The stored form of `record` as number `seq` of the log.
pub fn write(seq: u64, record: &Record, salts: &mut Salts) -> Result<Leaf, StoreError> {
    let principal = json(&CanonicalPrincipal {
        agent: &record.principal.agent,
        roles: &record.principal.roles,
        tenant: &record.principal.tenant,
        user: &record.principal.user,
    })?;
    let (object, secret_object) = salts.commit(record.object.clone())?;
    let (principal, secret_principal) = salts.commit(principal)?;
    let mut reasons = Vec::with_capacity(record.reasons.len());
    let mut secret_reasons = Vec::with_capacity(record.reasons.len());
    for reason in &record.reasons {
        let (text, secret_text) = salts.commit(reason.text.clone())?;
        let remedy = reason.remedy.clone().map(|text| salts.commit(text));
        let (remedy, secret_remedy) = remedy.transpose()?.unzip();
        reasons.push(BodyReason {
            code: reason.code,
            remedy,
            text,
            verdict: reason.verdict,
        });
        secret_reasons.push(PrivateReason {
            remedy: secret_remedy,
            text: Some(secret_text),
        });
    }
    let body = json(&Body {
        approval: record.approval.clone(),
        arguments: record.arguments,
        call: record.call.clone(),
        handle: record.handle,
        kind: record.kind,
        label_after: record.label_after.as_ref().map(body_label),
        label_before: body_label(&record.label_before),
        need: record.need.clone(),
        object,
        outcome: record.outcome.clone().map(within_bounds),
        plugin: record.plugin.clone(),
        plugin_digest: record.plugin_digest,
        principal,
        reasons,
        rules: record.rules,
        runtime_call: record.runtime_call.clone(),
        seq,
        session: record.session.clone(),
        step: record.step,
        time: Timestamp::from_micros(record.time.micros().min(LARGEST)),
        tool: record.tool.clone(),
        trace_parent: record.trace_parent.clone(),
        v: RECORD_VERSION,
        verbs: record.verbs,
        verdict: record.verdict,
    })?;
    let private = json(&Private {
        object: Some(secret_object),
        principal: Some(secret_principal),
        reasons: secret_reasons,
    })?;
    let hash = leaf_hash(body.as_bytes());
    Ok(Leaf {
        body,
        private,
        hash,
    })
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    // Cannot fail for these types; an error all the same is better than a panic.
    serde_json::to_string(value).map_err(|error| StoreError::Database {
        deed: "write a record",
        path: String::new(),
        why: error.to_string(),
    })
}

fn body_label(label: &Label) -> BodyLabel {
    BodyLabel {
        confidentiality: label.confidentiality.clone(),
        integrity: label.integrity,
    }
}

fn label(body: BodyLabel) -> Label {
    Label {
        integrity: body.integrity,
        confidentiality: body.confidentiality,
    }
}

fn within_bounds(outcome: Outcome) -> Outcome {
    Outcome {
        bytes_read: outcome.bytes_read.map(|bytes| bytes.min(LARGEST)),
        bytes_written: outcome.bytes_written.map(|bytes| bytes.min(LARGEST)),
        duration_us: outcome.duration_us.min(LARGEST),
        ..outcome
    }
}

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

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn the_stored_form_is_canonical_and_reads_back() {
        let mut salts = Salts::default();
        for (seq, record) in (0..).zip(testing::varied()) {
            let leaf = write(seq, &record, &mut salts).unwrap();
            for text in [&leaf.body, &leaf.private] {
                assert_eq!(&serde_json_canonicalizer::pipe(text).unwrap(), text);
            }
            let opened = open(&leaf.body, &leaf.private).unwrap();
            assert_eq!((opened.seq, opened.erased), (seq, 0));
            assert_eq!(opened.faults, Vec::<String>::new());
            assert_eq!(opened.record, record);
        }
    }

    #[test]
    fn no_text_of_a_person_is_in_the_body_and_equal_texts_do_not_look_equal() {
        let mut salts = Salts::default();
        let record = testing::full();
        let first = write(0, &record, &mut salts).unwrap();
        let second = write(0, &record, &mut salts).unwrap();
        for text in ["diary", "ada", "because", "allow = "] {
            assert!(!first.body.contains(text), "{text}");
            assert!(first.private.contains(text), "{text}");
        }
        assert_ne!(first.body, second.body);
    }

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

    #[test]
    fn numbers_that_json_readers_disagree_on_are_not_written() {
        let mut record = testing::full();
        record.time = Timestamp::from_micros(u64::MAX);
        record.outcome.as_mut().unwrap().bytes_read = Some(u64::MAX);
        let leaf = write(0, &record, &mut Salts::default()).unwrap();
        assert_eq!(
            serde_json_canonicalizer::pipe(&leaf.body).unwrap(),
            leaf.body
        );
        assert!(leaf.body.contains("\"time\":9007199254740991"));
    }
}
