//! Moving the oldest records into another database, a few at a time.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::log::{Write, frontier, integer, unnamed};
use super::{Db, FORM, fault, form};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::store::audit::tree::Frontier;
use crate::store::error::{StoreError, shown};
use crate::store::folder;

impl Db {
    /// Opens an archive for reading.
    pub fn open_archive(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = Self::connect(path.to_owned(), flags, "read an archive")?;
        if FORM.of(&db.conn, &db.path, "read an archive")? == 0 {
            return Err(damaged(path, "it is empty"));
        }
        Ok(db)
    }

    /// The tree in front of the first record: the empty one, as long as nothing was archived.
    pub fn begin(&self) -> Result<Frontier, StoreError> {
        let stored = self.run("read the log", |conn| {
            // One of an older form has no archives.
            let known = "SELECT 1 FROM sqlite_schema WHERE name = 'log_begin'";
            if !conn.prepare(known)?.exists([])? {
                return Ok(Some(Frontier::default()));
            }
            conn.query_row(BEGIN, [], frontier)
                .optional()
                .map(Option::flatten)
        })?;
        stored.ok_or_else(|| damaged(&self.path, "it does not say where its records begin"))
    }

    /// How many bytes the database takes, but for those that are free.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        self.run("read the log", |conn| {
            let number = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let pages = number("page_count")? - number("freelist_count")?;
            Ok(pages.saturating_mul(number("page_size")?))
        })
        .map(|bytes| u64::try_from(bytes).unwrap_or(0))
    }

    /// When the oldest record was; none where there is no record.
    pub fn oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run("read the log", |conn| {
            conn.query_row("SELECT time FROM record ORDER BY seq LIMIT 1", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .optional()
        })
        .map(|time| {
            let micros = u64::try_from(time.flatten()?).ok()?;
            Some(Timestamp::from_micros(micros))
        })
    }

    /// The number of the first record that is not older than `time`; none if all are.
    pub fn first_since(&self, time: Timestamp) -> Result<Option<u64>, StoreError> {
        self.run("read the log", |conn| {
            conn.query_row(
                "SELECT seq FROM record INDEXED BY record_facets WHERE time >= ?1
                 ORDER BY seq LIMIT 1",
                [integer(time.micros())],
                |row| row.get::<_, i64>(0),
            )
            .optional()
        })
        .map(|seq| u64::try_from(seq?).ok())
    }

    /// The size of the last checkpoint that covers records from number `begin` on, and none from number
    /// `end` on; where there is none, that of the first one that covers more.
    pub fn checkpoint_before(&self, begin: u64, end: u64) -> Result<Option<u64>, StoreError> {
        self.run("read the log", |conn| {
            conn.query_row(
                "SELECT coalesce(
                   (SELECT max(size) FROM checkpoint WHERE size > ?1 AND size <= ?2),
                   (SELECT min(size) FROM checkpoint WHERE size > ?1))",
                [integer(begin), integer(end)],
                |row| row.get::<_, Option<i64>>(0),
            )
        })
        .map(|size| u64::try_from(size?).ok())
    }

    /// The checkpoint of this size.
    pub fn checkpoint_at(&self, size: u64) -> Result<Option<String>, StoreError> {
        self.run("read the log", |conn| {
            conn.query_row(
                "SELECT note FROM checkpoint WHERE size = ?1",
                [integer(size)],
                |row| row.get(0),
            )
            .optional()
        })
    }

    /// Makes an empty archive of this log at `path`; one that was begun is gone on with. From then on it
    /// stands beside this log, until [`Db::detach`].
    pub fn attach_new(&self, path: &Path) -> Result<(), StoreError> {
        folder::create_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let mut conn = form::connect(path, flags, "make an archive")?;
        FORM.migrate(&mut conn, path, "make an archive", |_| Ok(()))?;
        // Without files beside it, so that it can be moved by itself.
        conn.pragma_update(None, "journal_mode", "delete")
            .map_err(|error| fault(path, "make an archive", error))?;
        drop(conn);
        self.attach(path)?;
        self.run("make an archive", |conn| {
            conn.execute_batch(
                "INSERT OR REPLACE INTO old.meta SELECT * FROM main.meta
                   WHERE name IN ('origin', 'verifier');
                 INSERT OR REPLACE INTO old.log_begin SELECT * FROM main.log_begin;
                 INSERT OR REPLACE INTO old.tree_head SELECT * FROM main.log_begin
                   WHERE NOT EXISTS (SELECT 1 FROM old.record)",
            )
        })
    }

    /// Has an archive stand beside this log.
    pub fn attach(&self, path: &Path) -> Result<(), StoreError> {
        let Some(name) = path.to_str() else {
            let why = "its path is not UTF-8";
            return Err(StoreError::file("open the archive", path, why));
        };
        self.run("open an archive", |conn| {
            conn.execute("ATTACH ?1 AS old", [name]).map(drop)
        })
    }

    /// Ends that.
    pub fn detach(&self) -> Result<(), StoreError> {
        self.run("close an archive", |conn| conn.execute_batch("DETACH old"))
    }

    /// Copies the next records into the archive, `most` of them and none from number `end` on; tells
    /// whether all are there now.
    pub fn copy_some(&self, end: u64, most: u64) -> Result<bool, StoreError> {
        let copied = self.run("write an archive", |conn| {
            let tx = conn.unchecked_transaction()?;
            let head = tx.query_row("SELECT size, frontier FROM old.tree_head", [], frontier)?;
            let Some(head) = head else {
                return Ok(None);
            };
            let stop = end.min(head.size().saturating_add(most));
            let part = [integer(head.size()), integer(stop)];
            let Some(head) = leaves(&tx, head, stop)? else {
                return Ok(None);
            };
            tx.execute(
                "INSERT INTO old.record (seq, body, private, leaf)
                 SELECT seq, body, private, leaf FROM main.record
                 WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
                part,
            )?;
            tx.execute(
                "UPDATE old.tree_head SET size = ?1, frontier = ?2",
                (integer(stop), head.to_bytes()),
            )?;
            tx.commit()?;
            Ok(Some(stop >= end))
        })?;
        copied.ok_or_else(|| damaged(&self.path, "some of its oldest records are missing"))
    }

    /// Finishes the archive, whose tree has to be the one that the checkpoint at its end signs, with all
    /// checkpoints that there are of its records.
    pub fn finish_archive(&self, end: u64, root: Digest) -> Result<(), StoreError> {
        let head = self.run("write an archive", |conn| {
            conn.execute(
                "INSERT OR REPLACE INTO old.checkpoint (size, note)
                 SELECT size, note FROM main.checkpoint WHERE size <= ?1",
                [integer(end)],
            )?;
            conn.query_row("SELECT size, frontier FROM old.tree_head", [], frontier)
        })?;
        if head.is_some_and(|head| head.size() == end && head.root() == root) {
            return Ok(());
        }
        let why = format!("its records are not those that the checkpoint at {end} signs");
        Err(damaged(&self.path, &why))
    }
}

