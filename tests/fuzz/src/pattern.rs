//! Path patterns against the obvious matcher: without cleverness, and slow.

use toolkeep::rules::pattern::{Patterns, escape};

use super::input::Input;

/// Patterns for `only` and `except`, and paths.
pub fn pattern(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let only = texts(&mut input);
    let except = texts(&mut input);
    let (only, except) = (good(&only), good(&except));
    let patterns = Patterns::new(&only, &except).expect("each of them is a pattern");
    let reference = |texts: &[&str]| -> Vec<Vec<Part>> { texts.iter().map(|t| read(t)).collect() };
    let (only, except) = (reference(&only), reference(&except));
    for _ in 0..4 {
        let path: Vec<String> = (0..input.below(5)).map(|_| name(&mut input)).collect();
        compare(&patterns, &only, &except, &path);
    }
}

fn compare(patterns: &Patterns, only: &[Vec<Part>], except: &[Vec<Part>], path: &[String]) {
    let joined = path.join("/");
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let hidden = |path: &[&str]| {
        let above =
            |pattern: &Vec<Part>| (0..=path.len()).any(|n| matches(pattern, &path[..n], true));
        except.iter().any(above)
    };
    let given = |path: &[&str]| {
        !hidden(path) && (only.is_empty() || only.iter().any(|p| matches(p, path, false)))
    };
    let admits = patterns.admits(&joined);
    assert_eq!(admits, given(&parts), "`{joined}` with {patterns:?}");
    assert!(
        !admits || patterns.leads(&joined),
        "`{joined}` with {patterns:?}"
    );
    // Whatever is given can be reached from above, and what moves as a whole is given as a whole.
    for end in 0..parts.len() {
        let above = parts[..end].join("/");
        assert!(
            !admits || patterns.leads(&above),
            "`{above}` to `{joined}` with {patterns:?}"
        );
        assert!(
            !patterns.admits_whole(&above) || admits,
            "`{above}` to `{joined}` with {patterns:?}"
        );
    }
    if !joined.is_empty() {
        let this = Patterns::new(&[&escape(&joined)], &[]);
        assert!(
            this.is_err() || this.is_ok_and(|p| p.admits(&joined)),
            "`{joined}`"
        );
    }
}

/// The texts of a few patterns, made of what patterns are made of.
fn texts(input: &mut Input<'_>) -> Vec<String> {
    (0..input.below(3))
        .map(|_| {
            let parts: Vec<String> = (0..=input.below(4)).map(|_| part(input)).collect();
            parts.join("/")
        })
        .collect()
}

const PIECES: &[&str] = &[
    "a",
    "b",
    "ab",
    "*",
    "?",
    "**",
    "[ab]",
    "[!a]",
    "[^a]",
    "[a-c]",
    "[]",
    "[]a]",
    "[!]]",
    "[a-]",
    "[-a]",
    "{a,b}",
    "{a,{b,ab}}",
    "{,a}",
    "{}",
    "{a*,?b}",
    "\\*",
    "\\a",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    "!",
    "-",
    "é",
    "[é]",
    "[à-é]",
    "[!é]",
    "{é,b}",
    ".",
    "^",
    "[*]",
    "[\\]]",
    "{[a,]b,b}",
    "{a\\,b}",
    " ",
    "[b-a]",
];

fn part(input: &mut Input<'_>) -> String {
    match input.below(8) {
        0 => "**".to_owned(),
        1 => input.text(6).replace('/', ""),
        _ => (0..=input.below(3)).map(|_| input.word(PIECES)).collect(),
    }
}

fn name(input: &mut Input<'_>) -> String {
    const NAMES: &[&str] = &[
        "a", "b", "ab", "aab", "é", "]", "*", "c", "^", "-", ",", "\\", "aé", "{", ".",
    ];
    let name = match input.below(6) {
        0 => input.text(5).replace(['/', '\0'], ""),
        1 => format!("{}{}", input.word(NAMES), input.word(NAMES)),
        _ => input.word(NAMES).to_owned(),
    };
    // A resolved path has no empty part, no `.` and no `..`.
    match name.as_str() {
        "" | "." | ".." => "a".to_owned(),
        _ => name,
    }
}

