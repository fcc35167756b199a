//! What the tools give back.

use schemars::JsonSchema;
use serde::Serialize;
use toolkeep_sdk::{Content, Failure, IntoOutput, Json, Output};

use crate::graph::{Addition, Entity, Relation};

/// Entities that were made.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Created {
    pub entities: Vec<Entity>,
}

/// Relations that were made.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Related {
    pub relations: Vec<Relation>,
}

/// Observations that were added.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Added {
    pub results: Vec<Addition>,
}

/// That it was done.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Done {
    pub success: bool,
    pub message: String,
}

/// Structured output, with a text of its own.
pub struct Answer<T> {
    text: String,
    structured: T,
}

impl<T> Answer<T> {
    /// The text is `shown` as JSON, on a line for each value.
    pub fn of(shown: &impl Serialize, structured: T) -> Result<Self, Failure> {
        let text = serde_json::to_string_pretty(shown)?;
        Ok(Self { text, structured })
    }
}

impl Answer<Done> {
    pub fn done(message: &str) -> Self {
        Self {
            text: message.to_owned(),
            structured: Done {
                success: true,
                message: message.to_owned(),
            },
        }
    }
}

impl<T: Serialize + JsonSchema> IntoOutput for Answer<T> {
    fn output_schema() -> Option<String> {
        Json::<T>::output_schema()
    }

    fn into_output(self) -> Result<Output, Failure> {
        let output = Json(self.structured).into_output()?;
        Ok(Output {
            content: vec![Content::Text(self.text)],
            ..output
        })
    }
}
