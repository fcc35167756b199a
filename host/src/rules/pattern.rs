//! Path patterns of a grant: `only` these paths, `except` those.
//!
//! A pattern is a path below the data's folder, compared part by part (parts stand between `/`),
//! so that nothing but `**` can ever cross a `/`. In a part `*` stands for any characters, `?` for
//! one, `[a-c]` for one of several and `{a,b}` for either; a leading dot is nothing special. A part
//! that is `**` stands for any number of parts, none included. Upper and lower case differ.
//!
//! Where a pattern could be read in two ways, the reading that gives less holds:
//!
//! - `except = ["private"]` and `except = ["private/**"]` mean the same: `private` itself, and all
//!   that is below it.
//! - `only = ["public/**"]` gives what is below `public`, but not `public` itself (which can still
//!   be listed, to get there); `only = ["public"]` gives the one path `public` and nothing below.

mod glob;

use glob::Glob;

/// The longest pattern, in bytes, and the most parts that one may have. A set of parts then fits
/// into one `u64`, and no pattern can be made slow.
const MAX_BYTES: usize = 1024;
const MAX_PARTS: usize = 60;

/// Which paths below its folder a grant is for.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    only: Vec<Pattern>,
    except: Vec<Pattern>,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It starts with `/`.
    #[error("starts with `/`: patterns are relative to the data's folder")]
    Absolute,
    /// It ends with `/`.
    #[error("ends with `/`: write `**` behind it to mean all that is below")]
    TrailingSlash,
    /// There is nothing between two `/`.
    #[error("has `//` in it")]
    EmptyPart,
    /// `.` or `..` is one of its parts: no resolved path has these.
    #[error("has `.` or `..` as a part")]
    Dots,
    /// `**` next to other characters.
    #[error("has `**` beside other characters: it must stand alone between `/`")]
    StarStar,
    /// A bracket that is not closed, or closed in another part.
    #[error("has brackets that do not match")]
    Syntax,
    /// It is longer than any sensible pattern.
    #[error("is longer than 1024 bytes or 60 parts")]
    TooLong,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    /// `**`: any number of parts.
    Any,
    /// `*`: exactly one part.
    One,
    /// Just these characters.
    Literal(String),
    Glob(Glob),
}

impl Part {
    fn parse(text: &str) -> Result<Self, BadPattern> {
        match text {
            "" => Err(BadPattern::EmptyPart),
            "." | ".." => Err(BadPattern::Dots),
            "**" => Ok(Self::Any),
            "*" => Ok(Self::One),
            text if text.contains("**") => Err(BadPattern::StarStar),
            text if text.contains(['*', '?', '[', ']', '{', '}', '\\', '!', ',']) => {
                Glob::parse(text).map(Self::Glob).ok_or(BadPattern::Syntax)
            }
            text => Ok(Self::Literal(text.to_owned())),
        }
    }

    fn matches(&self, part: &str) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(text) => text == part,
            Self::Glob(glob) => glob.matches(part),
        }
    }
}

/// How far into a pattern a path has come: bit `i` is set where the first `i` parts are matched.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Progress(u64);

