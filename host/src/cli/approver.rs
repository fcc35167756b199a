//! The approver of `toolkeep call`: it asks on the terminal, and signs with the person's key.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::approvals::sign_and_store;
use super::terminal::Terminal;
use super::{Where, output, question};
use crate::gate::approver::{Answer, Approver, Question};
use crate::store::approvals::key::{KeyFile, default_path};
use crate::store::approvals::{Approvals, ApproverKeys, Decision};

/// How often a passphrase may be mistyped.
const TRIES: usize = 3;

/// Asks on the terminal.
pub struct TerminalApprover(Arc<Desk>);

struct Desk {
    state: PathBuf,
    key: KeyFile,
    valid: Duration,
}

impl TerminalApprover {
    /// One for whoever sits at the terminal and has a key whose answers count. None where nobody sits
    /// there, or there is no such key: then nothing that they say could count.
    pub fn new(place: &Where) -> Option<Self> {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return None;
        }
        let (config, state) = place.read().ok()?;
        let key = KeyFile::read(&default_path()?).ok()?;
        let mut known = config.approvals.keys.iter();
        known.any(|known| known.text == key.verifier).then(|| {
            let valid = ApproverKeys::new(&config.approvals, "").valid();
            Self(Arc::new(Desk { state, key, valid }))
        })
    }
}

#[async_trait::async_trait]
impl Approver for TerminalApprover {
    async fn ask(&self, question: &Question) -> Answer {
        // The gate may give up while a passphrase is typed, and the terminal shows nothing then.
        let Ok(_restore) = Terminal::open().and_then(|terminal| terminal.restore_later()) else {
            return Answer::Nobody;
        };
        let (desk, question) = (Arc::clone(&self.0), question.clone());
        let asked = tokio::task::spawn_blocking(move || desk.ask(&question));
        match asked.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => {
                output::warning(why);
                Answer::Nobody
            }
            Err(_) => Answer::Nobody,
        }
    }
}

impl Desk {
    fn ask(&self, question: &Question) -> Result<Answer, String> {
        let gone = |error: io::Error| format!("not answered: {error}");
        let terminal = Terminal::open().map_err(gone)?;
        terminal.say(question::text(question)).map_err(gone)?;
        let word = terminal.ask("approve this once? [y/N] ").map_err(gone)?;
        match word.to_lowercase().as_str() {
            "y" | "yes" => {}
            "n" | "no" => return Ok(Answer::Decline),
            _ => return Ok(Answer::Nobody),
        }
        let prompt = format!("passphrase of `{}`: ", self.key.name);
        for _ in 0..TRIES {
            let passphrase = terminal.ask_passphrase(&prompt).map_err(gone)?;
            let unlocked = self.key.unlock(&passphrase);
            let Some(secret) = unlocked.map_err(|error| error.to_string())? else {
                terminal.say("the passphrase is wrong").map_err(gone)?;
                continue;
            };
            let approvals = Approvals::open(&self.state).map_err(|error| error.to_string())?;
            let yes = Decision::Approve;
            sign_and_store(&approvals, question, yes, &secret, self.valid)?;
            return Ok(Answer::Stored);
        }
        Ok(Answer::Nobody)
    }
}
