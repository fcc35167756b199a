//! The time, for a model: a drop-in for the reference MCP server `mcp-server-time`, with its tool names,
//! arguments, results and words for what went wrong.

mod answer;
mod convert;
mod zone;

use jiff::Timestamp;
use toolkeep_sdk::{Failure, tool, tools};

use answer::{Conversion, Moment, Pretty};
use zone::Zone;

tools![get_current_time, convert_time];

/// Tells what time it is now in a time zone.
#[tool(read_only)]
fn get_current_time(
    /// The IANA name of the time zone, such as `America/New_York` or `Europe/London`. If left out, the
    /// local time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    timezone: Option<String>,
) -> Result<Pretty<Moment>, Failure> {
    let zone = Zone::named("timezone", timezone)?;
    Ok(Pretty(zone.moment(Timestamp::now())))
}

/// Converts a time of day from one time zone to another, as of today.
#[tool(read_only)]
fn convert_time(
    /// The IANA name of the time zone that the time is in, such as `America/New_York` or `Europe/London`.
    /// If left out, the local time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    source_timezone: Option<String>,
    /// The time to convert, by the 24-hour clock: `HH:MM`.
    time: String,
    /// The IANA name of the time zone to convert to, such as `Asia/Tokyo` or `America/Los_Angeles`. If
    /// left out, the local time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    target_timezone: Option<String>,
) -> Result<Pretty<Conversion>, Failure> {
    let source = Zone::named("source_timezone", source_timezone)?;
    let target = Zone::named("target_timezone", target_timezone)?;
    convert::convert(&source, &time, &target, Timestamp::now()).map(Pretty)
}