impl Pattern {
    fn parse(text: &str) -> Result<Self, BadPattern> {
        if text.is_empty() {
            return Err(BadPattern::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(BadPattern::TooLong);
        }
        if text.starts_with('/') {
            return Err(BadPattern::Absolute);
        }
        if text.ends_with('/') {
            return Err(BadPattern::TrailingSlash);
        }
        let parts = text
            .split('/')
            .map(Part::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if parts.len() > MAX_PARTS {
            return Err(BadPattern::TooLong);
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Before any part of the path was seen.
    fn start(&self) -> Progress {
        self.past_any(Progress(1))
    }

    /// After one more part of the path.
    fn step(&self, progress: Progress, part: &str) -> Progress {
        let mut next = 0;
        for (index, pattern) in self.parts.iter().enumerate() {
            if progress.0 & (1 << index) == 0 || !pattern.matches(part) {
                continue;
            }
            // `**` stays where it is, to take the next part as well.
            let ahead = usize::from(!matches!(pattern, Part::Any));
            next |= 1 << (index + ahead);
        }
        self.past_any(Progress(next))
    }

    /// `**` may also stand for no part at all.
    fn past_any(&self, progress: Progress) -> Progress {
        let mut bits = progress.0;
        for (index, pattern) in self.parts.iter().enumerate() {
            if bits & (1 << index) != 0 && matches!(pattern, Part::Any) {
                bits |= 1 << (index + 1);
            }
        }
        Progress(bits)
    }

    fn end(&self) -> u64 {
        1 << self.parts.len()
    }

    fn is_matched(&self, progress: Progress) -> bool {
        progress.0 & self.end() != 0
    }

    /// Whether a longer path could still match.
    fn is_open(&self, progress: Progress) -> bool {
        progress.0 & (self.end() - 1) != 0
    }

    /// How far all of `path` comes.
    fn walk(&self, path: &str) -> Progress {
        parts(path).fold(self.start(), |progress, part| self.step(progress, part))
    }

    /// Whether `path` or a folder above it is matched.
    fn covers(&self, path: &str) -> bool {
        let mut progress = self.start();
        self.is_matched(progress)
            || parts(path).any(|part| {
                progress = self.step(progress, part);
                self.is_matched(progress)
            })
    }
}

/// The pattern that matches just `path`.
pub fn escape(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            // In brackets, since a TOML text has its own use for a backslash.
            pattern.extend(['[', c, ']']);
        } else {
            pattern.push(c);
        }
    }
    pattern
}

/// The parts of a resolved path; none for the data's folder itself.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

impl Patterns {
    /// Compiles the patterns. An empty `only` means every path.
    ///
    /// # Errors
    /// The first text that is no pattern, and why. To report each, try them one by one with
    /// [`Patterns::check`].
    pub fn new(only: &[&str], except: &[&str]) -> Result<Self, BadPattern> {
        let compile = |texts: &[&str]| -> Result<Vec<Pattern>, BadPattern> {
            texts.iter().map(|text| Pattern::parse(text)).collect()
        };
        let mut only = compile(only)?;
        for pattern in &mut only {
            // `public/**` gives what is below `public`, not `public`: at least one part.
            if matches!(pattern.parts.last(), Some(Part::Any)) {
                pattern.parts.push(Part::One);
            }
        }
        Ok(Self {
            only,
            except: compile(except)?,
        })
    }

    /// Whether `text` is a pattern.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(text: &str) -> Result<(), BadPattern> {
        Pattern::parse(text).map(drop)
    }

    /// Whether there is no pattern, so that every path is admitted.
    pub fn is_empty(&self) -> bool {
        self.only.is_empty() && self.except.is_empty()
    }

    /// The texts of the `only` patterns.
    pub fn only(&self) -> impl Iterator<Item = &str> {
        self.only.iter().map(|pattern| pattern.text.as_str())
    }

    /// The texts of the `except` patterns.
    pub fn except(&self) -> impl Iterator<Item = &str> {
        self.except.iter().map(|pattern| pattern.text.as_str())
    }

    /// Whether the grant is for `path`, a resolved path below the data's folder: it is not in
    /// `except`, nor is any folder above it; and, where there is `only`, one of these matches it.
    pub fn admits(&self, path: &str) -> bool {
        self.excepting(path).is_none()
            && (self.only.is_empty()
                || self
                    .only
                    .iter()
                    .any(|pattern| pattern.is_matched(pattern.walk(path))))
    }

    /// Whether a call may see that the folder `path` is there and what is in it: it is admitted, or
    /// something below it could be. The data's folder itself always leads.
    pub fn leads(&self, path: &str) -> bool {
        let opens = |pattern: &Pattern| pattern.is_open(pattern.walk(path));
        path.is_empty()
            || self.admits(path)
            || self.excepting(path).is_none() && self.only.iter().any(opens)
    }

    /// Whether everything that is or could be in the folder `path` is admitted, and the folder
    /// itself: what moving it as a whole needs. Says no where it cannot be sure.
    pub fn admits_whole(&self, path: &str) -> bool {
        let all_below = |pattern: &Pattern| {
            let [.., Part::Any, Part::One] = pattern.parts.as_slice() else {
                return false;
            };
            pattern.walk(path).0 & (1 << (pattern.parts.len() - 2)) != 0
        };
        self.admits(path)
            && !self.except.iter().any(|p| p.is_open(p.walk(path)))
            && (self.only.is_empty() || self.only.iter().any(all_below))
    }

    /// The `except` pattern that hides `path`.
    pub fn excepting(&self, path: &str) -> Option<&str> {
        self.except
            .iter()
            .find(|pattern| pattern.covers(path))
            .map(|pattern| pattern.text.as_str())
    }
}

#[cfg(test)]
mod tests;
