-- Blocks with rows that are earlier by the clock, by a minute or more, than rows before them: made after the clock was set back. Few, if any:
-- so that a search up to a time need not look at all that came later.
CREATE INDEX blocks_set_back ON blocks (log, first) WHERE from_ts < top - 60000000;
