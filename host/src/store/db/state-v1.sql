-- Form 1 of the database for what changes. Described in docs/formats.md. Once released, not a letter of
-- this changes.
CREATE TABLE session (
  id        TEXT NOT NULL,
  principal TEXT NOT NULL,
  label     TEXT NOT NULL,
  PRIMARY KEY (id, principal)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
  id        TEXT NOT NULL PRIMARY KEY,
  bound     TEXT NOT NULL,
  principal TEXT NOT NULL,
  question  TEXT NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('pending', 'answered', 'used')),
  made      INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  note      TEXT,
  host      TEXT CHECK (host IN ('approve', 'deny'))
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_bound ON approval (bound, state);
CREATE INDEX approval_expires ON approval (expires);
CREATE INDEX approval_pending ON approval (principal, expires) WHERE state = 'pending';
