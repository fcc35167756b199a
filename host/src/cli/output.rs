//! What a command prints: data on stdout, everything else on stderr. Colours where a person looks and
//! `NO_COLOR` does not forbid them.

use std::fmt::Display;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::exit::Exit;
use crate::rules::verdict::Verdict;

/// Bold.
pub const STRONG: Style = Style::new().bold();
/// For what matters less.
pub const FAINT: Style = Style::new().dimmed();
/// For what is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what needs a look.
pub const CARE: Style = AnsiColor::Yellow.on_default().bold();
/// For what is right.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Whoever reads our output may stop reading, as `head` does: nothing to do about that.
pub fn data(text: impl Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Many lines of data, printed many at once: a program that prints each by itself is busy with that.
pub struct Lines {
    text: String,
    styled: bool,
}

impl Lines {
    /// How much waits to be printed.
    const MUCH: usize = 64 * 1024;

    /// Lines for people, with styles.
    pub fn styled() -> Self {
        Self {
            text: String::new(),
            styled: true,
        }
    }

    /// Lines for programs. Not a character is taken out of them.
    pub fn plain() -> Self {
        Self {
            text: String::new(),
            styled: false,
        }
    }

    /// Adds a line.
    pub fn add(&mut self, line: &str) {
        self.text.extend([line, "\n"]);
        if self.text.len() >= Self::MUCH {
            self.print();
        }
    }

    /// Prints what waits.
    pub fn print(&mut self) {
        let text = self.text.as_bytes();
        let _ = if self.styled {
            anstream::stdout().write_all(text)
        } else {
            std::io::stdout().write_all(text)
        };
        self.text.clear();
    }
}

/// A line of news for a person.
pub fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// What went wrong.
pub fn error(text: impl Display) {
    note(format_args!("{BAD}error:{BAD:#} {text}"));
}

/// What is odd.
pub fn warning(text: impl Display) {
    note(format_args!("{CARE}warning:{CARE:#} {text}"));
}

/// What to do next.
pub fn hint(text: impl Display) {
    note(format_args!("{STRONG}hint:{STRONG:#} {text}"));
}

/// A value for a program, on one line.
pub fn json(value: &impl Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => {
            // Not through `anstream`, which takes characters out of it that belong to the value.
            let _ = writeln!(std::io::stdout(), "{text}");
            Exit::Done
        }
        Err(failed) => {
            error(format_args!("cannot write this as JSON: {failed}"));
            Exit::Failed
        }
    }
}

/// `1 tool`, `2 tools`.
pub fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The colour of a verdict.
pub fn of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Allow => GOOD,
        Verdict::Ask => CARE,
        Verdict::Deny => BAD,
    }
}

/// A table for people: columns as wide as their longest cell, no lines.
pub fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(head.map(|cell| cell.to_uppercase()));
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}
