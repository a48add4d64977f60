-- The place and the author of a message, as far as a preview needs them to decide again.
-- facts: 1 its author is a moderator, 2 it came through a webhook, 4 it was exempt at that time.
ALTER TABLE scores ADD COLUMN parent_id   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scores ADD COLUMN category_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scores ADD COLUMN facts       INTEGER NOT NULL DEFAULT 0;

-- Time-outs are now a kind of action, and a rule can belong to a channel or category (scope_id).
-- group_message_id and group_revision name the case whose alert also covers this case.
CREATE TABLE actions_3 (
    message_id       INTEGER NOT NULL,
    revision         INTEGER NOT NULL,
    kind             TEXT    NOT NULL CHECK (kind IN ('alert', 'delete', 'timeout')),
    guild_id         INTEGER NOT NULL,
    harm             TEXT    NOT NULL,
    score            REAL    NOT NULL,
    threshold        REAL    NOT NULL,
    scope_id         INTEGER NOT NULL DEFAULT 0,
    minutes          INTEGER NOT NULL DEFAULT 0,
    status           TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'observed', 'failed')),
    note             TEXT,             -- why it failed, as JSON: a key of the translation table and values
    decided_at       INTEGER NOT NULL,
    finished_at      INTEGER,
    group_message_id INTEGER,
    group_revision   INTEGER,
    PRIMARY KEY (message_id, revision, kind),
    FOREIGN KEY (message_id, revision) REFERENCES scores (message_id, revision)
) STRICT, WITHOUT ROWID;

INSERT INTO actions_3 (message_id, revision, kind, guild_id, harm, score, threshold, status,
                       decided_at, finished_at)
    SELECT message_id, revision, kind, guild_id, harm, score, threshold, status, decided_at,
           finished_at FROM actions;
DROP TABLE actions;
ALTER TABLE actions_3 RENAME TO actions;
CREATE INDEX actions_pending ON actions (message_id, revision) WHERE status = 'pending';
CREATE INDEX actions_of_group ON actions (group_message_id, group_revision)
    WHERE group_message_id IS NOT NULL;

-- What a moderator did from an alert. Lifting a time-out is an act of its own.
CREATE TABLE acts (
    id         INTEGER PRIMARY KEY,
    guild_id   INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    act        TEXT    NOT NULL CHECK (act IN ('delete', 'timeout', 'undo')),
    by_id      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    minutes    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX acts_of_case ON acts (message_id, revision);

-- Moderators' verdicts on a message. They help to choose thresholds and are never training data.
CREATE TABLE verdicts (
    guild_id   INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    harm       TEXT    NOT NULL,
    judgement  TEXT    NOT NULL CHECK (judgement IN ('right', 'false_positive', 'missed')),
    given_by   INTEGER NOT NULL,
    given_at   INTEGER NOT NULL,
    PRIMARY KEY (guild_id, message_id),
    FOREIGN KEY (message_id, revision) REFERENCES scores (message_id, revision)
) STRICT, WITHOUT ROWID;

-- A server's own settings, by name (bot/policy/entries.py), with values as JSON. What is not here
-- follows the host's configuration or is inherited.
CREATE TABLE entries (
    guild_id INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    PRIMARY KEY (guild_id, name)
) STRICT, WITHOUT ROWID;

-- The history of settings, so that changes can be shown and undone. All changes of one command have
-- the same number. Each server has its own numbers.
CREATE TABLE changes (
    guild_id   INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    before     TEXT,             -- NULL: it was not set
    after      TEXT,             -- NULL: it was removed
    changed_by INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    undoes     INTEGER,          -- the number of the change that this one undoes
    PRIMARY KEY (guild_id, number, name)
) STRICT, WITHOUT ROWID;

INSERT INTO entries
    SELECT guild_id, 'alerts.channel', CAST(alert_channel_id AS TEXT) FROM guilds
    WHERE alert_channel_id IS NOT NULL;
INSERT INTO entries
    SELECT guild_id, 'threshold.0.' || harm || '.' || kind,
           CASE WHEN value IS NULL THEN '"off"' ELSE CAST(value AS TEXT) END FROM thresholds;
DROP TABLE guilds;
DROP TABLE thresholds;
