//! Signed answers: a note (C2SP signed-note, Ed25519) of fixed lines, and whose signatures count.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use signed_note::{Note, Signer, StandardVerifier, VerificationError, Verifier, Verifiers};

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::id::ApprovalId;
use crate::rules::config::ApprovalSettings;

/// The first line of every answer, so that no other signed note can be taken for one.
const DOMAIN: &str = "toolkeep approval v1";

/// How far the clock of whoever answered may be ahead.
const AHEAD: Duration = Duration::from_secs(60);

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes, once.
    Approve,
    /// No, until the answer expires.
    Deny,
}

impl Decision {
    /// The word in the signed text and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Decision {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Approve, Self::Deny]
            .into_iter()
            .find(|decision| decision.as_str() == word)
            .ok_or_else(|| "it says neither `approve` nor `deny`".to_owned())
    }
}

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which question.
    pub approval: ApprovalId,
    /// What it is bound to, see [`super::Question::bound`].
    pub digest: Digest,
    /// What was said.
    pub decision: Decision,
    /// When.
    pub at: Timestamp,
    /// When it stops to count.
    pub expires: Timestamp,
}

impl Answer {
    /// The text that is signed: six lines.
    fn text(&self) -> String {
        format!(
            "{DOMAIN}\n{}\n{}\n{}\n{}\n{}\n",
            self.approval,
            self.digest,
            self.decision,
            self.at.micros(),
            self.expires.micros()
        )
    }

    /// The note that says it, signed.
    ///
    /// # Errors
    /// Says what the signer could not do.
    pub(crate) fn sign(&self, signer: &dyn Signer) -> Result<String, String> {
        let note = Note::new(self.text().as_bytes(), &[])
            .and_then(|mut note| note.add_sigs(&[signer]).map(|()| note.to_bytes()))
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&note).into_owned())
    }

    /// Reads a signed text. Whatever is not letter by letter what [`Self::text`] writes is no answer.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let time = |line: &str| line.parse().ok().map(Timestamp::from_micros);
        if lines.next()? != DOMAIN {
            return None;
        }
        let answer = Self {
            approval: ApprovalId::new(lines.next()?).ok()?,
            digest: lines.next()?.parse().ok()?,
            decision: lines.next()?.parse().ok()?,
            at: time(lines.next()?)?,
            expires: time(lines.next()?)?,
        };
        (answer.text() == text).then_some(answer)
    }
}

/// Whose answers count, and for how long.
pub struct ApproverKeys {
    known: Vec<StandardVerifier>,
    valid: Duration,
}

impl Verifiers for ApproverKeys {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        let mut keys = self.known.iter();
        keys.find(|key| key.name() == name && key.key_id() == id)
            .map(|key| key as &dyn Verifier)
            .ok_or_else(|| VerificationError::UnknownKey {
                name: name.to_owned(),
                id,
            })
    }
}

impl ApproverKeys {
    /// The keys of the operator's file but for the log's own `checkpoint_key`, which signs without a
    /// person.
    pub fn new(settings: &ApprovalSettings, checkpoint_key: &str) -> Self {
        let known = settings
            .keys
            .iter()
            .filter(|key| !key.is_of(checkpoint_key))
            .filter_map(|key| StandardVerifier::new(&key.text).ok())
            .collect();
        let valid = Duration::from_secs(settings.valid_minutes.saturating_mul(60));
        Self { known, valid }
    }

    /// How long a question waits for its answer, and an answer for its use.
    pub fn valid(&self) -> Duration {
        self.valid
    }

    /// Reads a signed answer that counts now: what was said, and by whom.
    ///
    /// # Errors
    /// Says why it does not count, of which a bad signature is only one reason.
    pub fn check(&self, note: &str, now: Timestamp) -> Result<(Answer, String), String> {
        let (answer, by) = self.read(note)?;
        if answer.at > now.after(AHEAD) {
            return Err("it is from the future".to_owned());
        }
        if answer.expires > answer.at.after(self.valid) {
            return Err("it would count for longer than `valid_minutes` allows".to_owned());
        }
        if answer.expires <= now {
            return Err("it has expired".to_owned());
        }
        Ok((answer, by))
    }

