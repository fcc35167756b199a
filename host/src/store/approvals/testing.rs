//! Questions and people for the tests of approvals.

use std::time::Duration;

use ed25519_dalek::{SignatureError, Signer as _, SigningKey};
use signed_note::{Signer, key_id, new_ed25519_verifier_key};

use super::answer::ApproverKeys;
use super::question::Question;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::{ApprovalId, CallId, Identity, Name, SessionId, ToolName};
use crate::base::principal::Principal;
use crate::rules::access::{Access, Object};
use crate::rules::config::{ApprovalSettings, ApproverKey, local_label};
use crate::rules::problem::Line;
use crate::rules::verb::{Handle, Verb, Verbs};

/// How long answers live in tests.
pub const VALID: Duration = Duration::from_secs(900);

/// May `notes` delete a note?
pub fn question() -> Question {
    let identity = |text| Identity::new(text).unwrap();
    let name = |text| Name::new(text).unwrap();
    let digest = Digest::of(b"");
    let mut question = Question {
        approval: ApprovalId::new(&format!("apr_{}", "0".repeat(20))).unwrap(),
        digest,
        principal: Principal::new(identity("local"), identity("ada")),
        session: SessionId::new("s").unwrap(),
        call: CallId::new(&"0".repeat(32)).unwrap(),
        plugin: name("notes"),
        plugin_digest: Digest::of(b"plugin"),
        tool: ToolName::new("delete_note").unwrap(),
        arguments: Digest::of(b"{}"),
        access: Access {
            handle: Handle::Fs,
            need: name("notebook"),
            verbs: Verbs::one(Verb::Delete),
            object: Object::Path {
                data: name("notes"),
                path: "a.md".to_owned(),
            },
            is_folder: false,
        },
        reasons: Vec::new(),
        label: local_label(),
        rules: Digest::of(b"rules"),
        console_only: true,
        done: Vec::new(),
        expires: Timestamp::now().after(VALID),
    };
    question.digest = question.bound().unwrap();
    question
}

/// Somebody with a key.
pub struct Person {
    name: String,
    key: SigningKey,
}

impl Person {
    pub fn new(name: &str, seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let name = name.to_owned();
        Self { name, key }
    }

    pub fn key(&self) -> ApproverKey {
        ApproverKey {
            name: self.name.clone(),
            text: new_ed25519_verifier_key(&self.name, &self.key.verifying_key()),
            line: Line {
                file: "toolkeep.toml".into(),
                number: 1,
            },
        }
    }

    /// The keys of whoever trusts this person alone.
    pub fn keys(&self) -> ApproverKeys {
        ApproverKeys::new(&self.settings(), "")
    }

    /// The settings of whoever trusts this person alone.
    pub fn settings(&self) -> ApprovalSettings {
        let keys = vec![self.key()];
        ApprovalSettings {
            keys,
            ..ApprovalSettings::default()
        }
    }
}

impl Signer for Person {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        let public = self.key.verifying_key().to_bytes();
        key_id(&self.name, &[&[1], public.as_slice()].concat())
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.key.sign(text).to_vec())
    }
}
