use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::base::id::{Name, ToolName};
use crate::rules::access::Unreachable;
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::tool::{Hints, ToolInfo};

pub(super) const PLUGIN: &str = r#"
name = "notes"
version = "0.1.0"
description = "Keeps notes"
[needs.fs.notebook]
verbs = ["list", "read", "write", "delete"]
why = "keeps notes"
[needs.fs.archive]
verbs = ["list", "delete"]
why = "clears up"
[needs.config.settings]
keys = ["author", "home page"]
why = "signs notes"
"#;

pub(super) const KEEP: &str = r#"
[data.notes]
dir = "notes"
[plugins.notes]
path = "notes.wasm"
[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "create"]
ask = ["delete"]
only = ["*.md", "public/**"]
except = ["**/draft*"]
[plugins.notes.fs.extra]
data = "notes"
ask = ["read"]
[plugins.notes.config.settings]
values = { author = "Ada", other = "x" }
[plugins.notes.tools.search]
allow = ["list", "read"]
[plugins.notes.tools.tidy]
allow = ["delete"]
ask = ["read"]
"#;

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn tool(name: &str, hints: Hints) -> ToolInfo {
    ToolInfo {
        name: ToolName::new(name).unwrap(),
        title: None,
        description: "x".to_owned(),
        input_schema: json!({"type": "object"}).into(),
        output_schema: None,
        hints,
    }
}

fn scope_of(keep: &str, plugin: &str, tool_name: &str, hints: Hints) -> Scope {
    let config = Config::parse("toolkeep.toml", keep).unwrap();
    let manifest = Arc::new(Manifest::parse_toml("plugin.toml", PLUGIN).unwrap());
    Scope::new(&config, &manifest, &tool(tool_name, hints), &name(plugin))
}

pub(super) fn fs(need: &str, verbs: &[Verb], path: &str) -> Access {
    Access {
        handle: Handle::Fs,
        need: name(need),
        verbs: verbs.iter().copied().collect(),
        object: Object::Path {
            data: name("notes"),
            path: path.to_owned(),
        },
        is_folder: false,
    }
}

fn folder(verbs: &[Verb], path: &str) -> Access {
    Access {
        is_folder: true,
        ..fs("notebook", verbs, path)
    }
}

fn other(handle: Handle, need: &str, verb: Verb, object: Object) -> Access {
    Access {
        handle,
        need: name(need),
        verbs: Verbs::one(verb),
        object,
        is_folder: false,
    }
}

/// The judgement in full.
fn told(scope: &Scope, access: &Access) -> String {
    let judgement = scope.decide(access, &Label::clean());
    let mut out = judgement.verdict().to_string();
    for reason in judgement.reasons() {
        let code = serde_json::to_value(reason.code).unwrap();
        let code = code.as_str().unwrap().to_owned();
        out.push_str(&format!("\n{} {code}: {}", reason.verdict, reason.text));
        if let Some(remedy) = &reason.remedy {
            out.push_str(&format!("\n  remedy: {remedy}"));
        }
    }
    out
}

fn all_told(scope: &Scope, accesses: &[Access]) -> String {
    let told: Vec<String> = accesses.iter().map(|access| told(scope, access)).collect();
    told.join("\n\n")
}

