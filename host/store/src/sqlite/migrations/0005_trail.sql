-- The audit trail as a chain: `hash` covers the record, its number and the hash of the record before it. Records from before this
-- version are chained when it is introduced.
ALTER TABLE audit ADD COLUMN hash BLOB NOT NULL DEFAULT x'';

-- What was signed of the trail: it began at record `first`, behind one whose hash was `before`, and its last record was `last`, whose hash was `hash`.
CREATE TABLE checkpoints (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        INTEGER NOT NULL,
  first     INTEGER NOT NULL,
  before    BLOB    NOT NULL,
  last      INTEGER NOT NULL,
  hash      BLOB    NOT NULL,
  signature TEXT    NOT NULL
) STRICT;
CREATE INDEX checkpoints_by_last ON checkpoints (last);
