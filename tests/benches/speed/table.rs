//! One table of what was measured.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

/// How much ours may be.
#[derive(Clone, Copy)]
pub enum Budget {
    /// So many times the floor.
    Times(f64),
    /// So much more than the floor.
    Plus(f64),
    /// So much, whatever the floor.
    AtMost(f64),
    /// So much, and no less.
    AtLeast(f64),
}

/// One thing that was measured.
pub struct Row {
    pub name: &'static str,
    pub ours: f64,
    /// The same without Toolkeep.
    pub floor: Option<f64>,
    pub unit: &'static str,
    pub budget: Budget,
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.ours / floor)
    }

    fn holds(&self) -> bool {
        let floor = self.floor.unwrap_or(0.0);
        match self.budget {
            Budget::Times(times) => self.ours <= floor * times,
            Budget::Plus(more) => self.ours <= floor + more,
            Budget::AtMost(most) => self.ours <= most,
            Budget::AtLeast(least) => self.ours >= least,
        }
    }

    fn budget(&self) -> String {
        let unit = self.unit;
        match self.budget {
            Budget::Times(times) => format!("{times} x"),
            Budget::Plus(more) => format!("+ {more} {unit}"),
            Budget::AtMost(most) => format!("{most} {unit}"),
            Budget::AtLeast(least) => format!("at least {least} {unit}"),
        }
    }
}

/// For people.
pub fn text(rows: &[Row]) -> String {
    let mut out = format!(
        "{:<58} {:>12} {:>12} {:<10} {:>8}  budget\n",
        "what", "toolkeep", "floor", "unit", "ratio"
    );
    for row in rows {
        let or_none = |value: Option<f64>, digits: usize| {
            value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
        };
        let _ = writeln!(
            out,
            "{:<58} {:>12.3} {:>12} {:<10} {:>8}  {}{}",
            row.name,
            row.ours,
            or_none(row.floor, 3),
            row.unit,
            or_none(row.ratio(), 2),
            row.budget(),
            if row.holds() { "" } else { "  MISSED" },
        );
    }
    out
}

/// For programs.
pub fn json(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "ours": row.ours,
                "floor": row.floor,
                "unit": row.unit,
                "ratio": row.ratio(),
                "budget": row.budget(),
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}

/// The middle one.
pub fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
