//! One part of a pattern, in which characters can stand for others.
//!
//! Made here, since what globs are made of elsewhere compares bytes: `?` would not match `é`.

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Glob(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    /// Just this character.
    Char(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `[a-c]`, or `[!a-c]`.
    Class {
        not: bool,
        ranges: Vec<(char, char)>,
    },
    /// `{a,b}`
    Either(Vec<Glob>),
}

/// What is left of a part that is being read.
type Rest<'t> = std::iter::Peekable<std::str::Chars<'t>>;

impl Glob {
    /// Reads a part; none where brackets do not match, a range runs backwards, or a `\` ends it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::read(&mut text.chars().peekable(), false)
    }

    /// Reads as far as the end, or within braces as far as what ends an alternative.
    fn read(rest: &mut Rest<'_>, in_braces: bool) -> Option<Self> {
        let mut pieces = Vec::new();
        while let Some(c) = rest.next_if(|c| !(in_braces && matches!(c, ',' | '}'))) {
            pieces.push(match c {
                '?' => Piece::One,
                '*' => Piece::Many,
                '\\' => Piece::Char(rest.next()?),
                '[' => class(rest)?,
                '{' => either(rest)?,
                '}' => return None,
                c => Piece::Char(c),
            });
        }
        Some(Self(pieces))
    }

    /// Whether all of `text` is what this stands for. Each piece is looked at once for all places in the
    /// text at the same time, so that no pattern can be made slow.
    pub(super) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let mut start = vec![false; chars.len() + 1];
        if let Some(first) = start.first_mut() {
            *first = true;
        }
        self.step(start, &chars).last() == Some(&true)
    }

    /// From the places before which `reached` says that a match may come, those that it may get to.
    fn step(&self, mut reached: Vec<bool>, chars: &[char]) -> Vec<bool> {
        for piece in &self.0 {
            reached = match piece {
                Piece::Many => {
                    let mut any = false;
                    let from_there_on = |here: bool| {
                        any |= here;
                        any
                    };
                    reached.into_iter().map(from_there_on).collect()
                }
                Piece::Either(globs) => {
                    let mut all = vec![false; reached.len()];
                    for glob in globs {
                        let more = glob.step(reached.clone(), chars);
                        all.iter_mut()
                            .zip(more)
                            .for_each(|(all, more)| *all |= more);
                    }
                    all
                }
                one => {
                    let after = |(here, c): (&bool, &char)| *here && one.is(*c);
                    let rest = reached.iter().zip(chars).map(after);
                    std::iter::once(false).chain(rest).collect()
                }
            };
        }
        reached
    }
}

impl Piece {
    /// Whether it stands for this one character.
    fn is(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::One => true,
            Self::Class { not, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not
            }
            Self::Many | Self::Either(_) => false,
        }
    }
}

/// What follows a `[`. A `]` that comes first is one of the characters, and so is a `-` at either end.
fn class(rest: &mut Rest<'_>) -> Option<Piece> {
    let not = rest.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let from = rest.next()?;
        if from == ']' && !ranges.is_empty() {
            return Some(Piece::Class { not, ranges });
        }
        let mut to = from;
        let mut ahead = rest.clone();
        if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
            rest.next();
            to = rest.next()?;
        }
        if to < from {
            return None;
        }
        ranges.push((from, to));
    }
}

/// What follows a `{`.
fn either(rest: &mut Rest<'_>) -> Option<Piece> {
    let mut globs = Vec::new();
    loop {
        globs.push(Glob::read(rest, true)?);
        match rest.next()? {
            ',' => {}
            _ => return Some(Piece::Either(globs)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_compared_and_not_bytes() {
        for (glob, text, matches) in [
            ("?", "é", true),
            ("??", "é", false),
            ("[é]", "é", true),
            ("[é]", "è", false),
            ("[à-ü]", "é", true),
            ("[!a-z]", "é", true),
            ("[!é]", "é", false),
            ("*", "日本", true),
            ("{é,日?}", "日本", true),
        ] {
            assert_eq!(
                Glob::parse(glob).unwrap().matches(text),
                matches,
                "{glob} {text}"
            );
        }
    }

    #[test]
    fn an_alternative_can_be_nothing() {
        for (glob, text, matches) in [
            ("key{,.bak}", "key", true),
            ("key{,.bak}", "key.bak", true),
            ("key{,.bak}", "key.", false),
            ("a{}", "a", true),
            ("{a,{b,c}d}", "cd", true),
            ("{a,{b,c}d}", "c", false),
        ] {
            assert_eq!(
                Glob::parse(glob).unwrap().matches(text),
                matches,
                "{glob} {text}"
            );
        }
    }

    #[test]
    fn brackets_are_read_as_documented() {
        for (glob, text, matches) in [
            ("[]a]", "]", true),
            ("[!]a]", "]", false),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[a-c-e]", "d", false),
            ("[a-c-e]", "e", true),
            ("[\\]", "\\", true),
            ("\\[a]", "[a]", true),
            ("{[,]x,b}", ",x", true),
            ("{a\\,b,c}", "a,b", true),
            ("a,b!", "a,b!", true),
        ] {
            assert_eq!(
                Glob::parse(glob).unwrap().matches(text),
                matches,
                "{glob} {text}"
            );
        }
        for bad in [
            "[", "[]", "[!]", "[b-a]", "{", "{a", "{a,", "}", "a\\", "{[a,b}",
        ] {
            assert!(Glob::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_slow_elsewhere_is_not_here() {
        let glob = Glob::parse(&"{*a*,*b*}".repeat(100)).unwrap();
        assert!(!glob.matches(&"c".repeat(4000)));
        let deep = "{".repeat(500) + "a" + &"}".repeat(500);
        assert!(Glob::parse(&deep).unwrap().matches("a"));
    }
}
