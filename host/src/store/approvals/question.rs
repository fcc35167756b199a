//! What a person is asked, and the digest that an answer is bound to.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::{ApprovalId, CallId, Name, SessionId, ToolName};
use crate::base::label::Label;
use crate::base::principal::Principal;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verbs};
use crate::rules::verdict::Reason;
use crate::store::audit::leaf::{json, principal_text};
use crate::store::error::StoreError;

/// Keeps a bound digest apart from every other digest.
const DOMAIN: &[u8] = b"toolkeep approval v1";

/// What a person is asked: the resolved access, who wants it and why it needs asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The approval that an answer makes.
    pub approval: ApprovalId,
    /// What an answer is bound to: the digest of principal, plugin, tool, arguments, access, label and
    /// rules, see [`Question::bound`].
    pub digest: Digest,
    /// On whose behalf.
    pub principal: Principal,
    /// In which conversation.
    pub session: SessionId,
    /// In which run of a tool.
    pub call: CallId,
    /// The plugin.
    pub plugin: Name,
    /// The digest of its component file.
    pub plugin_digest: Digest,
    /// The tool.
    pub tool: ToolName,
    /// The digest of the call's arguments.
    pub arguments: Digest,
    /// What it wants to do, to which real object.
    pub access: Access,
    /// Why it may not do so unasked.
    pub reasons: Vec<Reason>,
    /// The label of all that the call has seen so far.
    pub label: Label,
    /// The digest of the rules that ask.
    pub rules: Digest,
    /// Whether it must not be asked by way of the connected client.
    pub console_only: bool,
    /// The effects that the call has had already, one line each, the oldest first.
    pub done: Vec<String>,
    /// When an answer comes too late.
    pub expires: Timestamp,
}

/// The bound part. Its fields stand in the order of their names, so that plain serialisation is the
/// canonical form (RFC 8785). A test compares it with a canonicaliser.
#[derive(Serialize)]
struct Bound<'a> {
    arguments: Digest,
    folder: bool,
    handle: Handle,
    label: String,
    need: &'a Name,
    object: &'a Object,
    plugin: &'a Name,
    plugin_digest: Digest,
    principal: String,
    rules: Digest,
    tool: &'a ToolName,
    verbs: Verbs,
}

impl Question {
    /// The digest that an answer to this question is bound to. Neither process nor call nor session are
    /// in it: the same deed wanted again, in the same circumstances, is what was approved.
    ///
    /// # Errors
    /// None that these types can have; kept, since a panic would be worse.
    pub fn bound(&self) -> Result<Digest, StoreError> {
        Ok(Digest::of_parts(&[DOMAIN, self.bound_text()?.as_bytes()]))
    }

    /// Whether its digest is its own: a stored question can have been changed.
    pub fn is_intact(&self) -> bool {
        self.bound().is_ok_and(|bound| bound == self.digest)
    }

    fn bound_text(&self) -> Result<String, StoreError> {
        json(&Bound {
            arguments: self.arguments,
            folder: self.access.is_folder,
            handle: self.access.handle,
            label: self.label.to_string(),
            need: &self.access.need,
            object: &self.access.object,
            plugin: &self.plugin,
            plugin_digest: self.plugin_digest,
            principal: principal_text(&self.principal)?,
            rules: self.rules,
            tool: &self.tool,
            verbs: self.access.verbs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::question;
    use super::*;
    use crate::base::id::Identity;
    use crate::rules::access::Content;
    use crate::rules::verb::Verb;

    #[test]
    fn the_bound_text_is_canonical() {
        let mut asked = question();
        let key = Object::Key("a\u{7f}\"".to_owned());
        let headers = [("accept", b"\"".as_slice())];
        let secrets = vec![Name::new("token").unwrap()];
        let content = Content::new(headers.into_iter(), b"\xff", secrets).unwrap();
        let request = Object::Request {
            content: Some(Box::new(content)),
            data: Name::new("web").unwrap(),
            method: "POST".to_owned(),
            url: "https://example.org/".to_owned(),
        };
        for object in [asked.access.object.clone(), key, request] {
            asked.access.object = object;
            let text = asked.bound_text().unwrap();
            assert_eq!(serde_json_canonicalizer::pipe(&text).unwrap(), text);
        }
    }

    type Change = fn(&mut Question);

    #[test]
    fn an_answer_is_bound_to_all_that_matters_and_to_nothing_else() {
        let asked = question();
        let changed = |change: Change| {
            let mut changed = asked.clone();
            change(&mut changed);
            let bound = changed.bound().unwrap();
            assert_eq!(changed.is_intact(), bound == asked.digest);
            bound != asked.digest
        };
        let matters: [Change; 13] = [
            |q| q.principal.user = Identity::new("eve").unwrap(),
            |q| q.principal.agent = Some(Identity::new("helper").unwrap()),
            |q| q.plugin = Name::new("other").unwrap(),
            |q| q.plugin_digest = Digest::of(b"other"),
            |q| q.tool = ToolName::new("other").unwrap(),
            |q| q.arguments = Digest::of(b"other"),
            |q| q.access.need = Name::new("other").unwrap(),
            |q| q.access.verbs = q.access.verbs.with(Verb::Modify),
            |q| q.access.handle = Handle::Config,
            |q| q.access.is_folder = true,
            |q| q.access.object = Object::Key("a.md".to_owned()),
            |q| q.label.confidentiality.clear(),
            |q| q.rules = Digest::of(b"other"),
        ];
        for (index, change) in matters.into_iter().enumerate() {
            assert!(changed(change), "{index}");
        }
        let rest: [Change; 5] = [
            |q| q.session = SessionId::new("other").unwrap(),
            |q| q.call = CallId::new(&"1".repeat(32)).unwrap(),
            |q| q.reasons.clear(),
            |q| q.done.push("fs delete notes:b.md".to_owned()),
            |q| q.expires = Timestamp::from_micros(0),
        ];
        for (index, change) in rest.into_iter().enumerate() {
            assert!(!changed(change), "{index}");
        }
    }

    #[test]
    fn objects_that_look_alike_are_not_the_same() {
        let bound = |path: &str| {
            let mut asked = question();
            let data = Name::new("notes").unwrap();
            let path = path.to_owned();
            asked.access.object = Object::Path { data, path };
            (asked.access.object.to_string(), asked.bound().unwrap())
        };
        let (newline, escaped) = (bound("a\nb"), bound("a\\nb"));
        assert_eq!(newline.0, escaped.0);
        assert_ne!(newline.1, escaped.1);
    }
}