    /// Reads a signed answer, whether it still counts or not.
    ///
    /// # Errors
    /// Says why it is none.
    pub fn read(&self, note: &str) -> Result<(Answer, String), String> {
        let note = Note::from_bytes(note.as_bytes()).map_err(|error| error.to_string())?;
        let (signed, _) = note.verify(self).map_err(|error| error.to_string())?;
        let by = signed.first().ok_or("nobody signed it")?.name().to_owned();
        let answer = std::str::from_utf8(note.text())
            .ok()
            .and_then(Answer::parse)
            .ok_or("it is not the text of an answer")?;
        Ok((answer, by))
    }
}

impl fmt::Debug for ApproverKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApproverKeys")
            .field("valid", &self.valid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Person, VALID, question};
    use super::*;

    fn answer(now: Timestamp) -> Answer {
        let asked = question();
        Answer {
            approval: asked.approval,
            digest: asked.digest,
            decision: Decision::Approve,
            at: now,
            expires: now.after(VALID),
        }
    }

    #[test]
    fn a_signed_answer_counts_until_it_expires() {
        let now = Timestamp::now();
        let ada = Person::new("ada", 1);
        let note = answer(now).sign(&ada).unwrap();
        let expected = (answer(now), "ada".to_owned());
        assert_eq!(ada.keys().check(&note, now), Ok(expected));
        let late = now.after(VALID);
        assert_eq!(ada.keys().check(&note, late).unwrap_err(), "it has expired");
    }

    #[test]
    fn nothing_else_counts() {
        let now = Timestamp::now();
        let (ada, eve) = (Person::new("ada", 1), Person::new("eve", 2));
        let keys = ada.keys();
        let good = answer(now).sign(&ada).unwrap();
        let refused = |note: &str| keys.check(note, now).is_err();
        assert!(!refused(&good));
        for (what, with) in [
            ("approve", "deny"),
            ("apr_", "apr_1"),
            ("approval v1", "approval v2"),
            ("sha256:", "sha256:0"),
            ("ada", "eve"),
            ("approve", "approve "),
        ] {
            assert!(refused(&good.replacen(what, with, 1)), "{what}");
        }
        assert!(refused(""));
        assert!(refused(&answer(now).sign(&eve).unwrap()));
        // The name of one with the key of another.
        assert!(refused(&answer(now).sign(&Person::new("ada", 2)).unwrap()));
        let forever = Answer {
            expires: now.after(2 * VALID),
            ..answer(now)
        };
        assert!(refused(&forever.sign(&ada).unwrap()));
        let future = answer(now.after(2 * AHEAD));
        assert!(refused(&future.sign(&ada).unwrap()));
    }

    #[test]
    fn texts_that_read_the_same_are_not_taken() {
        let now = Timestamp::now();
        let ada = Person::new("ada", 1);
        let text = answer(now).text();
        assert!(Answer::parse(&text).is_some());
        for other in [
            format!("{text}more\n"),
            text.replace("approve", "Approve"),
            text.replacen('\n', "\n\n", 1),
            text.replace(
                &format!("\n{}", now.micros()),
                &format!("\n0{}", now.micros()),
            ),
        ] {
            assert!(Answer::parse(&other).is_none(), "{other}");
            let signed = Note::new(other.as_bytes(), &[])
                .and_then(|mut note| note.add_sigs(&[&ada]).map(|()| note.to_bytes()));
            let signed = String::from_utf8(signed.unwrap()).unwrap();
            assert!(ada.keys().check(&signed, now).is_err(), "{other}");
        }
    }

    #[test]
    fn the_log_s_own_key_signs_for_nobody() {
        let now = Timestamp::now();
        let ada = Person::new("ada", 1);
        let note = answer(now).sign(&ada).unwrap();
        let settings = ada.settings();
        // The same key, by whatever name the log has it.
        let log = Person::new("toolkeep/1234", 1).key().text;
        let checked = |own: &str| ApproverKeys::new(&settings, own).check(&note, now);
        assert!(checked("").is_ok());
        assert!(checked(&log).is_err());
    }
}
