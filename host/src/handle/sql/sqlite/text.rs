//! What can be told from a statement's text. The authorizer does not see how conflicts are resolved, nor
//! what `ALTER` does to a table; everything else is the authorizer's.

use std::collections::BTreeSet;

/// One word of a statement, comments and blanks left out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A bare word, in capitals.
    Word(String),
    /// A name or a text in quotes of whatever kind, without them.
    Quoted(String),
    /// Anything else, by its first character.
    Other(char),
}

/// What kind of statement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Reads, or changes rows.
    Rows,
    /// Changes what there is.
    Shape(Shape),
}

/// How a statement changes what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `CREATE`, or what `ALTER` adds.
    Adds,
    /// `DROP`, or what `ALTER` takes away: rows, or parts of them, go.
    Drops,
}

/// A statement, as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub kind: Kind,
    /// It has `REPLACE` as a keyword, so that it may delete rows that stand in its way.
    pub replaces: bool,
    /// The columns that it joins tables by without reading them in so many words.
    pub joined: Joined,
}

/// Columns that tables are joined by with `NATURAL` or `USING`. SQLite compares them, and the authorizer
/// hears nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Joined {
    /// `NATURAL`: whatever columns they have in common.
    pub all: bool,
    /// The columns that `USING` names, in small letters.
    pub columns: BTreeSet<String>,
}

impl Joined {
    /// What a piece of SQL, such as a view or trigger is made by, joins by. What cannot be taken apart joins
    /// by all.
    pub(super) fn of(sql: &str) -> Self {
        let all = |_| Self {
            all: true,
            columns: BTreeSet::new(),
        };
        tokens(sql).map_or_else(all, |tokens| joined(&tokens))
    }

    /// Takes in what somebody else joins by.
    pub(super) fn add(&mut self, other: Self) {
        self.all |= other.all;
        self.columns.extend(other.columns);
    }

    /// Whether it joins by the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.all || self.columns.contains(&column.to_lowercase())
    }

    /// Whether it joins at all.
    pub(super) fn is_none(&self) -> bool {
        !self.all && self.columns.is_empty()
    }
}

fn joined(tokens: &[Token]) -> Joined {
    let mut joined = Joined::default();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) if word == "NATURAL" => joined.all = true,
            Token::Word(word) if word == "USING" => {
                let rest = tokens.get(at..).unwrap_or_default();
                let names = rest
                    .iter()
                    .take_while(|token| **token != Token::Other(')'))
                    .filter_map(|token| match token {
                        Token::Word(name) | Token::Quoted(name) => Some(name.to_lowercase()),
                        Token::Other(_) => None,
                    });
                joined.columns.extend(names);
            }
            _ => {}
        }
    }
    joined
}

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadText {
    /// Nothing is in it.
    Empty,
    /// There is more than one statement.
    Several,
    /// It is of a kind that no grant gives: `ATTACH`, `PRAGMA`, `VACUUM`, a trigger, a transaction.
    Kind,
    /// It cannot be taken apart.
    Unclear,
}

impl Text {
    /// Looks at a text.
    pub(super) fn of(sql: &str) -> Result<Self, BadText> {
        let mut tokens = tokens(sql)?;
        while tokens.last() == Some(&Token::Other(';')) {
            tokens.pop();
        }
        if tokens.contains(&Token::Other(';')) {
            return Err(BadText::Several);
        }
        let replaces = replaces(&tokens);
        let joined = joined(&tokens);
        let mut words = tokens.as_slice();
        if word(words, 0) == Some("EXPLAIN") {
            let rest = if word(words, 1) == Some("QUERY") {
                3
            } else {
                1
            };
            words = words.get(rest..).unwrap_or_default();
        }
        let kind = match word(words, 0) {
            Some("SELECT" | "WITH" | "VALUES" | "INSERT" | "REPLACE" | "UPDATE" | "DELETE") => {
                Kind::Rows
            }
            Some("CREATE") => Kind::Shape(create(words)?),
            Some("DROP") => Kind::Shape(Shape::Drops),
            Some("ALTER") => Kind::Shape(alter(words)?),
            None if words.is_empty() => return Err(BadText::Empty),
            _ => return Err(BadText::Kind),
        };
        // SQLite itself reads and writes its own tables for these. What a guest does to them could not be told
        // apart, so it must not name them.
        let own = |token: &Token| match token {
            Token::Word(text) | Token::Quoted(text) => is_own(text),
            Token::Other(_) => false,
        };
        if matches!(kind, Kind::Shape(_)) && tokens.iter().any(own) {
            return Err(BadText::Kind);
        }
        Ok(Self {
            kind,
            replaces,
            joined,
        })
    }
}

