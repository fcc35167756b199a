//! What embedders see, read off the source text: no outside crate that Toolkeep might exchange, or that
//! an embedder would have to have in the very same version, stands in a public signature.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::architecture::{branches, collect, tokens};

/// The rooms that embedders use.
const ROOMS: &[&str] = &[
    "api",
    "base",
    "gate",
    "handle",
    "pack",
    "rules",
    "store/audit",
];

/// The crates that nobody outside may have to know.
const HIDDEN: &[&str] = &[
    "anstream",
    "anstyle",
    "cap_std",
    "clap",
    "comfy_table",
    "ed25519_dalek",
    "getrandom",
    "hmac",
    "jsonschema",
    "redis",
    "rmcp",
    "rusqlite",
    "sha2",
    "signed_note",
    "sqlparser",
    "tokio",
    "tokio_postgres",
    "toml",
    "wasm_encoder",
    "wasmparser",
    "wasmtime",
    "wasmtime_wasi",
    "wasmtime_wasi_io",
];

/// Each public signature below `root` that names such a crate, one sentence each.
pub fn leaks(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for room in ROOMS {
        let (folder, file) = (root.join(room), root.join(format!("{room}.rs")));
        if folder.is_dir() {
            collect(&folder, &mut files);
        }
        files.extend(file.is_file().then_some(file));
    }
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap().display().to_string();
        let tokens = tokens(&std::fs::read_to_string(&file).unwrap());
        let imported = imported(&tokens);
        let private = private(&tokens);
        for signature in signatures(&tokens) {
            let is_private = |token: &String| private.contains(token);
            if signature[0] == "impl" && signature.iter().any(is_private) {
                continue;
            }
            for (at, token) in signature.iter().enumerate() {
                let before = at.checked_sub(1).map_or("", |at| &signature[at]);
                let next = signature.get(at + 1).map_or("", String::as_str);
                // The rest of a path, or a name that is given here.
                if matches!(before, "::" | "fn" | "struct" | "enum" | "trait" | "type")
                    || next == ":"
                {
                    continue;
                }
                let named = match imported.get(token) {
                    Some(named) => named,
                    None if next == "::" => token,
                    None => continue,
                };
                if HIDDEN.contains(&named.as_str()) {
                    found.push(format!("{path}: `{}` shows `{named}`", signature.join(" ")));
                }
            }
        }
    }
    found
}

/// The names that a file brings in from hidden crates, and from which.
fn imported(tokens: &[String]) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] != "use" {
            at += 1;
            continue;
        }
        let start = at + 1;
        at = start;
        let mut paths = Default::default();
        branches(tokens, &mut at, &[], &mut paths);
        let of = tokens.get(start).cloned().unwrap_or_default();
        if !HIDDEN.contains(&of.as_str()) {
            continue;
        }
        for name in paths.iter().filter_map(|path| path.last()) {
            out.insert(name.clone(), of.clone());
        }
        // What was given another name goes by that alone.
        for renamed in tokens[start..at.min(tokens.len())].windows(3) {
            if renamed[1] == "as" {
                out.remove(&renamed[0]);
                out.insert(renamed[2].clone(), of.clone());
            }
        }
    }
    out
}

/// The types and traits of a file that nobody outside can name.
fn private(tokens: &[String]) -> BTreeSet<String> {
    let declared = |at: usize| matches!(tokens[at].as_str(), "struct" | "enum" | "trait");
    (0..tokens.len().saturating_sub(1))
        .filter(|&at| declared(at) && (at == 0 || tokens[at - 1] != "pub"))
        .map(|at| tokens[at + 1].clone())
        .collect()
}

/// The public signatures: of functions without their bodies, of fields, of what an enum or a trait is
/// made of, and what an `impl` is of and for.
fn signatures(tokens: &[String]) -> Vec<&[String]> {
    let mut out = Vec::new();
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    for at in 0..tokens.len() {
        let is_public = token(at) == "pub" && token(at + 1) != "(";
        let end = match token(at + 1) {
            _ if token(at) == "impl" && (at == 0 || matches!(token(at - 1), "}" | ";" | "]")) => {
                until(tokens, at, &["{"])
            }
            _ if !is_public => continue,
            "enum" | "trait" => until(tokens, at, &["}"]),
            "fn" | "async" | "const" | "struct" | "type" | "use" | "mod" | "static" => {
                until(tokens, at, &["{", ";", "="])
            }
            // A field.
            _ => until(tokens, at, &[",", "}", ")"]),
        };
        // What is private in a tuple is nobody's business.
        let end = match (token(at + 1), token(at + 3)) {
            ("struct", "(") => at + 3,
            ("type", _) => until(tokens, at, &[";"]),
            _ => end,
        };
        out.push(&tokens[at..end]);
    }
    out
}

/// Where the first of `stops` stands that is within no bracket that was opened since `start`; an ending
/// brace is one that closes what was opened.
fn until(tokens: &[String], start: usize, stops: &[&str]) -> usize {
    let mut depth = 0i32;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        let arrow = at > 0 && tokens[at - 1] == "-";
        match token.as_str() {
            stop if depth == 0 && stops.contains(&stop) => return at,
            "(" | "[" | "<" | "{" => depth += 1,
            ">" if arrow => {}
            ")" | "]" | ">" | "}" => {
                depth -= 1;
                if depth == 0 && token == "}" && stops == ["}"] {
                    return at;
                }
                if depth < 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}
