-- Members who asked to be forgotten, and when. What was alerted shortly before stays for a while.
CREATE TABLE erasures (
    guild_id     INTEGER NOT NULL,
    author_id    INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, author_id)
) STRICT, WITHOUT ROWID;

-- What members reported: it stays as long as what was alerted, or its author could disarm the report.
CREATE TABLE reports (
    case_id INTEGER PRIMARY KEY REFERENCES cases (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) STRICT;