#[test]
fn files_are_judged_by_manifest_grant_and_patterns() {
    use Verb::{Call, Create, Delete, List, Modify, Read, Stat};
    let scope = scope_of(KEEP, "notes", "write_note", Hints::default());
    let accesses = [
        fs("notebook", &[Read], "a.md"),
        fs("notebook", &[Stat], "a.md"),
        fs("notebook", &[Read, Modify, Delete], "a.md"),
        fs("notebook", &[Read], "a.txt"),
        fs("notebook", &[Read], "[a].txt"),
        fs("notebook", &[Read], "public/draft 1/a.md"),
        folder(&[List, Stat], "public"),
        folder(&[Create], "public"),
        folder(&[List], ""),
        folder(&[Create], ""),
        fs("notebook", &[], "a.md"),
        fs("notebook", &[Call], "a.md"),
        fs("archive", &[Delete, Read], "a.md"),
        fs("extra", &[Read], "a.md"),
        fs("none", &[Read], "a.md"),
    ];
    insta::assert_snapshot!(all_told(&scope, &accesses), @r#"
    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read

    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows stat

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny not-granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 does not grant `modify`
      remedy: add `modify` to `allow` in [plugins.notes.fs.notebook] at toolkeep.toml:8
    ask asks: [plugins.notes.fs.notebook] at toolkeep.toml:6 says to ask before `delete`
      remedy: move `delete` from `ask` to `allow` in [plugins.notes.fs.notebook] at toolkeep.toml:9

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny pattern: `a.txt` is under nothing in `only` of [plugins.notes.fs.notebook] at toolkeep.toml:10
      remedy: add `a.txt` to `only` in [plugins.notes.fs.notebook] at toolkeep.toml:10

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny pattern: `[a].txt` is under nothing in `only` of [plugins.notes.fs.notebook] at toolkeep.toml:10
      remedy: add `[[]a[]].txt` to `only` in [plugins.notes.fs.notebook] at toolkeep.toml:10

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny pattern: `public/draft 1/a.md` is under `**/draft*` in `except` of [plugins.notes.fs.notebook] at toolkeep.toml:11
      remedy: take `**/draft*` out of `except` in [plugins.notes.fs.notebook] at toolkeep.toml:11

    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows list, stat

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows create
    deny pattern: `public` is under nothing in `only` of [plugins.notes.fs.notebook] at toolkeep.toml:10
      remedy: add `public` to `only` in [plugins.notes.fs.notebook] at toolkeep.toml:10

    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows list

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows create
    deny pattern: `only` in [plugins.notes.fs.notebook] never gives the folder itself

    deny
    deny not-declared: the access says nothing of what it wants

    deny
    deny not-declared: fs has no verb `call`

    deny
    deny not-declared: plugin `notes` does not declare `read` for `archive`
      remedy: add `read` to `verbs` in [needs.fs.archive] of its plugin.toml, and build it again
    deny no-grant: plugin `notes` has no grant for `archive`
      remedy: add to toolkeep.toml:
    [plugins.notes.fs.archive]
    data = "…"
    allow = ["list"]
    ask = ["delete"]

    deny
    deny not-declared: plugin `notes` does not declare the fs need `extra`
      remedy: declare [needs.fs.extra] in its plugin.toml, and build it again
    ask asks: [plugins.notes.fs.extra] at toolkeep.toml:12 says to ask before `read`
      remedy: move `read` from `ask` to `allow` in [plugins.notes.fs.extra] at toolkeep.toml:14

    deny
    deny not-declared: plugin `notes` does not declare the fs need `none`
      remedy: declare [needs.fs.none] in its plugin.toml, and build it again
    deny no-grant: plugin `notes` has no grant for `none`
      remedy: add to toolkeep.toml:
    [plugins.notes.fs.none]
    data = "…"
    allow = ["read"]
    "#);
}

#[test]
fn what_is_not_really_there_is_denied() {
    let scope = scope_of(KEEP, "notes", "write_note", Hints::default());
    let unreachable = |why| Object::Unreachable {
        data: name("notes"),
        asked: "../etc/\u{1b}".to_owned(),
        why,
    };
    let accesses = [
        other(
            Handle::Fs,
            "notebook",
            Verb::Read,
            unreachable(Unreachable::Outside),
        ),
        other(
            Handle::Fs,
            "notebook",
            Verb::Read,
            unreachable(Unreachable::Protected),
        ),
        other(
            Handle::Fs,
            "notebook",
            Verb::Read,
            Object::Key("a".to_owned()),
        ),
        other(
            Handle::Fs,
            "notebook",
            Verb::Read,
            Object::Path {
                data: name("other"),
                path: "a.md".to_owned(),
            },
        ),
        fs("notebook", &[Verb::Read], "public/../a.md"),
        fs("notebook", &[Verb::Read], "/a.md"),
    ];
    insta::assert_snapshot!(all_told(&scope, &accesses), @r"
    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny unreachable: `../etc/\u{1b}` leads out of the folder

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny unreachable: `../etc/\u{1b}` belongs to Toolkeep itself

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny unreachable: `a` is nothing that fs has

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny no-grant: [plugins.notes.fs.notebook] at toolkeep.toml:6 is for [data.notes], not for [data.other]

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny unreachable: `public/../a.md` is not a resolved path

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows read
    deny unreachable: `/a.md` is not a resolved path
    ");
}

#[test]
fn a_tool_is_narrowed_and_held_to_its_hints() {
    use Verb::{Create, Delete, Read, Stat};
    let accesses = [
        fs("notebook", &[Read, Stat], "a.md"),
        fs("notebook", &[Create], "a.md"),
        fs("notebook", &[Delete], "a.md"),
    ];
    let search = scope_of(KEEP, "notes", "search", Hints::default());
    insta::assert_snapshot!(all_told(&search, &accesses), @r"
    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows stat, read

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows create
    deny narrowed: [plugins.notes.tools.search] at toolkeep.toml:17 leaves this tool without `create`
      remedy: add `create` to `allow` in [plugins.notes.tools.search] at toolkeep.toml:18

    deny
    ask asks: [plugins.notes.fs.notebook] at toolkeep.toml:6 says to ask before `delete`
      remedy: move `delete` from `ask` to `allow` in [plugins.notes.fs.notebook] at toolkeep.toml:9
    deny narrowed: [plugins.notes.tools.search] at toolkeep.toml:17 leaves this tool without `delete`
      remedy: add `delete` to `allow` in [plugins.notes.tools.search] at toolkeep.toml:18
    ");
    let tidy = scope_of(KEEP, "notes", "tidy", Hints::default());
    insta::assert_snapshot!(all_told(&tidy, &accesses), @r"
    ask
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows stat, read
    ask asks: [plugins.notes.tools.tidy] at toolkeep.toml:19 says to ask before `stat`
      remedy: add `stat` to `allow` in [plugins.notes.tools.tidy] at toolkeep.toml:20
    ask asks: [plugins.notes.tools.tidy] at toolkeep.toml:19 says to ask before `read`
      remedy: move `read` from `ask` to `allow` in [plugins.notes.tools.tidy] at toolkeep.toml:21

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows create
    deny narrowed: [plugins.notes.tools.tidy] at toolkeep.toml:19 leaves this tool without `create`
      remedy: add `create` to `allow` in [plugins.notes.tools.tidy] at toolkeep.toml:20

    ask
    ask asks: [plugins.notes.fs.notebook] at toolkeep.toml:6 says to ask before `delete`
      remedy: move `delete` from `ask` to `allow` in [plugins.notes.fs.notebook] at toolkeep.toml:9
    ");
    let read_only = Hints {
        read_only: true,
        ..Hints::default()
    };
    insta::assert_snapshot!(all_told(&scope_of(KEEP, "notes", "x", read_only), &accesses), @r"
    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows stat, read

    deny
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows create
    deny hint: tool `x` says that it is `read_only`, so it may not create
      remedy: take `read_only` from the tool in the plugin's source, and build it again

    deny
    ask asks: [plugins.notes.fs.notebook] at toolkeep.toml:6 says to ask before `delete`
      remedy: move `delete` from `ask` to `allow` in [plugins.notes.fs.notebook] at toolkeep.toml:9
    deny hint: tool `x` says that it is `read_only`, so it may not delete
      remedy: take `read_only` from the tool in the plugin's source, and build it again
    ");
    let adds = Hints {
        non_destructive: true,
        ..Hints::default()
    };
    insta::assert_snapshot!(all_told(&scope_of(KEEP, "notes", "x", adds), &accesses), @r"
    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows stat, read

    allow
    allow granted: [plugins.notes.fs.notebook] at toolkeep.toml:6 allows create

    deny
    ask asks: [plugins.notes.fs.notebook] at toolkeep.toml:6 says to ask before `delete`
      remedy: move `delete` from `ask` to `allow` in [plugins.notes.fs.notebook] at toolkeep.toml:9
    deny hint: tool `x` says that it is `non_destructive`, so it may not delete
      remedy: take `non_destructive` from the tool in the plugin's source, and build it again
    ");
}

#[test]
fn config_and_tools_are_judged() {
    let scope = scope_of(KEEP, "notes", "write_note", Hints::default());
    let key = |need, key: &str| {
        other(
            Handle::Config,
            need,
            Verb::Read,
            Object::Key(key.to_owned()),
        )
    };
    let call = |tool: &str| {
        other(
            Handle::Tool,
            "tool",
            Verb::Call,
            Object::Tool(tool.to_owned()),
        )
    };
    let accesses = [
        key("settings", "author"),
        key("settings", "home page"),
        key("settings", "other"),
        key("none", "author"),
        other(
            Handle::Config,
            "settings",
            Verb::Delete,
            Object::Key("author".to_owned()),
        ),
        other(
            Handle::Config,
            "settings",
            Verb::Read,
            Object::Tool("a".to_owned()),
        ),
        call("write_note"),
        call("search"),
    ];
    insta::assert_snapshot!(all_told(&scope, &accesses), @r#"
    allow
    allow granted: [plugins.notes.config.settings] at toolkeep.toml:15 allows read

    allow
    allow granted: [plugins.notes.config.settings] at toolkeep.toml:15 allows read

    deny
    deny not-declared: plugin `notes` does not declare the key `other`
      remedy: add `other` to `keys` in [needs.config.settings] of its plugin.toml, and build it again
    allow granted: [plugins.notes.config.settings] at toolkeep.toml:15 allows read

    deny
    deny not-declared: plugin `notes` does not declare the config need `none`
      remedy: declare [needs.config.none] in its plugin.toml, and build it again
    deny no-grant: plugin `notes` has no grant for `none`
      remedy: add to toolkeep.toml:
    [plugins.notes.config.none]
    values = { author = "…" }

    deny
    deny not-declared: config has no verb `delete`

    deny
    deny unreachable: `a` is nothing that config has

    allow
    allow granted: [plugins.notes] at toolkeep.toml:4 has the tool

    deny
    deny not-declared: this is a call of tool `write_note`, and of nothing else
    "#);
    let unknown = scope_of("", "notes", "write_note", Hints::default());
    let accesses = [
        call("write_note"),
        key("settings", "author"),
        fs("notebook", &[Verb::Read], "a.md"),
    ];
    insta::assert_snapshot!(all_told(&unknown, &accesses), @r"
    deny
    deny no-grant: plugin `notes` is not in toolkeep.toml
      remedy: add [plugins.notes] with its `path` to toolkeep.toml

    deny
    deny no-grant: plugin `notes` is not in toolkeep.toml
      remedy: add [plugins.notes] with its `path` to toolkeep.toml

    deny
    deny no-grant: plugin `notes` is not in toolkeep.toml
      remedy: add [plugins.notes] with its `path` to toolkeep.toml
    ");
    let tidy = scope_of(KEEP, "notes", "tidy", Hints::default());
    assert_eq!(
        tidy.decide(&key("settings", "author"), &Label::clean())
            .verdict(),
        Verdict::Ask
    );
}

#[test]
fn a_scope_gives_what_is_left_of_each_need() {
    let scope = scope_of(KEEP, "notes", "search", Hints::default());
    let left: Vec<String> = scope
        .fs()
        .map(|fs| {
            let data = fs
                .grant
                .map_or("none", |grant| grant.grant.data.name.as_str());
            format!(
                "{}: {data}, {} / {}",
                fs.need, fs.rights.allow, fs.rights.ask
            )
        })
        .collect();
    assert_eq!(
        left,
        [
            "archive: none, nothing / nothing",
            "notebook: notes, list, stat, read / nothing"
        ]
    );
    let config = scope.config().unwrap();
    assert_eq!(config.values().collect::<Vec<_>>(), [("author", "Ada")]);
    assert_eq!(config.rights.allow, Verbs::one(Verb::Read));
}
