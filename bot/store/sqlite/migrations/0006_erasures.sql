-- Members who asked to be forgotten, and when. Cases alerted shortly before that stay for a while.
CREATE TABLE erasures (
    guild_id     INTEGER NOT NULL,
    author_id    INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, author_id)
) STRICT, WITHOUT ROWID;

-- What members reported. It stays as long as alerted cases, or its author could erase the evidence.
CREATE TABLE reports (
    case_id INTEGER PRIMARY KEY REFERENCES cases (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) STRICT;
