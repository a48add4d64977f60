-- The classifier now tells insults and threats apart. Older rows have no such score, which is not
-- the same as a score of 0.
ALTER TABLE scores ADD COLUMN insult REAL;
ALTER TABLE scores ADD COLUMN threat REAL;
