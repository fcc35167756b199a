//! What both servers for time are asked.

use serde_json::{Value, json};

/// Each call: a name of its own, the tool and the arguments.
pub fn calls() -> Vec<(String, &'static str, Value)> {
    let mut calls = Vec::new();
    let zones = [
        "UTC",
        "GMT",
        "Etc/GMT+5",
        "Europe/London",
        "Europe/Dublin",
        "Europe/Berlin",
        "Europe/Lisbon",
        "America/New_York",
        "America/St_Johns",
        "America/Argentina/Buenos_Aires",
        "America/Sao_Paulo",
        "America/Los_Angeles",
        "US/Eastern",
        "EST",
        "EST5EDT",
        "Asia/Tokyo",
        "Asia/Kolkata",
        "Asia/Calcutta",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Asia/Dubai",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Australia/Eucla",
        "Pacific/Auckland",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "Antarctica/Troll",
    ];
    let wrong = [
        "",
        " ",
        "europe/berlin",
        "utc",
        "Mars/Olympus_Mons",
        "Europe",
        "Europe/",
        "Europe/Berlin ",
        "/etc/localtime",
        "../UTC",
        "UTC+2",
        "+02:00",
        "日本",
        "a\0b",
    ];
    for zone in zones.iter().chain(&wrong) {
        let name = format!("get_current_time: {zone:?}");
        calls.push((name, "get_current_time", json!({"timezone": zone})));
    }
    let mut convert = |source: &str, time: &str, target: &str| {
        let name = format!("convert_time: {source:?} {time:?} {target:?}");
        let arguments = json!({"source_timezone": source, "time": time, "target_timezone": target});
        calls.push((name, "convert_time", arguments));
    };
    for (index, source) in zones.iter().enumerate() {
        let target = zones[(index * 7 + 3) % zones.len()];
        convert(source, "23:45", target);
        // No clock is ever changed at this time of day.
        convert(target, "4:05", source);
    }
    for time in [
        "00:00", "9:30", "09:5", "12:00", "23:59", "24:00", "12:60", "-1:00", "1:2:3", "noon",
        "12", "12:", ":30", "", " 12:00", "12:00 ", "12.30", "3:00 PM", "012:00", "12:005",
        "1２:00",
    ] {
        convert("Europe/Berlin", time, "America/New_York");
    }
    for zone in wrong {
        convert(zone, "12:00", "UTC");
        convert("UTC", "25:00", zone);
    }
    for (name, tool, arguments) in [
        ("no arguments", "get_current_time", json!({})),
        ("a number", "get_current_time", json!({"timezone": 2})),
        ("null", "get_current_time", json!({"timezone": null})),
        (
            "an unknown argument",
            "get_current_time",
            json!({"timezone": "UTC", "format": "12h"}),
        ),
        (
            "no source",
            "convert_time",
            json!({"time": "12:00", "target_timezone": "UTC"}),
        ),
        (
            "no target",
            "convert_time",
            json!({"time": "12:00", "source_timezone": "UTC"}),
        ),
        (
            "no time",
            "convert_time",
            json!({"source_timezone": "UTC", "target_timezone": "UTC"}),
        ),
        (
            "a number for a time",
            "convert_time",
            json!({"source_timezone": "UTC", "time": 12, "target_timezone": "UTC"}),
        ),
    ] {
        calls.push((format!("{tool}: {name}"), tool, arguments));
    }
    calls
}
