//! Checking JSON against a plugin's schema. The schema is its author's and the JSON is the model's, so
//! that together they must not be able to keep the host busy.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::base::text::{shorten, visible};

/// The most parts that a schema may have once every reference in it is put in place.
const MAX_PARTS: u64 = 5_000;

/// How large the patterns of a schema may become, all together, in bytes. A few letters can ask for a
/// pattern that takes seconds to make.
const MAX_PATTERNS: usize = 4 << 20;

/// The most bytes of JSON that are checked where others wait.
const MAX_INLINE: usize = 64 * 1024;

/// How long a check may take that is done elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many things that do not fit are told.
const MAX_TOLD: usize = 3;

/// A schema, ready to check JSON.
pub(crate) struct Schema {
    validator: Arc<jsonschema::Validator>,
    /// How long a check takes is not known beforehand: it refers to itself, so that it depends on how deep
    /// the JSON is, or has patterns, so that it depends on these too.
    can_be_slow: bool,
}

/// A check took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Schema {
    /// Reads a schema. References out of it are not followed.
    pub(crate) fn new(json: &Value) -> Result<Self, String> {
        let mut weigh = Weigh {
            root: json,
            known: HashMap::new(),
            recursive: false,
        };
        let parts = weigh.weight(json, 0);
        if parts > MAX_PARTS {
            return Err(format!("is too large: it has more than {MAX_PARTS} parts"));
        }
        let patterns = patterns(json);
        let each = MAX_PATTERNS / patterns.max(1);
        let validator = jsonschema::options()
            .with_pattern_options(jsonschema::PatternOptions::regex().size_limit(each))
            // Each is made once, however often it is referred to.
            .with_pattern_cache(jsonschema::PatternCache::new())
            .build(json)
            .map_err(|error| {
                format!(
                    "is not right: {}",
                    shorten(&visible(&error.to_string()), 300)
                )
            })?;
        Ok(Self {
            validator: Arc::new(validator),
            can_be_slow: weigh.recursive || patterns > 0,
        })
    }

    /// What does not fit of `value`, which has `bytes` bytes as text; none if all of it fits.
    ///
    /// # Errors
    /// [`TooLong`] where the check does not come to an end in time.
    pub(crate) async fn misfit(
        &self,
        value: &Value,
        bytes: usize,
    ) -> Result<Option<String>, TooLong> {
        if !self.can_be_slow && bytes <= MAX_INLINE {
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
            let at = place(error.instance_path());
            let what = sentence(&error);
            if at.is_empty() {
                what
            } else {
                format!("`{}`: {what}", shorten(&visible(&at), 200))
            }
        })
        .collect();
    Some(told.join("; "))
}

/// What does not fit, in one sentence.
fn sentence(error: &ValidationError<'_>) -> String {
    let names_values = matches!(
        error.kind(),
        Kind::Enum { .. } | Kind::OneOfNotValid { .. } | Kind::AnyOf { .. }
    );
    let Some(mut values) = permitted(error).filter(|_| names_values) else {
        return shorten(&visible(&error.to_string()), 200);
    };
    let last = values.pop().unwrap_or_default();
    let list = match values.as_slice() {
        [] => last,
        others => format!("{} or {last}", others.join(", ")),
    };
    // What is wrong can be long, and must not push out what would be right.
    let wrong = shorten(&visible(&error.instance().to_string()), 60);
    format!("{wrong} is not one of {}", shorten(&visible(&list), 300))
}

/// The values that would be right, where the schema names each. The values of a documented enum are
/// alternatives, each with one value; an optional one has null for another.
fn permitted(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        Kind::Constant { expected_value } => Some(vec![expected_value.to_string()]),
        Kind::Enum { options } => {
            let options = options.as_array()?.iter();
            Some(options.map(Value::to_string).collect())
        }
        Kind::Type {
            kind: TypeKind::Single(JsonType::Null),
        } => Some(vec!["null".to_owned()]),
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            let alternatives = context.iter().map(|errors| {
                // Not the values of something in it.
                let mut here = errors
                    .iter()
                    .filter(|inner| inner.instance_path() == error.instance_path());
                here.find_map(permitted)
            });
            let values: Vec<_> = alternatives.collect::<Option<_>>()?;
            Some(values.concat())
        }
        _ => None,
    }
}

/// Where something stands, as people write it: `edits[2].oldText`.
fn place(location: &Location) -> String {
    let mut place = String::new();
    for segment in location {
        match segment {
            LocationSegment::Index(index) => place.push_str(&format!("[{index}]")),
            LocationSegment::Property(name) if place.is_empty() => place.push_str(&name),
            LocationSegment::Property(name) => place.push_str(&format!(".{name}")),
        }
    }
    place
}

/// How many patterns a schema has, or what looks like one.
fn patterns(part: &Value) -> usize {
    match part {
        Value::Object(members) => (members.iter())
            .map(|(key, member)| {
                let here = match (key.as_str(), member) {
                    ("pattern", Value::String(_)) => 1,
                    ("patternProperties", Value::Object(patterns)) => patterns.len(),
                    _ => 0,
                };
                here + patterns(member)
            })
            .sum(),
        Value::Array(items) => items.iter().map(patterns).sum(),
        _ => 0,
    }
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
mod tests;
