//! Commands: one file a command.

mod approvals;
mod approver;
mod audit;
mod build;
mod call;
mod check;
mod demo;
mod exit;
mod inspect;
mod new;
mod output;
mod process;
mod question;
mod secret;
mod serve;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::api::error::StartError;
use crate::api::host::Host;
use crate::api::operator::{read_config, state_folder};
use crate::base::text::visible;
use crate::rules::config::Config;
use approver::TerminalApprover;
use exit::Exit;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: it was tried and did not work
  2  usage: the command line, a file or the arguments were not understood
  3  denied: what it needed is not granted
  4  unanswered: a person has to approve it, and nobody answered
  5  record: the record is broken or cannot be written";

/// Runs AI agents' tools as WebAssembly components that can touch only what they were granted.
#[derive(Parser)]
#[command(name = "toolkeep", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a project for a plugin, ready to be built
    New(new::Options),
    /// Build a plugin from its source folder into one file
    Build(build::Options),
    /// Tell what a plugin file is and what it could do at most, without running it
    Inspect(inspect::Options),
    /// Check the operator's file and print who may do what
    Check(check::Options),
    /// Call a tool
    Call(call::Options),
    /// Serve the tools to an MCP client on standard input and output
    Serve(serve::Options),
    /// Look at the questions that wait for a person, and answer them
    #[command(subcommand)]
    Approvals(approvals::Command),
    /// Keep the secrets that go into requests, unseen by the tools
    #[command(subcommand)]
    Secret(secret::Command),
    /// Look at, verify and seal the record
    #[command(subcommand)]
    Audit(audit::Command),
    /// Show it all at once, on a folder made for the purpose
    Demo(demo::Options),
}

/// The operator's file, if nobody names one.
const CONFIG: &str = "toolkeep.toml";

/// Where a command finds the operator's file and the state.
#[derive(Args, Clone)]
struct Where {
    /// The operator's file
    #[arg(
        long,
        value_name = "FILE",
        env = "TOOLKEEP_CONFIG",
        default_value = CONFIG
    )]
    config: PathBuf,
    /// The folder with the record and the keys [default: as the operator's file says, else
    /// $XDG_STATE_HOME/toolkeep]
    #[arg(long, value_name = "DIR", env = "TOOLKEEP_STATE")]
    state: Option<PathBuf>,
}

impl Where {
    /// Reads the operator's file, and tells which state folder is meant.
    fn read(&self) -> Result<(Config, PathBuf), StartError> {
        let (config, folder) = read_config(&self.config)?;
        let state = match &self.state {
            Some(state) => state.clone(),
            None => state_folder(&config, &folder)?,
        };
        Ok((config, state))
    }

    /// Starts a host on them; `approver` asks a person. Says what went wrong where it did.
    fn host(&self, approver: Option<TerminalApprover>) -> Result<Host, Exit> {
        let mut builder = Host::builder(&self.config);
        if let Some(state) = &self.state {
            builder = builder.state(state);
        }
        if let Some(approver) = approver {
            builder = builder.approver(approver);
        }
        let host = builder.build().map_err(|failed| could_not_start(&failed))?;
        if let Some(trouble) = host.cache_trouble() {
            output::warning(format_args!(
                "compiled code cannot be kept, so each start is slow: {trouble}"
            ));
        }
        Ok(host)
    }

    /// What has to be given to another command so that it finds the same.
    fn flags(&self) -> String {
        let given = |variable: &str, path: &Path| {
            std::env::var_os(variable).is_none_or(|value| value != path.as_os_str())
        };
        let mut flags = String::new();
        let mut add = |flag: &str, path: &Path| {
            let path = visible(&path.to_string_lossy());
            if path
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
            {
                flags.push_str(&format!(" {flag} {path}"));
            } else {
                flags.push_str(&format!(" {flag} '{}'", path.replace('\'', r"'\''")));
            }
        };
        if self.config != Path::new(CONFIG) && given("TOOLKEEP_CONFIG", &self.config) {
            add("--config", &self.config);
        }
        if let Some(state) = &self.state
            && given("TOOLKEEP_STATE", state)
        {
            add("--state", state);
        }
        flags
    }
}

/// Runs the command that the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(failed) => {
            output::error(format_args!("cannot start: {failed}"));
            return Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(async {
        process::prepare();
        match cli.command {
            Command::New(options) => new::run(&options),
            Command::Build(options) => build::run(options).await,
            Command::Inspect(options) => inspect::run(&options),
            Command::Check(options) => check::run(&options),
            Command::Call(options) => call::run(options).await,
            Command::Serve(options) => serve::run(options).await,
            Command::Approvals(command) => approvals::run(command).await,
            Command::Secret(command) => secret::run(&command),
            Command::Audit(command) => audit::run(command).await,
            Command::Demo(options) => demo::run(options).await,
        }
    });
    // A guest's last write may still be under way on a thread of its own.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    exit.into()
}

/// How a command ends that could not start.
fn could_not_start(failed: &StartError) -> Exit {
    output::error(failed);
    match failed {
        StartError::Store(error) => {
            output::hint(error.hint());
            Exit::Record
        }
        StartError::Engine(_) | StartError::NoState => Exit::Failed,
        StartError::ReadConfig { error, .. } => {
            if error.kind() == std::io::ErrorKind::NotFound {
                output::hint("name the operator's file with --config FILE");
            }
            Exit::Usage
        }
        StartError::Config(_) | StartError::Plugin { .. } | StartError::Place(_) => Exit::Usage,
    }
}
