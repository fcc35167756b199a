//! Time zones by name.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use toolkeep_sdk::{Failure, config};

use crate::answer::Moment;

/// A time zone with the name that it was asked for by.
pub struct Zone {
    pub name: String,
    pub rules: TimeZone,
}

impl Zone {
    /// The time zone that the argument `argument` names; the operator's where it was left out, or UTC.
    ///
    /// # Errors
    /// Where there is no such time zone.
    pub fn named(argument: &str, name: Option<String>) -> Result<Self, Failure> {
        match name {
            Some(name) if name.is_empty() => Err(Failure::bad_arguments(format!(
                "Missing required argument: {argument}"
            ))),
            Some(name) => Self::known(&name).ok_or_else(|| {
                Failure::bad_arguments(format!(
                    "Invalid timezone: 'No time zone found with key {name}'"
                ))
            }),
            None => {
                // Without a grant there is no value, and being refused one is as good as that.
                let name = config::get("timezone").ok().flatten();
                let name = name.unwrap_or_else(|| "UTC".to_owned());
                Self::known(&name).ok_or_else(|| {
                    Failure::failed(format!(
                        "the operator's value `timezone` is `{name}`, which is no IANA time zone"
                    ))
                })
            }
        }
    }

    /// The time zone of exactly this name.
    fn known(name: &str) -> Option<Self> {
        // The database takes capital and small letters for the same; names are to be right all the same,
        // as everywhere else where IANA names are used.
        let rules = TimeZoneDatabase::bundled().get(name).ok()?;
        (rules.iana_name() == Some(name)).then(|| Self {
            name: name.to_owned(),
            rules,
        })
    }

    /// A point in time as clocks here show it.
    pub fn moment(&self, at: Timestamp) -> Moment {
        self.describe(&at.to_zoned(self.rules.clone()))
    }

    fn describe(&self, time: &Zoned) -> Moment {
        let info = self.rules.to_offset_info(time.timestamp());
        Moment {
            timezone: self.name.clone(),
            datetime: time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            day_of_week: time.strftime("%A").to_string(),
            is_dst: info.dst().is_dst(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Result<Zone, Failure> {
        Zone::named("zone", Some(name.to_owned()))
    }

    #[test]
    fn tells_a_moment() {
        let at: Timestamp = "2026-07-01T22:30:59.9Z".parse().unwrap();
        let moment = zone("Europe/Berlin").unwrap().moment(at);
        let expected = Moment {
            timezone: "Europe/Berlin".to_owned(),
            datetime: "2026-07-02T00:30:59+02:00".to_owned(),
            day_of_week: "Thursday".to_owned(),
            is_dst: true,
        };
        assert_eq!(moment, expected);
        let utc = zone("UTC").unwrap().moment(at);
        assert_eq!(utc.datetime, "2026-07-01T22:30:59+00:00");
        assert!(!utc.is_dst);
    }

    #[test]
    fn it_is_dst_when_clocks_are_ahead_of_winter() {
        let is_dst = |name, at: &str| zone(name).unwrap().moment(at.parse().unwrap()).is_dst;
        let (winter, summer) = ("2026-01-01T12:00:00Z", "2026-07-01T12:00:00Z");
        for name in ["Europe/Dublin", "Europe/London", "America/New_York"] {
            assert!(is_dst(name, summer) && !is_dst(name, winter), "{name}");
        }
        assert!(is_dst("Pacific/Auckland", winter) && !is_dst("Asia/Tokyo", summer));
    }

    #[test]
    fn names_have_to_be_right() {
        for name in [
            "europe/berlin",
            "Europe",
            "Mars/Base",
            "../UTC",
            "/UTC",
            " UTC",
            "a\0",
        ] {
            let told = format!("Invalid timezone: 'No time zone found with key {name}'");
            let failure = zone(name).err().unwrap();
            assert_eq!(failure, Failure::bad_arguments(told));
        }
        let told = "Missing required argument: zone";
        assert_eq!(zone("").err().unwrap(), Failure::bad_arguments(told));
    }

    #[test]
    fn it_is_utc_where_nobody_says_otherwise() {
        assert_eq!(Zone::named("zone", None).unwrap().name, "UTC");
    }
}
