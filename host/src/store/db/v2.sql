-- From form 1 to form 2: the files that records are appended to before they come here. `taken` is the
-- number of the first line that has not come yet.
CREATE TABLE spool (
  name  TEXT NOT NULL PRIMARY KEY,
  taken INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