/// Whether a table of this name is SQLite's own.
pub(super) fn is_own(name: &str) -> bool {
    name.get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}

/// All words of a statement that may be names.
pub(super) fn names(sql: &str) -> Vec<String> {
    let tokens = tokens(sql).unwrap_or_default().into_iter();
    let names = tokens.filter_map(|token| match token {
        Token::Word(name) | Token::Quoted(name) => Some(name),
        Token::Other(_) => None,
    });
    names.collect()
}

/// Whether a piece of SQL, such as a table or trigger is made by, may delete rows that stand in its way.
/// What cannot be taken apart may.
pub(super) fn may_replace(sql: &str) -> bool {
    tokens(sql).map_or(true, |tokens| replaces(&tokens))
}

/// `REPLACE` as a keyword, and not the function of this name.
fn replaces(tokens: &[Token]) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        let is_call = tokens.get(at.saturating_add(1)) == Some(&Token::Other('('));
        matches!(token, Token::Word(word) if word == "REPLACE") && !is_call
    })
}

/// Tables, views and indexes can be made. A trigger acts with the rights of whoever sets it off, and a
/// temporary or virtual table has rows of its own that no grant speaks of.
fn create(words: &[Token]) -> Result<Shape, BadText> {
    match (word(words, 1), word(words, 2)) {
        (Some("TABLE" | "VIEW" | "INDEX"), _) | (Some("UNIQUE"), Some("INDEX")) => Ok(Shape::Adds),
        _ => Err(BadText::Kind),
    }
}

/// What `ALTER TABLE` does. A new name of a table or column would take it out from under what the grant
/// says of the old one.
fn alter(words: &[Token]) -> Result<Shape, BadText> {
    if word(words, 1) != Some("TABLE") {
        return Err(BadText::Kind);
    }
    // The name may have that of the database before it.
    let verb = if words.get(3) == Some(&Token::Other('.')) {
        5
    } else {
        3
    };
    match (word(words, verb), word(words, verb.saturating_add(1))) {
        (Some("ADD"), Some("CONSTRAINT" | "CHECK")) | (Some("DROP"), Some("CONSTRAINT")) => {
            Err(BadText::Kind)
        }
        (Some("ADD"), _) => Ok(Shape::Adds),
        (Some("DROP"), _) => Ok(Shape::Drops),
        _ => Err(BadText::Kind),
    }
}

fn word(tokens: &[Token], at: usize) -> Option<&str> {
    match tokens.get(at) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

/// Takes a text apart as SQLite does: <https://sqlite.org/lang_keywords.html> and the tokenizer's source.
fn tokens(sql: &str) -> Result<Vec<Token>, BadText> {
    // SQLite's text ends there.
    if sql.contains('\0') {
        return Err(BadText::Unclear);
    }
    let mut tokens = Vec::new();
    let mut rest = sql.strip_prefix('\u{feff}').unwrap_or(sql);
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        rest = match first {
            ' ' | '\t' | '\n' | '\r' | '\x0c' => after,
            '-' if after.starts_with('-') => after.split_once('\n').map_or("", |(_, rest)| rest),
            '/' if after.starts_with('*') => {
                let inner = after.get(1..).unwrap_or_default();
                inner.split_once("*/").map_or("", |(_, rest)| rest)
            }
            '\'' | '"' | '`' => {
                let (text, rest) = quoted(after, first)?;
                tokens.push(Token::Quoted(text));
                rest
            }
            '[' => {
                let (text, rest) = after.split_once(']').ok_or(BadText::Unclear)?;
                tokens.push(Token::Quoted(text.to_owned()));
                rest
            }
            // What stands for a value. Its longer forms, as in `$a::b(c)`, are for Tcl only.
            '?' | '$' | '@' | ':' | '#' => {
                let end = after.find(|c| !is_in_name(c)).unwrap_or(after.len());
                let after = after.get(end..).unwrap_or_default();
                if after.starts_with("::") || first != '?' && after.starts_with('(') {
                    return Err(BadText::Unclear);
                }
                tokens.push(Token::Other(first));
                after
            }
            first if is_in_name(first) => {
                let end = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                tokens.push(match first {
                    '0'..='9' => Token::Other('0'),
                    _ => Token::Word(word.to_ascii_uppercase()),
                });
                after
            }
            other => {
                tokens.push(Token::Other(other));
                after
            }
        };
    }
    Ok(tokens)
}

