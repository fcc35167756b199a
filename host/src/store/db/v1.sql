-- Form 1 of a state folder's database. Described in docs/formats.md. Once released, not a letter of
-- this changes: `audit verify` compares the stored text.
CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tree_head (
  id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
  size     INTEGER NOT NULL,
  frontier BLOB NOT NULL
) STRICT;
INSERT INTO tree_head (id, size, frontier) VALUES (0, 0, x'');

-- Whatever can be filtered by is computed from the body, so that it cannot differ from it.
CREATE TABLE record (
  seq     INTEGER NOT NULL PRIMARY KEY,
  body    TEXT NOT NULL,
  private TEXT NOT NULL,
  leaf    BLOB NOT NULL,
  time    INTEGER AS (body ->> '$.time') VIRTUAL,
  session TEXT AS (body ->> '$.session') VIRTUAL,
  call    TEXT AS (body ->> '$.call') VIRTUAL,
  plugin  TEXT AS (body ->> '$.plugin') VIRTUAL,
  tool    TEXT AS (body ->> '$.tool') VIRTUAL,
  handle  TEXT AS (body ->> '$.handle') VIRTUAL,
  verbs   TEXT AS (body ->> '$.verbs') VIRTUAL,
  verdict TEXT AS (body ->> '$.verdict') VIRTUAL,
  kind    TEXT AS (body ->> '$.kind') VIRTUAL
) STRICT;
CREATE INDEX record_call ON record (call);
CREATE INDEX record_session ON record (session);
-- Everything else that can be filtered by, in the order of the log: rows are only ever appended to
-- it, which is cheap, and walking it reads a tenth of what walking the table would.
CREATE INDEX record_facets ON record (seq, time, session, plugin, tool, handle, verbs, verdict, kind);

CREATE TABLE checkpoint (
  size INTEGER NOT NULL PRIMARY KEY,
  note TEXT NOT NULL
) STRICT;
