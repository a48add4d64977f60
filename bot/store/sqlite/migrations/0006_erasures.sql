-- Members who asked to be forgotten, and when. What was alerted shortly before stays for a while.
CREATE TABLE erasures (
    guild_id     INTEGER NOT NULL,
    author_id    INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, author_id)
) STRICT, WITHOUT ROWID;
