//! `toolkeep:tool/report`.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker};

use super::super::guest::Guest;
use super::tool::bindings::toolkeep::tool::report as wit;
use crate::handle::report::{Level, Reporter};

struct Voice(Option<Arc<Reporter>>);

struct HasVoice;

impl HasData for HasVoice {
    type Data<'a> = Voice;
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasVoice>(linker, |guest| Voice(guest.reporter.clone()))
}

impl wit::Host for Voice {
    fn log(&mut self, level: wit::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            wit::Level::Debug => Level::Debug,
            wit::Level::Info => Level::Info,
            wit::Level::Warning => Level::Warning,
            wit::Level::Error => Level::Error,
        };
        if let Some(reporter) = &self.0 {
            reporter.log(level, &message);
        }
        Ok(())
    }

    fn progress(
        &mut self,
        done: u64,
        total: Option<u64>,
        message: Option<String>,
    ) -> wasmtime::Result<()> {
        if let Some(reporter) = &self.0 {
            reporter.progress(done, total, message.as_deref());
        }
        Ok(())
    }
}
