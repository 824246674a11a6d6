-- The history of each installation, and what waits, is watched or was set aside of it.

-- What ran under a name, with its settings: the newest of each are kept, and their components with them. `back_to` is the version that
-- was gone back to, where that is how it came.
CREATE TABLE versions (
  installation TEXT    NOT NULL REFERENCES installations (name) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  by           TEXT    NOT NULL,
  digest       TEXT    NOT NULL,
  version      TEXT    NOT NULL,
  how          TEXT    NOT NULL,
  changed      TEXT    NOT NULL,
  reason       TEXT,
  back_to      INTEGER,
  parameters   TEXT    NOT NULL,
  secrets      BLOB    NOT NULL,
  grants       TEXT    NOT NULL,
  PRIMARY KEY (installation, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX versions_by_digest ON versions (digest);
-- What was installed before there was a history begins one.
INSERT INTO versions
  SELECT name, 1, changed_at, changed_by, digest, '', 'install', '', NULL, NULL, parameters, secrets, grants FROM installations;

-- A version that waits for somebody's approval. `parameters` are those given with it, if any were; `secrets` likewise.
CREATE TABLE pending (
  installation TEXT    PRIMARY KEY REFERENCES installations (name) ON DELETE CASCADE,
  digest       TEXT    NOT NULL,
  version      TEXT    NOT NULL,
  parameters   TEXT,
  secrets      BLOB    NOT NULL,
  lacks        TEXT    NOT NULL,
  at           INTEGER NOT NULL,
  by           TEXT    NOT NULL
) STRICT;

-- Whether its version has yet to prove itself.
ALTER TABLE installations ADD COLUMN probation INTEGER NOT NULL DEFAULT 0;
-- Why it was set aside, as JSON.
ALTER TABLE installations ADD COLUMN quarantine TEXT;
-- The digest of the files of the watched folder that were last taken in for it.
ALTER TABLE installations ADD COLUMN files TEXT;
