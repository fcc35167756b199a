//! `toolkeep demo`.

use clap::Args;

use super::exit::Exit;

#[derive(Args)]
pub struct Options {}

pub async fn run(_options: Options) -> Exit {
    Exit::Done
}
