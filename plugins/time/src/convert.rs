//! A time of day in another time zone.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::AmbiguousOffset;
use toolkeep_sdk::Failure;

use crate::answer::Conversion;
use crate::zone::Zone;

/// `time` in `source`, on the day that it is there `now`, and the same moment in `target`. A time that
/// comes twice that day, when clocks go back, is the first of both.
///
/// # Errors
/// Where `time` is none, or is skipped that day because clocks go forward.
pub fn convert(
    source: &Zone,
    time: &str,
    target: &Zone,
    now: Timestamp,
) -> Result<Conversion, Failure> {
    let of_day = parse(time).ok_or_else(|| {
        Failure::bad_arguments("Invalid time format. Expected HH:MM [24-hour format]")
    })?;
    let date = now.to_zoned(source.rules.clone()).date();
    let ambiguous = source.rules.to_ambiguous_zoned(date.to_datetime(of_day));
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(Failure::bad_arguments(format!(
            "Invalid time: {time} does not exist in {} on {date} (skipped by a clock change)",
            source.name
        )));
    }
    let moment = ambiguous.earlier()?.timestamp();
    let ahead = |zone: &Zone| zone.rules.to_offset(moment).seconds();
    Ok(Conversion {
        source: source.moment(moment),
        target: target.moment(moment),
        time_difference: hours(ahead(target) - ahead(source)),
    })
}

/// `9:05` and the like: one or two digits each.
fn parse(time: &str) -> Option<Time> {
    let (hour, minute) = time.split_once(':')?;
    let number = |digits: &str| {
        let right = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        right.then(|| digits.parse::<i8>().ok())?
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// Seconds as hours: `+1.0h`, `-3.5h`, `+5.75h`.
fn hours(seconds: i32) -> String {
    let hours = f64::from(seconds) / 3600.0;
    if seconds % 3600 == 0 {
        return format!("{hours:+.1}h");
    }
    let text = format!("{hours:+.2}");
    format!("{}h", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(source: &str, time: &str, target: &str, now: &str) -> Result<Conversion, Failure> {
        let zone = |name: &str| Zone::named("zone", Some(name.to_owned())).unwrap();
        convert(&zone(source), time, &zone(target), now.parse().unwrap())
    }

    #[track_caller]
    fn check(source: &str, time: &str, target: &str, now: &str, expected: [&str; 3]) {
        let found = converted(source, time, target, now).unwrap();
        let found = [
            found.source.datetime,
            found.target.datetime,
            found.time_difference,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn converts_on_the_day_that_it_is_there() {
        check(
            "Pacific/Auckland",
            "0:30",
            "America/New_York",
            "2026-01-01T20:00:00Z",
            [
                "2026-01-02T00:30:00+13:00",
                "2026-01-01T06:30:00-05:00",
                "-18.0h",
            ],
        );
        check(
            "UTC",
            "23:59",
            "Asia/Kathmandu",
            "2026-01-01T00:00:00Z",
            [
                "2026-01-01T23:59:00+00:00",
                "2026-01-02T05:44:00+05:45",
                "+5.75h",
            ],
        );
    }

    #[test]
    fn a_time_that_is_skipped_is_none() {
        let told = "Invalid time: 02:30 does not exist in America/New_York on 2026-03-08 \
                    (skipped by a clock change)";
        let found = converted("America/New_York", "02:30", "UTC", "2026-03-08T17:00:00Z");
        assert_eq!(found, Err(Failure::bad_arguments(told)));
        check(
            "America/New_York",
            "03:00",
            "UTC",
            "2026-03-08T17:00:00Z",
            [
                "2026-03-08T03:00:00-04:00",
                "2026-03-08T07:00:00+00:00",
                "+4.0h",
            ],
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first() {
        check(
            "America/New_York",
            "01:30",
            "UTC",
            "2026-11-01T17:00:00Z",
            [
                "2026-11-01T01:30:00-04:00",
                "2026-11-01T05:30:00+00:00",
                "+4.0h",
            ],
        );
    }

    #[test]
    fn a_time_has_hours_and_minutes() {
        for good in ["00:00", "9:5", "23:59"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "", "24:00", "9", "9:", ":5", "9:60", "9:005", " 9:05", "+9:05", "9:05:00", "٩:٠٥",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn differences_are_in_hours() {
        for (seconds, expected) in [
            (0, "+0.0h"),
            (-3600, "-1.0h"),
            (19_800, "+5.5h"),
            (20_700, "+5.75h"),
            (-12_600, "-3.5h"),
        ] {
            assert_eq!(hours(seconds), expected);
        }
    }
}
