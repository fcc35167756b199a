//! `toolkeep build`: from a folder with a plugin's source to one plugin file.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::output;
use crate::pack::build::{BuildError, build};

#[derive(Args)]
pub struct Options {
    /// The folder with the plugin's Cargo.toml and plugin.toml
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where to write the plugin [default: FOLDER/NAME.wasm]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub async fn run(options: Options) -> Exit {
    let progress = |step: &str| output::note(format_args!("… {step}"));
    match build(&options.folder, options.out.as_deref(), &progress).await {
        Ok(built) => {
            for warning in built.warnings {
                output::warning(warning);
            }
            let tools: Vec<&str> = built
                .description
                .tools
                .iter()
                .map(|tool| tool.name.as_str())
                .collect();
            output::note(format_args!(
                "built plugin `{}` with {}: {}",
                built.description.manifest.name,
                output::count(tools.len() as u64, "tool"),
                tools.join(", ")
            ));
            output::data(built.file.display());
            Exit::Done
        }
        Err(failed) => {
            output::error(&failed);
            if let BuildError::File { what: "read", .. } = failed {
                output::hint("name a folder with a Cargo.toml and a plugin.toml");
            }
            match failed {
                BuildError::Cargo | BuildError::NoCargo(_) | BuildError::NoTarget(_) => {
                    Exit::Failed
                }
                BuildError::File { what: "write", .. } | BuildError::Engine(_) => Exit::Failed,
                _ => Exit::Usage,
            }
        }
    }
}
