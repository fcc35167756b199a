//! `toolkeep secret`: what the host puts into requests, by name. There is no way to have a value shown.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::terminal::Terminal;
use super::{Where, output};
use crate::base::id::Name;
use crate::handle::secrets::{self, SecretSource, Vault, VaultError, keeper};
use crate::rules::config::Config;

/// The most that is read of a value, in bytes; a secret is shorter.
const MAX: u64 = 64 * 1024;

#[derive(Subcommand)]
pub enum Command {
    /// Keep a value under a name; it is read from standard input, or asked for on the terminal
    Set(Named),
    /// List the names, and what keeps each of them
    List(List),
    /// Forget a value
    Remove(Named),
}

#[derive(Args)]
pub struct Named {
    /// The secret's name, as the operator's file has it
    name: Name,
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    place: Where,
    /// Print it as one line of JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command) -> Exit {
    let done = match command {
        Command::Set(options) => set(options),
        Command::List(options) => list(options),
        Command::Remove(options) => remove(options),
    };
    done.unwrap_or_else(|exit| exit)
}

fn set(options: &Named) -> Result<Exit, Exit> {
    let keeper = kept(&options.place)?;
    let value = value(&options.name)?;
    secrets::set(&*keeper, &options.name, value).map_err(|error| failed(&error))?;
    output::note(format_args!("kept `{}` in {}", options.name, keeper.what()));
    Ok(Exit::Done)
}

/// The value, which nobody sees being typed.
fn value(name: &Name) -> Result<String, Exit> {
    let told = |error: std::io::Error| {
        output::error(format_args!("the value cannot be read: {error}"));
        Exit::Failed
    };
    if std::io::stdin().is_terminal() {
        let terminal = Terminal::open().map_err(told)?;
        return terminal
            .ask_passphrase(&format!("the value of `{name}`: "))
            .map_err(told);
    }
    let mut value = String::new();
    let mut input = std::io::stdin().take(MAX);
    input.read_to_string(&mut value).map_err(told)?;
    Ok(value)
}

fn list(options: &List) -> Result<Exit, Exit> {
    let (config, state) = read(&options.place)?;
    let vault = Vault::of_keep(&state, config.host.secrets).map_err(|error| failed(&error))?;
    let all = vault.list().map_err(|error| failed(&error))?;
    if options.json {
        let all: Vec<_> = all
            .iter()
            .map(|(name, kept)| serde_json::json!({"name": name, "kept_in": kept}))
            .collect();
        output::data(serde_json::Value::from(all));
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        output::note("there are none; `toolkeep secret set NAME` keeps one");
        return Ok(Exit::Done);
    }
    let rows = all.iter();
    let rows = rows.map(|(name, kept)| [name.to_string(), (*kept).to_owned()]);
    output::data(output::table(["name", "kept in"], rows.collect()));
    Ok(Exit::Done)
}

fn remove(options: &Named) -> Result<Exit, Exit> {
    let keeper = kept(&options.place)?;
    let name = &options.name;
    if keeper.remove(name).map_err(|error| failed(&error))? {
        output::note(format_args!("forgot `{name}`"));
        return Ok(Exit::Done);
    }
    output::error(format_args!(
        "there is no secret `{name}` in {}",
        keeper.what()
    ));
    output::hint("`toolkeep secret list` tells what there is, and where");
    Err(Exit::Failed)
}

/// What keeps what is set, as the operator's file says.
fn kept(place: &Where) -> Result<Box<dyn SecretSource>, Exit> {
    let (config, state) = read(place)?;
    keeper(&state, config.host.secrets).map_err(|error| failed(&error))
}

fn read(place: &Where) -> Result<(Config, PathBuf), Exit> {
    place
        .read()
        .map_err(|failed| super::could_not_start(&failed))
}

fn failed(error: &VaultError) -> Exit {
    output::error(error);
    Exit::Failed
}
