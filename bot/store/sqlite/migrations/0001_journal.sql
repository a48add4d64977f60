-- Scores and ids, never text. Thanks to the key, a replayed message changes nothing.
CREATE TABLE scores (
    message_id INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    guild_id   INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    author_id  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,  -- the message's own time, milliseconds since 1970
    scored_at  INTEGER NOT NULL,  -- milliseconds since 1970
    model      TEXT    NOT NULL,
    hate       REAL    NOT NULL,
    offensive  REAL    NOT NULL,
    neither    REAL    NOT NULL,
    PRIMARY KEY (message_id, revision)
) STRICT, WITHOUT ROWID;

CREATE INDEX scores_by_time ON scores (guild_id, created_at);

-- Actions are written together with the scores that caused them, before they are carried out.
CREATE TABLE actions (
    message_id  INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('alert', 'delete')),
    guild_id    INTEGER NOT NULL,
    harm        TEXT    NOT NULL,
    score       REAL    NOT NULL,
    threshold   REAL    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'observed', 'failed')),
    detail      TEXT    NOT NULL DEFAULT '',
    decided_at  INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (message_id, revision, kind),
    FOREIGN KEY (message_id, revision) REFERENCES scores (message_id, revision)
) STRICT, WITHOUT ROWID;

CREATE INDEX actions_pending ON actions (message_id, revision) WHERE status = 'pending';

-- A server's own settings. What is not here follows the host's configuration.
CREATE TABLE guilds (
    guild_id         INTEGER PRIMARY KEY,
    alert_channel_id INTEGER
) STRICT;

CREATE TABLE thresholds (
    guild_id INTEGER NOT NULL,
    harm     TEXT    NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('alert', 'delete')),
    value    REAL,               -- NULL: this action is switched off
    set_by   INTEGER NOT NULL,
    set_at   INTEGER NOT NULL,
    PRIMARY KEY (guild_id, harm, kind)
) STRICT, WITHOUT ROWID;

-- Facts about the installation, such as the hash of the command tree that Discord last accepted.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
