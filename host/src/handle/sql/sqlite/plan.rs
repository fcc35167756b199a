//! What a statement wants: which verbs for which tables.

use rusqlite::{Connection, OptionalExtension as _};

use super::text::{Kind, Shape, Text, is_own, may_replace};
use super::watch::{Deed, Sight, Watch};
use crate::handle::sql::want::Wants;
use crate::rules::verb::Verb;

/// Why a statement has no plan.
#[derive(Debug)]
pub(super) enum NoPlan {
    /// It does what no grant gives, or what cannot be told; the text is for the operator.
    Unknown(String),
    /// SQLite failed.
    Failed(rusqlite::Error),
}

/// Works out what was seen of a statement.
pub(super) fn resolve(
    connection: &Connection,
    watch: &Watch,
    text: &Text,
    sight: &Sight,
) -> Result<Wants, NoPlan> {
    if let Some(what) = &sight.forbidden {
        return Err(NoPlan::Unknown(what.clone()));
    }
    let shapes = matches!(text.kind, Kind::Shape(_));
    if sight.inner && !shapes {
        return Err(NoPlan::Unknown("a function of SQLite itself".to_owned()));
    }
    if sight.deeds.is_empty() && !sight.selects {
        return Err(NoPlan::Unknown("it does nothing that is known".to_owned()));
    }
    watch.own(|| wants(connection, text, sight))
}

fn wants(connection: &Connection, text: &Text, sight: &Sight) -> Result<Wants, NoPlan> {
    let shapes = matches!(text.kind, Kind::Shape(_));
    let mut wants = Wants::default();
    let mut replaces = text.replaces;
    let mut written = Vec::new();
    for seen in &sight.deeds {
        if is_own(&seen.table) {
            // What SQLite itself does to carry out such a statement: see `Text::of`.
            if shapes && seen.by.is_none() {
                continue;
            }
            return Err(NoPlan::Unknown(format!("SQLite's own `{}`", seen.table)));
        }
        let name = match find(connection, &seen.table).map_err(NoPlan::Failed)? {
            Found::Table { name, sql } => {
                replaces = replaces || seen.deed.writes() && may_replace(&sql);
                name
            }
            Found::Special(what) => return Err(NoPlan::Unknown(what)),
            Found::Nothing => match &seen.deed {
                Deed::Shape => seen.table.clone(),
                // No table at all: what `WITH` names, or a function that gives rows.
                Deed::Read(column) if column.is_empty() || is_rows_of(&seen.table) => {
                    if !is_rows_of(&seen.table)
                        && is_module(connection, &seen.table).map_err(NoPlan::Failed)?
                    {
                        return Err(NoPlan::Unknown(format!("virtual table `{}`", seen.table)));
                    }
                    continue;
                }
                _ => return Err(NoPlan::Unknown(format!("table `{}`", seen.table))),
            },
        };
        if let Some(by) = &seen.by
            && seen.deed.writes()
        {
            replaces = replaces || trigger_replaces(connection, by).map_err(NoPlan::Failed)?;
        }
        match &seen.deed {
            Deed::Read(column) => {
                if column.is_empty() && has_nameless(connection, &name).map_err(NoPlan::Failed)? {
                    return Err(NoPlan::Unknown(format!(
                        "a column without a name in `{name}`"
                    )));
                }
                wants.add(&name, Verb::Select, Some(column));
            }
            Deed::Update(column) => {
                wants.add(&name, Verb::Update, Some(column));
                written.push(name);
            }
            Deed::Insert => {
                wants.add(&name, Verb::Insert, None);
                written.push(name);
            }
            Deed::Delete => wants.add(&name, Verb::Delete, None),
            Deed::Shape => wants.add(&name, Verb::Ddl, None),
            Deed::Alter => {
                wants.add(&name, Verb::Ddl, None);
                if text.kind == Kind::Shape(Shape::Drops) {
                    wants.add(&name, Verb::Delete, None);
                }
            }
        }
    }
    if replaces {
        // Which of several tables it is meant for cannot be told: a statement's own way with conflicts holds
        // for its triggers too.
        for table in written {
            wants.add(&table, Verb::Delete, None);
        }
    }
    Ok(wants)
}

impl Deed {
    fn writes(&self) -> bool {
        matches!(self, Self::Insert | Self::Update(_))
    }
}

enum Found {
    /// A table or view, by its own name, with the SQL that made it.
    Table {
        name: String,
        sql: String,
    },
    /// Something whose rows are not its own.
    Special(String),
    Nothing,
}

fn find(connection: &Connection, table: &str) -> rusqlite::Result<Found> {
    let mut find = connection.prepare_cached(
        "SELECT name, coalesce(sql, '') FROM main.sqlite_schema \
         WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
    )?;
    let found: Option<(String, String)> = find
        .query_row([table], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((name, sql)) = found else {
        return Ok(Found::Nothing);
    };
    // The tables behind a virtual one, whose rows are the same in another guise, begin with its name.
    let mut virtuals = connection.prepare_cached(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND coalesce(rootpage, 0) = 0",
    )?;
    let mut rows = virtuals.query([])?;
    while let Some(row) = rows.next()? {
        let other: String = row.get(0)?;
        let behind = name
            .get(..other.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(&other))
            && name
                .get(other.len()..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        if behind {
            return Ok(Found::Special(format!("virtual table `{other}`")));
        }
    }
    Ok(Found::Table { name, sql })
}

/// Functions that give rows, made of nothing but their arguments.
fn is_rows_of(name: &str) -> bool {
    ["json_each", "json_tree"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn is_module(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let mut find = connection
        .prepare_cached("SELECT 1 FROM pragma_module_list WHERE name = ?1 COLLATE NOCASE")?;
    find.exists([name])
}

/// Whether the trigger `name` resolves conflicts by replacing. A view changes nothing by itself.
fn trigger_replaces(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let mut find = connection.prepare_cached(
        "SELECT coalesce(sql, '') FROM main.sqlite_schema \
         WHERE type = 'trigger' AND name = ?1 COLLATE NOCASE",
    )?;
    let mut rows = find.query([name])?;
    while let Some(row) = rows.next()? {
        if may_replace(&row.get::<_, String>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a column's name is empty: reading it could not be told from reading none.
fn has_nameless(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let mut find =
        connection.prepare_cached("SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ''")?;
    find.exists([table])
}