fn good(texts: &[String]) -> Vec<&str> {
    let texts = texts.iter().map(String::as_str);
    texts.filter(|text| Patterns::check(text).is_ok()).collect()
}

/// A part of a pattern, as the page about rules has it.
enum Part {
    Any,
    Glob(Vec<Piece>),
}

#[derive(Clone)]
enum Piece {
    Star,
    One,
    Class(bool, Vec<(char, char)>),
    Either(Vec<Vec<Piece>>),
    Char(char),
}

fn read(text: &str) -> Vec<Part> {
    let part = |text: &str| match text {
        "**" => Part::Any,
        text => {
            let chars: Vec<char> = text.chars().collect();
            let mut at = 0;
            let pieces = pieces(&chars, &mut at, 0);
            assert_eq!(at, chars.len(), "`{text}` has been read to its end");
            Part::Glob(pieces)
        }
    };
    text.split('/').map(part).collect()
}

/// Pieces up to the end, or within braces up to a comma or the closing brace.
fn pieces(chars: &[char], at: &mut usize, depth: usize) -> Vec<Piece> {
    let mut out = Vec::new();
    while let Some(&c) = chars.get(*at) {
        if depth > 0 && matches!(c, ',' | '}') {
            break;
        }
        *at += 1;
        out.push(match c {
            '*' => Piece::Star,
            '?' => Piece::One,
            '\\' => {
                *at += 1;
                Piece::Char(chars[*at - 1])
            }
            '[' => class(chars, at),
            '{' => {
                let mut either = Vec::new();
                loop {
                    either.push(pieces(chars, at, depth + 1));
                    *at += 1;
                    if chars[*at - 1] == '}' {
                        break Piece::Either(either);
                    }
                }
            }
            c => Piece::Char(c),
        });
    }
    out
}

/// What stands in brackets: a `]` at its start is one of the characters, and so is a `-` at either end.
fn class(chars: &[char], at: &mut usize) -> Piece {
    let not = matches!(chars[*at], '!' | '^');
    *at += usize::from(not);
    let mut ranges = Vec::new();
    loop {
        let from = chars[*at];
        *at += 1;
        if chars[*at] == '-' && chars[*at + 1] != ']' {
            ranges.push((from, chars[*at + 1]));
            *at += 2;
        } else {
            ranges.push((from, from));
        }
        if chars[*at] == ']' {
            *at += 1;
            return Piece::Class(not, ranges);
        }
    }
}

/// Whether the pattern is for the path. A `**` at its end stands for nothing too only where `zero` says so.
fn matches(pattern: &[Part], path: &[&str], zero: bool) -> bool {
    match (pattern, path) {
        ([], path) => path.is_empty(),
        ([Part::Any], path) if !zero => !path.is_empty(),
        ([Part::Any, rest @ ..], path) => {
            matches(rest, path, zero) || (!path.is_empty() && matches(pattern, &path[1..], zero))
        }
        ([Part::Glob(pieces), rest @ ..], [name, more @ ..]) => {
            let name: Vec<char> = name.chars().collect();
            part_matches(pieces, &name) && matches(rest, more, zero)
        }
        _ => false,
    }
}

fn part_matches(pieces: &[Piece], name: &[char]) -> bool {
    let Some((piece, rest)) = pieces.split_first() else {
        return name.is_empty();
    };
    match (piece, name) {
        (Piece::Star, name) => (0..=name.len()).any(|taken| part_matches(rest, &name[taken..])),
        (Piece::Either(choices), name) => choices.iter().any(|choice| {
            let all: Vec<Piece> = choice.iter().chain(rest).cloned().collect();
            part_matches(&all, name)
        }),
        (Piece::One, [_, more @ ..]) => part_matches(rest, more),
        (Piece::Char(c), [d, more @ ..]) => c == d && part_matches(rest, more),
        (Piece::Class(not, ranges), [d, more @ ..]) => {
            let listed = ranges.iter().any(|(from, to)| (from..=to).contains(&d));
            listed != *not && part_matches(rest, more)
        }
        _ => false,
    }
}