impl Write<'_> {
    /// Takes the oldest records away, `most` of them and none from number `end` on, if the archive beside
    /// has them just so; gives the number of the first that is left. The approvals that they used stay known.
    pub fn take_away(&self, end: u64, most: u64) -> Result<u64, StoreError> {
        let tx = &self.0;
        let begin = tx.query_row(BEGIN, [], frontier).map_err(unnamed)?;
        let begin =
            begin.ok_or_else(|| damaged(Path::new(""), "it does not say where it begins"))?;
        let first = begin.size();
        let stop = end.min(first.saturating_add(most));
        if stop <= first {
            return Ok(first);
        }
        let part = [integer(first), integer(stop)];
        let same = tx.query_row(SAME, part, |row| row.get::<_, i64>(0));
        let same = same.map_err(unnamed)? == integer(stop - first);
        let left = leaves(tx, begin, stop).map_err(unnamed)?;
        let Some(left) = left.filter(|_| same) else {
            let why = "its oldest records are not those in their archive";
            return Err(damaged(Path::new(""), why));
        };
        tx.execute(REMEMBER, part)
            .and_then(|_| tx.execute(TAKE, part))
            .and_then(|_| tx.execute(FORGET, [integer(stop)]))
            .and_then(|_| {
                let sql = "UPDATE log_begin SET size = ?1, frontier = ?2";
                tx.execute(sql, (integer(stop), left.to_bytes()))
            })
            .map_err(unnamed)?;
        Ok(stop)
    }
}

const BEGIN: &str = "SELECT size, frontier FROM main.log_begin";

/// How many records of a part the archive has just so.
const SAME: &str = "SELECT count(*) FROM main.record AS here JOIN old.record AS there USING (seq) \
    WHERE here.seq >= ?1 AND here.seq < ?2 AND here.body = there.body \
    AND here.private = there.private AND here.leaf = there.leaf";

/// The approvals that intents of a part used; each says it as `ID by NAME`.
const REMEMBER: &str = "INSERT OR IGNORE INTO main.approval_used (approval, seq) \
    SELECT substr(approval, 1, instr(approval || ' ', ' ') - 1), seq FROM \
    (SELECT seq, body ->> '$.approval' AS approval FROM main.record \
     WHERE seq >= ?1 AND seq < ?2 AND kind = 'intent') \
    WHERE approval IS NOT NULL ORDER BY seq";

const TAKE: &str = "DELETE FROM main.record WHERE seq >= ?1 AND seq < ?2";

/// The checkpoint at the new beginning stays: it proves it.
const FORGET: &str = "DELETE FROM main.checkpoint WHERE size < ?1";

/// Whether an archived intent with a number below `before` used the approval.
pub(super) fn used_before(conn: &Connection, id: &str, before: u64) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM approval_used WHERE approval = ?1 AND seq < ?2")?
        .exists((id, integer(before)))
}

/// The tree `begin` with all leaves behind it, up to `end`; none if one is missing or is no leaf.
fn leaves(conn: &Connection, begin: Frontier, end: u64) -> rusqlite::Result<Option<Frontier>> {
    let mut tree = begin;
    let mut statement = conn.prepare_cached(
        "SELECT seq, leaf FROM main.record NOT INDEXED WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query([integer(tree.size()), integer(end)])?;
    while let Some(row) = rows.next()? {
        let leaf = row.get_ref(1)?.as_blob().ok();
        let leaf = leaf.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        match leaf {
            Some(leaf) if row.get::<_, i64>(0)? == integer(tree.size()) => {
                tree.append(Digest::from_bytes(leaf));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(tree).filter(|tree| tree.size() == end))
}

fn damaged(path: &Path, why: &str) -> StoreError {
    StoreError::Damaged {
        path: shown(path),
        why: why.to_owned(),
    }
}
