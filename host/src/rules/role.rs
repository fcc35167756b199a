//! What a tool's arguments are to its deed, as its author says in the input schema.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::text::{shorten, visible};

/// The keyword that gives an argument its role, on its property of the input schema.
const KEYWORD: &str = "x-toolkeep-role";

/// What an argument is to the deed of its tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentRole {
    /// Who or where something goes to.
    Destination,
    /// Which thing is acted on.
    Object,
    /// What is written, sent or said.
    Content,
}

/// Every role.
const ALL: [ArgumentRole; 3] = [
    ArgumentRole::Destination,
    ArgumentRole::Object,
    ArgumentRole::Content,
];

impl ArgumentRole {
    /// The word used in schemas and docs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Destination => "destination",
            Self::Object => "object",
            Self::Content => "content",
        }
    }
}

impl fmt::Display for ArgumentRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The roles that `input_schema` gives to arguments, by the arguments' names.
///
/// # Errors
/// The first role that there is not, as a sentence.
pub(super) fn roles(input_schema: &Value) -> Result<BTreeMap<String, ArgumentRole>, String> {
    let mut roles = BTreeMap::new();
    let properties = input_schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let Some(word) = property.get(KEYWORD) else {
            continue;
        };
        let role = ALL.into_iter().find(|role| *word == role.as_str());
        let role = role.ok_or_else(|| {
            let word = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
            format!(
                "argument `{}` has the role `{}`, and can have `destination`, `object` or `content`",
                shown(name),
                shown(&word)
            )
        })?;
        roles.insert(name.clone(), role);
    }
    Ok(roles)
}

fn shown(text: &str) -> String {
    shorten(&visible(text), 64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn are_read_from_the_properties() {
        let schema = json!({"type": "object", "properties": {
            "to": {"type": "string", "x-toolkeep-role": "destination"},
            "what": {"x-toolkeep-role": "object"},
            "text": {"x-toolkeep-role": "content"},
            "other": {"type": "object", "properties": {"deep": {"x-toolkeep-role": "victim"}}},
            "any": true,
        }});
        let found = roles(&schema).unwrap();
        let told: Vec<String> = found
            .iter()
            .map(|(name, role)| format!("{name} {role}"))
            .collect();
        assert_eq!(told, ["text content", "to destination", "what object"]);
        assert_eq!(roles(&json!({"type": "object"})), Ok(BTreeMap::new()));
    }

    #[test]
    fn only_roles_that_there_are() {
        for word in [
            json!("victim"),
            json!("Object"),
            json!(""),
            json!(null),
            json!(["object"]),
        ] {
            let schema = json!({"properties": {"to": {"x-toolkeep-role": word}}});
            let error = roles(&schema).unwrap_err();
            assert!(error.starts_with("argument `to` has the role `"), "{error}");
        }
    }
}
