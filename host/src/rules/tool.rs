//! What a plugin's tools are: the part of a component's custom section that its code gave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::manifest::{Manifest, prose_fault};
use super::role::{self, ArgumentRole};
use super::verb::{Verb, Verbs};
use crate::base::id::ToolName;

/// The version of the custom section's form, written into it as `format`.
pub const DESCRIPTION_FORMAT: u32 = 1;

/// The most tools that a plugin may have.
const MAX_TOOLS: usize = 256;

/// What an author says that a tool does to the world. The host holds the tool to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// It changes nothing.
    pub read_only: bool,
    /// It only ever adds: it deletes nothing and overwrites nothing.
    pub non_destructive: bool,
    /// Calling it again with the same arguments changes nothing more.
    pub idempotent: bool,
}

impl Hints {
    /// The verbs that the hints rule out.
    pub fn forbidden(self) -> Verbs {
        let forbidden = |verb: &Verb| {
            verb.is_effect() && (self.read_only || self.non_destructive && !verb.only_adds())
        };
        Verb::ALL.into_iter().filter(forbidden).collect()
    }
}

/// One tool, as its plugin describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedTool")]
#[non_exhaustive]
pub struct ToolInfo {
    /// Unique in the plugin.
    pub name: ToolName,
    /// A short name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does and when to use it, for the model that chooses. Never empty.
    pub description: String,
    /// The JSON Schema, of type `object`, that every call's arguments satisfy.
    pub input_schema: Arc<Value>,
    /// The JSON Schema that every call's structured output satisfies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Arc<Value>>,
    /// What it does to the world.
    pub hints: Hints,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedTool {
    name: ToolName,
    #[serde(default)]
    title: Option<String>,
    description: String,
    input_schema: Arc<Value>,
    #[serde(default)]
    output_schema: Option<Arc<Value>>,
    #[serde(default)]
    hints: Hints,
}

impl ToolInfo {
    /// The same tool, if it keeps the rules that the fields' types don't say.
    ///
    /// # Errors
    /// The first rule that is broken, as a sentence.
    pub fn checked(self) -> Result<Self, String> {
        let fault = if let Some(fault) = prose_fault(&self.description) {
            format!("`description` {fault}")
        } else if let Some(fault) = self.title.as_deref().and_then(prose_fault) {
            format!("`title` {fault}")
        } else if !describes_object(&self.input_schema) {
            "`input_schema` is not a schema of type `object`".to_owned()
        } else if !self.output_schema.as_deref().is_none_or(Value::is_object) {
            "`output_schema` is not a schema".to_owned()
        } else if let Err(fault) = role::roles(&self.input_schema) {
            fault
        } else {
            return Ok(self);
        };
        Err(format!("tool `{}`: {fault}", self.name))
    }

