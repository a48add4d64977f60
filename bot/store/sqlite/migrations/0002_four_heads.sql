-- The classifier learnt to tell insults and threats apart. Rows from before have no such score,
-- which is not the same as a score of 0.
ALTER TABLE scores ADD COLUMN insult REAL;
ALTER TABLE scores ADD COLUMN threat REAL;
