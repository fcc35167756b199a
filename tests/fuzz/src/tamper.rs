//! What somebody with a database browser can do to a log.

use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use super::input::Input;

/// Makes a few changes to a log of `count` records, and tells which.
pub(crate) fn tamper(input: &mut Input<'_>, db: &Connection, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..input.below(4) {
        let seq = input.below(count) as i64;
        let (sql, with) = change(input, db, seq);
        // Some changes cannot be made: a number that is taken, for one.
        if db
            .execute(&sql, rusqlite::params_from_iter(with))
            .is_ok_and(|rows| rows > 0)
        {
            told.push(sql);
        }
    }
    told
}

fn change(input: &mut Input<'_>, db: &Connection, seq: i64) -> (String, Vec<Cell>) {
    let other = i64::from(input.byte() % 12) - 2;
    let column = input.word(&["body", "private", "leaf"]);
    let row = || {
        let sql = format!("SELECT CAST({column} AS BLOB) FROM record WHERE seq = ?1");
        db.query_row(&sql, [seq], |row| row.get::<_, Vec<u8>>(0))
            .unwrap_or_default()
    };
    let set = |bytes: Vec<u8>| {
        let kind = if column == "leaf" { "BLOB" } else { "TEXT" };
        let sql = format!("UPDATE record SET {column} = CAST(?2 AS {kind}) WHERE seq = ?1");
        (sql, vec![Cell::Integer(seq), Cell::Blob(bytes)])
    };
    match input.below(12) {
        0 => {
            let mut bytes = row();
            if let Some(count) = std::num::NonZero::new(bytes.len()) {
                let at = input.number() % count;
                bytes[at] ^= 1 << input.below(8);
            }
            set(bytes)
        }
        1 => {
            let mut bytes = row();
            let at = input.number() % (bytes.len() + 1);
            let to = (at + input.below(4)).min(bytes.len());
            bytes.splice(at..to, input.bytes(4).iter().copied());
            set(bytes)
        }
        // What is no text can read like what was there.
        2 => set(replaced(&row(), "\u{fffd}".as_bytes(), &[0xff])),
        3 => set(replaced(&row(), b":", b": ")),
        4 => {
            let length = input.below(40);
            set(input.bytes(length).to_vec())
        }
        5 => (
            format!("UPDATE record SET seq = {other} WHERE seq = {seq}"),
            vec![],
        ),
        6 => (format!("DELETE FROM record WHERE seq = {seq}"), vec![]),
        7 => {
            let sql = "INSERT INTO record (seq, body, private, leaf) SELECT";
            (
                format!("{sql} {other}, body, private, leaf FROM record WHERE seq = {seq}"),
                vec![],
            )
        }
        8 => {
            let from = format!("(SELECT {column} FROM record WHERE seq = {other})");
            (
                format!(
                    "UPDATE OR IGNORE record SET {column} = coalesce({from}, {column}) WHERE seq = {seq}"
                ),
                vec![],
            )
        }
        9 => {
            let sql = input.word(&[
                "UPDATE tree_head SET size = size - 1",
                "UPDATE tree_head SET frontier = x''",
                "UPDATE tree_head SET frontier = zeroblob(length(frontier))",
                "DELETE FROM tree_head",
                "UPDATE tree_head SET size = -1",
                "UPDATE tree_head SET size = 9223372036854775807",
            ]);
            (sql.to_owned(), vec![])
        }
        10 => {
            let sql = input.word(&[
                "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)",
                "DELETE FROM checkpoint",
                "UPDATE checkpoint SET note = replace(note, char(10) || '3', char(10) || '4')",
                "UPDATE checkpoint SET note = note || note",
                "UPDATE checkpoint SET note = replace(note, 'A', 'B')",
                "UPDATE checkpoint SET size = size + 1 WHERE size = 8",
                "INSERT INTO checkpoint (size, note) VALUES (-5, '')",
                "INSERT INTO spool (name, taken) VALUES ('x', -1)",
                "UPDATE meta SET value = value || 'x'",
                "DELETE FROM meta",
            ]);
            (sql.to_owned(), vec![])
        }
        _ => {
            let sql = input.word(&[
                "DROP INDEX record_call",
                "DROP TABLE checkpoint",
                "DROP TABLE spool",
                "ALTER TABLE record ADD COLUMN more TEXT",
                "CREATE TABLE more (a)",
                "PRAGMA user_version = 0",
                "PRAGMA application_id = 5",
                "ANALYZE",
                "VACUUM",
            ]);
            // These tell no number of rows.
            let _ = db.execute_batch(sql);
            ("SELECT 1 WHERE 0".to_owned(), vec![])
        }
    }
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let Some(at) = bytes.windows(from.len()).position(|window| window == from) else {
        return bytes.to_vec();
    };
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
