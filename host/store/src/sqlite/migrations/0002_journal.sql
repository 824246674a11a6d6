-- A journal outlives the turn that it was begun in: parts of a halved batch take from it, a dead letter keeps what is its own, and what
-- a tick that was set aside sent is not sent again by the next one.

-- `aside`: its trigger is a dead letter's. `carried`: a tick set aside, since when none was done.
ALTER TABLE open_turns ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE open_turns ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;

-- An effect was `name`, or `digest#nth`.
CREATE TABLE effects (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  turn    INTEGER NOT NULL REFERENCES open_turns (id) ON DELETE CASCADE,
  name    TEXT    NOT NULL,
  nth     INTEGER NOT NULL,
  taken   INTEGER NOT NULL DEFAULT 0,
  outcome BLOB    NOT NULL,
  UNIQUE (turn, name, nth)
) STRICT;
INSERT INTO effects (id, turn, name, nth, outcome)
  SELECT id, turn, effect, 0, outcome FROM journal WHERE effect LIKE 'once:%';
INSERT INTO effects (id, turn, name, nth, outcome)
  SELECT id, turn, substr(effect, 1, instr(effect, '#') - 1), CAST(substr(effect, instr(effect, '#') + 1) AS INTEGER), outcome
  FROM journal WHERE effect NOT LIKE 'once:%' AND instr(effect, '#') > 0;
DROP TABLE journal;
ALTER TABLE effects RENAME TO journal;

-- The turn, and its time.
ALTER TABLE dead_letters ADD COLUMN turn TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN now INTEGER NOT NULL DEFAULT 0;
UPDATE dead_letters SET now = at;
