//! What a statement wants, read off its text. What is understood is written anew, with every name in quotes
//! and every table with its schema, and only that is ever sent: the database cannot read a statement in
//! another way than it was judged. What is not understood is refused, and so is every kind of thing that
//! a later version of the parser may know.

mod call;
mod catalog;
mod change;
mod expr;
mod from;
mod functions;
mod query;
mod scope;
mod shape;
mod types;
mod words;

use std::collections::BTreeSet;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Statement as Parsed};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

pub(super) use self::catalog::{Catalog, Relation};
use self::scope::{Cte, Level};
use crate::base::text::shorten;
use crate::handle::sql::want::Wants;

/// The longest statement, in bytes. What is long belongs into parameters.
pub(super) const MAX_SQL: usize = 64 * 1024;

/// Of how many words and signs a statement may be made.
const MAX_TOKENS: usize = 16 * 1024;

/// How deep things may stand in one another.
const MAX_DEPTH: usize = 64;

/// A chain such as `1 + 1 + …` makes a tree as deep as it is long, and all walk down that.
const STACK: usize = 128 * 1024 * 1024;

/// The longest name, in bytes: PostgreSQL cuts off the rest.
const MAX_NAME: usize = 63;

/// A statement that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// What is sent in its place.
    pub(super) text: String,
    /// What it wants.
    pub(super) wants: Wants,
    /// The tables and indexes that it names.
    pub(super) named: Vec<String>,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// It is not understood well enough to be judged; the text says what of it, to the operator.
    Unknown(String),
    /// It is wrong, for the guest. What is said may tell of the tables in the list.
    Invalid(String, Vec<String>),
    /// It is too long.
    TooLarge,
}

type Result<T> = std::result::Result<T, Bad>;

fn unknown<T>(what: impl Into<String>) -> Result<T> {
    Err(Bad::Unknown(what.into()))
}

/// Refuses what is there; for parts of a statement that are not known.
fn none(is_there: bool, what: &str) -> Result<()> {
    if is_there { unknown(what) } else { Ok(()) }
}

/// Reads `sql`, whose tables are those of `schema`. Without a catalog what is said of columns is left out.
///
/// # Errors
/// [`Bad`] where it is not one statement that is understood.
pub(super) fn read(sql: &str, schema: &str, catalog: Option<&Catalog>) -> Result<Statement> {
    if sql.len() > MAX_SQL {
        return Err(Bad::TooLarge);
    }
    // A thread of its own, for its stack.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let reader = thread.spawn_scoped(scope, || read_here(sql, schema, catalog));
        match reader.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(read)) => read,
            _ => unknown("it cannot be taken apart"),
        }
    })
}

fn read_here(sql: &str, schema: &str, catalog: Option<&Catalog>) -> Result<Statement> {
    let dialect = PostgreSqlDialect {};
    let wrong = |error: String| Err(Bad::Invalid(shorten(&error, 200), Vec::new()));
    let tokens = match Tokenizer::new(&dialect, sql).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => return wrong(format!("syntax error: {error}")),
    };
    if tokens.len() > MAX_TOKENS {
        return Err(Bad::TooLarge);
    }
    let is_word = |token: &Token| !matches!(token, Token::Whitespace(_) | Token::SemiColon);
    if !tokens.iter().any(|token| is_word(&token.token)) {
        return wrong("there is no statement".to_owned());
    }
    let parser = Parser::new(&dialect).with_recursion_limit(MAX_DEPTH);
    let parsed = parser.with_tokens_with_locations(tokens).parse_statements();
    let statements = match parsed {
        Ok(statements) => statements,
        // PostgreSQL may well take it; that it cannot be judged is for the record.
        Err(error) => return unknown(shorten(&error.to_string(), 200)),
    };
    match statements.as_slice() {
        [one] => Reading::new(schema, catalog).statement(one),
        _ => wrong("there is more than one statement: give them one by one".to_owned()),
    }
}

/// How far a statement is read.
struct Reading<'a> {
    schema: &'a str,
    catalog: Option<&'a Catalog>,
    wants: Wants,
    /// The tables that can be named at this place, those of the innermost query last.
    levels: Vec<Level>,
    /// What `WITH` names.
    ctes: Vec<Cte>,
    /// All tables that it names.
    named: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    fn new(schema: &'a str, catalog: Option<&'a Catalog>) -> Self {
        Self {
            schema,
            catalog,
            wants: Wants::default(),
            levels: Vec::new(),
            ctes: Vec::new(),
            named: BTreeSet::new(),
        }
    }

    fn statement(mut self, parsed: &Parsed) -> Result<Statement> {
        let text = match parsed {
            Parsed::Query(query) => self.query(query)?.text,
            Parsed::Insert(insert) => self.insert(insert)?.text,
            Parsed::Update(update) => self.update(update)?.text,
            Parsed::Delete(delete) => self.delete(delete)?.text,
            Parsed::CreateTable(table) => self.create_table(table)?,
            Parsed::AlterTable(table) => self.alter_table(table)?,
            Parsed::CreateIndex(index) => self.create_index(index)?,
            Parsed::Drop { .. } => self.drop_something(parsed)?,
            _ => return unknown("a statement of a kind that no grant gives"),
        };
        Ok(Statement {
            text,
            wants: self.wants,
            named: self.named.into_iter().collect(),
        })
    }

    fn invalid<T>(&self, text: String) -> Result<T> {
        Err(Bad::Invalid(text, self.named.iter().cloned().collect()))
    }

    /// The table that `name` is, by its own name, without the schema.
    fn table_name(&self, name: &ObjectName) -> Result<String> {
        match parts(name)?.as_slice() {
            [table] => Ok(table.clone()),
            [schema, table] if schema == self.schema => Ok(table.clone()),
            _ => unknown(format!("`{name}` is outside the schema `{}`", self.schema)),
        }
    }

    /// As it is sent.
    fn full(&self, table: &str) -> String {
        format!("{}.{}", quoted(self.schema), quoted(table))
    }
}

/// The parts of a name with dots in it.
fn parts(name: &ObjectName) -> Result<Vec<String>> {
    let ObjectName(parts) = name;
    let parts = parts.iter().map(|part| match part {
        ObjectNamePart::Identifier(ident) => plain(ident),
        ObjectNamePart::Function(_) => unknown("a name that a function makes"),
    });
    parts.collect()
}

/// A name without dots.
fn single(name: &ObjectName) -> Result<String> {
    match parts(name)?.as_slice() {
        [one] => Ok(one.clone()),
        _ => unknown(format!("the name `{name}`")),
    }
}

/// A name as PostgreSQL has it: in small letters where it is not in quotes.
fn plain(ident: &Ident) -> Result<String> {
    let name = match ident.quote_style {
        None => ident.value.to_ascii_lowercase(),
        Some('"') => ident.value.clone(),
        Some(_) => return unknown("a name in other quotes than `\"`"),
    };
    let bad = name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control);
    if bad {
        return unknown("a name that is empty, too long, or has control characters in it");
    }
    Ok(name)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text, whatever the server takes backslashes for.
fn literal(text: &str) -> Result<String> {
    none(text.contains('\0'), "a text with a zero in it")?;
    let doubled = text.replace('\'', "''");
    Ok(if text.contains('\\') {
        format!(" E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    })
}

#[cfg(test)]
mod tests;
