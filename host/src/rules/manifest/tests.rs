use super::*;
use crate::rules::config::Config;

const NOTES: &str = r#"
name = "notes"
version = "0.1.0"
description = "Keeps notes"

[needs.fs.notebook]
verbs = ["list", "read", "write"]
why = "keeps one Markdown file per note"

[needs.config.settings]
keys = ["author"]
why = "signs notes"
optional = true
"#;

fn problems(text: &str) -> String {
    Manifest::parse_toml("plugin.toml", text)
        .unwrap_err()
        .to_string()
}

#[test]
fn reads_toml_and_keeps_it_as_json() {
    let manifest = Manifest::parse_toml("plugin.toml", NOTES).unwrap();
    let json = serde_json::to_string_pretty(&manifest).unwrap();
    insta::assert_snapshot!(json, @r#"
    {
      "name": "notes",
      "version": "0.1.0",
      "description": "Keeps notes",
      "needs": {
        "fs": {
          "notebook": {
            "verbs": [
              "list",
              "read",
              "create",
              "modify"
            ],
            "why": "keeps one Markdown file per note"
          }
        },
        "config": {
          "settings": {
            "keys": [
              "author"
            ],
            "why": "signs notes",
            "optional": true
          }
        }
      }
    }
    "#);
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
}

#[test]
fn all_problems_are_told_together() {
    insta::assert_snapshot!(problems(""), @r"
    plugin.toml:1: the file has no `description`
    plugin.toml:1: the file has no `name`
    plugin.toml:1: the file has no `version`
    ");
    insta::assert_snapshot!(
        problems(
            r#"
name = "No Name"
version = 1
description = "  "
nedes = 1
[needs.net.x]
[needs.fs.a]
verbs = []
why = ""
[needs.fs.b]
verbs = ["raed", "read", "frobnicate"]
optional = "yes"
[needs.fs."C\u001b"]
verbs = "read"
why = "x"
[needs.config.a]
keys = ["", 1]
why = "x"
[needs.config.b]
why = "x"
"#
        ),
        @r#"
    plugin.toml:2: `No Name` is not a valid name: use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter
    plugin.toml:3: `version` in the file must be a string, not an integer
    plugin.toml:4: `description` in the file is empty
    plugin.toml:5: unknown key `nedes` in the file
      help: did you mean `needs`?
    plugin.toml:6: unknown key `net` in [needs]
      help: there are `fs`, `config`, `http`, `kv`, `sql`
    plugin.toml:8: `verbs` in [needs.fs.a] is an empty list
      help: name at least one, or leave the key out
    plugin.toml:9: `why` in [needs.fs.a] is empty
    plugin.toml:10: [needs.fs.b] has no `why`
    plugin.toml:11: unknown verb `raed` in `verbs` in [needs.fs.b]
      help: did you mean `read`?
    plugin.toml:11: unknown verb `frobnicate` in `verbs` in [needs.fs.b]
      help: there are `list`, `stat`, `read`, `create`, `modify`, `delete`, `write`
    plugin.toml:12: `optional` in [needs.fs.b] must be `true` or `false`, not a string
    plugin.toml:13: `C\u{1b}` is not a valid name: use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter
    plugin.toml:14: `verbs` in [needs.fs.C\u{1b}] must be a list of strings, not a string
      help: write `verbs = ["read"]`
    plugin.toml:17: the key `` in [needs.config.a] is empty
    plugin.toml:17: `keys` in [needs.config.a] must hold strings, not an integer
    plugin.toml:19: [needs.config.b] has no `keys`
    plugin.toml:19: there is more than one config need
      help: a plugin has one config: put all keys into one need
    "#
    );
    insta::assert_snapshot!(problems("needs = 1\nname = 1\nversion='a b'\ndescription='x'"), @r"
    plugin.toml:1: `needs` in the file must be a table, not an integer
    plugin.toml:2: `name` in the file must be a string, not an integer
    plugin.toml:3: `version` in the file must be 1 to 64 of A-Z, a-z, 0-9, `.`, `+` and `-`
    ");
}

#[test]
fn json_is_checked_by_the_same_rules() {
    let manifest = Manifest::parse_toml("plugin.toml", NOTES).unwrap();
    let good = serde_json::to_value(&manifest).unwrap();
    let wrong = |pointer: &str, value: serde_json::Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        serde_json::from_value::<Manifest>(json)
            .unwrap_err()
            .to_string()
    };
    use serde_json::json;
    let told = [
        wrong("/name", json!("A")),
        wrong("/version", json!("")),
        wrong("/description", json!(" ")),
        wrong("/needs", json!({"net": {}})),
        wrong("/needs/fs/notebook/verbs", json!([])),
        wrong("/needs/fs/notebook/verbs", json!(["call"])),
        wrong("/needs/fs/notebook/verbs", json!(["write"])),
        wrong("/needs/fs/notebook/why", json!("")),
        wrong(
            "/needs/fs/notebook",
            json!({"verbs": ["read"], "why": "x", "more": 1}),
        ),
        wrong("/needs/config/settings/keys", json!([])),
        wrong("/needs/config/settings/keys", json!(["\u{202e}"])),
        wrong(
            "/needs/config",
            json!({"a": {"keys": ["x"], "why": "x"}, "b": {"keys": ["x"], "why": "x"}}),
        ),
    ]
    .join("\n");
    insta::assert_snapshot!(told, @r"
    `A` is not a valid name: use 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter
    `version` must be 1 to 64 of A-Z, a-z, 0-9, `.`, `+` and `-`
    `description` is empty
    unknown field `net`, expected one of `fs`, `config`, `http`, `kv`, `sql`
    `verbs` of the fs need `notebook` is not a list of fs verbs
    `verbs` of the fs need `notebook` is not a list of fs verbs
    unknown variant `write`, expected one of `call`, `list`, `stat`, `read`, `create`, `modify`, `delete`, `get`, `post`, `put`, `patch`, `propfind`, `proppatch`, `mkcol`, `copy`, `move`, `lock`, `unlock`, `report`, `search`, `query`, `select`, `insert`, `update`, `ddl`
    `why` of the fs need `notebook` is empty
    unknown field `more`, expected one of `verbs`, `why`, `optional`, `many`
    `keys` of the config need `settings` is empty
    `keys` of the config need `settings` has a key that has control or invisible characters
    there is more than one config need
    ");
}

#[test]
fn one_need_of_many_folders_is_one_for_each_grant() {
    let manifest = Manifest::parse_toml(
        "plugin.toml",
        r#"
name = "p"
version = "1"
description = "d"
[needs.fs.files]
verbs = ["read"]
why = "reads"
many = true
[needs.fs.files-own]
verbs = ["create"]
why = "keeps"
[needs.fs.one]
verbs = ["list"]
why = "lists"
"#,
    )
    .unwrap();
    let needs = |granted: &[&str]| -> Vec<String> {
        let mut text = "[data.d]\ndir = 'd'\n[plugins.p]\npath = 'p'\n".to_owned();
        for name in granted {
            text += &format!("[plugins.p.fs.{name}]\ndata = 'd'\nallow = ['read']\n");
        }
        let config = Config::parse("toolkeep.toml", &text).unwrap();
        let plugin = &config.plugins[&Name::new("p").unwrap()];
        let needs = manifest.needs.for_grants(&plugin.grants);
        needs
            .fs
            .iter()
            .map(|(name, need)| format!("{name} {}", need.verbs))
            .collect()
    };
    assert_eq!(needs(&[]), ["files read", "files-own create", "one list"]);
    assert_eq!(
        needs(&["files", "files-a", "files-own", "one", "one-a", "filesb"]),
        ["files read", "files-a read", "files-own create", "one list"]
    );
    assert_eq!(
        needs(&["files-a", "files-b"]),
        [
            "files-a read",
            "files-b read",
            "files-own create",
            "one list"
        ]
    );
}
