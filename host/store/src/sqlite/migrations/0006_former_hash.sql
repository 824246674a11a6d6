-- A token that was given a new secret may go on with its former one for a while.
ALTER TABLE tokens ADD COLUMN former_hash BLOB;
ALTER TABLE tokens ADD COLUMN former_until INTEGER;