    /// What its arguments are to its deed, by their names. Those without a role are not in it.
    pub fn argument_roles(&self) -> BTreeMap<String, ArgumentRole> {
        // Checked before; what cannot be read would have no role, which is judged more strictly.
        role::roles(&self.input_schema).unwrap_or_default()
    }
}

fn describes_object(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

impl TryFrom<UncheckedTool> for ToolInfo {
    type Error = String;

    fn try_from(tool: UncheckedTool) -> Result<Self, String> {
        Self {
            name: tool.name,
            title: tool.title,
            description: tool.description,
            input_schema: tool.input_schema,
            output_schema: tool.output_schema,
            hints: tool.hints,
        }
        .checked()
    }
}

/// All that is known of a plugin without running it: what the packager embeds in the component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedDescription")]
pub struct Description {
    /// The version of this form: [`DESCRIPTION_FORMAT`].
    pub format: u32,
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// Its tools; no two have the same name.
    pub tools: Vec<ToolInfo>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedDescription {
    format: u32,
    manifest: Manifest,
    tools: Vec<ToolInfo>,
}

impl Description {
    /// The description of a plugin with `manifest` and `tools`.
    ///
    /// # Errors
    /// The first rule that is broken, as a sentence.
    pub fn new(manifest: Manifest, tools: Vec<ToolInfo>) -> Result<Self, String> {
        if tools.is_empty() {
            return Err("the plugin has no tools".to_owned());
        }
        if tools.len() > MAX_TOOLS {
            return Err(format!("the plugin has more than {MAX_TOOLS} tools"));
        }
        let tools = tools
            .into_iter()
            .map(ToolInfo::checked)
            .collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeSet::new();
        if let Some(twice) = tools.iter().find(|tool| !names.insert(&tool.name)) {
            return Err(format!("two tools are called `{}`", twice.name));
        }
        Ok(Self {
            format: DESCRIPTION_FORMAT,
            manifest,
            tools,
        })
    }

    /// The tool called `name`.
    pub fn tool(&self, name: &str) -> Option<&ToolInfo> {
        self.tools.iter().find(|tool| tool.name.as_str() == name)
    }
}

impl TryFrom<UncheckedDescription> for Description {
    type Error = String;

    fn try_from(unchecked: UncheckedDescription) -> Result<Self, String> {
        if unchecked.format != DESCRIPTION_FORMAT {
            return Err(format!(
                "the description has format {}, and this version reads format {DESCRIPTION_FORMAT}",
                unchecked.format
            ));
        }
        Self::new(unchecked.manifest, unchecked.tools)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "format": 1,
            "manifest": {"name": "notes", "version": "1", "description": "Keeps notes"},
            "tools": [{
                "name": "search",
                "description": "Finds notes",
                "input_schema": {"type": "object"},
                "hints": {"read_only": true, "non_destructive": true, "idempotent": true},
            }],
        })
    }

    fn read(json: &Value) -> Result<Description, String> {
        // Through text, as in a component: there is no other way in.
        serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn round_trips() {
        let description = read(&good()).unwrap();
        let json = serde_json::to_value(&description).unwrap();
        assert_eq!(json, good());
        assert!(
            description
                .tool("search")
                .is_some_and(|tool| tool.hints.read_only)
        );
        assert_eq!(description.tool("other"), None);
    }

    #[test]
    fn broken_rules_are_told() {
        let wrong = |pointer: &str, value: Value| {
            let mut json = good();
            *json.pointer_mut(pointer).unwrap() = value;
            let error = read(&json).unwrap_err();
            error
                .split(" at line")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let tool = good().pointer("/tools/0").unwrap().clone();
        let mut untitled = tool.clone();
        untitled["title"] = json!("");
        let mut more = tool.clone();
        more["roles"] = json!([]);
        let role = json!({"x-toolkeep-role": "victim"});
        let roles = json!({"type": "object", "properties": {"who": role}});
        let told = [
            wrong("/format", json!(2)),
            wrong("/tools", json!([])),
            wrong("/tools", json!([tool, tool])),
            wrong("/tools", vec![tool; 257].into()),
            wrong("/tools/0", untitled),
            wrong("/tools/0", more),
            wrong("/tools/0/name", json!("a.b")),
            wrong("/tools/0/description", json!("")),
            wrong("/tools/0/input_schema", json!(true)),
            wrong("/tools/0/input_schema", json!({"type": "string"})),
            wrong("/tools/0/input_schema", roles),
            wrong("/tools/0/hints", json!({"readonly": true})),
            wrong("/manifest/version", json!("")),
        ]
        .join("\n");
        insta::assert_snapshot!(told, @r"
        the description has format 2, and this version reads format 1
        the plugin has no tools
        two tools are called `search`
        the plugin has more than 256 tools
        tool `search`: `title` is empty
        unknown field `roles`, expected one of `name`, `title`, `description`, `input_schema`, `output_schema`, `hints`
        `a.b` is not a valid tool name: use 1 to 64 of A-Z, a-z, 0-9, `_` and `-`
        tool `search`: `description` is empty
        tool `search`: `input_schema` is not a schema of type `object`
        tool `search`: `input_schema` is not a schema of type `object`
        tool `search`: argument `who` has the role `victim`, and can have `destination`, `object` or `content`
        unknown field `readonly`, expected one of `read_only`, `non_destructive`, `idempotent`
        `version` must be 1 to 64 of A-Z, a-z, 0-9, `.`, `+` and `-`
        ");
    }
}
