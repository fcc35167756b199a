//! The form in which a record is stored: the body that enters the tree, and beside it the texts
//! that the body only commits to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::{Kind, Outcome, RECORD_VERSION, Record};
use super::tree::leaf_hash;
use crate::base::clock::Timestamp;
use crate::base::digest::{Digest, hex};
use crate::base::id::{CallId, Identity, Name, SessionId};
use crate::base::label::{Integrity, Label};
use crate::base::principal::Principal;
use crate::rules::verb::{Handle, Verbs};
use crate::rules::verdict::{ReasonCode, Verdict};
use crate::store::error::StoreError;

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
pub(super) struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) approval: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<Digest>,
    pub(super) call: CallId,
    pub(super) handle: Handle,
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label_after: Option<BodyLabel>,
    pub(super) label_before: BodyLabel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) need: Option<Name>,
    pub(super) object: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
    pub(super) plugin: Name,
    pub(super) plugin_digest: Digest,
    pub(super) principal: Digest,
    pub(super) reasons: Vec<BodyReason>,
    pub(super) rules: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) runtime_call: Option<String>,
    pub(super) seq: u64,
    pub(super) session: SessionId,
    pub(super) step: u32,
    pub(super) time: Timestamp,
    pub(super) tool: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trace_parent: Option<String>,
    pub(super) v: u32,
    pub(super) verbs: Verbs,
    pub(super) verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BodyLabel {
    pub(super) confidentiality: BTreeSet<Name>,
    pub(super) integrity: Integrity,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BodyReason {
    pub(super) code: ReasonCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<Digest>,
    pub(super) text: Digest,
    pub(super) verdict: Verdict,
}

/// What stands beside the body. A text that was erased is `null`.
#[derive(Serialize, Deserialize)]
pub(super) struct Private {
    pub(super) object: Option<Secret>,
    pub(super) principal: Option<Secret>,
    pub(super) reasons: Vec<PrivateReason>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PrivateReason {
    pub(super) remedy: Option<Secret>,
    pub(super) text: Option<Secret>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) salt: String,
    pub(super) text: String,
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

pub(super) fn commitment(salt: &[u8; 16], text: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(text);
    Digest::from_bytes(hasher.finalize().into())
}

/// The stored form of `record` as number `seq` of the log.
pub fn write(seq: u64, record: &Record, salts: &mut Salts) -> Result<Leaf, StoreError> {
    let principal = principal_text(&record.principal)?;
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

/// A principal as canonical JSON.
pub(in crate::store) fn principal_text(principal: &Principal) -> Result<String, StoreError> {
    json(&CanonicalPrincipal {
        agent: &principal.agent,
        roles: &principal.roles,
        tenant: &principal.tenant,
        user: &principal.user,
    })
}

pub(in crate::store) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
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

fn within_bounds(outcome: Outcome) -> Outcome {
    Outcome {
        bytes_read: outcome.bytes_read.map(|bytes| bytes.min(LARGEST)),
        bytes_written: outcome.bytes_written.map(|bytes| bytes.min(LARGEST)),
        duration_us: outcome.duration_us.min(LARGEST),
        rows: outcome.rows.map(|rows| rows.min(LARGEST)),
        ..outcome
    }
}

#[cfg(test)]
mod tests {
    use super::super::opened::open;
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
        // With its quotes: the letters alone may stand in a digest too.
        for text in ["diary", "\\\"ada\\\"", "because", "allow = "] {
            assert!(!first.body.contains(text), "{text}");
            assert!(first.private.contains(text), "{text}");
        }
        assert_ne!(first.body, second.body);
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
