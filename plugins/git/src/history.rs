//! The log.

use std::time::{SystemTime, UNIX_EPOCH};

use gix::Repository;
use gix::date::Time;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use toolkeep_sdk::Failure;

use crate::repository::{failure, no_flag, text};

/// A point in time that the argument `name` says in words, in seconds since 1970.
///
/// # Errors
/// Where it is none.
pub fn time(name: &str, said: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(said) = said.filter(|said| !said.is_empty()) else {
        return Ok(None);
    };
    no_flag(name, said)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or_default();
    parse(said, now)
        .map(Some)
        .ok_or_else(|| Failure::bad_arguments(format!("Invalid {name}: '{said}' is no date")))
}

fn parse(said: &str, now: i64) -> Option<i64> {
    let said = said.trim();
    let day = 24 * 60 * 60;
    match said {
        "now" => return Some(now),
        "yesterday" => return Some(now - day),
        _ => {}
    }
    let time = gix::date::Time::new(now, 0);
    let zoned = time.to_zoned().ok();
    let known = gix::date::parse(said, zoned.clone())
        .ok()
        .map(|time: Time| time.seconds);
    // What people write that is nearly in a form that is known.
    known.or_else(|| {
        let said = by_month(said).unwrap_or_else(|| said.to_owned());
        let spaced = said.replacen('T', " ", 1);
        let zone = spaced.strip_suffix('Z').map(|rest| format!("{rest} +0000"));
        let tries = [
            spaced.clone(),
            format!("{spaced} +0000"),
            zone.unwrap_or_default(),
        ];
        tries
            .iter()
            .find_map(|one| gix::date::parse(one, zoned.clone()).ok())
            .map(|time: Time| time.seconds)
    })
}

/// A date such as `Jan 15 2024`, in digits.
fn by_month(said: &str) -> Option<String> {
    let words: Vec<&str> = said
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    let [month, day, year] = words.as_slice() else {
        return None;
    };
    let names = "janfebmaraprmayjunjulaugsepoctnovdec";
    let month = names
        .find(&month.get(..3)?.to_lowercase())
        .filter(|at| at % 3 == 0)?
        / 3
        + 1;
    let (day, year): (u8, u16) = (day.parse().ok()?, year.parse().ok()?);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// The newest `most` commits made from `since` to `until`, each as a text.
pub fn log(
    repo: &Repository,
    most: i64,
    since: Option<i64>,
    until: Option<i64>,
) -> Result<Vec<String>, Failure> {
    let Some(head) = repo.head().map_err(failure)?.id() else {
        let name = repo.head_name().map_err(failure)?;
        let name = name.map(|name| text(name.as_bstr())).unwrap_or_default();
        let text = format!("Reference at '{name}' does not exist");
        return Err(Failure::failed(text));
    };
    // As Git has it: fewer than none are all.
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let order = CommitTimeOrder::NewestFirst;
    let walk = repo
        .rev_walk([head.detach()])
        .sorting(Sorting::ByCommitTime(order))
        .all()
        .map_err(failure)?;
    let mut shown = Vec::new();
    for info in walk {
        if shown.len() >= most {
            break;
        }
        let commit = info.map_err(failure)?.object().map_err(failure)?;
        let made = commit.time().map_err(failure)?.seconds;
        if since.is_some_and(|since| made < since) || until.is_some_and(|until| made > until) {
            continue;
        }
        let author = commit.author().map_err(failure)?;
        shown.push(format!(
            "Commit: {}\nAuthor: {}\nDate: {}\nMessage: {}\n",
            commit.id,
            text(author.name),
            date(author.time().map_err(failure)?, ":"),
            text(commit.message_raw().map_err(failure)?),
        ));
    }
    Ok(shown)
}

/// A date with its time zone, in whose offset `colon` stands between hours and minutes.
pub fn date(time: Time, colon: &str) -> String {
    let offset = i64::from(time.offset);
    let seconds = time.seconds + offset;
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}{}{sign}{:02}{colon}{:02}",
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        if colon.is_empty() { " " } else { "" },
        minutes / 60,
        minutes % 60,
    )
}

/// Year, month and day of a day that is counted from 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from a first of March, leap days come last in their years.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_where_they_were_made() {
        let time = |seconds, offset| Time { seconds, offset };
        assert_eq!(date(time(0, 0), ":"), "1970-01-01 00:00:00+00:00");
        assert_eq!(date(time(951_782_400, 0), ""), "2000-02-29 00:00:00 +0000");
        assert_eq!(
            date(time(1_700_000_000, -19_800), ":"),
            "2023-11-14 16:43:20-05:30"
        );
    }

    #[test]
    fn dates_are_understood() {
        let now = 1_700_000_000;
        for (said, expected) in [
            ("yesterday", now - 86_400),
            ("2 weeks ago", now - 14 * 86_400),
            ("2023-11-14T16:43:20", 1_699_980_200),
            ("2023-11-14T16:43:20Z", 1_699_980_200),
            ("2023-11-14 16:43:20 +0100", 1_699_976_600),
            ("@5", 5),
        ] {
            assert_eq!(parse(said, now), Some(expected), "{said}");
        }
        for said in ["2023-11-14", "Jan 15 2024"] {
            assert!(parse(said, now).is_some(), "{said}");
        }
        assert_eq!(parse("no date at all", now), None);
    }
}
