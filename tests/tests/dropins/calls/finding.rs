//! Looking at folders.

use serde_json::json;

use super::{Call, add, each};

pub fn listing(calls: &mut Vec<Call>) {
    each(
        calls,
        "list_directory",
        &[
            "ROOT",
            "",
            "ROOT/project/",
            "ROOT/bare",
            "ROOT/bare/empty",
            "ROOT/links",
            "ROOT/links/to-folder",
            "ROOT/odd",
            "ROOT/plain.txt",
            "ROOT/missing",
            "ROOT/a\u{308}mter",
            "/",
        ],
    );
    each(
        calls,
        "list_directory_with_sizes",
        &[
            "ROOT/sizes",
            "ROOT",
            "ROOT/bare/empty",
            "ROOT/links",
            "ROOT/plain.txt",
            "ROOT/missing",
        ],
    );
    for by in ["name", "size"] {
        let arguments = json!({"path": "ROOT/sizes", "sortBy": by});
        add(
            calls,
            "list_directory_with_sizes",
            &format!("by {by}"),
            arguments,
        );
    }
    each(
        calls,
        "directory_tree",
        &[
            "ROOT/project",
            "ROOT/bare",
            "ROOT/bare/empty",
            "ROOT/links",
            "project/src",
            "ROOT/links/to-folder/docs",
            "ROOT/plain.txt",
            "ROOT/missing",
            "/etc",
        ],
    );
    for patterns in [
        json!(["target", "node_modules", ".git"]),
        json!(["*.md"]),
        json!(["**/*.md"]),
        json!(["**/a/**"]),
        json!(["src/a"]),
        json!(["{target,docs}", "[.]git"]),
        json!(["*"]),
        json!([]),
        json!(["er", "c.tx?"]),
    ] {
        let name = format!("without {patterns}");
        let arguments = json!({"path": "ROOT/project", "excludePatterns": patterns});
        add(calls, "directory_tree", &name, arguments);
    }
}

pub fn searching(calls: &mut Vec<Call>) {
    for pattern in [
        "**/*.rs",
        "*.rs",
        "*",
        "**",
        "**/*",
        "src/*",
        "src/**",
        "**/a",
        "**/*.{md,txt}",
        "**/[ab].*",
        "**/[!a].*",
        "**/?.md",
        "*.MD",
        "**/*.MD",
        ".*",
        "**/.*/**",
        "docs/*.md",
        "nothing",
        "!docs",
        "./docs",
        "docs/",
        "/docs",
        "",
    ] {
        let arguments = json!({"path": "ROOT/project", "pattern": pattern});
        add(calls, "search_files", &format!("`{pattern}`"), arguments);
    }
    for (pattern, excluded) in [
        ("**/*", json!(["src", ".git/**"])),
        ("**/*.rs", json!(["**/deep/**"])),
        ("**/*", json!(["**/*.md", "{target,node_modules}"])),
        ("**", json!(["**"])),
    ] {
        let name = format!("`{pattern}` without {excluded}");
        let arguments = json!({"path": "project", "pattern": pattern, "excludePatterns": excluded});
        add(calls, "search_files", &name, arguments);
    }
    for (name, path, pattern) in [
        ("names of all kinds", "ROOT", "*.txt"),
        ("an accent", "ROOT", "*é*"),
        ("a smile", "ROOT", "😀*"),
        ("in a folder of links", "ROOT/links", "**"),
        ("through a link", "ROOT/links/to-folder", "*.toml"),
        ("in a file", "ROOT/plain.txt", "*"),
        ("nowhere", "ROOT/missing", "*"),
        ("outside", "/etc", "*"),
        ("an extended glob", "ROOT/project", "@(src|docs)"),
        ("a range of numbers", "ROOT/sizes", "a{9..10}"),
        ("a class of letters", "ROOT/sizes", "[[:upper:]]*"),
    ] {
        add(
            calls,
            "search_files",
            name,
            json!({"path": path, "pattern": pattern}),
        );
    }
}
