//! Which interfaces a guest is given. What is not linked cannot be called: instantiation fails.

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi_io::bindings::wasi::io;

use super::bind;
use super::guest::Guest;
use crate::rules::verb::Handle;

/// The interfaces beyond the baseline that a call's guest is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Links {
    /// `wasi:filesystem`.
    pub fs: bool,
    /// `wasi:config`.
    pub config: bool,
    /// `wasi:http`, outgoing.
    pub http: bool,
    /// `wasi:keyvalue`.
    pub kv: bool,
    /// `toolkeep:data/sql`.
    pub sql: bool,
}

impl Links {
    /// All that exist, as stand-ins behind which there is nothing: for `describe`.
    pub const ALL: Self = Self {
        fs: true,
        config: true,
        http: true,
        kv: true,
        sql: true,
    };

    /// Those of the handles for which `wants` holds.
    pub fn of(wants: impl Fn(Handle) -> bool) -> Self {
        Self {
            fs: wants(Handle::Fs),
            config: wants(Handle::Config),
            http: wants(Handle::Http),
            kv: wants(Handle::Kv),
            sql: wants(Handle::Sql),
        }
    }
}

/// What an imported interface is to Toolkeep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Import {
    /// Always linked, and harmless.
    Baseline,
    /// Linked where the plugin declares a need of this handle.
    Of(Handle),
    /// Never linked.
    Unknown,
}

/// What the interface called `name` (as `wasi:io/streams@0.2.6`) is to Toolkeep.
pub fn classify(name: &str) -> Import {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    // Within 0.2 each version is a superset of those before; drafts match exactly.
    let wasi_0_2 = version
        .strip_prefix("0.2.")
        .is_some_and(|patch| patch.parse::<u32>().is_ok());
    match interface {
        "wasi:filesystem/types" | "wasi:filesystem/preopens" if wasi_0_2 => Import::Of(Handle::Fs),
        "wasi:http/types" | "wasi:http/outgoing-handler" if wasi_0_2 => Import::Of(Handle::Http),
        "wasi:keyvalue/store" | "wasi:keyvalue/atomics" | "wasi:keyvalue/batch"
            if version == "0.2.0-draft2" =>
        {
            Import::Of(Handle::Kv)
        }
        "wasi:config/store" if version == "0.2.0-rc.1" => Import::Of(Handle::Config),
        "toolkeep:data/sql" if version == "0.1.0" => Import::Of(Handle::Sql),
        "toolkeep:tool/report" | "toolkeep:tool/cancellation" if version == "0.1.0" => {
            Import::Baseline
        }
        _ if wasi_0_2 && BASELINE.contains(&interface) => Import::Baseline,
        _ => Import::Unknown,
    }
}

const BASELINE: &[&str] = &[
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/wall-clock",
    "wasi:clocks/monotonic-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// A linker with the baseline and the interfaces of `links`, one by one.
pub(super) fn linker(engine: &wasmtime::Engine, links: Links) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::<Guest>::new(engine);
    let l = &mut linker;
    io::error::add_to_linker::<Guest, Table>(l, |guest| guest.ctx().table)?;
    io::poll::add_to_linker::<Guest, Table>(l, |guest| guest.ctx().table)?;
    io::streams::add_to_linker::<Guest, Table>(l, |guest| guest.ctx().table)?;
    cli::environment::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::exit::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_input::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_output::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(l, Guest::clocks)?;
    clocks::monotonic_clock::add_to_linker::<Guest, WasiClocks>(l, Guest::clocks)?;
    random::random::add_to_linker::<Guest, WasiRandom>(l, |guest| guest.ctx().ctx.random())?;
    random::insecure::add_to_linker::<Guest, WasiRandom>(l, |guest| guest.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<Guest, WasiRandom>(l, |guest| guest.ctx().ctx.random())?;
    bind::report::link(l)?;
    bind::cancellation::link(l)?;
    if links.fs {
        bind::fs::link(l)?;
    }
    if links.config {
        bind::config::link(l)?;
    }
    if links.http {
        bind::http::link(l)?;
    }
    if links.kv {
        bind::kv::link(l)?;
    }
    if links.sql {
        bind::sql::link(l)?;
    }
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_known() {
        let cases = [
            ("wasi:io/streams@0.2.6", Import::Baseline),
            ("wasi:filesystem/types@0.2.0", Import::Of(Handle::Fs)),
            ("wasi:filesystem/types@0.3.0", Import::Unknown),
            ("wasi:config/store@0.2.0-rc.1", Import::Of(Handle::Config)),
            ("wasi:config/store@0.2.0", Import::Unknown),
            ("wasi:http/types@0.2.3", Import::Of(Handle::Http)),
            ("wasi:http/outgoing-handler@0.2.0", Import::Of(Handle::Http)),
            ("wasi:http/incoming-handler@0.2.0", Import::Unknown),
            ("wasi:http/handler@0.3.0", Import::Unknown),
            ("wasi:keyvalue/store@0.2.0-draft2", Import::Of(Handle::Kv)),
            ("wasi:keyvalue/store@0.2.0-draft", Import::Unknown),
            ("wasi:keyvalue/watcher@0.2.0-draft2", Import::Unknown),
            ("wasi:sockets/tcp@0.2.6", Import::Unknown),
            ("wasi:sockets/ip-name-lookup@0.2.6", Import::Unknown),
            ("wasi:cli/run@0.2.6", Import::Unknown),
            ("toolkeep:tool/report@0.1.0", Import::Baseline),
            ("toolkeep:data/sql@0.1.0", Import::Of(Handle::Sql)),
            ("toolkeep:data/sql@0.2.0", Import::Unknown),
            ("toolkeep:tool/report", Import::Unknown),
            ("toolkeep:tool/cancellation@0.1.0", Import::Baseline),
            ("toolkeep:tool/cancellation@0.2.0", Import::Unknown),
            ("env", Import::Unknown),
        ];
        for (name, expected) in cases {
            assert_eq!(classify(name), expected, "{name}");
        }
    }
}
