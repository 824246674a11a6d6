-- Signatures of components, as their `.minisig` files have them: one a key. They go with their component.
CREATE TABLE signatures (
  digest TEXT    NOT NULL REFERENCES components (digest) ON DELETE CASCADE,
  key    TEXT    NOT NULL,
  added  INTEGER NOT NULL,
  text   TEXT    NOT NULL,
  PRIMARY KEY (digest, key)
) STRICT, WITHOUT ROWID;
