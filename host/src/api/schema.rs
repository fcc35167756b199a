//! Checking JSON against a plugin's schema. The schema is its author's and the JSON is the model's, so
//! that together they must not be able to keep the host busy.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::base::text::{shorten, visible};

/// The most parts that a schema may have once every reference in it is put in place.
const MAX_PARTS: u64 = 5_000;

/// The most bytes of JSON that are checked where others wait.
const MAX_INLINE: usize = 64 * 1024;

/// How long a check may take that is done elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many things that do not fit are told.
const MAX_TOLD: usize = 3;

/// A schema, ready to check JSON.
pub(super) struct Schema {
    validator: Arc<jsonschema::Validator>,
    /// It refers to itself: how long a check takes depends on how deep the JSON is.
    recursive: bool,
}

/// A check took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Schema {
    /// Reads a schema. References out of it are not followed.
    pub(super) fn new(json: &Value) -> Result<Self, String> {
        let mut weigh = Weigh {
            root: json,
            known: HashMap::new(),
            recursive: false,
        };
        let parts = weigh.weight(json, 0);
        if parts > MAX_PARTS {
            return Err(format!("is too large: it has more than {MAX_PARTS} parts"));
        }
        let validator = jsonschema::options()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(json)
            .map_err(|error| {
                format!(
                    "is not right: {}",
                    shorten(&visible(&error.to_string()), 300)
                )
            })?;
        Ok(Self {
            validator: Arc::new(validator),
            recursive: weigh.recursive,
        })
    }

    /// What does not fit of `value`, which has `bytes` bytes as text; none if all of it fits.
    ///
    /// # Errors
    /// [`TooLong`] where the check does not come to an end in time.
    pub(super) async fn misfit(
        &self,
        value: &Value,
        bytes: usize,
    ) -> Result<Option<String>, TooLong> {
        if !self.recursive && bytes <= MAX_INLINE {
            return Ok(misfit(&self.validator, value));
        }
        let (validator, value) = (Arc::clone(&self.validator), value.clone());
        let check = tokio::task::spawn_blocking(move || misfit(&validator, &value));
        match tokio::time::timeout(PATIENCE, check).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(_)) | Err(_) => Err(TooLong),
        }
    }
}

/// The first few things that do not fit, as one sentence.
fn misfit(validator: &jsonschema::Validator, value: &Value) -> Option<String> {
    if validator.is_valid(value) {
        return None;
    }
    let told: Vec<String> = validator
        .iter_errors(value)
        .take(MAX_TOLD)
        .map(|error| {
            let at = error.instance_path().to_string();
            let what = shorten(&visible(&error.to_string()), 200);
            if at.is_empty() {
                what
            } else {
                format!("at `{}`: {what}", visible(&at))
            }
        })
        .collect();
    Some(told.join("; "))
}

/// How many parts a schema has once every reference in it is put in place.
struct Weigh<'a> {
    root: &'a Value,
    /// What each reference weighs; none while that is being found out.
    known: HashMap<&'a str, Option<u64>>,
    recursive: bool,
}

impl<'a> Weigh<'a> {
    fn weight(&mut self, part: &'a Value, depth: u32) -> u64 {
        // Deeper than any JSON that is read at all.
        if depth > 256 {
            return MAX_PARTS + 1;
        }
        let mut sum = 1u64;
        match part {
            Value::Object(members) => {
                for (key, member) in members {
                    sum = sum.saturating_add(match (key.as_str(), member) {
                        ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(to)) => {
                            self.reference(to, depth)
                        }
                        // What stands here counts where it is referred to.
                        ("$defs" | "definitions", _) => 1,
                        _ => self.weight(member, depth + 1),
                    });
                }
            }
            Value::Array(items) => {
                for item in items {
                    sum = sum.saturating_add(self.weight(item, depth + 1));
                }
            }
            _ => {}
        }
        sum
    }

    fn reference(&mut self, to: &'a str, depth: u32) -> u64 {
        match self.known.get(to) {
            Some(Some(weight)) => return *weight,
            Some(None) => {
                self.recursive = true;
                return 1;
            }
            None => {}
        }
        // A reference of another kind is resolved by the validator, in a way that is not weighed here.
        let Some(target) = to.strip_prefix('#').and_then(|at| self.root.pointer(at)) else {
            self.recursive = true;
            return 1;
        };
        self.known.insert(to, None);
        let weight = self.weight(target, depth + 1);
        self.known.insert(to, Some(weight));
        weight
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn tells_what_does_not_fit() {
        let schema = Schema::new(&json!({
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
        }))
        .unwrap();
        assert_eq!(schema.misfit(&json!({"n": 1}), 7).await, Ok(None));
        let told = schema
            .misfit(&json!({"n": "x\u{1b}"}), 7)
            .await
            .unwrap()
            .unwrap();
        assert!(
            told.starts_with("at `/n`: ") && !told.contains('\u{1b}'),
            "{told}"
        );
    }

    #[test]
    fn a_schema_that_doubles_and_doubles_is_refused() {
        let mut definitions = serde_json::Map::new();
        for level in 0..40 {
            let next = json!({"$ref": format!("#/$defs/a{}", level + 1)});
            definitions.insert(format!("a{level}"), json!({"allOf": [next, next]}));
        }
        definitions.insert("a40".to_owned(), json!({"type": "object"}));
        let bomb = json!({"type": "object", "$ref": "#/$defs/a0", "$defs": definitions});
        assert!(Schema::new(&bomb).err().unwrap().contains("too large"));
    }

    #[tokio::test]
    async fn a_schema_that_refers_to_itself_works_and_ends_in_time() {
        let twice = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]});
        let schema = Schema::new(&json!({"type": "object", "properties": {"a": twice}})).unwrap();
        assert!(schema.recursive);
        assert_eq!(schema.misfit(&json!({"a": {}}), 8).await, Ok(None));
        let mut deep = json!(1);
        for _ in 0..12 {
            deep = json!({"a": deep});
        }
        assert!(matches!(
            schema.misfit(&deep, 200).await,
            Ok(Some(_)) | Err(TooLong)
        ));
    }

    #[test]
    fn references_to_elsewhere_are_not_followed() {
        for to in ["http://localhost/schema.json", "file:///etc/passwd"] {
            assert!(
                Schema::new(&json!({"type": "object", "$ref": to})).is_err(),
                "{to}"
            );
        }
    }
}
