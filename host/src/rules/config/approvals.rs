//! Who may answer when something has to be asked, and how: `[approvals]`.

use signed_note::{StandardVerifier, Verifier as _, VerifierError};

use super::super::read::{Reader, Table, Word};
use crate::base::text;
use crate::rules::problem::Line;
use crate::rules::verb::{Handle, Verbs};

/// `[approvals]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalSettings {
    /// The people whose signed answers count, by their verifier keys.
    pub keys: Vec<ApproverKey>,
    /// Whether a connected client may put questions to its user. One that says it can need not have a
    /// person behind it.
    pub elicitation: bool,
    /// Verbs that are not asked by way of a client, even so.
    pub console_only: Verbs,
    /// Minutes that a question waits for its answer, and an answer for its use.
    pub valid_minutes: u64,
}

/// The verifier key of somebody who may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproverKey {
    /// Whose it is.
    pub name: String,
    /// The whole verifier key, `NAME+HASH+BASE64`.
    pub text: String,
    /// Where it stands.
    pub line: Line,
}

impl ApproverKey {
    /// Whether the verifier key `text` is the same key, under whatever name.
    pub fn is_of(&self, text: &str) -> bool {
        public(&self.text) == public(text)
    }
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            elicitation: false,
            console_only: Verbs::NONE,
            valid_minutes: 15,
        }
    }
}

/// The longest that a question or an answer may live: who answers must still know the circumstances.
const MAX_MINUTES: u64 = 24 * 60;

/// Reads `[approvals]`.
pub(super) fn read(reader: &mut Reader<'_>, root: &Table<'_>) -> ApprovalSettings {
    let mut settings = ApprovalSettings::default();
    let Some(table) = reader.table(root, "approvals") else {
        return settings;
    };
    reader.only(
        &table,
        &["keys", "elicitation", "console_only", "valid_minutes"],
    );
    for word in reader.words(&table, "keys").unwrap_or_default() {
        if let Some(key) = key(reader, word, &settings.keys) {
            settings.keys.push(key);
        }
    }
    settings.elicitation = reader.flag(&table, "elicitation");
    if let Some(verbs) = reader.verbs(&table, "console_only", &Handle::PLACES) {
        settings.console_only = verbs;
    }
    if let Some((minutes, at)) = reader.integer(&table, "valid_minutes") {
        if minutes > MAX_MINUTES {
            let message = format!("`valid_minutes` in [approvals] is more than {MAX_MINUTES}");
            let help = "a day at most: who answers must still know the circumstances".to_owned();
            reader.problem(at, message, Some(help));
        }
        settings.valid_minutes = minutes;
    }
    settings
}

fn key(reader: &mut Reader<'_>, word: Word<'_>, before: &[ApproverKey]) -> Option<ApproverKey> {
    // Not all of it: it may be a secret key, written here by mistake.
    let shown = text::shorten(&text::visible(word.text), 16);
    let verifier = match StandardVerifier::new(word.text) {
        Ok(verifier) if !verifier.name().chars().any(text::is_unsafe) => verifier,
        wrong => {
            let message = format!("`{shown}` in `keys` in [approvals] is not an approver's key");
            let help = match wrong {
                Err(VerifierError::Id) => {
                    "its name, hash and key do not belong together; copy the whole line again"
                }
                Err(VerifierError::Alg) => "only Ed25519 keys count",
                _ => {
                    "write NAME+HASH+BASE64, as `toolkeep approvals init` prints it; not the secret key"
                }
            };
            reader.problem(word.at, message, Some(help.to_owned()));
            return None;
        }
    };
    let name = verifier.name().to_owned();
    if let Some(other) = before
        .iter()
        .find(|other| other.name == name || other.is_of(word.text))
    {
        let (other, at) = (text::visible(&other.name), &other.line);
        let message = format!(
            "`{shown}` in `keys` in [approvals] has the name or the key of `{other}` at {at}"
        );
        let help = "each person has one key, and each key one name".to_owned();
        reader.problem(word.at, message, Some(help));
        return None;
    }
    let line = reader.line(word.at);
    let text = word.text.to_owned();
    Some(ApproverKey { name, text, line })
}

/// The key in a verifier key, without its name and hash.
fn public(text: &str) -> &str {
    text.rsplit_once('+').map_or(text, |(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "ada+b10cf068+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
    const BOB: &str = "bob+9ebaaa42+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
    /// The key of Ada under another name.
    const EVE: &str = "eve+188e3cbb+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
    /// A key of another kind than Ed25519.
    const OTHER: &str = "ada+15277a8a+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";

    fn read_text(text: &str) -> Result<ApprovalSettings, String> {
        let mut reader = Reader::new("toolkeep.toml", text);
        let document = reader.parse().unwrap();
        let settings = read(&mut reader, &document.root());
        reader.finish(Some(settings)).map_err(|p| p.to_string())
    }

    #[test]
    fn nobody_may_answer_unless_it_is_said() {
        let settings = read_text("").unwrap();
        assert_eq!(settings, ApprovalSettings::default());
        assert!(settings.keys.is_empty() && !settings.elicitation);
        assert!(settings.console_only.is_empty());
    }

    #[test]
    fn what_is_said_is_read() {
        let text = format!(
            "[approvals]\nkeys = [\n\"{ADA}\",\n\"{BOB}\"]\nelicitation = true\n\
             console_only = [\"write\"]\nvalid_minutes = 5"
        );
        let settings = read_text(&text).unwrap();
        let keys: Vec<_> = settings
            .keys
            .iter()
            .map(|key| (key.name.as_str(), key.line.number))
            .collect();
        assert_eq!(keys, [("ada", 3), ("bob", 4)]);
        assert!(settings.elicitation);
        assert_eq!(settings.console_only.to_string(), "create, modify");
        assert_eq!(settings.valid_minutes, 5);
    }

    #[test]
    fn wrong_settings_are_told() {
        let renamed = ADA.replace("ada", "bob");
        let told = read_text(&format!(
            "[approvals]\nkeys = [\n\"{ADA}\",\n\"{EVE}\",\n\"{renamed}\",\n\"{OTHER}\",\n\"ada\"]\n\
             elicitation = \"yes\"\nconsole_only = [\"delte\"]\nvalid_minutes = 100000\nkey = 1"
        ))
        .unwrap_err();
        insta::assert_snapshot!(told, @r"
        toolkeep.toml:4: `eve+188e3cbb+AYq…` in `keys` in [approvals] has the name or the key of `ada` at toolkeep.toml:3
          help: each person has one key, and each key one name
        toolkeep.toml:5: `bob+b10cf068+AYq…` in `keys` in [approvals] is not an approver's key
          help: its name, hash and key do not belong together; copy the whole line again
        toolkeep.toml:6: `ada+15277a8a+BIq…` in `keys` in [approvals] is not an approver's key
          help: only Ed25519 keys count
        toolkeep.toml:7: `ada` in `keys` in [approvals] is not an approver's key
          help: write NAME+HASH+BASE64, as `toolkeep approvals init` prints it; not the secret key
        toolkeep.toml:8: `elicitation` in [approvals] must be `true` or `false`, not a string
        toolkeep.toml:9: unknown verb `delte` in `console_only` in [approvals]
          help: did you mean `delete`?
        toolkeep.toml:10: `valid_minutes` in [approvals] is more than 1440
          help: a day at most: who answers must still know the circumstances
        toolkeep.toml:11: unknown key `key` in [approvals]
          help: did you mean `keys`?
        ");
        assert!(read_text("[approvals]\nconsole_only = []").is_err());
    }
}
