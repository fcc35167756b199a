//! The house's rules, read off the source text: imports go strictly downwards, rooms on one floor do
//! not import each other, and each outside crate has its room.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rooms and their floors. `lib.rs` and `main.rs` stand above all.
const FLOORS: &[(&str, u32)] = &[
    ("base", 0),
    ("rules", 1),
    ("store", 2),
    ("gate", 3),
    ("handle", 4),
    ("engine", 5),
    ("pack", 6),
    ("insight", 6),
    ("api", 7),
    ("serve", 8),
    ("cli", 9),
];

/// Outside crates (and `std::fs`, and our own macro-made modules) and the only places that name them.
const ROOMS: &[(&str, &[&str])] = &[
    ("wasmtime", &["engine"]),
    ("wasmtime_wasi", &["engine"]),
    ("wasmtime_wasi_io", &["engine"]),
    ("rusqlite", &["store/db", "handle/kv", "handle/sql"]),
    ("redis", &["handle/kv"]),
    ("rmcp", &["serve/mcp"]),
    ("clap", &["cli"]),
    ("anstream", &["cli"]),
    ("anstyle", &["cli"]),
    ("comfy_table", &["cli"]),
    ("toml", &["rules"]),
    ("wasmparser", &["engine", "pack"]),
    ("wasm_encoder", &["pack"]),
    (
        "signed_note",
        &["store/audit", "store/approvals", "rules/config/approvals"],
    ),
    ("ed25519_dalek", &["store/audit", "store/approvals"]),
    ("cap_std", &["handle/fs"]),
    ("hmac", &["store/key"]),
    ("wasmtime_wasi_http", &["engine"]),
    ("hyper", &["handle/http"]),
    ("hyper_util", &["handle/http"]),
    ("http_body", &["handle/http"]),
    ("http_body_util", &["handle/http", "engine/bind/http"]),
    ("rustls", &["handle/http", "handle/remote"]),
    ("tokio_rustls", &["handle/http", "handle/remote"]),
    ("tokio_postgres", &["handle/sql/postgres"]),
    ("sqlparser", &["handle/sql/postgres"]),
    ("webpki_roots", &["handle/http"]),
    ("zeroize", &["handle/secrets"]),
    ("linux_keyutils", &["handle/secrets"]),
];

/// What judgement and words never name.
const PURE: &[(&str, &[&str])] = &[
    ("tokio", &["base", "rules"]),
    ("std::fs", &["base", "rules"]),
    ("std::net", &["base", "rules"]),
    ("std::process", &["base", "rules"]),
    ("std::env", &["base", "rules"]),
    ("std::thread", &["base", "rules"]),
    ("std::time", &["rules"]),
    ("rustix", &["base", "rules"]),
];

/// All that is wrong with the tree of sources in `root`, one sentence each.
pub fn violations(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    collect(root, &mut files);
    files.sort();
    let mut found = Vec::new();
    let mut unsafe_blocks = Vec::new();
    for file in files {
        let path = file
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let tokens = tokens(&std::fs::read_to_string(&file).unwrap());
        let Some(room) = path.split_once('/').map(|(room, _)| room.to_owned()) else {
            continue;
        };
        let Some(floor) = floor(&room) else {
            found.push(format!("{path}: `{room}` is a room without a floor"));
            continue;
        };
        unsafe_blocks.extend(
            tokens
                .iter()
                .filter(|token| *token == "unsafe")
                .map(|_| path.clone()),
        );
        let module: Vec<String> = module_of(&path);
        for used in paths(&tokens) {
            for problem in judge(&path, &room, floor, &module, &used) {
                if !found.contains(&problem) {
                    found.push(problem);
                }
            }
        }
    }
    if unsafe_blocks.iter().any(|path| path != "engine/compile.rs") || unsafe_blocks.len() > 1 {
        found.push(format!(
            "`unsafe` stands in {unsafe_blocks:?}, not once in engine/compile.rs"
        ));
    }
    found
}

