//! The host's own questions about the tables that there are. Nothing that a guest chose is in their text.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Error};

use super::statement::{Catalog, Relation};
use crate::handle::sql::backend::Column;

/// How many columns a schema may have.
const MAX_COLUMNS: usize = 200_000;

const OF_SCHEMA: &str = "
    SELECT c.relname::text, c.relkind IN ('v', 'm'), a.attname::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND ($2::text[] IS NULL OR c.relname = ANY ($2))
    ORDER BY c.relname, a.attnum LIMIT 200001";

const INDEXES: &str = "
    SELECT i.relname::text, c.relname::text
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
    WHERE n.nspname = $1 AND ($2::text[] IS NULL OR i.relname = ANY ($2))
    LIMIT 200001";

const COLUMNS: &str = "
    SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid),
        coalesce(pg_catalog.array_position(x.indkey::int2[], a.attnum), -1)::int4
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_index x ON x.indrelid = a.attrelid AND x.indisprimary
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// The tables of `schema`: all of them, or those of that name. None where there are too many.
pub(super) async fn catalog(
    client: &Client,
    schema: &str,
    names: Option<&[String]>,
) -> Result<Option<Catalog>, Error> {
    let rows = client.query(OF_SCHEMA, &[&schema, &names]).await?;
    let mut tables: BTreeMap<String, Relation> = BTreeMap::new();
    if rows.len() > MAX_COLUMNS {
        return Ok(None);
    }
    for row in rows {
        let table = tables.entry(row.try_get(0)?).or_default();
        table.is_view = row.try_get(1)?;
        table.columns.extend(row.try_get::<_, Option<String>>(2)?);
    }
    let mut catalog = Catalog::default();
    for (name, table) in tables {
        catalog.add(name, table);
    }
    let rows = client.query(INDEXES, &[&schema, &names]).await?;
    if rows.len() > MAX_COLUMNS {
        return Ok(None);
    }
    for row in rows {
        catalog.add_index(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(Some(catalog))
}

/// The columns of a table.
pub(super) async fn columns(
    client: &Client,
    schema: &str,
    table: &str,
) -> Result<Vec<Column>, Error> {
    let rows = client.query(COLUMNS, &[&schema, &table]).await?;
    let column = |row: tokio_postgres::Row| {
        // `indkey` counts from 0.
        let place: i32 = row.try_get(4)?;
        Ok(Column {
            name: row.try_get(0)?,
            kind: row.try_get(1)?,
            not_null: row.try_get(2)?,
            default: row.try_get(3)?,
            key: u32::try_from(place.saturating_add(1)).unwrap_or(0),
        })
    };
    rows.into_iter().map(column).collect()
}
