//! The `toolkeep` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    toolkeep::cli::main()
}
