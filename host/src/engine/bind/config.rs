//! `wasi:config/store`, a draft, matched by exact version.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker};

use super::super::guest::Guest;
use crate::gate::call::Call;
use crate::handle::config;

mod bindings {
    #![allow(missing_docs, reason = "generated")]
    wasmtime::component::bindgen!({
        inline: "
            package wasi:config@0.2.0-rc.1;
            interface store {
                variant error { upstream(string), io(string) }
                get: func(key: string) -> result<option<string>, error>;
                get-all: func() -> result<list<tuple<string, string>>, error>;
            }
            world imports { import store; }
        ",
        world: "imports",
        imports: { default: async | trappable },
    });
}

use bindings::wasi::config::store as wit;

struct View(Option<Arc<Call>>);

struct HasView;

impl HasData for HasView {
    type Data<'a> = View;
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasView>(linker, |guest| View(guest.call.clone()))
}

impl wit::Host for View {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, wit::Error>> {
        Ok(match &self.0 {
            Some(call) => config::get(call, &key).await.map_err(refused),
            None => Err(refused(crate::gate::refusal::Refused)),
        })
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, wit::Error>> {
        Ok(match &self.0 {
            Some(call) => config::get_all(call).await.map_err(refused),
            None => Err(refused(crate::gate::refusal::Refused)),
        })
    }
}

fn refused(refused: crate::gate::refusal::Refused) -> wit::Error {
    wit::Error::Upstream(refused.to_string())
}
