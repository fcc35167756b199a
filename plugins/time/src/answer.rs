//! What the tools give back.

use schemars::JsonSchema;
use serde::Serialize;
use toolkeep_sdk::{Content, Failure, IntoOutput, Json, Output};

/// A moment in a time zone.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Moment {
    /// The time zone, by its IANA name.
    pub timezone: String,
    /// Date, time and distance from UTC, as in ISO 8601.
    pub datetime: String,
    /// The day of the week, in English.
    pub day_of_week: String,
    /// Whether it is daylight saving time.
    pub is_dst: bool,
}

/// A moment in two time zones.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Conversion {
    /// As it was given.
    pub source: Moment,
    /// The same moment in the other time zone.
    pub target: Moment,
    /// How much later clocks are in the second time zone, in hours: `+5.5h`.
    pub time_difference: String,
}

/// Structured output; the same JSON is there as text, on a line for each value.
pub struct Pretty<T>(pub T);

impl<T: Serialize + JsonSchema> IntoOutput for Pretty<T> {
    fn output_schema() -> Option<String> {
        Json::<T>::output_schema()
    }

    fn into_output(self) -> Result<Output, Failure> {
        let text = serde_json::to_string_pretty(&self.0)?;
        let output = Json(self.0).into_output()?;
        Ok(Output {
            content: vec![Content::Text(text)],
            ..output
        })
    }
}
