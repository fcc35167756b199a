//! Each answer in one line.

use std::fmt;

use super::{Answer, ConfigCapability, PlaceCapability};
use crate::base::text::visible;
use crate::rules::verdict::Verdict;

impl fmt::Display for Answer {
    /// `no`; `asks first: notebook (notes)`; `yes: notebook (notes)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.verdict {
            Verdict::Deny => return f.write_str("no"),
            Verdict::Ask => "asks first",
            Verdict::Allow => "yes",
        };
        write!(f, "{word}: {}", self.by.join(", "))
    }
}

impl fmt::Display for PlaceCapability {
    /// One line: `notebook (notes): list, read; asks before delete; only *.md`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.shown())?;
        match (self.allow.is_empty(), self.ask.is_empty()) {
            (true, false) => write!(f, "asks before {}", self.ask)?,
            (_, true) => write!(f, "{}", self.allow)?,
            (false, false) => write!(f, "{}; asks before {}", self.allow, self.ask)?,
        }
        let Some(place) = &self.place else {
            return Ok(());
        };
        for (word, patterns) in [("only", &place.only), ("except", &place.except)] {
            if !patterns.is_empty() {
                write!(f, "; {word} {}", visible(&patterns.join(", ")))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ConfigCapability {
    /// One line: `settings: read author, footer`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let keys = visible(&keys.join(", "));
        match self.read {
            _ if keys.is_empty() => write!(f, "{}: nothing", self.need),
            Verdict::Allow => write!(f, "{}: read {keys}", self.need),
            Verdict::Ask => write!(f, "{}: asks before read {keys}", self.need),
            Verdict::Deny => write!(f, "{}: nothing", self.need),
        }
    }
}
