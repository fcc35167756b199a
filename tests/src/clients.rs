//! Programs of others that the tests hold Toolkeep against: reference servers and clients, at the
//! versions that stand in the lock files of `tests/clients`. They are installed below the tests' target
//! folder, once for each state of a lock file.
//!
//! To take newer ones: change the versions in `package.json`, and make its lock file anew with
//! `npm install --package-lock-only --omit-lockfile-registry-resolved`; the Python ones with
//! `uv pip compile --universal --python-version 3.10 --generate-hashes --no-header --no-annotate`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toolkeep::base::digest::Digest;

use crate::{source, target};

/// The oldest Node.js that all of the packages run on.
const OLDEST_NODE: u32 = 20;

/// The folder `node_modules` with what `tests/clients/npm/package.json` names.
pub fn node_modules() -> PathBuf {
    let from = source().join("tests/clients/npm");
    let lock = from.join("package-lock.json");
    let folder = installed("npm", &lock, |folder| {
        let version = run(Command::new("node").arg("--version"), MISSING_NODE);
        assert!(
            is_new_enough(&version),
            "these tests need Node.js {OLDEST_NODE} or newer, and `node` is {}",
            version.trim()
        );
        for file in ["package.json", "package-lock.json"] {
            fs::copy(from.join(file), folder.join(file)).unwrap();
        }
        // No package needs its install script, and none of them is to run code on installing.
        let args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(
            Command::new("npm").args(args).current_dir(folder),
            MISSING_NODE,
        );
    });
    folder.join("node_modules")
}

/// The Python interpreter of a virtual environment with what `tests/clients/python/{set}.txt` names.
pub fn python(set: &str) -> PathBuf {
    let lock = source().join(format!("tests/clients/python/{set}.txt"));
    let folder = installed(&format!("python-{set}"), &lock, |folder| {
        run(
            Command::new("python3").args(["-m", "venv"]).arg(folder),
            MISSING_PYTHON,
        );
        // Ready-made wheels only: nothing is compiled, and no install script runs.
        let args = ["install", "--require-hashes", "--only-binary", ":all:"];
        run(
            Command::new(folder.join("bin/python"))
                .args(["-m", "pip", "--quiet", "--disable-pip-version-check"])
                .args(args)
                .arg("--requirement")
                .arg(&lock),
            MISSING_PYTHON,
        );
    });
    folder.join("bin/python")
}

const MISSING_NODE: &str = "these tests need Node.js 20 or newer with npm, and a package registry: `.ci/run` installs both";
const MISSING_PYTHON: &str =
    "these tests need python3 with venv, and a package registry: `.ci/run` installs python3-venv";

/// The folder in which `install` put what `lock` names, now or in an earlier run. Tests and test
/// programs that want the same wait for one another.
fn installed(name: &str, lock: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    let shared = target().join("tmp").join("clients");
    fs::create_dir_all(&shared).unwrap();
    let turn = fs::File::create(shared.join(format!(".{name}.lock"))).unwrap();
    turn.lock().unwrap();
    let digest = Digest::of(&fs::read(lock).unwrap()).hex();
    let folder = shared.join(format!("{name}-{}", &digest[..16]));
    let complete = folder.join(".complete");
    if !complete.exists() {
        // What an interrupted run left.
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir(&folder).unwrap();
        install(&folder);
        fs::write(complete, "").unwrap();
    }
    folder
}

/// What a command writes to stdout; `missing` is said of one that is not there or fails.
fn run(command: &mut Command, missing: &str) -> String {
    let ran = command
        .output()
        .unwrap_or_else(|error| panic!("{missing} ({command:?}: {error})"));
    assert!(
        ran.status.success(),
        "{missing} ({command:?}: {})",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Whether `v20.1.0`, say, will do.
fn is_new_enough(version: &str) -> bool {
    version
        .trim()
        .strip_prefix('v')
        .and_then(|version| version.split('.').next())
        .and_then(|major| major.parse::<u32>().ok())
        .is_some_and(|major| major >= OLDEST_NODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_will_not_do() {
        assert!(is_new_enough("v20.0.0\n") && is_new_enough("v100.1.2"));
        assert!(!is_new_enough("v18.20.4") && !is_new_enough("20") && !is_new_enough("vx.1"));
    }

    #[test]
    fn everything_named_is_installed() {
        let modules = node_modules();
        for package in [
            "client",
            "inspector",
            "sdk",
            "server-filesystem",
            "server-memory",
        ] {
            let package = modules.join("@modelcontextprotocol").join(package);
            assert!(package.join("package.json").is_file(), "{package:?}");
        }
        for (set, module) in [
            ("time", "mcp_server_time"),
            ("fetch", "mcp_server_fetch"),
            ("git", "mcp_server_git"),
            ("mcp-1", "mcp"),
            ("mcp-2", "mcp"),
        ] {
            let import = format!("import {module}");
            run(Command::new(python(set)).args(["-c", &import]), "");
        }
    }
}
