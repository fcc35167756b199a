//! Floors and rooms of the host, and the test of this test.

use tempfile::TempDir;
use toolkeep_tests::architecture::violations;
use toolkeep_tests::source;
use toolkeep_tests::surface::leaks;

#[test]
fn the_house_stands() {
    let found = violations(&source().join("host/src"));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_outside_crate_shows_through() {
    let found = leaks(&source().join("host/src"));
    assert!(found.is_empty(), "{found:#?}");
}

/// What is found in a house with these files.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    violations(house(files).path())
}

/// A house with these files.
fn house(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

#[test]
fn a_good_house_is_not_complained_of() {
    let files = [
        ("lib.rs", "pub mod cli; use crate::cli::main;"),
        ("base/id.rs", "//! crate::rules is above\nuse std::fmt;"),
        (
            "rules/mod.rs",
            "use crate::base::{id, text::visible}; use super::base::id;",
        ),
        (
            "rules/read.rs",
            "use toml::Value; const A: &str = \"use wasmtime::Engine\";",
        ),
        ("store/db/mod.rs", "use rusqlite::{Connection, params};"),
        (
            "engine/compile.rs",
            "fn f() { unsafe { wasmtime::x() } } // unsafe",
        ),
        (
            "engine/bind/fs/mod.rs",
            "use super::super::guest; use crate::handle::fs::place;",
        ),
        (
            "cli/mod.rs",
            "use crate::{api, pack, rules}; use clap::Parser;",
        ),
        (
            "api/odd.rs",
            "/* crate::cli::x */ const B: &str = r#\"crate::cli\"#; const C: char = '\"'; use std::fs;",
        ),
    ];
    assert_eq!(found(&files), [] as [&str; 0]);
}

#[test]
fn each_fault_is_found() {
    let cases = [
        (
            "rules/a.rs",
            "use crate::store::db;",
            "`rules` (floor 1) names `store` (floor 2)",
        ),
        (
            "rules/a.rs",
            "use crate::{base, gate::pass};",
            "`rules` (floor 1) names `gate` (floor 3)",
        ),
        (
            "gate/a.rs",
            "fn f() { crate::handle::fs::x() }",
            "`gate` (floor 3) names `handle`",
        ),
        (
            "store/db/a.rs",
            "use super::super::super::gate::x;",
            "`store` (floor 2) names `gate`",
        ),
        (
            "pack/a.rs",
            "use crate::insight::x;",
            "`pack` (floor 6) names `insight`",
        ),
        (
            "api/a.rs",
            "use crate::cli::exit as e;",
            "`api` (floor 7) names `cli`",
        ),
        ("pack/a.rs", "use wasmtime::Engine;", "names `wasmtime`"),
        (
            "api/a.rs",
            "fn f(x: &wasmtime_wasi::WasiCtx) {}",
            "names `wasmtime_wasi`",
        ),
        (
            "store/audit/a.rs",
            "use rusqlite::Connection;",
            "names `rusqlite`",
        ),
        ("api/a.rs", "use {clap::Parser, std::fmt};", "names `clap`"),
        (
            "handle/config.rs",
            "use cap_std::fs::Dir;",
            "names `cap_std`",
        ),
        ("cli/a.rs", "use toml;", "names `toml`"),
        ("rules/a.rs", "use tokio::sync::Mutex;", "names `tokio`"),
        ("rules/a.rs", "use std::{fmt, fs};", "names `std::fs`"),
        (
            "base/a.rs",
            "fn f() { std::fs::read(x) }",
            "names `std::fs`",
        ),
        ("rules/a.rs", "use std::time::Instant;", "names `std::time`"),
        (
            "api/a.rs",
            "unsafe impl Send for X {}",
            "`unsafe` stands in",
        ),
        (
            "engine/compile.rs",
            "unsafe { a } unsafe { b }",
            "`unsafe` stands in",
        ),
        ("cellar/a.rs", "", "`cellar` is a room without a floor"),
    ];
    for (path, text, expected) in cases {
        let found = found(&[(path, text)]);
        assert_eq!(found.len(), 1, "{path} {text}: {found:?}");
        assert!(found[0].contains(expected), "{path} {text}: {found:?}");
    }
}

#[test]
fn what_is_private_may_name_any_crate() {
    let files = [
        (
            "gate/cancel.rs",
            "use tokio::sync::watch; pub struct Token(Arc<watch::Sender<bool>>); \
             pub struct Other { inner: watch::Receiver<bool>, pub watch: bool } \
             impl Token { pub fn is(&self) -> bool { tokio::spawn(x) } \
             pub(crate) fn inner(&self) -> watch::Sender<bool> { a } fn own(x: tokio::A) {} }",
        ),
        (
            "api/a.rs",
            "use tokio::a as b; pub fn f(x: std::b, y: serde_json::Value) {}",
        ),
        ("engine/a.rs", "pub fn f(x: wasmtime::Engine) {}"),
        (
            "handle/a.rs",
            "pub(super) struct A; impl From<wasmtime::Error> for A { } trait B {} \
             impl<S: tokio::A> B for S {}",
        ),
    ];
    assert_eq!(leaks(house(&files).path()), [] as [&str; 0]);
}

#[test]
fn each_leak_is_found() {
    let cases = [
        "pub fn f(x: &wasmtime::Engine) {}",
        "pub async fn f() -> Result<u8, rusqlite::Error> { x }",
        "pub const fn f() -> fn(u8) -> rmcp::A { x }",
        "use tokio::sync::{mpsc, watch}; impl A { pub fn f<T: B>(x: watch::Receiver<T>) {} }",
        "use tokio::sync::watch as w; pub fn f(x: w::Receiver<u8>) {}",
        "use wasmtime::Engine; pub struct A { a: u8, pub b: Option<Engine> }",
        "pub struct A(u8, pub rmcp::B);",
        "pub enum A { B { c: u8 }, D(rusqlite::Error) }",
        "pub trait A { fn f(&self) -> u8 { 1 } fn g(&self, x: clap::Parser); }",
        "pub type A = Box<dyn Fn(tokio::B)>;",
        "pub use rmcp::model::Tool;",
        "pub fn f<T>() where T: wasmtime::A {}",
        "pub struct A; impl From<wasmtime::Error> for A { }",
    ];
    for text in cases {
        let house = house(&[("api/a.rs", text)]);
        assert!(!leaks(house.path()).is_empty(), "{text}");
    }
}
