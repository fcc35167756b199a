//! `toolkeep approvals init`: make the key with which you answer.

use clap::Args;

use super::{Key, failed, left, no_terminal};
use crate::base::id::Identity;
use crate::cli::call::login;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::terminal::Terminal;
use crate::store::approvals::key::KeyFile;
use crate::store::error::StoreError;

/// The shortest passphrase that is taken. Whoever gets the file can guess as long as they like.
const SHORTEST: usize = 8;

#[derive(Args)]
pub struct Options {
    /// The name that stands on record for your answers [default: $USER]
    #[arg(long, value_name = "NAME")]
    name: Option<Identity>,
    #[command(flatten)]
    key: Key,
}

pub fn run(options: &Options) -> Result<Exit, Exit> {
    let path = options.key.path()?;
    let name = options.name.clone().map_or_else(login, Ok).map_err(|why| {
        output::error(why);
        Exit::Usage
    })?;
    if path.symlink_metadata().is_ok() {
        let why = "exists already, and is never overwritten";
        return Err(failed(&StoreError::approver_key(&path, why)));
    }
    let terminal = Terminal::open().map_err(|error| no_terminal(&error))?;
    let ask = |prompt: &str| {
        terminal
            .ask_passphrase(prompt)
            .map_err(|error| left(&error))
    };
    let passphrase = ask("a passphrase for your key: ")?;
    if passphrase.chars().count() < SHORTEST {
        output::error(format_args!(
            "the passphrase is shorter than {SHORTEST} characters"
        ));
        output::hint("take several words: whoever gets the file can guess as long as they like");
        return Err(Exit::Failed);
    }
    if ask("the same once more: ")? != passphrase {
        output::error("the two are not the same; nothing was made");
        return Err(Exit::Failed);
    }
    let key = KeyFile::create(&path, name.as_str(), &passphrase).map_err(|error| failed(&error))?;
    output::note(format_args!("made the approver key `{}`", path.display()));
    output::data(format_args!("[approvals]\nkeys = [\"{}\"]", key.verifier));
    output::hint("put these lines into the operator's file: from then on your answers count");
    Ok(Exit::Done)
}
