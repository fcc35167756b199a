//! `wasi:http`, outgoing only: wasmtime-wasi-http's own resources, and [`crate::handle::http`] behind them.

mod errors;

use std::sync::Arc;

use http_body_util::BodyExt as _;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody,
    WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use self::errors::{of_download, of_send, of_upload};
use super::super::guest::Guest;
use crate::gate::call::Call;
use crate::handle::http::{Client, Cut, send};
use crate::rules::verb::Handle;

/// How much of a request's body a guest may hand over at once, in bytes. Twice that is kept until it is
/// sent.
const CHUNK: usize = 128 * 1024;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sending = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io)>> + Send>;

/// What one guest's requests are sent with.
#[derive(Default)]
pub(in crate::engine) struct Http {
    ctx: WasiHttpCtx,
    hooks: Hooks,
}

impl Http {
    /// Gives it what it may use for a call.
    pub(in crate::engine) fn begin(&mut self, call: Arc<Call>, client: Option<Client>) {
        self.hooks = Hooks {
            call: Some(call),
            client,
            cut: Cut::default(),
        };
    }

    /// Takes it away again. What is under way goes on to its outcome by itself; but where the guest did not come to
    /// its own end, bodies that it was giving are broken off.
    pub(in crate::engine) fn end(&mut self, whole: bool) {
        if whole {
            self.hooks.cut.disarm();
        }
        self.hooks = Hooks::default();
    }

    pub(in crate::engine) fn view<'a>(
        &'a mut self,
        table: &'a mut ResourceTable,
    ) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table,
            ctx: &mut self.ctx,
        }
    }
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let options = LinkOptions::default();
    outgoing_handler::add_to_linker::<Guest, WasiHttp>(linker, Guest::http)?;
    types::add_to_linker::<Guest, WasiHttp>(linker, &(&options).into(), Guest::http)
}

#[derive(Default)]
struct Hooks {
    call: Option<Arc<Call>>,
    client: Option<Client>,
    cut: Cut,
}

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        // `host` is compared with where the request goes, and a difference is on record.
        Arc::new(|name| *name != http::header::HOST && DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Sending {
        let (call, client) = (self.call.clone(), self.client.clone());
        let watch = self.cut.watch();
        Box::new(async move {
            let Some(call) = call else {
                return Err(Error::HttpRequestDenied);
            };
            let Some(client) = client else {
                call.catch_up().await;
                call.refuse_ungranted(Handle::Http);
                return Err(Error::HttpRequestDenied);
            };
            let times = options.unwrap_or_default();
            let limits = client.limits().hurried(
                times.connect_timeout,
                times.first_byte_timeout,
                times.between_bytes_timeout,
            );
            let request = request.map(|body| watch.over(Box::pin(body.map_err(of_upload))));
            let response = send(&call, &client, request, limits)
                .await
                .map_err(of_send)?;
            let response = response.map(|body| body.map_err(of_download).boxed_unsync());
            let nothing_left: Io = Box::new(std::future::ready(Ok(())));
            Ok((response, nothing_left))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }
}
