//! Whatever we build on may be used as freely as Toolkeep itself.

use std::process::Command;

use spdx::Expression;
use toolkeep_tests::source;

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // For data, free of all duties but to pass the licence on: the certificates that the web trusts.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    // MIT without even the duty to name the author.
    "MIT-0",
    // MIT and BSD in one. Only the fuzzers have something of it.
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether one way of reading the licence needs nothing but what is allowed.
fn is_free(licence: &str) -> bool {
    let mode = spdx::ParseMode {
        allow_slash_as_or_operator: true,
        ..spdx::ParseMode::STRICT
    };
    let Ok(expression) = Expression::parse_mode(licence, mode) else {
        return false;
    };
    expression.evaluate(|one| ALLOWED.contains(&one.to_string().as_str()))
}

#[test]
fn a_licence_is_judged_by_its_alternatives() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "GPL-3.0-only OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
    ] {
        assert!(is_free(good), "{good}");
    }
    for bad in [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MPL-2.0",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "AGPL-3.0-or-later OR MPL-2.0",
        "my own",
        "",
    ] {
        assert!(!is_free(bad), "{bad}");
    }
}

#[test]
fn every_dependency_may_be_used() {
    for manifest in [
        "Cargo.toml",
        "plugins/echo/Cargo.toml",
        "plugins/notes/Cargo.toml",
        "plugins/files/Cargo.toml",
        "plugins/time/Cargo.toml",
        "plugins/fetch/Cargo.toml",
        "plugins/git/Cargo.toml",
        "tests/fuzz/Cargo.toml",
        "tests/guests/hostile/Cargo.toml",
        "tests/guests/measured/Cargo.toml",
    ] {
        let out = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--manifest-path",
            ])
            .arg(source().join(manifest))
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let bad: Vec<String> = packages
            .iter()
            .filter(|package| !package["license"].as_str().is_some_and(is_free))
            .map(|package| {
                format!(
                    "{} {}: {}",
                    package["name"], package["version"], package["license"]
                )
            })
            .collect();
        assert!(bad.is_empty(), "{manifest}: {bad:#?}");
        assert!(packages.len() > 5, "{manifest}");
    }
}