/// What is in quotes, up to a quote that is not doubled, and what comes after it.
fn quoted(text: &str, quote: char) -> Result<(String, &str), BadText> {
    let mut inner = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once(quote).ok_or(BadText::Unclear)?;
        inner.push_str(part);
        match after.strip_prefix(quote) {
            Some(more) => {
                inner.push(quote);
                rest = more;
            }
            None => return Ok((inner, after)),
        }
    }
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tables_are_joined_by_is_seen() {
        let using = |names: &[&str]| Joined {
            all: false,
            columns: names.iter().map(|&name| name.to_owned()).collect(),
        };
        for (sql, joined) in [
            ("SELECT 1 FROM a JOIN b ON a.x = b.x", using(&[])),
            ("SELECT 'NATURAL', \"USING\" -- natural", using(&[])),
            (
                "SELECT 1 FROM a JOIN b using/**/(X, \"a b\") JOIN c USING ([d])",
                using(&["using", "x", "a b", "d"]),
            ),
        ] {
            assert_eq!(Joined::of(sql), joined, "{sql}");
        }
        assert!(Joined::of("SELECT 1 FROM a natural left join b").has("anything"));
        assert!(Joined::of("SELECT 'x").has("anything"));
    }

    #[test]
    fn texts_are_told_apart() {
        let rows = |replaces| {
            Ok(Text {
                kind: Kind::Rows,
                replaces,
                joined: Joined::default(),
            })
        };
        let shape = |shape| {
            Ok(Text {
                kind: Kind::Shape(shape),
                replaces: false,
                joined: Joined::default(),
            })
        };
        let cases = [
            ("SELECT 1", rows(false)),
            ("\u{feff} select 1 ; ;", rows(false)),
            (
                "-- x\nselect replace('a', 'b', 'c') /* REPLACE",
                rows(false),
            ),
            ("insert or/**/replace\ninto t values (1)", rows(true)),
            ("INSERT OR--(\nREPLACE--(\nINTO t VALUES (1)", rows(true)),
            ("Replace into t values ('REPLACE (')", rows(true)),
            ("update or replace t set a = 1", rows(true)),
            (
                "SELECT 'REPLACE', \"REPLACE\", [REPLACE], `REPLACE`",
                rows(false),
            ),
            ("SELECT 'it''s REPLACE', 'x'", rows(false)),
            ("explain query plan select 1", rows(false)),
            ("explain delete from t", rows(false)),
            ("values (1)", rows(false)),
            ("create table t(a)", shape(Shape::Adds)),
            ("CREATE UNIQUE INDEX i ON t(a)", shape(Shape::Adds)),
            ("drop table t", shape(Shape::Drops)),
            ("alter table t add column b", shape(Shape::Adds)),
            (
                "alter table main . \"t\" drop column b",
                shape(Shape::Drops),
            ),
            ("alter table t rename to u", Err(BadText::Kind)),
            ("alter table main.t rename a to b", Err(BadText::Kind)),
            (
                "create trigger x after insert on t begin delete from u; end",
                Err(BadText::Several),
            ),
            ("create trigger x", Err(BadText::Kind)),
            ("create temp table t(a)", Err(BadText::Kind)),
            ("create virtual table t using fts5(a)", Err(BadText::Kind)),
            (
                "create table x as select * from 'SQLite_Master'",
                Err(BadText::Kind),
            ),
            (
                "create table x as select * from [sqlite_schema]",
                Err(BadText::Kind),
            ),
            ("attach 'x' as y", Err(BadText::Kind)),
            ("pragma journal_mode", Err(BadText::Kind)),
            ("explain pragma journal_mode", Err(BadText::Kind)),
            ("vacuum into 'x'", Err(BadText::Kind)),
            ("begin", Err(BadText::Kind)),
            ("(select 1)", Err(BadText::Kind)),
            ("select 1; drop table t", Err(BadText::Several)),
            ("select 1;;select 2", Err(BadText::Several)),
            ("select $a(b'c)", Err(BadText::Unclear)),
            ("select 'x", Err(BadText::Unclear)),
            ("select 1\0 ; drop table t", Err(BadText::Unclear)),
            (" -- nothing", Err(BadText::Empty)),
            ("explain", Err(BadText::Empty)),
        ];
        for (sql, expected) in cases {
            assert_eq!(Text::of(sql), expected, "{sql}");
        }
        assert!(may_replace("CREATE TABLE t(a UNIQUE ON CONFLICT REPLACE)"));
        assert!(may_replace("CREATE TABLE t('a"));
        assert!(!may_replace("CREATE TABLE t(a DEFAULT 'REPLACE')"));
    }
}
