-- The first schema. Times are microseconds since the epoch; positions and sizes are counts; a log is written as KIND/NAME.

-- Every log that ever had a row. `top` is the latest _ts that it ever had, `newest` that of its last row.
CREATE TABLE logs (
  id     INTEGER PRIMARY KEY,
  log    TEXT    NOT NULL UNIQUE,
  first  INTEGER NOT NULL,
  next   INTEGER NOT NULL,
  bytes  INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  top    INTEGER NOT NULL
) STRICT;

-- Stretches of logs. `ends` says where each row ends in `data` (32-bit little-endian numbers). `top` is the latest _ts of
-- this block and of all before it: it never falls along a log, even where the clock was set back, so that a time can be searched for.
CREATE TABLE blocks (
  id      INTEGER PRIMARY KEY,
  log     INTEGER NOT NULL REFERENCES logs (id),
  first   INTEGER NOT NULL,
  count   INTEGER NOT NULL,
  from_ts INTEGER NOT NULL,
  to_ts   INTEGER NOT NULL,
  top     INTEGER NOT NULL,
  ends    BLOB    NOT NULL,
  data    BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX blocks_by_position ON blocks (log, first);
CREATE INDEX blocks_by_time ON blocks (log, top);

CREATE TABLE clients (
  id         TEXT    PRIMARY KEY,
  hostname   TEXT    NOT NULL,
  os         TEXT    NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE labels (
  client TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  label  TEXT NOT NULL COLLATE NOCASE,
  PRIMARY KEY (client, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_label ON labels (label, client);

-- The monitoring table. What hangs on an installation goes with it.
CREATE TABLE installations (
  name         TEXT    PRIMARY KEY,
  digest       TEXT    NOT NULL,
  previous     TEXT,
  parameters   TEXT    NOT NULL,
  secrets      BLOB    NOT NULL,
  grants       TEXT    NOT NULL,
  enabled      INTEGER NOT NULL,
  installed_at INTEGER NOT NULL,
  changed_at   INTEGER NOT NULL,
  changed_by   TEXT    NOT NULL
) STRICT;

CREATE TABLE components (
  digest TEXT    PRIMARY KEY,
  added  INTEGER NOT NULL,
  bytes  BLOB    NOT NULL
) STRICT;

CREATE TABLE cursors (
  installation TEXT    NOT NULL REFERENCES installations (name) ON DELETE CASCADE,
  log          TEXT    NOT NULL,
  position     INTEGER NOT NULL,
  PRIMARY KEY (installation, log)
) STRICT, WITHOUT ROWID;

-- The due time of the last tick that was done.
CREATE TABLE ticks (
  installation TEXT    PRIMARY KEY REFERENCES installations (name) ON DELETE CASCADE,
  due          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
  installation TEXT NOT NULL REFERENCES installations (name) ON DELETE CASCADE,
  key          TEXT NOT NULL,
  value        BLOB NOT NULL,
  PRIMARY KEY (installation, key)
) STRICT;

-- Turns with an effect outside that are not committed yet, and those effects.
CREATE TABLE open_turns (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  installation TEXT    NOT NULL REFERENCES installations (name) ON DELETE CASCADE,
  turn         TEXT    NOT NULL,
  trigger_json TEXT    NOT NULL,
  now          INTEGER NOT NULL,
  UNIQUE (installation, turn)
) STRICT;
CREATE TABLE journal (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  turn    INTEGER NOT NULL REFERENCES open_turns (id) ON DELETE CASCADE,
  effect  TEXT    NOT NULL,
  outcome BLOB    NOT NULL,
  UNIQUE (turn, effect)
) STRICT;

CREATE TABLE dead_letters (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  installation TEXT    NOT NULL,
  digest       TEXT    NOT NULL,
  trigger_json TEXT    NOT NULL,
  tries        INTEGER NOT NULL,
  error        TEXT    NOT NULL,
  at           INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_letters_by_installation ON dead_letters (installation, id);

CREATE TABLE audit (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  artifact   TEXT,
  digest     TEXT,
  turn       TEXT,
  capability TEXT    NOT NULL,
  operation  TEXT    NOT NULL,
  target     TEXT    NOT NULL,
  decision   TEXT    NOT NULL,
  reason     TEXT    NOT NULL,
  outcome    TEXT    NOT NULL,
  bytes      INTEGER NOT NULL,
  ms         REAL    NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_artifact ON audit (artifact, id);
CREATE INDEX audit_by_capability ON audit (capability, id);
CREATE INDEX audit_denied ON audit (id) WHERE decision = 'denied';

CREATE TABLE tokens (
  name      TEXT    PRIMARY KEY,
  role      TEXT    NOT NULL,
  hash      BLOB    NOT NULL UNIQUE,
  created   INTEGER NOT NULL,
  expires   INTEGER,
  last_used INTEGER
) STRICT;

-- What is written to see whether the store can be written to; `room` is there to need some.
CREATE TABLE checked (
  id   INTEGER PRIMARY KEY CHECK (id = 0),
  at   INTEGER NOT NULL,
  room BLOB    NOT NULL
) STRICT;
INSERT INTO checked VALUES (0, 0, x'');
