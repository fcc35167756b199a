-- From form 2 to form 3: the oldest records may be in archives. `log_begin` is the tree in front of the
-- first record that is here, `approval_used` has the approvals that archived intents used.
CREATE TABLE log_begin (
  id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
  size     INTEGER NOT NULL,
  frontier BLOB NOT NULL
) STRICT;
INSERT INTO log_begin (id, size, frontier) VALUES (0, 0, x'');

CREATE TABLE approval_used (
  approval TEXT NOT NULL PRIMARY KEY,
  seq      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
