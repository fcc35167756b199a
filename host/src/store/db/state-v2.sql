-- Form 2: what sessions have used up of the budgets that grants give them. Described in docs/formats.md. Once
-- released, not a letter of this changes.
CREATE TABLE spent (
  id        TEXT NOT NULL,
  principal TEXT NOT NULL,
  budget    TEXT NOT NULL,
  used      INTEGER NOT NULL,
  PRIMARY KEY (id, principal, budget)
) STRICT, WITHOUT ROWID;