fn judge(path: &str, room: &str, floor: u32, module: &[String], used: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let full = match resolve(module, used) {
        Some(own) => {
            if let Some(other) = own.first()
                && other != room
                && let Some(other_floor) = self::floor(other)
                && other_floor >= floor
            {
                found.push(format!(
                    "{path}: `{room}` (floor {floor}) names `{other}` (floor {other_floor})"
                ));
            }
            return found;
        }
        None => used.join("::"),
    };
    let names = |what: &str| full == what || full.starts_with(&format!("{what}::"));
    let within = |places: &[&str]| {
        places
            .iter()
            .any(|place| path.starts_with(&format!("{place}/")) || path == format!("{place}.rs"))
    };
    for (name, rooms) in ROOMS {
        if names(name) && !within(rooms) {
            found.push(format!("{path}: names `{name}`, which lives in {rooms:?}"));
        }
    }
    for (name, rooms) in PURE {
        if names(name) && within(rooms) {
            found.push(format!("{path}: names `{name}`"));
        }
    }
    found
}

fn floor(room: &str) -> Option<u32> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

/// The path below the crate that a used path means; none for one of another crate.
fn resolve(module: &[String], used: &[String]) -> Option<Vec<String>> {
    let mut at: Vec<String> = match used.first().map(String::as_str) {
        Some("crate") => return Some(used[1..].to_vec()),
        Some("super") => module[..module.len().saturating_sub(1)].to_vec(),
        _ => return None,
    };
    let mut rest = &used[1..];
    while rest.first().is_some_and(|part| part == "super") {
        at.pop();
        rest = &rest[1..];
    }
    at.extend(rest.iter().cloned());
    Some(at)
}

/// `store/db/mod.rs` is `[store, db]`, `store/error.rs` is `[store, error]`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// Identifiers and the few signs that paths are made of. Comments, texts and characters are left out.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    i += 2;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    i += 2;
                } else {
                    i += 1;
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if c == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if c == 'r' && (at(i + 1) == '"' || (at(i + 1) == '#' && "#\"".contains(at(i + 2))))
        {
            let hashes = (i + 1..).take_while(|n| at(*n) == '#').count();
            i += hashes + 2;
            let end = |i: usize| at(i) == '"' && (0..hashes).all(|n| at(i + 1 + n) == '#');
            while i < chars.len() && !end(i) {
                i += 1;
            }
            i += hashes + 1;
        } else if c == '\'' {
            // A character or a lifetime.
            if at(i + 1) == '\\' {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            } else if at(i + 2) == '\'' {
                i += 3;
            } else {
                i += 1;
            }
        } else if is_word(c) {
            let start = i;
            while is_word(at(i)) {
                i += 1;
            }
            out.push(chars[start..i].iter().collect());
        } else if c == ':' && at(i + 1) == ':' {
            out.push("::".to_owned());
            i += 2;
        } else {
            if !c.is_whitespace() {
                out.push(c.to_string());
            }
            i += 1;
        }
    }
    out
}

/// Every path with `::` in it, the branches of `use a::{b, c::d}` each on its own, and the bare names
/// that `use` and `extern crate` bring in.
fn paths(tokens: &[String]) -> BTreeSet<Vec<String>> {
    let mut out = BTreeSet::new();
    let mut i = 0;
    while i < tokens.len() {
        if tokens[i] == "use" {
            i += 1;
            branches(tokens, &mut i, &[], &mut out);
        } else if is_name(&tokens[i]) && tokens.get(i + 1).is_some_and(|next| next == "::") {
            let mut path = vec![tokens[i].clone()];
            i += 1;
            while tokens.get(i).is_some_and(|token| token == "::")
                && tokens.get(i + 1).is_some_and(|token| is_name(token))
            {
                path.push(tokens[i + 1].clone());
                i += 2;
            }
            out.insert(path);
        } else {
            i += 1;
        }
    }
    out
}

pub(crate) fn branches(
    tokens: &[String],
    i: &mut usize,
    before: &[String],
    out: &mut BTreeSet<Vec<String>>,
) {
    let mut path = before.to_vec();
    while let Some(token) = tokens.get(*i) {
        match token.as_str() {
            "::" => *i += 1,
            "{" => {
                *i += 1;
                while tokens.get(*i).is_some_and(|token| token != "}") {
                    branches(tokens, i, &path, out);
                    if tokens.get(*i).is_some_and(|token| token == ",") {
                        *i += 1;
                    }
                }
                *i += 1;
                return;
            }
            "as" => *i += 2,
            name if is_name(name) => {
                path.push(name.to_owned());
                *i += 1;
            }
            "*" => *i += 1,
            _ => break,
        }
    }
    if path.len() > before.len() || !path.is_empty() {
        out.insert(path);
    }
    if tokens
        .get(*i)
        .is_some_and(|token| token != "," && token != "}" && token != ";")
    {
        *i += 1;
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

pub(crate) fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}
