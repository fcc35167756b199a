use std::path::Path;

use super::*;
use crate::rules::verb::{Verb, Verbs};

const NOTES: &str = r#"
[host]
state = "state"

[audit]
checkpoint_to = "file:///var/log/toolkeep/checkpoints"
checkpoint_every = 10
archive_bytes = "256 MiB"
archive_days = 90

[limits]
cpu_ms = 100

[data.notes]
dir = "./users/{user}"

[data.inbox]
dir = "inbox"
label = ["untrusted", "mail"]
accepts = "public"

[plugins.notes]
path = "plugins/notes.wasm"

[plugins.notes.limits]
memory_bytes = "64 MiB"

[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "write"]
ask = ["delete"]
except = ["private/**"]

[plugins.notes.fs.mail]
data = "inbox"
ask = ["read"]
mount = "/var/mail"

[plugins.notes.config.settings]
values = { author = "Ada", footer = "" }

[plugins.notes.tools.search]
allow = ["list", "read"]
"#;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn problems(text: &str) -> String {
    match Config::parse("toolkeep.toml", text) {
        Ok(_) => "fine".to_owned(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn reads_all_there_is() {
    let config = Config::parse("toolkeep.toml", NOTES).unwrap();
    assert_eq!(config.digest(), Digest::of(NOTES.as_bytes()));
    assert_eq!(config.host.state.as_deref(), Some("state"));
    let checkpoints = config.audit.checkpoint_to.as_deref();
    assert_eq!(checkpoints, Some("/var/log/toolkeep/checkpoints"));
    assert_eq!(config.audit.checkpoint_every, 10);
    assert_eq!(config.audit.checkpoint_after_ms, 10_000);
    assert_eq!(config.audit.archive_bytes, Some(256 << 20));
    assert_eq!(config.audit.archive_days, Some(90));

    let notes = &config.data[&name("notes")];
    assert_eq!(notes.label.to_string(), "trusted private");
    assert_eq!(notes.accepts, notes.label);
    assert_eq!(notes.line.to_string(), "toolkeep.toml:14");
    let inbox = &config.data[&name("inbox")];
    assert_eq!(inbox.label.to_string(), "untrusted mail");
    assert_eq!(inbox.accepts.to_string(), "untrusted public");

    let plugin = &config.plugins[&name("notes")];
    assert_eq!(plugin.limits.cpu_ms, 100);
    assert_eq!(plugin.limits.memory_bytes, 64 << 20);
    let notebook = &plugin.grants.fs[&name("notebook")];
    assert_eq!(notebook.mount, "/notebook");
    assert_eq!(notebook.grant.lists.table, "[plugins.notes.fs.notebook]");
    assert_eq!(notebook.grant.lists.line.number, 28);
    assert_eq!(
        notebook.grant.lists.allow.to_string(),
        "list, read, create, modify"
    );
    assert_eq!(
        notebook.grant.lists.allowed(),
        notebook.grant.lists.allow.with(Verb::Stat)
    );
    assert_eq!(notebook.grant.lists.asked(), Verbs::one(Verb::Delete));
    assert!(!notebook.grant.patterns.admits("private"));
    let mail = &plugin.grants.fs[&name("mail")];
    assert_eq!(mail.grant.lists.asked().to_string(), "stat, read");
    assert_eq!(mail.mount, "/var/mail");
    let settings = &plugin.grants.config[&name("settings")];
    assert_eq!(settings.values["author"], "Ada");
    assert_eq!(settings.lists.allow, Verbs::one(Verb::Read));
    assert_eq!(plugin.tools["search"].line.number, 42);
}

#[test]
fn an_empty_file_grants_nothing() {
    let config = Config::parse("toolkeep.toml", "").unwrap();
    assert!(config.data.is_empty() && config.plugins.is_empty());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.audit.archive_bytes, None);
    assert_eq!(config.audit.archive_days, None);
}

#[test]
fn a_proxy_is_one_host_that_is_asked_in_the_clear() {
    for url in [
        "http://proxy.example:3128",
        "http://proxy.example:3128/",
        "http://10.0.0.1:8080",
        "http://[fd00::1]:8080",
    ] {
        let text = format!("[host]\nproxy = \"{url}\"");
        let config = Config::parse("toolkeep.toml", &text).unwrap();
        assert_eq!(config.host.proxy.as_deref(), Some(url));
        let before = Config::parse("toolkeep.toml", "").unwrap();
        assert!(config.widening_of(&before).is_some());
        assert!(before.widening_of(&config).is_some());
    }
    for url in [
        "",
        "proxy.example:3128",
        "https://proxy.example",
        "socks5://proxy.example",
        "http://*",
        "http://*.example",
        "http://user:word@proxy.example:1",
        "http://proxy.example:1/path",
        "http://proxy.example:0",
        "http://{user}.example",
        "http://0x7f.1:1",
    ] {
        let told = problems(&format!("[host]\nproxy = \"{url}\""));
        assert!(told.contains("`proxy` in [host]"), "{url}: {told}");
    }
}

#[test]
fn secrets_are_in_the_file_or_in_the_keyring() {
    let kept = |text: &str| {
        let config = Config::parse("toolkeep.toml", text).unwrap();
        config.host.secrets
    };
    assert_eq!(kept(""), SecretsIn::File);
    assert_eq!(kept("[host]\nsecrets = \"file\""), SecretsIn::File);
    assert_eq!(kept("[host]\nsecrets = \"keyring\""), SecretsIn::Keyring);
    for bad in ["Keyring", "keychain"] {
        let told = problems(&format!("[host]\nsecrets = \"{bad}\""));
        assert!(told.contains("`file` or `keyring`"), "{told}");
    }
}

#[test]
fn unknown_keys_and_wrong_kinds_are_told_together() {
    let text = r#"
hots = 1
data = "x"
plugins = []
[host]
state = "{user}"
sate = ""
[audit]
checkpoint_to = "https://example.org/"
checkpoint_every = 0
checkpoint_after_ms = "soon"
archive_bytes = "1023 KiB"
archive_days = 0
archive_hours = 1
"#;
    insta::assert_snapshot!(problems(text), @r"
    toolkeep.toml:2: unknown key `hots` in the file
      help: did you mean `host`?
    toolkeep.toml:3: `data` in the file must be a table, not a string
    toolkeep.toml:4: `plugins` in the file must be a table, not a list
    toolkeep.toml:6: `state` in [host] cannot be templated: it is the same for everyone
    toolkeep.toml:7: unknown key `sate` in [host]
      help: did you mean `state`?
    toolkeep.toml:9: `checkpoint_to` in [audit] is `https://example.org/`, which is no local file
      help: write a path, or `file:///` and an absolute path without `%`
    toolkeep.toml:10: `checkpoint_every` in [audit] must be a whole number of at least 1
    toolkeep.toml:11: `checkpoint_after_ms` in [audit] must be a whole number, not a string
    toolkeep.toml:12: `archive_bytes` in [audit] must be at least 1 MiB
    toolkeep.toml:13: `archive_days` in [audit] must be a whole number of at least 1
    toolkeep.toml:14: unknown key `archive_hours` in [audit]
      help: did you mean `archive_bytes`?
    ");
    insta::assert_snapshot!(problems("[data]\nnotes = 1\n[plugins.\"a b\"]\npath = ''"), @r"
    toolkeep.toml:2: `notes` in [data] must be a table, not an integer
    toolkeep.toml:3: `a b` is not a valid name: use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter
    toolkeep.toml:4: `path` in [plugins.a b] is empty
    ");
    insta::assert_snapshot!(problems("[[plugins.notes]]\npath = 'a'"), @"toolkeep.toml:1: `notes` in [plugins] must be a table, not a list");
}

#[test]
fn wrong_places_are_told() {
    let text = r#"
[data.a]
[data.b]
dir = "users/{usr}"
label = []
[data.c]
dir = "c"
label = ["trusted", "untrusted"]
[data.d]
dir = "d"
label = ["public", "mail"]
[data.e]
dir = "e"
label = "untrused"
[data.f]
dir = "f"
label = ["Secret"]
[data.g]
dir = "g"
label = "public"
accepts = "private"
[data.h]
dir = "h"
accepts = "untrusted"
[data.i]
dir = "i"
labels = "private"
label = true
"#;
    insta::assert_snapshot!(problems(text), @r"
    toolkeep.toml:2: [data.a] has no `dir`
    toolkeep.toml:4: `dir` in [data.b]: `users/{usr}` has the unknown word `{usr}`
      help: did you mean `user`?
    toolkeep.toml:5: `label` in [data.b] is an empty list
      help: name at least one, or leave the key out
    toolkeep.toml:8: `label` in [data.c] is both trusted and untrusted
    toolkeep.toml:11: `label` in [data.d] is both public and `mail`: public means no tag
    toolkeep.toml:14: unknown word `untrused` in `label` in [data.e]
      help: did you mean `untrusted`?
    toolkeep.toml:17: `Secret` is not a valid name: use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter
    toolkeep.toml:21: `accepts` of [data.g] exceeds its label: it accepts trusted private, and is trusted public
      help: what is written there could be read back as less than it is; accept less, or raise the label
    toolkeep.toml:24: `accepts` of [data.h] exceeds its label: it accepts untrusted private, and is trusted private
      help: what is written there could be read back as less than it is; accept less, or raise the label
    toolkeep.toml:27: unknown key `labels` in [data.i]
      help: did you mean `label`?
    toolkeep.toml:28: `label` in [data.i] must be a list of strings, not true or false
    ");
}

#[test]
fn what_a_label_leaves_open_is_private_and_trusted() {
    let label = |said: &str| {
        let text = format!("[data.a]\ndir = 'a'\nlabel = {said}");
        let config = Config::parse("toolkeep.toml", &text).unwrap();
        config.data["a"].label.to_string()
    };
    assert_eq!(label("'untrusted'"), "untrusted private");
    assert_eq!(label("'public'"), "trusted public");
    assert_eq!(label("['untrusted', 'public']"), "untrusted public");
    assert_eq!(label("['hr', 'mail', 'hr']"), "trusted hr mail");
}

#[test]
fn wrong_grants_are_told() {
    let text = r#"
[data.notes]
dir = "notes"
[data.broken]
dir = "{"

[plugins.notes]
path = "notes.wasm"
digest = "sha256:00"

[plugins.notes.fs.a]
data = "notse"
alow = ["read"]

[plugins.notes.fs.b]
data = "broken"
allow = []

[plugins.notes.fs.c]
data = "notes"
allow = ["write", "raed"]
ask = ["modify"]

[plugins.notes.fs.d]
allow = "read"
only = ["/etc", "../x", "", "a/", "a**"]
except = []
mount = "relative"

[plugins.notes.fs.e]
data = "notes"
allow = ["read"]
mount = "/a/../b"

[plugins.notes.fs.f]
data = "notes"
allow = ["read"]

[plugins.notes.fs.g]
data = "notes"
allow = ["call"]
mount = "/f/g"

[plugins.notes.config.a]
values = {}
allow = ["write"]

[plugins.notes.config.b]
values = { a = 1, "" = "x" }

[plugins.notes.config.c]
allow = ["read"]

[plugins.notes.tools.search]

[plugins.notes.tools."a b"]
allow = ["read"]
ask = ["read"]
only = ["x"]

[plugins.other]
fs = 1
"#;
    insta::assert_snapshot!(problems(text), @r#"
    toolkeep.toml:5: `dir` in [data.broken]: `{` has a `{` without its `}`
    toolkeep.toml:9: `digest` in [plugins.notes] is no digest
      help: expected `sha256:` and 64 lower-case hex digits
    toolkeep.toml:11: [plugins.notes.fs.a] has neither `allow` nor `ask`
      help: list the verbs in one of them, or take the table out
    toolkeep.toml:12: `data` in [plugins.notes.fs.a] names `notse`, which is not declared
      help: did you mean `notes`?
    toolkeep.toml:13: unknown key `alow` in [plugins.notes.fs.a]
      help: did you mean `allow`?
    toolkeep.toml:17: `allow` in [plugins.notes.fs.b] is an empty list
      help: name at least one, or leave the key out
    toolkeep.toml:21: unknown verb `raed` in `allow` in [plugins.notes.fs.c]
      help: did you mean `read`?
    toolkeep.toml:22: `allow` and `ask` in [plugins.notes.fs.c] both have modify
    toolkeep.toml:24: [plugins.notes.fs.d] has no `data`
    toolkeep.toml:25: `allow` in [plugins.notes.fs.d] must be a list of strings, not a string
      help: write `allow = ["read"]`
    toolkeep.toml:26: the pattern `/etc` in `only` in [plugins.notes.fs.d] starts with `/`: patterns are relative to the data's folder
    toolkeep.toml:26: the pattern `../x` in `only` in [plugins.notes.fs.d] has `.` or `..` as a part
    toolkeep.toml:26: the pattern `` in `only` in [plugins.notes.fs.d] is empty
    toolkeep.toml:26: the pattern `a/` in `only` in [plugins.notes.fs.d] ends with `/`: write `**` behind it to mean all that is below
    toolkeep.toml:26: the pattern `a**` in `only` in [plugins.notes.fs.d] has `**` beside other characters: it must stand alone between `/`
    toolkeep.toml:27: `except` in [plugins.notes.fs.d] is an empty list
      help: name at least one, or leave the key out
    toolkeep.toml:28: `mount` in [plugins.notes.fs.d] is `relative`, and must be an absolute path without `.`, `..`, `//` or a trailing `/`
    toolkeep.toml:33: `mount` in [plugins.notes.fs.e] is `/a/../b`, and must be an absolute path without `.`, `..`, `//` or a trailing `/`
    toolkeep.toml:41: unknown verb `call` in `allow` in [plugins.notes.fs.g]
      help: there are `list`, `stat`, `read`, `create`, `modify`, `delete`, `write`
    toolkeep.toml:42: the mount `/f/g` of `g` and the mount `/f` of `f` lie in one another
      help: the other is at toolkeep.toml:35
    toolkeep.toml:45: `values` in [plugins.notes.config.a] is empty
      help: give at least one value, or take the table out
    toolkeep.toml:46: unknown verb `write` in `allow` in [plugins.notes.config.a]
      help: the only one is `read`
    toolkeep.toml:48: a plugin has one config need at most, and this is another
    toolkeep.toml:49: `a` in [plugins.notes.config.b.values] must be a string, not an integer
    toolkeep.toml:49: the key `` in [plugins.notes.config.b.values] is empty
    toolkeep.toml:51: [plugins.notes.config.c] has no `values`
    toolkeep.toml:51: a plugin has one config need at most, and this is another
    toolkeep.toml:54: [plugins.notes.tools.search] has neither `allow` nor `ask`
      help: list the verbs in one of them, or take the table out
    toolkeep.toml:56: `a b` is not a valid tool name: use 1 to 64 of A-Z, a-z, 0-9, `_` and `-`
    toolkeep.toml:58: `allow` and `ask` in [plugins.notes.tools.a b] both have read
    toolkeep.toml:59: unknown key `only` in [plugins.notes.tools.a b]
      help: there are `allow`, `ask`
    toolkeep.toml:61: [plugins.other] has no `path`
    toolkeep.toml:62: `fs` in [plugins.other] must be a table, not an integer
    "#);
}

#[test]
fn an_undeclared_place_without_any_other_says_how_to_declare_one() {
    let text = "[plugins.a]\npath = 'a'\n[plugins.a.fs.b]\ndata = 'c'\nallow = ['read']";
    insta::assert_snapshot!(problems(text), @r"
    toolkeep.toml:4: `data` in [plugins.a.fs.b] names `c`, which is not declared
      help: declare it with [data.NAME] and a `dir`
    ");
}

#[test]
fn mounts_nest_by_whole_parts() {
    for (one, two, nested) in [
        ("/a", "/a", true),
        ("/a", "/a/b", true),
        ("/a/b", "/a", true),
        ("/", "/a", true),
        ("/a", "/ab", false),
        ("/a/b", "/a/c", false),
    ] {
        assert_eq!(grant::is_nested(one, two), nested, "{one} {two}");
    }
}

#[test]
fn places_with_different_labels_must_not_overlap() {
    let text = "[data.a]\ndir = 'a'\n[data.b]\ndir = 'a/b'\nlabel = 'public'\n[data.c]\ndir = 'ab'\nlabel = 'public'\n[data.d]\ndir = 'a'\naccepts = 'public'\n[data.e]\ndir = 'x'";
    let config = Config::parse("toolkeep.toml", text).unwrap();
    let place = |data: &str, folder: &'static str| Located {
        data: &config.data[data],
        folder: Path::new(folder),
    };
    let told: Vec<String> = overlaps(&[
        place("a", "/k/a"),
        place("b", "/k/a/b"),
        place("c", "/k/ab"),
        place("d", "/k/a"),
        place("e", "/k/a/e"),
    ])
    .iter()
    .map(ToString::to_string)
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    toolkeep.toml:3: [data.b] lies in [data.a] (toolkeep.toml:1), and their label differs
      help: give both the same label, or move one out of `/k/a`
    toolkeep.toml:9: [data.d] is the same folder as [data.a] (toolkeep.toml:1), and their `accepts` differs
      help: give both the same `accepts`, or move one out of `/k/a`
    toolkeep.toml:3: [data.b] lies in [data.d] (toolkeep.toml:9), and their label differs
      help: give both the same label, or move one out of `/k/a`
    toolkeep.toml:12: [data.e] lies in [data.d] (toolkeep.toml:9), and their `accepts` differs
      help: give both the same `accepts`, or move one out of `/k/a`
    ");
}

/// A small generator of numbers, the same on every run.
fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap_or_default() % below.max(1)
    }
}

#[test]
fn damaged_files_never_panic() {
    let mut number = numbers(7);
    let pieces = [
        "[", "]", "\"", "=", "\n", "{", "}", ".", ",", "'", "é", "\0", "0", "[[", "#",
    ];
    for _ in 0..3_000 {
        let mut text: Vec<char> = NOTES.chars().collect();
        for _ in 0..=number(3) {
            let at = number(text.len());
            match number(3) {
                0 => drop(text.remove(at)),
                1 => text.truncate(at.max(1)),
                _ => {
                    let piece = pieces[number(pieces.len())];
                    text.splice(at..at, piece.chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        let _ = problems(&text);
    }
}

/// What `docs/rules.md` teaches is what is read.
#[test]
fn the_examples_in_the_docs_are_right() {
    let docs = include_str!("../../../../docs/rules.md");
    let (of_operators, _) = docs.split_once("## `plugin.toml`").unwrap();
    let blocks = of_operators.split("```toml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    // Others are fragments.
    let whole = |block: &&str| block.contains("[data.") && block.contains("path = ");
    let examples: Vec<&str> = blocks.filter(whole).collect();
    assert!(examples.len() >= 6, "found {}", examples.len());
    for example in examples {
        let read = Config::parse("docs/rules.md", example);
        assert!(read.is_ok(), "{example}\n{}", read.err().unwrap());
    }
}

#[test]
fn databases_on_servers() {
    let data = |more: &str| format!("[data.d]\n{more}\n");
    let good = data("sql = \"postgres://{user}@db:1/shop\"\npassword = \"p\"\nroots = \"ca.pem\"");
    let config = Config::parse("toolkeep.toml", &good).unwrap();
    let Source::Sql(store) = &config.data.values().next().unwrap().source else {
        panic!("no database");
    };
    assert!(matches!(&store.backend, Backend::Postgres(url) if url.port == 1 && url.tls));
    for (more, said) in [
        ("sql = \"postgres://db/shop\"", "which names no role"),
        ("sql = \"postgres://a:b@db/shop\"", "has a password in it"),
        (
            "sql = \"postgres://a@db/shop?sslmode=prefer\"",
            "proves nothing",
        ),
        ("sql = \"mysql://a@db/shop\"", "none that is known"),
        ("sql = \"sqlite:a.db\"\npassword = \"p\"", "is for servers"),
        (
            "sql = \"sqlite:a.db\"\nroots = \"ca.pem\"",
            "is for servers",
        ),
    ] {
        let problems = problems(&data(more));
        assert!(problems.contains(said), "{more}: {problems}");
    }
}
