//! `toolkeep:tool/cancellation`.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker};

use super::super::guest::{Guest, Listening};
use super::tool::bindings::toolkeep::tool::cancellation as wit;
use crate::gate::call::Call;

struct View {
    call: Option<Arc<Call>>,
    listening: Listening,
}

struct HasView;

impl HasData for HasView {
    type Data<'a> = View;
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasView>(linker, |guest| View {
        call: guest.call.clone(),
        listening: guest.listening.clone(),
    })
}

impl wit::Host for View {
    fn requested(&mut self) -> wasmtime::Result<bool> {
        self.listening.note();
        Ok(self.call.as_ref().is_some_and(|call| call.is_cancelled()))
    }
}
