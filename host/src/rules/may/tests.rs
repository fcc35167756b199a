use serde_json::json;

use super::*;
use crate::rules::manifest::Manifest;

const PLUGIN: &str = r#"
name = "notes"
version = "0.1.0"
description = "Keeps notes"
[needs.fs.notebook]
verbs = ["list", "read", "write", "delete"]
why = "keeps notes"
[needs.fs.archive]
verbs = ["read", "delete"]
why = "clears up"
optional = true
[needs.config.settings]
keys = ["author", "footer"]
why = "signs notes"
"#;

const KEEP: &str = r#"
[data.notes]
dir = "notes"
[plugins.notes]
path = "notes.wasm"
[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "create"]
ask = ["delete"]
except = ["private/**"]
[plugins.notes.config.settings]
values = { author = "Ada" }
[plugins.notes.tools.search]
allow = ["list"]
ask = ["read"]
"#;

fn description() -> Description {
    let tool = |name: &str, read_only: bool, non_destructive: bool| ToolInfo {
        name: ToolName::new(name).unwrap(),
        title: None,
        description: "x".to_owned(),
        input_schema: json!({"type": "object"}).into(),
        output_schema: None,
        hints: Hints {
            read_only,
            non_destructive,
            idempotent: false,
        },
    };
    let manifest = Manifest::parse_toml("plugin.toml", PLUGIN).unwrap();
    let tools = vec![
        tool("write", false, false),
        tool("add", false, true),
        tool("search", true, true),
    ];
    Description::new(manifest, tools).unwrap()
}

fn lines(capabilities: &Capabilities) -> String {
    let mut out = String::new();
    for tool in &capabilities.tools {
        out.push_str(&format!("{}\n", tool.tool));
        for folder in &tool.places {
            out.push_str(&format!("  {folder}\n"));
        }
        if let Some(config) = &tool.config {
            out.push_str(&format!("  {config}\n"));
        }
        out.push_str(&format!(
            "  delete {} | outside {} | data {:?}\n",
            tool.delete, tool.outside, tool.data
        ));
    }
    out
}

#[test]
fn says_what_is_granted_and_what_could_be() {
    let description = description();
    let name = Name::new("notes").unwrap();
    let config = Config::parse("toolkeep.toml", KEEP).unwrap();
    let granted = Capabilities::granted(&description, &config, &name);
    insta::assert_snapshot!(lines(&granted), @r#"
    write
      archive: nothing
      notebook (notes): list, stat, read, create; asks before delete; except private/**
      settings: read author
      delete asks first: notebook (notes) | outside no | data {"notes"}
    add
      archive: nothing
      notebook (notes): list, stat, read, create; except private/**
      settings: read author
      delete no | outside no | data {"notes"}
    search
      archive: nothing
      notebook (notes): list, stat; asks before read; except private/**
      settings: asks before read author
      delete no | outside no | data {"notes"}
    "#);
    let at_most = Capabilities::at_most(&description);
    insta::assert_snapshot!(lines(&at_most), @r"
    write
      archive: stat, read, delete
      notebook: list, stat, read, create, modify, delete
      settings: read author, footer
      delete yes: archive, notebook | outside no | data {}
    add
      archive: stat, read
      notebook: list, stat, read, create
      settings: read author, footer
      delete no | outside no | data {}
    search
      archive: stat, read
      notebook: list, stat, read
      settings: read author, footer
      delete no | outside no | data {}
    ");
    let empty = Config::parse("toolkeep.toml", "").unwrap();
    let nothing = Capabilities::granted(&description, &empty, &name);
    insta::assert_snapshot!(lines(&nothing), @r"
    write
      archive: nothing
      notebook: nothing
      settings: nothing
      delete no | outside no | data {}
    add
      archive: nothing
      notebook: nothing
      settings: nothing
      delete no | outside no | data {}
    search
      archive: nothing
      notebook: nothing
      settings: nothing
      delete no | outside no | data {}
    ");
}

#[test]
fn round_trips_as_json() {
    let config = Config::parse("toolkeep.toml", KEEP).unwrap();
    let granted = Capabilities::granted(&description(), &config, &Name::new("notes").unwrap());
    let json = serde_json::to_string_pretty(&granted).unwrap();
    assert_eq!(
        serde_json::from_str::<Capabilities>(&json).unwrap(),
        granted
    );
    let one = serde_json::to_string_pretty(&granted.tools[0]).unwrap();
    insta::assert_snapshot!(one, @r#"
    {
      "tool": "write",
      "hints": {
        "read_only": false,
        "non_destructive": false,
        "idempotent": false
      },
      "places": [
        {
          "handle": "fs",
          "need": "archive",
          "why": "clears up",
          "optional": true,
          "allow": [],
          "ask": [],
          "place": null
        },
        {
          "handle": "fs",
          "need": "notebook",
          "why": "keeps notes",
          "optional": false,
          "allow": [
            "list",
            "stat",
            "read",
            "create"
          ],
          "ask": [
            "delete"
          ],
          "place": {
            "data": "notes",
            "source": "notes",
            "outside": false,
            "label": {
              "integrity": "trusted",
              "confidentiality": [
                "private"
              ]
            },
            "accepts": {
              "integrity": "trusted",
              "confidentiality": [
                "private"
              ]
            },
            "mount": "/notebook",
            "only": [],
            "except": [
              "private/**"
            ]
          }
        }
      ],
      "config": {
        "need": "settings",
        "keys": [
          "author"
        ],
        "read": "allow"
      },
      "delete": {
        "verdict": "ask",
        "by": [
          "notebook (notes)"
        ]
      },
      "outside": {
        "verdict": "deny",
        "by": []
      },
      "data": [
        "notes"
      ]
    }
    "#);
}
