use serde_json::json;

use super::*;
use crate::rules::manifest::Manifest;
use crate::rules::tool::{Hints, ToolInfo};

fn description(needs: &str) -> Description {
    let text = format!("name = 'notes'\nversion = '1'\ndescription = 'x'\n{needs}");
    let manifest = Manifest::parse_toml("plugin.toml", &text).unwrap();
    let tool = ToolInfo {
        name: ToolName::new("search").unwrap(),
        title: None,
        description: "x".to_owned(),
        input_schema: json!({"type": "object"}).into(),
        output_schema: None,
        hints: Hints {
            read_only: true,
            ..Hints::default()
        },
    };
    Description::new(manifest, vec![tool]).unwrap()
}

fn findings(keep: &str, needs: &str) -> String {
    let config = Config::parse("toolkeep.toml", keep).unwrap();
    let name = Name::new("notes").unwrap();
    let found: Vec<String> = check(&config, &name, &description(needs))
        .iter()
        .map(|finding| {
            let severity = serde_json::to_value(finding.severity).unwrap();
            format!("{} {}", severity.as_str().unwrap(), finding.problem)
        })
        .collect();
    found.join("\n")
}

#[test]
fn what_does_not_fit_is_told() {
    let keep = r#"
[data.notes]
dir = "notes"
[plugins.notes]
path = "notes.wasm"
[plugins.notes.fs.notebok]
data = "notes"
allow = ["read"]
[plugins.notes.fs.archive]
data = "notes"
allow = ["list", "stat", "create"]
ask = ["delete"]
mount = "/old"
[plugins.notes.config.settings]
values = { autor = "Ada" }
[plugins.notes.tools.serach]
allow = ["read"]
[plugins.notes.tools.search]
allow = ["read", "modify"]
ask = ["create"]
"#;
    let needs = r#"
[needs.fs.notebook]
verbs = ["list", "read", "write", "delete"]
why = "keeps notes"
[needs.fs.archive]
verbs = ["list", "delete"]
why = "clears up"
[needs.fs.export]
verbs = ["create"]
why = "writes PDF files"
optional = true
[needs.config.settings]
keys = ["author"]
why = "signs notes"
"#;
    insta::assert_snapshot!(findings(keep, needs), @r#"
    note toolkeep.toml:4: plugin `notes` has no grant for `export` (writes PDF files), and can do without
      help: to grant it, add
        [plugins.notes.fs.export]
        data = "…"
        allow = ["create"]
    warning toolkeep.toml:4: plugin `notes` has no grant for `notebook` (keeps notes): each of its calls will be refused
      help: to grant it, add
        [plugins.notes.fs.notebook]
        data = "…"
        allow = ["list", "read", "create", "modify"]
        ask = ["delete"]
    error toolkeep.toml:6: [plugins.notes.fs.notebok] is for `notebok`, which the plugin does not need
      help: did you mean `notebook`?
    warning toolkeep.toml:11: `create` in `allow` in [plugins.notes.fs.archive] has no effect: the plugin does not declare it for `archive`
    note toolkeep.toml:15: [plugins.notes.config.settings] has no value for `author`
    warning toolkeep.toml:15: `autor` in [plugins.notes.config.settings] has no effect: the plugin does not declare the key
      help: did you mean `author`?
    error toolkeep.toml:16: [plugins.notes.tools.serach] is for `serach`, which is no tool of the plugin
      help: did you mean `search`?
    warning toolkeep.toml:19: `modify` in `allow` in [plugins.notes.tools.search] has no effect: the tool's own hints rule it out
    warning toolkeep.toml:20: `create` in `ask` in [plugins.notes.tools.search] has no effect: the tool's own hints rule it out
    "#);
}

#[test]
fn config_needs_and_unknown_plugins_are_told() {
    let needs = "[needs.config.settings]\nkeys = ['author', 'home page']\nwhy = 'x'";
    insta::assert_snapshot!(findings("", needs), @r"
    error toolkeep.toml: plugin `notes` is not in this file
      help: add [plugins.notes] with its `path`
    ");
    insta::assert_snapshot!(findings("[plugins.notes]\npath = 'a'", needs), @r#"
    warning toolkeep.toml:1: plugin `notes` has no grant for `settings` (x): each of its calls will be refused
      help: to grant it, add
        [plugins.notes.config.settings]
        values = { author = "…", "home page" = "…" }
    "#);
    let keep = "[plugins.notes]\npath = 'a'\n[plugins.notes.config.setting]\nvalues = {a = 'b'}";
    insta::assert_snapshot!(findings(keep, needs), @r#"
    warning toolkeep.toml:1: plugin `notes` has no grant for `settings` (x): each of its calls will be refused
      help: to grant it, add
        [plugins.notes.config.settings]
        values = { author = "…", "home page" = "…" }
    error toolkeep.toml:3: [plugins.notes.config.setting] is for `setting`, which the plugin does not need
      help: did you mean `settings`?
    "#);
    insta::assert_snapshot!(findings(keep, ""), @"error toolkeep.toml:3: [plugins.notes.config.setting] is for `setting`, which the plugin does not need");
}

#[test]
fn what_fits_has_no_findings() {
    let keep = "[data.a]\ndir = 'a'\n[plugins.notes]\npath = 'a'\n[plugins.notes.fs.b]\ndata = 'a'\nallow = ['read']\n[plugins.notes.tools.search]\nask = ['read']";
    let needs = "[needs.fs.b]\nverbs = ['read']\nwhy = 'x'";
    assert_eq!(findings(keep, needs), "");
}
