//! Finding records by what stands in them.

use std::ops::ControlFlow;

use rusqlite::types::Value;

use super::Db;
use super::archive::used_before;
use super::log::{StoredRow, integer, stored_row};
use crate::base::clock::Timestamp;
use crate::store::audit::query::Filter;
use crate::store::error::StoreError;

impl Db {
    /// Gives each record that the filter lets through to `each`, in the order of the log, until
    /// that has enough.
    pub fn select(
        &self,
        filter: &Filter,
        mut each: impl FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (sql, values) = statement(filter);
        self.run("search the log", |conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                if each(stored_row(row)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many records the filter lets through; no more than its `last` are counted.
    pub fn count(&self, filter: &Filter) -> Result<u64, StoreError> {
        let (sql, values) = statement(filter);
        let sql = format!("SELECT count(*) FROM ({})", sql.replacen(COLUMNS, "1", 1));
        self.run("search the log", |conn| {
            conn.prepare_cached(&sql)?
                .query_row(rusqlite::params_from_iter(values), |row| {
                    row.get::<_, i64>(0)
                })
        })
        .map(|count| u64::try_from(count).unwrap_or(0))
    }

    /// Whether an intent with a number below `before`, and not older than `since`, says that `approval`
    /// lifted its ask. It says so as `ID by NAME`.
    pub fn approval_used(
        &self,
        approval: &str,
        since: Timestamp,
        before: u64,
    ) -> Result<bool, StoreError> {
        self.run("search the log", |conn| {
            if used_before(conn, approval, before)? {
                return Ok(true);
            }
            let mut statement = conn.prepare_cached(APPROVED)?;
            let mut rows = statement.query([integer(before), integer(since.micros())])?;
            while let Some(row) = rows.next()? {
                let approved: Option<String> = row.get(0)?;
                let id = approved.as_deref().and_then(|text| text.split(' ').next());
                if id == Some(approval) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

/// How intents were approved, from the newest to the oldest; all are looked at, by the index alone: where
/// a clock was set back, what follows an old one may be new.
const APPROVED: &str = "SELECT \
    (SELECT body ->> '$.approval' FROM record AS whole WHERE whole.seq = record.seq) \
    FROM record INDEXED BY record_facets \
    WHERE seq < ?1 AND time >= ?2 AND kind = 'intent' ORDER BY seq DESC";

/// What is read of a record.
const COLUMNS: &str = "record.seq, body, private, leaf";

/// The SQL for a filter, and its parameters. Only the parameters come from outside.
fn statement(filter: &Filter) -> (String, Vec<Value>) {
    let mut terms: Vec<&str> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |term, value: Option<Value>| {
        if let Some(value) = value {
            terms.push(term);
            values.push(value);
        }
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let number = |number: u64| Value::Integer(integer(number));
    add("seq > ?", filter.after.map(number));
    add("seq < ?", filter.before.map(number));
    add(
        "call = ?",
        filter.call.as_ref().map(|call| text(call.as_str())),
    );
    add(
        "session = ?",
        filter.session.as_ref().map(|id| text(id.as_str())),
    );
    let before_facets = terms_len(filter);
    add(
        "plugin = ?",
        filter.plugin.as_ref().map(|name| text(name.as_str())),
    );
    add("tool = ?", filter.tool.as_deref().map(text));
    add(
        "handle = ?",
        filter.handle.map(|handle| text(handle.as_str())),
    );
    add(
        "instr(verbs, ?) > 0",
        filter.verb.map(|verb| text(&format!("\"{verb}\""))),
    );
    add(
        "verdict = ?",
        filter.verdict.map(|verdict| text(&verdict.to_string())),
    );
    add("kind = ?", filter.kind.map(|kind| text(kind.as_str())));
    add("time >= ?", filter.since.map(|time| number(time.micros())));
    add("time < ?", filter.until.map(|time| number(time.micros())));
    // A call is short and a session's index needs no help. For the rest, walking the index of all
    // facets beats reading and parsing records. SQLite would guess; here it is known.
    let index = if filter.call.is_some() {
        "INDEXED BY record_call"
    } else if terms.len() > before_facets {
        "INDEXED BY record_facets"
    } else if filter.session.is_some() {
        "INDEXED BY record_session"
    } else {
        ""
    };
    let condition = if terms.is_empty() {
        String::new()
    } else {
        format!("WHERE {}", terms.join(" AND "))
    };
    // Only the index is walked; a record is read when it is known to be wanted, and in order.
    let sql = if let Some(last) = filter.last {
        values.push(number(last));
        format!(
            "SELECT {COLUMNS} FROM record WHERE seq IN \
             (SELECT seq FROM record {index} {condition} ORDER BY seq DESC LIMIT ?) ORDER BY seq"
        )
    } else {
        format!(
            "SELECT {COLUMNS} FROM \
             (SELECT seq FROM record {index} {condition}) AS hit \
             CROSS JOIN record ON record.seq = hit.seq ORDER BY hit.seq"
        )
    };
    (sql, values)
}

/// How many terms an index other than that of the facets can serve.
fn terms_len(filter: &Filter) -> usize {
    usize::from(filter.after.is_some())
        + usize::from(filter.before.is_some())
        + usize::from(filter.call.is_some())
        + usize::from(filter.session.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{Name, SessionId};
    use crate::rules::verdict::Verdict;
    use crate::store::audit::testing::Folder;

    /// A sort would hold all records that were found in memory before the first comes out.
    #[test]
    fn no_query_sorts_and_each_uses_its_index() {
        let folder = Folder::new();
        let db = Db::open(&folder).unwrap();
        let none = Filter::default;
        let session = || SessionId::new("s").ok();
        for (filter, index) in [
            (none(), "PRIMARY KEY"),
            (
                Filter {
                    after: Some(7),
                    ..none()
                },
                "PRIMARY KEY",
            ),
            (
                Filter {
                    session: session(),
                    after: Some(7),
                    ..none()
                },
                "record_session",
            ),
            (
                Filter {
                    verdict: Some(Verdict::Deny),
                    ..none()
                },
                "record_facets",
            ),
            (
                Filter {
                    session: session(),
                    plugin: Name::new("p").ok(),
                    ..none()
                },
                "record_facets",
            ),
        ] {
            for last in [None, Some(5)] {
                let (sql, values) = statement(&Filter {
                    last,
                    ..filter.clone()
                });
                let plan: Vec<String> = db
                    .conn
                    .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                    .unwrap()
                    .query_map(rusqlite::params_from_iter(values), |row| row.get(3))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                let plan = plan.join("; ");
                assert!(plan.contains(index), "{plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
    }
}
